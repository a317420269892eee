"""Posters, cards of titles and lists of episodes as HTML, written in Python: pages have hundreds of them.

A macro call and an escape for each piece of a card took three quarters of a page's time. Every text is escaped here,
once, by markupsafe, as the templates do.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mediacanon.pages.filters import OWN_PATH, count, hue, poster_lines, years

Title = Mapping[str, Any]
Season = Mapping[str, Any]
Episode = Mapping[str, Any]
ImageAddress = Callable[..., str]

LINE_HEIGHT, LOWEST_LINE = 23, 282


class Cards:
    """The functions of the templates; `image` returns the address of an image in a size."""

    def __init__(self, image: ImageAddress) -> None:
        self._image = image

    @pass_context
    def poster(self, context: Context, title: Title, size: str = "w342", *, is_lazy: bool = True) -> Markup:
        """Return a title's poster, before its drawn one."""
        return Markup(self._poster(title, context["base"], size, is_lazy=is_lazy))  # noqa: S704 - escaped piece by piece

    @pass_context
    def cards(self, context: Context, titles: Iterable[Title], source: str = "", around: str = "") -> Markup:
        """Return a card for each title, each inside an element named `around` if that is given."""
        base, query = context["base"], f"?source={escape(source)}" if source else ""
        begin, end = (f"<{around}>", f"</{around}>\n") if around else ("", "")
        return Markup(  # noqa: S704 - escaped piece by piece
            "".join(f"{begin}{self._card(title, base, query)}{end}" for title in titles)
        )

    def _card(self, title: Title, base: str, query: str) -> str:
        rating = title["averageRating"]
        rated = "" if rating is None else f' <span class="rating">★ {rating}</span>'
        poster = self._poster(title, base, "w342", badge='<span class="badge">Show</span>' if _is_show(title) else "")
        return (
            f'<a class="card" href="{escape(base)}{_address(title)}{query}">{poster}'
            f'<bdi class="name">{escape(title["displayName"])}</bdi>'
            f'<span class="quiet">{years(title)}{rated}</span></a>'
        )

    def _poster(self, title: Title, base: str, size: str, *, is_lazy: bool = True, badge: str = "") -> str:
        name, image_url = title["displayName"], title["imageUrl"]
        colour, lines = hue(name), poster_lines(name)
        top = LOWEST_LINE - LINE_HEIGHT * len(lines)
        texts = "".join(
            f'<text x="16" y="{top + LINE_HEIGHT * place}" font-size="17" font-weight="600" fill="#fff">'
            f"{escape(line)}</text>"
            for place, line in enumerate(lines)
        )
        image = ""
        if image_url:
            address = self._image(image_url, size)
            loading = ' loading="lazy"' if is_lazy else ""
            image = (
                f'<img src="{escape(base + address if OWN_PATH.match(address) else address)}" alt="" width="200"'
                f' height="300"{loading} decoding="async">'
            )
        return (
            '<span class="poster"><svg viewBox="0 0 200 300" aria-hidden="true" preserveAspectRatio="xMidYMid slice">'
            f'<rect width="200" height="300" fill="hsl({colour} 35% 32%)"/>'
            f'<circle cx="150" cy="70" r="110" fill="hsl({colour} 36% 37%)"/>'
            f'<rect y="{246 - LINE_HEIGHT * len(lines)}" width="200" height="200" fill="hsl({colour} 40% 22%)"/>{texts}'
            f'<text x="16" y="284" font-size="14" fill="#fff">{years(title)}</text></svg>{image}{badge}</span>'
        )


def _is_show(title: Title) -> bool:
    return bool(title["type"] == "show")


def _address(title: Title) -> str:
    if title["movieId"]:
        return f"/movies/{title['movieId']}"
    return f"/shows/{title['showId']}" if title["showId"] else "/titles"


def episode_list(season: Season) -> Markup:
    """Return the items of a season's list of episodes."""
    return Markup("\n".join(map(_episode, season["episodes"])))  # noqa: S704 - escaped piece by piece


def _episode(episode: Episode) -> str:
    number, name, rating = episode["episodeNumber"], episode["displayName"], episode["averageRating"]
    day, synopsis = episode["airDate"], episode["synopsis"]
    aired = f'<p class="quiet"><time datetime="{day}">{day}</time></p>' if day else ""
    told = f"<p>{escape(synopsis)}</p>" if synopsis else ""
    rated = ""
    if rating is not None:
        rated = f'<span class="rating">★ {rating} <span class="quiet">{_votes(episode["numVotes"])}</span></span>'
    return (
        f'<li id="episode-{episode["episodeId"]}"><span class="number">{number}</span>'
        f"<div><h4><bdi>{escape(name) if name else f'Episode {number}'}</bdi></h4>{aired}{told}</div>{rated}</li>"
    )


def _votes(number: int | None) -> str:
    return count(number or 0, "vote")
