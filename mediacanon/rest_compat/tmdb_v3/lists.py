"""Lists of titles, people and collections in TMDB's shapes: pages of twenty, and changes."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from mediacanon.rest_compat.endpoint import Arrange, Texts
from mediacanon.rest_compat.tmdb_v3.filters import is_unknown
from mediacanon.rest_compat.tmdb_v3.genres import genres
from mediacanon.rest_compat.tmdb_v3.parts import POSTER, WIDE
from mediacanon.rest_compat.tmdb_v3.people import PERSON, PERSON_KINDS
from mediacanon.rest_compat.tmdb_v3.refusals import END, MOST_PAGES, START, day, first, page_of
from mediacanon.rest_compat.tmdb_v3.shapes import (
    WHOLE,
    Facts,
    Kind,
    listed,
    schema_of,
    shape,
    shaped,
)
from mediacanon.rest_compat.tmdb_v3.titles import ENTRIES, FRANCHISE, TYPED_ENTRIES, entry

PAGE = 20
# Entries on a page of changes.
CHANGES = 100
NO_PAGE = shape("page=1 results=[] total_pages=0 total_results=0")
EMPTY_PAGE: Mapping[str, Any] = {"page": 1, "results": [], "total_pages": 0, "total_results": 0}
_TYPES = {"movie": "movie", "tv": "show"}
_ENTRY = {"anyOf": [schema_of(of) for of in TYPED_ENTRIES.values()]}


def page_schema(entry_schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a page."""
    numbers = {name: WHOLE for name in EMPTY_PAGE if name != "results"}
    results = {"type": "array", "items": dict(entry_schema)}
    return {"type": "object", "properties": {**numbers, "results": results}, "required": list(EMPTY_PAGE)}


def _page(results: list[Any], texts: Texts, *, total: int, size: int = PAGE) -> dict[str, Any]:
    return {
        "page": page_of(texts),
        "results": results,
        "total_pages": min(-(-total // size), MOST_PAGES),
        "total_results": total,
    }


def discovered(*, is_typed: bool = False, dates: Callable[[], Mapping[str, str]] | None = None) -> Arrange:
    """Return the arrangement of a page of discover, with the media types of its titles, and with a range of dates."""

    def arrange(found: Facts, texts: Texts) -> dict[str, Any]:
        titles = () if is_unknown(texts) else found["items"]
        entries = [entry(title, is_typed=is_typed) for title in titles]
        made = _page(entries, texts, total=found["total"] if not is_unknown(texts) else 0)
        return made | ({"dates": dates()} if dates else {})

    return arrange


def changed(found: Facts, texts: Texts) -> dict[str, Any]:
    """Return a page of the numbers of changed titles."""
    results = [{"id": title["tmdbId"], "adult": title["isAdult"]} for title in found["items"]]
    return _page(results, texts, total=found["total"], size=CHANGES)


def today(days: int = 0) -> dt.date:
    """Return the day that lies so many days ahead."""
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)


def day_from_now(days: int) -> Callable[[], str]:
    """Return the function that returns the day that lies so many days ahead."""
    return lambda: today(days).isoformat()


def moment(text: str, *, at_end: bool = False) -> str | None:
    """Return the first moment of a day, or the last; None for a text that is no day."""
    return f"{text}T{'23:59:59' if at_end else '00:00:00'}Z" if day(text) else None


def a_day_ago() -> str:
    """Return the moment of 24 hours ago."""
    return (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).isoformat(timespec="seconds")


def dates(first_day: int, last_day: int) -> Callable[[], Mapping[str, str]]:
    """Return the function that returns the range of days of a list."""
    return lambda: {"maximum": today(last_day).isoformat(), "minimum": today(first_day).isoformat()}


CHANGES_READERS = {"changedFrom": moment, "changedUntil": lambda text: moment(text, at_end=True)}
CHANGES_PARAMETERS = {"changedFrom": (START,), "changedUntil": (END,)}
CHANGE_SCHEMA = {
    "type": "object",
    "properties": {"id": WHOLE, "adult": {"type": "boolean"}},
    "required": ["id", "adult"],
    "additionalProperties": False,
}

PERSON_ENTRY = shape(
    f'{PERSON} known_for=knownFor:titles media_type="person"',
    **PERSON_KINDS,
    titles=Kind(
        lambda titles: [entry(each, is_typed=True) for each in known(titles)], {"type": "array", "items": _ENTRY}
    ),
)
_UNTYPED_PERSON = {name: key for name, key in PERSON_ENTRY.items() if name != "media_type"}
COLLECTION_ENTRY = shape(f'{FRANCHISE} adult=false original_language="xx" original_name=name:text overview:text')
SCHEMAS = {
    **{kind: schema_of(ENTRIES[type_]) for kind, type_ in _TYPES.items()},
    "person": schema_of(_UNTYPED_PERSON),
    "collection": schema_of(COLLECTION_ENTRY),
    "multi": {"anyOf": [*_ENTRY["anyOf"], schema_of(PERSON_ENTRY)]},
}
YEARS = {"movie": ("year", "primary_release_year"), "tv": ("year", "first_air_date_year")}


def known(entities: list[Facts]) -> list[Facts]:
    """Return the titles or people with a number of TMDB's."""
    return [each for each in entities if each["tmdbId"] is not None]


def _is_of_year(title: Facts, years: list[str]) -> bool:
    return not years or str(title["startYear"]) in years


def found_titles(kind: str) -> Arrange:
    """Return the arrangement of the hits of a search for movies or shows, best match first."""

    def arrange(hits: list[Facts], texts: Texts) -> dict[str, Any]:
        years = [text for name in YEARS[kind] if (text := first(texts, name))]
        titles = known([hit["title"] for hit in hits])
        return _part([entry(each) for each in titles if _is_of_year(each, years)], texts)

    return arrange


def found_people(people: list[Facts], texts: Texts) -> dict[str, Any]:
    """Return a page of people."""
    return _part([shaped(_UNTYPED_PERSON, each) for each in known(people)], texts)


def found_anything(hits: list[Facts], texts: Texts) -> dict[str, Any]:
    """Return a page of titles and people, best match first."""
    results = [
        shaped(PERSON_ENTRY, each) if "professions" in each else entry(each, is_typed=True)
        for each in known([hit["title"] or hit["person"] for hit in hits])
    ]
    return _part(results, texts)


def found_collections(franchises: list[Facts], texts: Texts) -> dict[str, Any]:
    """Return a page of collections."""
    return _part([shaped(COLLECTION_ENTRY, each) for each in franchises], texts)


def _part(results: list[dict[str, Any]], texts: Texts) -> dict[str, Any]:
    """Return the page of a whole list."""
    end = page_of(texts) * PAGE
    return _page(results[end - PAGE : end], texts, total=len(results))


def nothing_found(_: object, texts: Texts) -> dict[str, Any]:
    """Return an empty page."""
    return _page([], texts, total=0)


_NO_FACTS: Facts = {
    **dict.fromkeys(("originalTitle", "nativeTitle", "overview", "poster", "backdrop", "originalLanguage")),
    **dict.fromkeys(("originCountry", "startYear", "tmdbPopularity", "averageRating", "numVotes")),
    "type": "movie",
    "isAdult": False,
    "genres": (),
}


def _parts(franchise: Facts) -> list[dict[str, Any]]:
    """Return the films of a collection; of those that the catalogue lacks, number, name and day are known."""
    missing = [
        {**_NO_FACTS, **film, "displayName": film["name"], "name": {"text": film["name"]}}
        for film in franchise["missing"]
    ]
    films = [entry(each, is_typed=True) for each in [*known(franchise["titles"]), *missing]]
    return sorted(films, key=lambda film: film["release_date"] or "9999")


COLLECTION = shape(
    f"{FRANCHISE} overview:text parts:parts",
    parts=Kind(_parts, {"type": "array", "items": schema_of(TYPED_ENTRIES["movie"])}),
)
COLLECTION_IMAGES = shape("id=tmdbId:whole backdrops=backdrop:wide posters=poster:poster", wide=WIDE, poster=POSTER)


def genre_list(type_: str) -> Arrange:
    """Return the arrangement of the names of genres: TMDB's numbers and names, each once, by name."""
    return lambda names, _: {
        "genres": [each._asdict() for each in sorted(genres(names, type_), key=lambda each: each.name)]
    }


GENRES = schema_of(shape("genres=genres:list", list=listed(shape("id:whole name:text"))))
DATES = schema_of(shape("dates:dates", dates=Kind(dict, schema_of(shape("maximum:text minimum:text")))))
