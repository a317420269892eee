"""The collection files: one YAML file per collection in `collections/`, read into frozen dataclasses.

    files = read_collection_files()
    files.collections     # the collections of the usable files, lists without their malformed entries
    files.problems        # the problems of all files: file, line, key, message

All problems of all files are reported at once. docs/collections.md describes the format.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from mediacanon import vocabulary
from mediacanon.paths import COLLECTIONS
from mediacanon.vocabulary import MAX_INTEGER, TITLE_TYPES, DiscoverSort, control_characters, genres_named, title_type

STRATEGIES = ("filter", "static", "llm")
SORTS = tuple(sort.value for sort in DiscoverSort)
LARGEST_LIMIT = 100
MOST_TITLES, MOST_CODES = 1000, 50
LONGEST_CODE = 3
LONGEST_NAME, LONGEST_TEXT = 200, 2000

_CONTROL = control_characters(allowed="\n")


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


class _Finding(NamedTuple):
    """A problem of a value; `node` and `key` locate it below that value, their defaults mean the value itself."""

    message: str
    node: yaml.Node | None = None
    key: str = ""

    def within(self, node: yaml.Node, key: str) -> "_Finding":
        """Return the same finding, located from one level up."""
        dot = "." if self.key and not self.key.startswith("[") else ""
        return _Finding(self.message, self.node or node, f"{key}{dot}{self.key}")


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    """A value that is invalid for its key, and the rest of it, `left`: a list without its malformed entries."""

    def __init__(self, *findings: _Finding, left: Any = None) -> None:  # noqa: ANN401 - any value of a key
        super().__init__()
        self.findings = findings
        self.left = left


def _wrong(message: str) -> _Wrong:
    return _Wrong(_Finding(message))


Parse = Callable[[yaml.Node], Any]


def _scalar(node: yaml.Node, wanted: str) -> Any:  # noqa: ANN401 - any scalar of YAML
    if not isinstance(node, yaml.ScalarNode):
        raise _wrong(f"must be {wanted}")
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    # PyYAML does not check `!!bool x` and `!!float ""`, which raise KeyError and IndexError.
    except (yaml.YAMLError, ValueError, OverflowError, KeyError, IndexError):
        raise _wrong(f"must be {wanted}, not {node.value[:50]!r}") from None


def _text(wanted: str, pattern: re.Pattern[str]) -> Parse:
    def parse(node: yaml.Node) -> str:
        value = _scalar(node, wanted)
        if value is None or value == "":
            raise _wrong(f"is empty; it must be {wanted}")
        if not isinstance(value, str):
            raise _wrong(f"must be {wanted}; YAML reads {node.value[:50]} as text only in quotes")
        value = value.strip()
        if _CONTROL.search(value) or not pattern.fullmatch(value):
            raise _wrong(f"must be {wanted}, not {value[:50]!r}")
        return value

    return parse


def _one_of(words: tuple[str, ...], spelled: Callable[[str], str] = str.lower) -> Parse:
    wanted = f"one of {', '.join(words)}"

    def parse(node: yaml.Node) -> str:
        value = spelled(str(_scalar(node, wanted)))
        if value not in words:
            raise _wrong(f"must be {wanted}, not {node.value[:50]!r}{_suggestion(node.value, words)}")
        return value

    return parse


def _number(wanted: str, lowest: float, highest: float, *kinds: type) -> Parse:
    def parse(node: yaml.Node) -> float:
        value = _scalar(node, wanted)
        # The exact type, since True is an int. NaN fails every comparison, so it is out of bounds.
        if type(value) not in kinds or not lowest <= value <= highest:
            raise _wrong(f"must be {wanted}, not {node.value[:50]!r}")
        return value  # type: ignore[no-any-return]

    return parse


def _boolean(node: yaml.Node) -> bool:
    value = _scalar(node, "true or false")
    if not isinstance(value, bool):
        raise _wrong(f"must be true or false, not {node.value[:50]!r}")
    return value


def _list_of(parse: Parse, wanted: str, most: int) -> Parse:
    def parse_list(node: yaml.Node) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            raise _wrong(f"must be a list of {wanted}")
        if len(node.value) > most:
            raise _wrong(f"has {len(node.value)} entries; {most} is the limit")
        values: dict[Any, int] = {}
        findings = list[_Finding]()
        for number, entry in enumerate(node.value, 1):
            try:
                first = values.setdefault(parse(entry), number)
                if first != number:
                    findings.append(_Finding(f"repeats entry {first}", entry, f"[{number}]"))
            except _Wrong as wrong:
                findings += [finding.within(entry, f"[{number}]") for finding in wrong.findings]
        if findings:
            raise _Wrong(*findings, left=tuple(values))
        return tuple(values)

    return parse_list


def _mapping_of(keys: Mapping[str, Parse], required: tuple[str, ...] = ()) -> Parse:
    def parse_mapping(node: yaml.Node) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise _Wrong(_Finding(f"must be a mapping with keys such as {next(iter(keys))}", node))
        findings = list[_Finding]()
        nodes = dict(_entries(node, keys, findings))
        values: dict[str, Any] = {}
        lost = list[_Finding]()
        for key, value in nodes.items():
            try:
                values[key] = keys[key](value)
            except _Wrong as wrong:
                values[key] = wrong.left
                (findings if wrong.left is None else lost).extend(each.within(value, key) for each in wrong.findings)
        findings += [_Finding("is missing", node, key) for key in required if key not in nodes]
        if findings or lost:
            raise _Wrong(*findings, *lost, left=None if findings else values)
        return values

    return parse_mapping


def _entries(
    node: yaml.MappingNode, keys: Mapping[str, Parse], findings: list[_Finding]
) -> Iterator[tuple[str, yaml.Node]]:
    """Yield each known key with its value; add unknown and repeated keys to the findings."""
    seen: dict[str, int] = {}
    for key_node, value in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        line = key_node.start_mark.line + 1
        if key not in keys:
            message = f"is no key here{_suggestion(key, keys) or '; known are ' + ', '.join(keys)}"
            findings.append(_Finding(message, key_node, key[:50]))
        elif key in seen:
            findings.append(_Finding(f"is there already, in line {seen[key]}", key_node, key))
        else:
            seen[key] = line
            yield key, value


def _suggestion(word: str, known: Iterable[str]) -> str:
    by_lower_case = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.lower(), list(by_lower_case), n=1)
    return f"; did you mean {by_lower_case[close[0]]}?" if close else ""


def _code(wanted: str, spelled: Callable[[str], str], names: Callable[[], Mapping[str, str]]) -> Parse:
    """Return the parser of a code, or of its name, among the codes of `names`."""

    def parse(node: yaml.Node) -> str:
        text = _text(wanted, re.compile(r".{1,100}"))(node)
        code = spelled(text)
        if code not in names():
            known = [*names().values(), *names()] if len(text) > LONGEST_CODE else names()
            raise _wrong(f"must be {wanted}, not {text[:50]!r}{_suggestion(text, known)}")
        return code

    return parse


_NAME = _text(f"1 to {LONGEST_NAME} characters of one line", re.compile(rf".{{1,{LONGEST_NAME}}}"))
_TEXT = _text(f"1 to {LONGEST_TEXT} characters", re.compile(rf".{{1,{LONGEST_TEXT}}}", re.DOTALL))
_LANGUAGE = _code("a language code such as en", vocabulary.language_code, vocabulary.language_names)
_REGION = _code(
    "global or a country code such as US",
    lambda text: text.lower() if text.lower() == "global" else vocabulary.country_code(text),
    lambda: {**vocabulary.country_names(), "global": "everywhere"},
)
_COUNTRY = _code("a country code such as US", vocabulary.country_code, vocabulary.country_names)
_IMDB_ID = _text("an IMDb id such as tt0903747", vocabulary.IMDB_ID)
_YEAR = _number(
    f"a year from {vocabulary.FIRST_YEAR} to {vocabulary.LAST_YEAR}", vocabulary.FIRST_YEAR, vocabulary.LAST_YEAR, int
)

FILTER_KEYS: dict[str, Parse] = {
    "type": _one_of(TITLE_TYPES, title_type),
    "genre": _NAME,
    "lang": _LANGUAGE,
    "country": _COUNTRY,
    "sort": _one_of(SORTS),
    "year_min": _YEAR,
    "rating_min": _number("a rating from 0 to 10", 0, 10, int, float),
    "min_votes": _number("a number of votes", 0, MAX_INTEGER, int),
    "limit": _number(f"a number from 1 to {LARGEST_LIMIT}", 1, LARGEST_LIMIT, int),
}
_NAMED_TITLE = _mapping_of(
    {"title": _NAME, "year": _YEAR, "type": _one_of(TITLE_TYPES, title_type)}, required=("title",)
)


def _title(node: yaml.Node) -> str | NamedTitle:
    return NamedTitle(**_NAMED_TITLE(node)) if isinstance(node, yaml.MappingNode) else _IMDB_ID(node)


COLLECTION_KEYS: dict[str, Parse] = {
    "slug": _text("lower-case words with hyphens between them", re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")),
    "name": _NAME,
    "description": _TEXT,
    "strategy": _one_of(STRATEGIES),
    "pinned": _boolean,
    "languages": _list_of(_LANGUAGE, "language codes", MOST_CODES),
    "regions": _list_of(_REGION, "country codes", MOST_CODES),
    "filter": _mapping_of(FILTER_KEYS),
    "titles": _list_of(_title, "IMDb ids", MOST_TITLES),
}


def _parser(genres: Sequence[str]) -> Parse:
    """Return the parser of a file's mapping in a catalogue with these genres."""
    filter_keys = FILTER_KEYS | {"genre": _genre_among(genres)}
    keys = COLLECTION_KEYS | {"filter": _mapping_of(filter_keys)}
    return _mapping_of(keys, required=("slug", "name", "strategy"))


def _genre_among(genres: Sequence[str]) -> Parse:
    def parse(node: yaml.Node) -> str:
        word = _NAME(node)
        named = genres_named(word, genres)
        if len(named) > 1:
            raise _wrong(f"must be one genre; {word} means {' or '.join(named)}")
        if not named:
            raise _wrong(f"must be the name of a genre, not {word[:50]!r}{_suggestion(word, genres)}")
        return named[0]

    return parse


def _collection(node: yaml.Node, name: str, parse: Parse) -> CollectionFile:
    """Return the collection of the file `name`. Raises _Wrong for invalid values and for contradictory keys."""
    lost: tuple[_Finding, ...] = ()
    try:
        values = parse(node)
    except _Wrong as wrong:
        if wrong.left is None:
            raise
        values, lost = wrong.left, wrong.findings
    collection = CollectionFile(**values)
    findings = [_Finding(message, _value(node, key), key) for key, message in _contradictions(collection, name)]
    if findings or lost:
        raise _Wrong(*findings, *lost, left=None if findings else collection)
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
    if strategy == "static" and any(isinstance(title, NamedTitle) for title in collection.titles):
        yield "titles", "must be IMDb ids; only the strategy llm takes names"


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
                raise _wrong(f"is there already, as {first[path.stem].name}")
            collections.append(_read(path, parse))
        except _Wrong as wrong:
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
        raise _wrong(error.strerror or "cannot be read") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = yaml.ScalarNode("", "", mark, mark) if mark else None
        raise _Wrong(_Finding(f"is no YAML: {error.problem or error.context}", place)) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise _wrong(f"is no YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise _wrong("is nested too deeply") from None
    if node is None:
        raise _wrong("is empty")
    return _collection(node, path.stem, parse)


def _problem(path: Path, finding: _Finding) -> Problem:
    line = finding.node.start_mark.line + 1 if finding.node else 0
    return Problem(path.name, finding.message, line, finding.key)
