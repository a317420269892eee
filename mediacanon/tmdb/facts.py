"""Further facts of a movie or show in TMDB's replies: texts, images, ids, names, certifications and videos.

A table gives the place of each fact in a reply and its parser. A fact that is absent or of a wrong type is left out, so
its stored value stays, and the other facts of the reply are read all the same. Null, empty and useless values mean that
TMDB has no such fact. Lists and texts are bounded.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple

from mediacanon.tmdb.image_urls import IMAGE_PATH
from mediacanon.tmdb.languages import NO_LANGUAGE, language_tag
from mediacanon.vocabulary import HTTP_ADDRESS, MAX_INTEGER

# The extent of the facts: increase it when a new fact is read, and titles with an older one are fetched again.
FACTS_VERSION = 1

LONGEST_TEXT = 10_000
LONGEST_LINE = 500
LONGEST_TOKEN = 100
LONGEST_ADDRESS = 2_000
MAX_COUNTRIES = 300
MAX_NAMES = {"keyword": 100, "company": 30, "network": 20}
MAX_VIDEOS = 20
VIDEO_KINDS = ("Trailer", "Teaser")
SOCIAL_IDS = ("facebook", "instagram", "twitter")
# A film has several releases in a country. The order of their types: cinemas, a few cinemas, première, digital, disc,
# television.
RELEASE_TYPES: Mapping[int | None, int] = {number: rank for rank, number in enumerate((3, 2, 1, 4, 5, 6))}

_ADDRESS = re.compile(HTTP_ADDRESS)
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_WIKIDATA_ID = re.compile(r"Q[1-9][0-9]{0,15}")
_TOKEN = re.compile(rf"[\w.@-]{{1,{LONGEST_TOKEN}}}")
_VIDEO_KEY = re.compile(r"[\w-]{1,100}", re.ASCII)

NameKind = Literal["keyword", "company", "network"]
Reply = Mapping[str, Any]
# By the name of a fact: its place in a reply, and its parser.
Table = Mapping[str, tuple[Sequence[str], Callable[[Any], Any]]]


class Name(NamedTuple):
    """A keyword, company or network."""

    kind: NameKind
    id: int
    name: str
    logo_path: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Franchise:
    """The collection that a film belongs to, as the film's reply shows it."""

    id: int
    name: str
    poster_path: str | None
    backdrop_path: str | None


@dataclass(frozen=True, slots=True)
class FurtherFacts:
    """The facts of a reply.

    `columns` has the values by column of `title_facts`, with paths in place of URLs of images; `texts` the overview and
    tagline by language. An absent key leaves the stored value, None clears it.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    names: Sequence[Name] = ()
    franchise: Franchise | None = None


NOTHING = FurtherFacts()


class _WrongTypeError(Exception):
    """A value is not of the type that TMDB documents."""


def parse_facts(reply: Reply, media_type: Literal["movie", "tv"], languages: Sequence[str]) -> FurtherFacts:
    """Return the further facts of a movie or show with its appended replies; texts in these languages. Raises nothing.

    The text of the original language is read too, where translations were appended.
    """
    columns, lists = _read(reply, COLUMNS[media_type]), _read(reply, NAMES[media_type])
    columns |= {column: [name.id for name in names] or None for column, names in lists.items()}
    found = _read(reply, FRANCHISE if media_type == "movie" else {})
    columns |= {column: franchise and franchise.id for column, franchise in found.items()}
    names = tuple(name for found_names in lists.values() for name in found_names)
    return FurtherFacts(columns, _texts(reply, languages), names, found.get("franchise_id"))


def _read(reply: Reply, table: Table) -> dict[str, Any]:
    """Return the facts of a table that the reply holds in the right type."""
    found = {}
    for column, (path, parse) in table.items():
        value: Any = reply
        try:
            for key in path:
                value = value[key]
            found[column] = parse(value)
        except (KeyError, TypeError, _WrongTypeError):
            continue
    return found


def _texts(reply: Reply, languages: Sequence[str]) -> dict[str, Mapping[str, str | None]]:
    """Return overview and tagline by language: English from the reply itself, the others from its translations."""
    texts: dict[str, Mapping[str, str | None]] = {}
    wanted = [*languages, reply.get("original_language")]
    for translation in _read(reply, TRANSLATIONS).get("translations", ()):
        fields = _read(translation, TRANSLATION)
        tag = language_tag(fields.get("language"), fields.get("country"))
        if tag and tag in wanted and (text := _read(fields.get("data", {}), TEXTS)):
            texts[tag] = text
    own = _read(reply, TEXTS)
    return {**texts, "en": own} if own else texts


def _names(value: object, *, kind: NameKind) -> list[Name]:
    names = (
        Name(kind, id_, name, _path(each.get("logo_path")), _country(each.get("origin_country")))
        for each in _objects(value)
        if (id_ := _integer(each.get("id"))) and (name := _line(each.get("name")))
    )
    unique = {name.id: name for name in names}
    return list(unique.values())[: MAX_NAMES[kind]]


def _franchise(value: object) -> Franchise | None:
    if value is None:
        return None
    fields = _object(value)
    id_, name = _integer(fields.get("id")), _line(fields.get("name"))
    if not (id_ and name):
        return None
    return Franchise(id_, name, _path(fields.get("poster_path")), _path(fields.get("backdrop_path")))


def _videos(value: object) -> list[dict[str, Any]] | None:
    videos = (
        {
            "site": site,
            "key": key,
            "kind": each["type"].lower(),
            "language": _matching(_LANGUAGE, each.get("iso_639_1")),
            "is_official": _boolean(each.get("official")),
            "name": _line(each.get("name")),
        }
        for each in _objects(value)
        if each.get("type") in VIDEO_KINDS
        and (site := _matching(_TOKEN, each.get("site")))
        and (key := _matching(_VIDEO_KEY, each.get("key")))
    )
    return list(videos)[:MAX_VIDEOS] or None


def _certifications_of_releases(value: object) -> dict[str, str] | None:
    """Return the certification of each country's first release that has one, in the order of RELEASE_TYPES."""
    found = {}
    for each in _objects(value):
        first, rank = None, len(RELEASE_TYPES) + 1
        for release in _objects(each.get("release_dates")):
            certification = _rating(release.get("certification"))
            if certification and (of_release := _rank(release.get("type"))) < rank:
                first, rank = certification, of_release
        if first and (country := _country(each.get("iso_3166_1"))):
            found[country] = first
    return dict(list(found.items())[:MAX_COUNTRIES]) or None


def _content_ratings(value: object) -> dict[str, str] | None:
    found = {
        country: rating
        for each in _objects(value)
        if (country := _country(each.get("iso_3166_1"))) and (rating := _rating(each.get("rating")))
    }
    return dict(list(found.items())[:MAX_COUNTRIES]) or None


def _social_ids(value: object) -> dict[str, str] | None:
    fields = _object(value)
    ids = {name: _matching(_TOKEN, fields.get(f"{name}_id")) for name in SOCIAL_IDS}
    return {name: id_ for name, id_ in ids.items() if id_} or None


def _codes(value: object, key: str, form: re.Pattern[str]) -> list[str] | None:
    codes = (_matching(form, each.get(key)) for each in _objects(value))
    return list(dict.fromkeys(code for code in codes if code and code != NO_LANGUAGE))[:MAX_COUNTRIES] or None


def _rank(release_type: object) -> int:
    return RELEASE_TYPES.get(_integer(release_type), len(RELEASE_TYPES))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongTypeError
    return value


def _objects(value: object) -> Iterable[dict[str, Any]]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _WrongTypeError
    return [_object(each) for each in value]


def _text(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _WrongTypeError
    # PostgreSQL's text holds every character except zero.
    return value.replace("\0", "").strip()[:LONGEST_TEXT].rstrip() or None


def _line(value: object) -> str | None:
    text = _text(value)
    return text and " ".join(text.split())[:LONGEST_LINE].rstrip()


def _matching(form: re.Pattern[str], value: object) -> str | None:
    """Return a text of the given form; None for any other text, which would be of no use."""
    if isinstance(value, str) and form.fullmatch(value):
        return value
    text = _text(value)
    return text if text and form.fullmatch(text) else None


def _path(value: object) -> str | None:
    path = _matching(IMAGE_PATH, value)
    return path if path and len(path) <= LONGEST_TOKEN else None


def _address(value: object) -> str | None:
    address = _matching(_ADDRESS, value)
    return address if address and len(address) <= LONGEST_ADDRESS else None


def _country(value: object) -> str | None:
    return _matching(_COUNTRY, value)


def _rating(value: object) -> str | None:
    rating = _line(value)
    return rating if rating and len(rating) <= LONGEST_TOKEN else None


def _boolean(value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise _WrongTypeError
    return bool(value)


def _integer(value: object) -> int | None:
    """Return a number from 1; None for 0 and numbers out of range."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongTypeError
    return value if 1 <= value <= MAX_INTEGER else None


TEXTS: Table = {"overview": (["overview"], _text), "tagline": (["tagline"], _line)}
TRANSLATIONS: Table = {"translations": (["translations", "translations"], _objects)}
TRANSLATION: Table = {
    "language": (["iso_639_1"], _text),
    "country": (["iso_3166_1"], _text),
    "data": (["data"], _object),
}
FRANCHISE: Table = {"franchise_id": (["belongs_to_collection"], _franchise)}
_OF_BOTH: Table = {
    "status": (["status"], _line),
    "homepage": (["homepage"], _address),
    "backdrop_url": (["backdrop_path"], _path),
    "tvdb_id": (["external_ids", "tvdb_id"], _integer),
    "wikidata_id": (["external_ids", "wikidata_id"], lambda value: _matching(_WIKIDATA_ID, value)),
    "social_ids": (["external_ids"], _social_ids),
    "countries": (["production_countries"], lambda value: _codes(value, "iso_3166_1", _COUNTRY)),
    "languages": (["spoken_languages"], lambda value: _codes(value, "iso_639_1", _LANGUAGE)),
    "videos": (["videos", "results"], _videos),
}
COLUMNS: Mapping[str, Table] = {
    "movie": {
        **_OF_BOTH,
        "native_title": (["original_title"], _line),
        "certifications": (["release_dates", "results"], _certifications_of_releases),
    },
    "tv": {
        **_OF_BOTH,
        "native_title": (["original_name"], _line),
        "certifications": (["content_ratings", "results"], _content_ratings),
    },
}
_COMPANIES: Table = {"company_ids": (["production_companies"], partial(_names, kind="company"))}
NAMES: Mapping[str, Table] = {
    "movie": {**_COMPANIES, "keyword_ids": (["keywords", "keywords"], partial(_names, kind="keyword"))},
    "tv": {
        **_COMPANIES,
        "keyword_ids": (["keywords", "results"], partial(_names, kind="keyword")),
        "network_ids": (["networks"], partial(_names, kind="network")),
    },
}
