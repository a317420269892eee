"""The collection files: one YAML file per collection in `collections/`, read into frozen dataclasses.

    files = read_collection_files()
    files.collections     # the collections of the usable files, lists without their malformed entries
    files.problems        # the problems of all files: file, line, key, message

All problems of all files are reported at once. docs/collections.md describes the format.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mediacanon import vocabulary
from mediacanon.curation.yaml_values import (
    Finding,
    Parse,
    Wrong,
    boolean,
    code_of,
    list_of,
    mapping_of,
    number_of,
    one_of,
    one_or_more,
    refused,
    suggestion,
    text_of,
)
from mediacanon.paths import COLLECTIONS
from mediacanon.vocabulary import MAX_INTEGER, TITLE_TYPES, DiscoverSort, genres_named, title_type

STRATEGIES = ("filter", "static", "llm")
SORTS = tuple(sort.value for sort in DiscoverSort)
LARGEST_LIMIT = 100
MOST_TITLES, MOST_CODES, MOST_PEOPLE = 1000, 50, 50
LONGEST_NAME, LONGEST_TEXT = 200, 2000


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a file; a problem of the whole file has line 0 and no key."""

    file: str
    message: str
    line: int = 0
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.message) if part)


@dataclass(frozen=True, slots=True)
class NamedTitle:
    """A title by name, as a language model lists it."""

    title: str
    year: int | None = None
    type: str | None = None

    def __str__(self) -> str:
        known = ", ".join(str(part) for part in (self.year, self.type) if part)
        return f"{self.title} ({known})" if known else self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFile:
    """A collection of the titles that match `filter`, or of `titles` in order, each an IMDb id or a name."""

    slug: str
    name: str
    strategy: str
    description: str | None = None
    pinned: bool = False
    languages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    filter: Mapping[str, Any] | None = None
    titles: tuple[str | NamedTitle, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionFiles:
    """The content of a folder; `names` are the file names without their suffix, slugs, of invalid files too."""

    collections: tuple[CollectionFile, ...]
    problems: tuple[Problem, ...]
    names: frozenset[str]


_NAME = text_of(f"1 to {LONGEST_NAME} characters of one line", re.compile(rf".{{1,{LONGEST_NAME}}}"))
_TEXT = text_of(f"1 to {LONGEST_TEXT} characters", re.compile(rf".{{1,{LONGEST_TEXT}}}", re.DOTALL))
_LANGUAGE = code_of("a language code such as en", vocabulary.language_code, vocabulary.language_names)
_REGION = code_of(
    "global or a country code such as US",
    lambda text: text.lower() if text.lower() == "global" else vocabulary.country_code(text),
    lambda: {**vocabulary.country_names(), "global": "everywhere"},
)
_COUNTRY = code_of("a country code such as US", vocabulary.country_code, vocabulary.country_names)
_IMDB_ID = text_of("an IMDb id such as tt0903747", vocabulary.IMDB_ID)
_PERSON = text_of("an IMDb id of a person such as nm0000206", vocabulary.IMDB_PERSON_ID)
_YEAR = number_of(
    f"a year from {vocabulary.FIRST_YEAR} to {vocabulary.LAST_YEAR}", vocabulary.FIRST_YEAR, vocabulary.LAST_YEAR, int
)

FILTER_KEYS: dict[str, Parse] = {
    "type": one_of(TITLE_TYPES, title_type),
    "genre": _NAME,
    "lang": _LANGUAGE,
    "country": _COUNTRY,
    "sort": one_of(SORTS),
    "year_min": _YEAR,
    "rating_min": number_of("a rating from 0 to 10", 0, 10, int, float),
    "min_votes": number_of("a number of votes", 0, MAX_INTEGER, int),
    "keyword": _NAME,
    "company": _NAME,
    "network": _NAME,
    "status": one_of(vocabulary.TITLE_STATUSES, vocabulary.title_status),
    "certification_max": _NAME,
    "certification_country": _COUNTRY,
    "has_video": boolean,
    **dict.fromkeys(vocabulary.PEOPLE_PARAMETERS, one_or_more(_PERSON, "IMDb ids of people", MOST_PEOPLE)),
    "limit": number_of(f"a number from 1 to {LARGEST_LIMIT}", 1, LARGEST_LIMIT, int),
}
_NAMED_TITLE = mapping_of({"title": _NAME, "year": _YEAR, "type": one_of(TITLE_TYPES, title_type)}, required=("title",))


def _title(node: yaml.Node) -> str | NamedTitle:
    return NamedTitle(**_NAMED_TITLE(node)) if isinstance(node, yaml.MappingNode) else _IMDB_ID(node)


COLLECTION_KEYS: dict[str, Parse] = {
    "slug": text_of("lower-case words with hyphens between them", re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")),
    "name": _NAME,
    "description": _TEXT,
    "strategy": one_of(STRATEGIES),
    "pinned": boolean,
    "languages": list_of(_LANGUAGE, "language codes", MOST_CODES),
    "regions": list_of(_REGION, "country codes", MOST_CODES),
    "filter": mapping_of(FILTER_KEYS),
    "titles": list_of(_title, "IMDb ids", MOST_TITLES),
}


def _parser(genres: Sequence[str]) -> Parse:
    """Return the parser of a file's mapping in a catalogue with these genres."""
    filter_keys = FILTER_KEYS | {"genre": _genre_among(genres)}
    keys = COLLECTION_KEYS | {"filter": mapping_of(filter_keys)}
    return mapping_of(keys, required=("slug", "name", "strategy"))


def _genre_among(genres: Sequence[str]) -> Parse:
    def parse(node: yaml.Node) -> str:
        word = _NAME(node)
        named = genres_named(word, genres)
        if len(named) > 1:
            raise refused(f"must be one genre; {word} means {' or '.join(named)}")
        if not named:
            raise refused(f"must be the name of a genre, not {word[:50]!r}{suggestion(word, genres)}")
        return named[0]

    return parse


def _collection(node: yaml.Node, name: str, parse: Parse) -> CollectionFile:
    """Return the collection of the file `name`. Raises Wrong for invalid values and for contradictory keys."""
    lost: tuple[Finding, ...] = ()
    try:
        values = parse(node)
    except Wrong as wrong:
        if wrong.left is None:
            raise
        values, lost = wrong.left, wrong.findings
    collection = CollectionFile(**values)
    findings = [Finding(message, _value(node, key), key) for key, message in _contradictions(collection, name)]
    if findings or lost:
        raise Wrong(*findings, *lost, left=None if findings else collection)
    return collection


def _contradictions(collection: CollectionFile, name: str) -> Iterator[tuple[str, str]]:
    """Yield the key and the message of each value that contradicts another one."""
    strategy = collection.strategy
    wanted, unwanted = ("filter", "titles") if strategy == "filter" else ("titles", "filter")
    if collection.slug != name:
        yield "slug", f"must be the file's name, {name}"
    if not getattr(collection, wanted):
        yield wanted, f"is required for strategy {strategy}"
    if getattr(collection, unwanted):
        yield unwanted, f"has no meaning for strategy {strategy}"
    yield from _impossible_certifications(collection.filter or {})
    if strategy == "static" and any(isinstance(title, NamedTitle) for title in collection.titles):
        yield "titles", "must be IMDb ids; only the strategy llm takes names"


def _impossible_certifications(filter_: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    country, word = filter_.get("certification_country", vocabulary.DEFAULT_COUNTRY), filter_.get("certification_max")
    known = [each for step in vocabulary.certifications_of(country) for each in step]
    if word and known and word.casefold() not in map(str.casefold, known):
        yield "filter", f"certification_max must be a certification of {country}: {', '.join(known)}"
    if word is None and "certification_country" in filter_:
        yield "filter", "certification_country has no meaning without certification_max"


def _value(node: yaml.Node, key: str) -> yaml.Node:
    return next((value for known, value in node.value if known.value == key), node)


def read_collection_files(folder: Path = COLLECTIONS, *, genres: Iterable[str] = ()) -> CollectionFiles:
    """Return the collections and problems of a folder's YAML files, in file name order; other files are ignored.

    `genres` are the names of genres beside IMDb's and the custom ones of every catalogue.
    """
    parse = _parser(tuple(dict.fromkeys((*vocabulary.IMDB_GENRES, *vocabulary.CUSTOM_GENRES, *genres))))
    try:
        paths = sorted(path for path in folder.iterdir() if _is_collection(path))
    except OSError as error:
        return CollectionFiles((), (Problem(str(folder), error.strerror or "cannot be read"),), frozenset())
    collections, problems = list[CollectionFile](), list[Problem]()
    first: dict[str, Path] = {}
    for path in paths:
        try:
            if first.setdefault(path.stem, path) != path:
                raise refused(f"is there already, as {first[path.stem].name}")
            collections.append(_read(path, parse))
        except Wrong as wrong:
            collections += [wrong.left] if wrong.left else []
            problems += [_problem(path, finding) for finding in wrong.findings]
    return CollectionFiles(tuple(collections), tuple(problems), frozenset(first))


def _is_collection(path: Path) -> bool:
    # Editors and macOS put hidden files, swap files and backups beside a file.
    return path.suffix.lower() in (".yaml", ".yml") and path.name[0] not in ".~#" and path.stem[-1] != "~"


def _read(path: Path, parse: Parse) -> CollectionFile:
    try:
        node = yaml.compose(path.read_bytes(), Loader=yaml.SafeLoader)
    except OSError as error:
        raise refused(error.strerror or "cannot be read") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = yaml.ScalarNode("", "", mark, mark) if mark else None
        raise Wrong(Finding(f"is no YAML: {error.problem or error.context}", place)) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise refused(f"is no YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise refused("is nested too deeply") from None
    if node is None:
        raise refused("is empty")
    return _collection(node, path.stem, parse)


def _problem(path: Path, finding: Finding) -> Problem:
    line = finding.node.start_mark.line + 1 if finding.node else 0
    return Problem(path.name, finding.message, line, finding.key)
