"""Posters, cards of titles and lists of episodes as HTML, written in Python: pages have hundreds of them.

A macro call and an escape for each piece of a card took three quarters of a page's time. Every text is escaped here,
once, into a plain string: markupsafe makes an object of each.
"""

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from mediacanon.http.memo import memoised
from mediacanon.pages.filters import OWN_PATH, escaped_all, hue, poster_lines, years
from mediacanon.pages.names import query_of

Title = Mapping[str, Any]
Season = Mapping[str, Any]
Episode = Mapping[str, Any]
ImageAddress = Callable[..., str]

LINE_HEIGHT, LOWEST_LINE = 23, 282
# Drawings remembered, some 800 bytes each: similar titles are among the 1,500 best known of their type.
MOST_DRAWN, LONGEST_DRAWN = 4000, 200


class Cards:
    """The functions of the templates; `image` returns the address of an image in a size."""

    def __init__(self, image: ImageAddress) -> None:
        self._image = image

    @pass_context
    def poster(self, context: Context, title: Title, size: str = "w342", *, is_lazy: bool = True) -> Markup:
        """Return a title's poster, before its drawn one."""
        image = self._image_of(title, context["base"], size, is_lazy=is_lazy)
        drawn = drawn_poster(title["displayName"], years(title))
        return Markup(f"{drawn}{image}</span>")  # noqa: S704 - escaped piece by piece

    @pass_context
    def cards(self, context: Context, titles: Iterable[Title], source: str = "", around: str = "") -> Markup:
        """Return a card for each title, each inside an element named `around` if that is given."""
        base, query = context["base"], escape(query_of(context, source and f"source={source}"))
        begin, end = (f"<{around}>", f"</{around}>\n") if around else ("", "")
        return Markup(  # noqa: S704 - escaped piece by piece
            "".join(f"{begin}{self._card(title, base, query)}{end}" for title in titles)
        )

    def _card(self, title: Title, base: str, query: str) -> str:
        rating, is_show, run = title["averageRating"], title["type"] == "show", years(title)
        rated = "" if rating is None else f' <span class="rating">★ {rating}</span>'
        badge = '<span class="badge">Show</span>' if is_show else ""
        drawn, image = drawn_poster(title["displayName"], run), self._image_of(title, base, "w342", is_lazy=True)
        return (
            f'<a class="card" href="{escape(base)}{address(title)}{query}">{drawn}{image}{badge}</span>'
            f'<bdi class="name">{escape(title["displayName"])}</bdi>'
            f'<span class="quiet">{run}{rated}</span></a>'
        )

    def _image_of(self, title: Title, base: str, size: str, *, is_lazy: bool) -> str:
        image_url = title["imageUrl"]
        if not image_url:
            return ""
        address, loading = self._image(image_url, size), ' loading="lazy"' if is_lazy else ""
        return (
            f'<img src="{escape(base + address if OWN_PATH.match(address) else address)}" alt="" width="200"'
            f' height="300"{loading} decoding="async">'
        )


def drawn_poster(name: str, run: str) -> str:
    """Return the beginning of a poster: the element, and in it a drawing with the name and the years."""
    return _drawn(f"{name}\n{run}")


@memoised(most=MOST_DRAWN, longest=LONGEST_DRAWN)
def _drawn(lines_of_text: str) -> str:
    name, _, run = lines_of_text.rpartition("\n")
    colour, lines = hue(name), poster_lines(name)
    top = LOWEST_LINE - LINE_HEIGHT * len(lines)
    texts = "".join(
        f'<text x="16" y="{top + LINE_HEIGHT * place}" font-size="17" font-weight="600" fill="#fff">'
        f"{escape(line)}</text>"
        for place, line in enumerate(lines)
    )
    return (
        '<span class="poster"><svg viewBox="0 0 200 300" aria-hidden="true" preserveAspectRatio="xMidYMid slice">'
        f'<rect width="200" height="300" fill="hsl({colour} 35% 32%)"/>'
        f'<circle cx="150" cy="70" r="110" fill="hsl({colour} 36% 37%)"/>'
        f'<rect y="{246 - LINE_HEIGHT * len(lines)}" width="200" height="200" fill="hsl({colour} 40% 22%)"/>{texts}'
        f'<text x="16" y="284" font-size="14" fill="#fff">{run}</text></svg>'
    )


def address(title: Title) -> str:
    """Return the path of a title's page."""
    if title["movieId"]:
        return f"/movies/{title['movieId']}"
    return f"/shows/{title['showId']}" if title["showId"] else "/titles"


def episode_list(season: Season) -> Markup:
    """Return the items of a season's list of episodes."""
    episodes = season["episodes"]
    names = escaped_all([episode["displayName"] or "" for episode in episodes])
    stories = escaped_all([episode["synopsis"] or "" for episode in episodes])
    return Markup("\n".join(map(_episode, episodes, names, stories)))  # noqa: S704 - escaped season by season


def _episode(episode: Episode, name: str, story: str) -> str:
    """Return the item of an episode with this name and this synopsis, which are escaped."""
    number, rating, day, votes = (
        episode["episodeNumber"], episode["averageRating"], episode["airDate"], episode["numVotes"] or 0,
    )  # fmt: skip
    aired = f'<p class="quiet"><time datetime="{day}">{day}</time></p>' if day else ""
    told = f"<p>{story}</p>" if story else ""
    counted = f"{votes:,} vote" if votes == 1 else f"{votes:,} votes"
    rated = "" if rating is None else f'<span class="rating">★ {rating} <span class="quiet">{counted}</span></span>'
    return (
        f'<li id="episode-{episode["episodeId"]}"><span class="number">{number}</span>'
        f"<div><h4><bdi>{name or f'Episode {number}'}</bdi></h4>{aired}{told}</div>{rated}</li>"
    )
