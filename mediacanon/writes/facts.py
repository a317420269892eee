"""The facts that clients may write: their columns, and the rules for their values."""

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from strawberry.utils.str_converters import to_camel_case

from mediacanon import vocabulary
from mediacanon.errors import BadArgument, quoted
from mediacanon.vocabulary import CONTROL, MAX_INTEGER, control_characters

LONGEST_NAME = 500
LONGEST_TEXT = 10_000
LONGEST_ADDRESS = 2_000

_CONTROL_BUT_LINES = control_characters(allowed="\t\n\r")
_LANGUAGE = re.compile(r"[a-z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ADDRESS = re.compile(vocabulary.HTTP_ADDRESS)


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule for a value: in words, as a predicate, and as a PostgreSQL type."""

    words: str
    is_met: Callable[[Any], bool]
    sql_type: str = "text"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact by its public name in snake_case, and its column if that has another name."""

    name: str
    rule: Rule
    is_required: bool = False
    stored_as: str = ""

    @property
    def column(self) -> str:
        """The column of the fact."""
        return self.stored_as or self.name

    @property
    def argument(self) -> str:
        """The fact's name in GraphQL: displayName for display_name."""
        return to_camel_case(self.name)

    def check(self, value: object) -> None:
        """Raise BadArgument unless the value follows the rule; None clears a fact that is not required."""
        if value is None:
            if self.is_required:
                raise BadArgument(f"{self.argument} is required")
        elif not self.rule.is_met(value):
            raise BadArgument(f"{self.argument} must be {self.rule.words}")


def _integer(words: str, lowest: int, highest: int = MAX_INTEGER) -> Rule:
    return Rule(words, lambda value: lowest <= value <= highest, "integer")


def _pattern(words: str, pattern: re.Pattern[str]) -> Rule:
    return Rule(words, lambda value: bool(pattern.fullmatch(value)))


def short_line(longest: int) -> Rule:
    """Return the rule for a text of one line with at most `longest` characters."""
    return Rule(
        f"1 to {longest} characters of one line, not all blank",
        lambda value: bool(value.strip()) and len(value) <= longest and not CONTROL.search(value),
    )


def _is_text(value: str) -> bool:
    return bool(value.strip()) and len(value) <= LONGEST_TEXT and not _CONTROL_BUT_LINES.search(value)


def _is_address(value: str) -> bool:
    return len(value) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(value) is not None and not CONTROL.search(value)


NAME = short_line(LONGEST_NAME)
TEXT = Rule(f"1 to {LONGEST_TEXT:,} characters, not all blank", _is_text)
ADDRESS = Rule(f"an http or https address of at most {LONGEST_ADDRESS:,} characters", _is_address)
IMDB_ID = _pattern("an IMDb id such as tt0903747", vocabulary.IMDB_ID)
LANGUAGE = _pattern("an ISO 639-1 code such as en", _LANGUAGE)
COUNTRY = _pattern("an ISO 3166-1 code such as US", _COUNTRY)
YEAR = _integer(
    f"a year from {vocabulary.FIRST_YEAR} to {vocabulary.LAST_YEAR}", vocabulary.FIRST_YEAR, vocabulary.LAST_YEAR
)
NUMBER = _integer(f"from 0 to {MAX_INTEGER:,}", 0)
TMDB_ID = _integer(f"from 1 to {MAX_INTEGER:,}", 1)
YES_OR_NO = Rule("true or false", lambda value: isinstance(value, bool), "boolean")
DAY = Rule("a day", lambda value: isinstance(value, dt.date), "date")


def check_facts(facts: Sequence[Fact], given: Mapping[str, object]) -> None:
    """Raise BadArgument unless each given value follows its fact's rule; absent facts are not checked."""
    for fact in facts:
        if fact.name in given:
            fact.check(given[fact.name])


def differing(
    facts: Sequence[Fact], stored: asyncpg.Record | Mapping[str, object], given: Mapping[str, object]
) -> dict[str, object]:
    """Return the given facts that differ from the values clients see; an image not found counts as no image."""
    return {
        fact.name: given[fact.name]
        for fact in facts
        if fact.name in given and given[fact.name] != _shown(fact, stored[fact.column])
    }


def _shown(fact: Fact, value: object) -> object:
    return None if fact.name == "image_url" and value in vocabulary.NO_IMAGE else value


def check_unlock(unlock: Collection[str], lockable: Collection[str]) -> None:
    """Raise BadArgument unless each name is that of a lockable fact."""
    if unknown := set(unlock).difference(lockable):
        raise BadArgument(f"unlock must name facts among {', '.join(sorted(lockable))}; {quoted(min(unknown))} is none")


def locked_after(locked: Iterable[str], unlock: Iterable[str], changed: Iterable[str]) -> list[str]:
    """Return the facts locked against imports and refreshes after a change, sorted."""
    return sorted(set(locked).difference(unlock).union(changed))


def columns(facts: Sequence[Fact], table: str = "") -> str:
    """Return the SQL list of the facts' columns."""
    return ", ".join(f"{table and table + '.'}{fact.column}" for fact in facts)


def placeholders(facts: Sequence[Fact], *, first: int) -> str:
    """Return the SQL list of the facts' typed placeholders, numbered from `first`."""
    return ", ".join(f"${number}::{fact.rule.sql_type}" for number, fact in enumerate(facts, first))


def assignments(facts: Sequence[Fact], *, first: int) -> str:
    """Return the SQL assignments of the facts' columns to their placeholders, numbered from `first`."""
    return ", ".join(f"{fact.column} = ${number}::{fact.rule.sql_type}" for number, fact in enumerate(facts, first))
