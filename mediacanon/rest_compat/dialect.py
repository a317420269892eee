"""Dialect: the rules of one REST API over the GraphQL schema, as data. The mechanism beside it knows no dialect."""

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mediacanon.errors import MediaCanonError
from mediacanon.execution.variables import Leniency
from mediacanon.rest_compat.endpoint import Endpoint, Texts
from mediacanon.rest_compat.upstream import Upstream
from mediacanon.vocabulary import CONTROL, SPELLINGS

Data = Mapping[str, Any]
JsonSchema = Mapping[str, Any]

# The schema's limits on a search text, and on a name in a list.
LONGEST_QUERY, LONGEST_NAME = 200, 100
_PHRASE = re.compile(r"\b[a-z]+(?:[A-Z][a-z]*)+\b")


class Null(enum.Enum):
    """The policy for a field without a value. A dialect that writes a text in its place names the text."""

    OMIT = enum.auto()
    KEEP = enum.auto()


@dataclass(frozen=True, slots=True)
class ValueRule:
    """The way a dialect writes the values of a GraphQL type, and their JSON Schema."""

    write: Callable[[Any], Any]
    schema: JsonSchema = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class App:
    """A program, the steps of a person to point it at this server, and the path that goes into it."""

    name: str
    steps: tuple[str, ...]
    address: str

    @property
    def slug(self) -> str:
        """The name as an anchor."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A page on which a person chooses the query folder.

    `options` returns the values of `catalogs`, each with its name, from the data of `examples.graphql`; `installed` is
    the path below the folder that a program installs, `scheme` the one of its links.
    """

    path: str
    installed: str
    scheme: str
    options: Callable[[Data], Sequence[tuple[str, str]]]


def _no_examples(_: Data) -> Mapping[str, object]:
    return {}


def _no_addresses(_: Data) -> Mapping[str, Sequence[tuple[str, str]]]:
    return {}


def _as_written(name: str) -> str:
    return name


def _can_match_a_text(text: str) -> bool:
    # Ideographic spaces and joiners are no control characters, though Python does not print them.
    return 0 < len(text) <= LONGEST_QUERY and not CONTROL.search(text)


def _can_be_a_name(text: str) -> bool:
    return len(text) <= LONGEST_NAME and text.isprintable()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One REST API: its place, its table, its documents and its rules."""

    title: str
    # The first segment of every path, and the page that documents the dialect.
    prefix: str
    endpoints: tuple[Endpoint, ...]
    # First segments of other paths to the same endpoints -> the path that each stands for.
    also_at: Mapping[str, str] = field(default_factory=dict)
    # The folder of the documents. `fragments.graphql` and `examples.graphql` may be among them.
    documents: Path
    # One sentence for OpenAPI, and the paragraphs at the head of the documentation page, with `code` in backticks.
    description: str = ""
    introduction: tuple[str, ...] = ()

    configuration: Configuration | None = None
    # The programs that speak it, for the page of programs.
    apps: tuple[App, ...] = ()

    # Answers
    media_type: str = "application/json"
    # Writes an answer or an error in a format that the query string asks for: the body and its media type.
    write: Callable[[Any, Texts], tuple[bytes, str]] | None = None
    # Spelling of a key. Aliases in the documents do the renaming.
    key: Callable[[str], str] = _as_written
    null: Null | str = Null.OMIT
    # Lists that are absent when empty; other lists stay.
    always_optional: frozenset[str] = frozenset()
    # By GraphQL's name of the type, `[String]` for a list of texts.
    values: Mapping[str, ValueRule] = field(default_factory=dict)

    # Errors: the body for a status and a message, statuses in place of the usual, messages by class of the exception.
    error: Callable[[int, str], Any]
    statuses: Mapping[int, int] = field(default_factory=dict)
    messages: Mapping[type[MediaCanonError], str] = field(default_factory=dict)
    # The message for a missing or wrong value, by its name in the path or body.
    refusals: Mapping[str, str] = field(default_factory=dict)

    # Parameters
    # An unknown parameter, and an unreadable or empty text, is a wrong request. A lenient dialect ignores it.
    is_strict: bool = False
    # Parameters are found without regard to case, after the exact name.
    ignores_case: bool = False
    # Paths are matched as they were sent, and their pieces decoded after: an escaped slash is no slash.
    matches_sent_path: bool = False
    # Parameters of the path that are query strings: their pairs are read like those behind the question mark.
    path_queries: frozenset[str] = frozenset()
    # A piece of the path with `=`, behind the prefix, is a query string as well: a folder of everything below it.
    has_query_folder: bool = False
    # Parameters that a strict dialect ignores.
    ignored: frozenset[str] = frozenset()
    # Slashes behind each other are one, and one at the end is none: a person may have typed one behind the address.
    merges_slashes: bool = False
    # Headers of requests that count as parameters of the query string.
    headers: tuple[str, ...] = ()
    # JSON Schemas of parameters and facts, by name. One with a type stands for a parameter in whole.
    rules: Mapping[str, JsonSchema] = field(default_factory=dict)
    # Whether lists have adult titles unless the operator hides them in so many words.
    lists_adult: bool = False
    # Whether scripts of every site may read.
    allows_any_origin: bool = True

    # The server that answers where the catalogue lacks something.
    upstream: Upstream | None = None

    # Documentation: the names in the examples of the table, and lists of addresses by heading, each with a name.
    # Both are made from the data of `examples.graphql`.
    examples: Callable[[Data], Mapping[str, object]] = _no_examples
    addresses: Callable[[Data], Mapping[str, Sequence[tuple[str, str]]]] = _no_addresses

    @property
    def openapi_path(self) -> str:
        """The path of the OpenAPI file."""
        return f"{self.prefix}/openapi.json"

    def own_path(self, path: str) -> str:
        """Return a path as the table has it."""
        end = path.find("/", 1)
        first = path if end < 0 else path[:end]
        return self.also_at[first] + path[len(first) :] if first in self.also_at else path

    def leniency_of(self, row: Endpoint) -> Leniency:
        """Return the leniency in which the parameters of an endpoint are read."""
        return Leniency(
            repeats=self.is_strict,
            skips_empty=not self.is_strict,
            splits=self.is_strict,
            clamps=not self.is_strict,
            parameters={**dict.fromkeys(row.constants, ()), **row.parameters},
            readers=row.readers,
            bounds=row.bounds,
            enum_names=row.enum_names,
            max_items=row.max_items,
            spellings=SPELLINGS,
            accepts_text=_can_match_a_text,
            accepts_entry=_can_be_a_name,
        )

    def spelled(self, sentence: str, names: AbstractSet[str]) -> str:
        """Return a sentence with these GraphQL names in it spelled as the dialect's keys.

        Every other word stays: it may be quoted from a request.
        """
        return _PHRASE.sub(lambda name: self.key(name[0]) if name[0] in names else name[0], sentence)

    def status(self, status: int) -> int:
        """Return the HTTP status that the dialect sends in place of the usual one."""
        return self.statuses.get(status, status)
