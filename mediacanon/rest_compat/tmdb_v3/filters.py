"""Filters of `discover`: TMDB's parameters as readers of the variables of the document of lists.

In a list between commas all must hold, between bars any. A filter of facts that the catalogue lacks finds nothing: to
ignore it would show wrong titles.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from mediacanon.execution.variables import Unreadable
from mediacanon.rest_compat.dialect import LONGEST_NAME
from mediacanon.rest_compat.endpoint import NO_MATCH, Texts
from mediacanon.rest_compat.tmdb_v3.genres import word_of
from mediacanon.rest_compat.tmdb_v3.refusals import day, first

Read = Callable[[str], Any]
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_SEPARATORS = re.compile("[,|]")
_STATUSES = ("Returning Series", "Planned", "In Production", "Ended", "Canceled", "Pilot")
# Filters that are not known here; those by people want our own numbers of people.
UNKNOWN = (
    *("with_cast", "with_crew", "with_people", "with_watch_providers", "with_watch_monetization_types"),
    *("with_release_type", "with_type", "certification", "certification.gte"),
)
SORTS = {
    "popularity.desc": "TRENDING",
    "vote_average.desc": "TOP_RATED",
    "vote_count.desc": "MOST_RATED",
    **dict.fromkeys(("primary_release_date.desc", "release_date.desc", "first_air_date.desc"), "NEWEST"),
    **dict.fromkeys(("title.asc", "original_title.asc", "name.asc", "original_name.asc"), "A_TO_Z"),
}


def languages(text: str) -> list[str]:
    """Return the language of texts and names, English after it. Raises Unreadable for a text that is none."""
    if not _LANGUAGE.fullmatch(text):
        raise Unreadable("a language such as de-DE")
    return [text, "en"]


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in _SEPARATORS.split(text) if entry.strip()]


def _words(text: str, word: Read) -> list[Any] | None:
    """Return the words of the entries that have one. Raises Unreadable where there are entries, and none has."""
    found, entries = [], _entries(text)
    for entry in entries:
        try:
            found.append(word(entry))
        except Unreadable:
            continue
    if entries and not found:
        raise Unreadable("known numbers")
    return found or None


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise Unreadable("a name")
    return text


def _any(word: Read = _name) -> Read:
    """Return the reader of a list of which any may hold."""
    return lambda text: _words(text, word)


def _any_of(word: Read = _name) -> Read:
    """Return the reader of a list between bars; a list between commas is another variable's."""
    return lambda text: _words(text, word) if "|" in text else None


def _all_of(word: Read = _name) -> Read:
    """Return the reader of a list between commas, or of a single entry."""
    return lambda text: None if "|" in text else [word(entry) for entry in _entries(text)] or None


def _status(text: str) -> str:
    if text not in map(str, range(len(_STATUSES))):
        raise Unreadable("the number of a status")
    return _STATUSES[int(text)]


def _day(text: str) -> str | None:
    return text if day(text) else None


def _lists(type_: str) -> dict[str, tuple[str, Read]]:
    """Return the parameter and the reader of each variable with a list."""

    def genre(number: str) -> str:
        return word_of(number, type_)

    named = {
        f"{noun}{end}": (f"with_{noun}", read(word))
        for noun, word in (("genres", genre), ("keywords", _name), ("companies", _name), ("networks", _name))
        for end, read in (("In", _any_of), ("All", _all_of))
    }
    return named | {
        "genresNotIn": ("without_genres", _any(genre)),
        "languageIn": ("with_original_language", _any()),
        "countryIn": ("with_origin_country", _any()),
        "statusIn": ("with_status", _any(_status)),
    }


_DAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "movie": {"released": ("primary_release_date", "release_date")},
    "show": {"released": ("first_air_date",), "airs": ("air_date",)},
}
_YEARS = {"movie": ("primary_release_year", "year"), "show": ("first_air_date_year",)}
_RANGES = {"rating": "vote_average", "votes": "vote_count", "runtime": "with_runtime"}


def filters(type_: str) -> dict[str, Any]:
    """Return the fields of a row with the filters of movies or shows: parameters, readers, bounds and fallbacks."""
    lists, ends = _lists(type_), (("Min", "gte"), ("Max", "lte"))
    parameters: dict[str, tuple[str, ...]] = {name: (parameter,) for name, (parameter, _) in lists.items()}
    parameters |= {f"year{end}": _YEARS[type_] for end, _ in ends}
    parameters |= {f"{name}{end}": (f"{theirs}.{bound}",) for name, theirs in _RANGES.items() for end, bound in ends}
    days = {
        f"{name}{end}": tuple(f"{each}.{bound}" for each in theirs)
        for name, theirs in _DAYS[type_].items()
        for end, bound in (("From", "gte"), ("Until", "lte"))
    }
    return {
        "parameters": parameters
        | days
        | {
            "sort": ("sort_by",),
            "certificationMax": ("certification.lte",),
            "certificationCountry": ("certification_country",),
            "languages": ("language",),
        },
        "readers": {name: read for name, (_, read) in lists.items()}
        | dict.fromkeys(days, _day)
        | dict.fromkeys(("certificationMax", "certificationCountry"), _name)
        | {"languages": languages},
        "enum_names": {"sort": SORTS},
        "bounds": {"ratingMin": (0, 10), "ratingMax": (0, 10)},
        "out_of_range": {"ratingMin": NO_MATCH},
        "fallbacks": {name: NO_MATCH for name in lists if name != "genresNotIn"},
        "texts": UNKNOWN,
    }


DAYS = [
    f"{each}.{end}" for days in _DAYS.values() for names in days.values() for each in names for end in ("gte", "lte")
]
# Variable -> no parameter, for lists without filters.
NO_FILTERS: dict[str, tuple[str, ...]] = {name: () for type_ in _DAYS for name in filters(type_)["parameters"]}


def is_unknown(texts: Texts, names: Iterable[str] = UNKNOWN) -> bool:
    """Return whether a request has a filter that is not known here."""
    return any(first(texts, name) for name in names)
