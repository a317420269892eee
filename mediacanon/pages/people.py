"""Casts, crews, names and filmographies as HTML, written in Python like the cards: a page has a hundred of them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mediacanon.pages.cards import ImageAddress, address
from mediacanon.pages.filters import OWN_PATH, count, country_name, isolated, years
from mediacanon.pages.names import query_of
from mediacanon.vocabulary import PEOPLE_PARAMETERS

Credit = Mapping[str, Any]
Name = Mapping[str, Any]
Person = Mapping[str, Any]

# Categories that need other words than their own.
WORK = {"director": "Directed by", "writer": "Written by", "composer": "Music by", "self": "Self"}
# IMDb's regions that are no countries, or no more.
REGIONS = {
    "CSHH": "Czechoslovakia",
    "CSXX": "Serbia and Montenegro",
    "DDDE": "East Germany",
    "SUHH": "Soviet Union",
    "XEU": "Europe",
    "XKO": "Korea",
    "XKV": "Kosovo",
    "XWG": "West Germany",
    "XWW": "World-wide",
    "XYU": "Yugoslavia",
    "YUCS": "Yugoslavia",
}
UNKNOWN_YEAR = "Year unknown"
# The largest number in IMDb's id of a person; larger ones are of people made by hand.
LARGEST_IMDB_NUMBER = 999_999_999
# A variable of documents: IMDb's ids of the people that a filter names.
PERSON_IDS = "person_ids"
# Parameter of discover -> the words before the person on its chip.
CHIPS = {"people": "", "cast": "With", "directed_by": WORK["director"], "written_by": WORK["writer"]}


class PersonChip(NamedTuple):
    """A chip that removes a person from the filters of a page: the parameter, all of its ids, the id, the words."""

    parameter: str
    ids: list[str]
    id: str
    words: str


def person_ids(variables: Mapping[str, Any]) -> list[str]:
    """Return IMDb's ids of the people in the variables of a filter."""
    ids = {id_ for parameter in PEOPLE_PARAMETERS for id_ in variables.get(parameter, ())}
    return [f"nm{id_:07}" for id_ in sorted(ids) if 0 < id_ <= LARGEST_IMDB_NUMBER]


def person_chips(variables: Mapping[str, Any], found: Iterable[Mapping[str, Any]]) -> list[PersonChip]:
    """Return the chips of the people in a filter, by name; an unknown one is told by its number."""
    names = {each["person"]["personId"]: isolated(each["person"]["name"]) for each in found}
    return [
        PersonChip(parameter, list(map(str, ids)), str(id_), f"{words} {names.get(id_, f'person {id_}')}".strip())
        for parameter, words in CHIPS.items()
        for ids in [list(dict.fromkeys(variables.get(parameter, ())))]
        for id_ in ids
    ]


class _Here(NamedTuple):
    """The base path and the query string of a page's links, escaped."""

    base: str
    query: str


def _here(context: Context) -> _Here:
    return _Here(escape(context["base"]), escape(query_of(context)))


class Cast:
    """The function of a cast; `image` returns the address of an image in a size."""

    def __init__(self, image: ImageAddress) -> None:
        self._image = image

    @pass_context
    def items(self, context: Context, credits_: Iterable[Credit]) -> Markup:
        """Return the items of a cast: each person with the picture where there is one, and the roles."""
        here = _here(context)
        return _joined(
            f"<li>{self._picture(each['person'], here)}"
            f"<span>{_person(each, here)}{_roles(each)}{_run(each)}</span></li>"
            for each in credits_
        )

    def _picture(self, person: Mapping[str, Any], here: _Here) -> str:
        if not person["picture"]:
            return ""
        address = self._image(person["picture"], "w185", "profile")
        return (
            f'<img src="{here.base if OWN_PATH.match(address) else ""}{escape(address)}" alt="" width="46" height="69"'
            ' loading="lazy" decoding="async">'
        )


@pass_context
def people_found(context: Context, people: Iterable[Person]) -> Markup:
    """Return the items of a list of people: years, and the two titles that tell one from another of the name."""
    here = _here(context)
    return _joined(
        f'<li><a href="{here.base}/people/{each["personId"]}{here.query}"><bdi>{escape(each["name"])}</bdi></a>'
        f' <span class="quiet">{_told(each)}</span></li>'
        for each in people
    )


def _told(person: Person) -> str:
    born, died = person["birthYear"], person["deathYear"]
    lived = f"{born or '?'}\u2013{died or ''}" if born or died else ""
    known_for = ", ".join(f"<bdi>{escape(title['displayName'])}</bdi>" for title in person["knownFor"][:2])
    return " · ".join(filter(None, (lived, _words(", ".join(person["professions"][:1])), known_for)))


@pass_context
def crew_list(context: Context, credits_: Sequence[Credit]) -> Markup:
    """Return the groups of a crew, one for each kind of work; credits of a kind stand together."""
    groups, here = groupby(credits_, key=lambda each: each["category"]), _here(context)
    return _joined(
        f"<div><dt>{escape(WORK.get(category) or _words(category))}</dt>"
        f"<dd>{', '.join(_person(each, here) + _job(each) for each in group)}</dd></div>"
        for category, group in groups
    )


def name_list(names: Iterable[Name]) -> Markup:
    """Return the items of the names of a title: the country, the name, and IMDb's remarks."""
    return _joined(
        f'<li><bdi>{escape(each["name"])}</bdi> <span class="quiet">{_where(each)}</span></li>' for each in names
    )


@pass_context
def filmography(context: Context, credits_: Sequence[Credit]) -> Markup:
    """Return a person's credits under their years; the work of several kinds on a title is one entry."""
    groups, here = groupby(credits_, key=lambda each: each["title"]["startYear"]), _here(context)
    return _joined(
        f"<section><h3>{year or UNKNOWN_YEAR}</h3><ul>{''.join(_works(list(group), here))}</ul></section>"
        for year, group in groups
    )


def _works(credits_: list[Credit], here: _Here) -> Iterable[str]:
    for _, group in groupby(credits_, key=lambda each: each["title"]["titleId"]):
        works = list(group)
        title = works[0]["title"]
        rating = title["averageRating"]
        rated = "" if rating is None else f' <span class="rating">★ {rating}</span>'
        run = f' <span class="quiet">{years(title)}</span>' if title["type"] == "show" else ""
        told = "; ".join(_words(each["category"]) + (_roles(each) or _job(each)) + _run(each) for each in works)
        yield (
            f'<li><a href="{here.base}{address(title)}{here.query}"><bdi>{escape(title["displayName"])}</bdi></a>'
            f'{run}{rated}<br><span class="quiet">{told}</span></li>'
        )


def _person(credit: Credit, here: _Here) -> str:
    person = credit["person"]
    return f'<a href="{here.base}/people/{person["personId"]}{here.query}"><bdi>{escape(person["name"])}</bdi></a>'


def _roles(credit: Credit) -> str:
    roles = credit["characters"]
    return f' <span class="quiet">as <bdi>{escape(" / ".join(roles))}</bdi></span>' if roles else ""


def _job(credit: Credit) -> str:
    return f' <span class="quiet">({escape(credit["job"])})</span>' if credit["job"] else ""


def _run(credit: Credit) -> str:
    """Return in how many episodes of a show, and in which years, where that is known."""
    if not (episodes := credit.get("episodeCount")):
        return ""
    first, last = credit.get("firstYear"), credit.get("lastYear")
    told = years({"type": "show", "startYear": first, "endYear": last}) if first else ""
    return f' <span class="quiet">{", ".join(filter(None, (count(episodes, "episode"), told)))}</span>'


def _where(name: Name) -> str:
    region = name["region"]
    country = (
        REGIONS.get(region) or country_name(region) if region else "Original" if name["kind"] == "original" else ""
    )
    kind = "" if name["kind"] in ("original", "display", "other") else f"{name['kind']} title"
    return str(escape(", ".join(filter(None, (country, kind, *name["attributes"])))))


def _words(category: str) -> str:
    return category.replace("_", " ").capitalize()


def _joined(pieces: Iterable[str]) -> Markup:
    return Markup("\n".join(pieces))  # noqa: S704 - escaped piece by piece
