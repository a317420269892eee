r"""Fixed queries in classes: reads a file of them, runs a search, and computes the success rate of each class.

A line of a file has the class, the query, the expected answers and, if not 3, the places that they must be in, parted
by tabs. An answer is IMDb's id of a title or a person, or its name. `a | b` accepts either, `a + b` asks for both in
any order, `a > b` asks for both and for `a` first. `\u200b` stands for a character that an editor does not show.

`python -m tests.search.queries postgresql://...` prints the table and each failed query of a catalogue.
"""

import asyncio
import re
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from mediacanon.database.pool import open_pool
from mediacanon.loaders.person import load_people_by_id
from mediacanon.loaders.search import RankedPerson, load_by_rank

REAL, DEMO = (Path(__file__).with_name(f"queries_{catalogue}.tsv") for catalogue in ("real", "demo"))
USUAL_PLACES = 3
# The classes with these first words have a table line of their own; all others are queries as people type them.
TYPED, NAMES, PEOPLE = "as typed", "names", "people"
OTHERS = (NAMES, PEOPLE)

_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
_IN_ORDER, _ALL, _EITHER = " > ", " + ", " | "


@dataclass(frozen=True, slots=True)
class Answer:
    """A title or a person that a search answered."""

    imdb_id: str | None
    name: str
    year: int | None = None

    def is_one_of(self, expected: Iterable[str]) -> bool:
        """Return whether the id or the name is among the expected ones."""
        return not {self.imdb_id, self.name}.isdisjoint(expected)

    def __str__(self) -> str:
        return f"{self.imdb_id} {self.name} ({self.year})"


async def answers_of(pool: asyncpg.Pool, text: str, *, limit: int) -> list[Answer]:
    """Return the best `limit` answers of the search under test, best first."""
    found = await load_by_rank(pool, text, limit=limit)
    ids = [each.person_id for each in found if isinstance(each, RankedPerson)]
    people = {each.person_id: each for each in await load_people_by_id(pool, ids) if each} if ids else {}
    return [
        Answer(people[each.person_id].imdb_id, people[each.person_id].name)
        if isinstance(each, RankedPerson)
        else Answer(each.title.imdb_id, each.title.display_name, each.title.start_year)
        for each in found
    ]


@dataclass(frozen=True, slots=True)
class Query:
    """A query, and its expected answers: one of each set, the first set's first if `is_ordered`."""

    kind: str
    text: str
    expected: tuple[frozenset[str], ...]
    places: int = USUAL_PLACES
    is_ordered: bool = False

    def is_first(self, answers: Sequence[Answer]) -> bool:
        """Return whether the first answer is an expected one."""
        leading = self.expected[0] if self.is_ordered else frozenset().union(*self.expected)
        return bool(answers) and answers[0].is_one_of(leading)

    def is_found(self, answers: Sequence[Answer]) -> bool:
        """Return whether one answer of each set is among the first `places`."""
        seen = answers[: self.places]
        return all(any(answer.is_one_of(wanted) for answer in seen) for wanted in self.expected)


@dataclass(frozen=True, slots=True)
class Rate:
    """The number of queries of a class, and of those that succeeded."""

    queries: int = 0
    first: int = 0
    found: int = 0

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(self.queries + other.queries, self.first + other.first, self.found + other.found)

    @property
    def first_share(self) -> float:
        """The share of queries whose first answer is right."""
        return self.first / self.queries

    @property
    def found_share(self) -> float:
        """The share of queries whose answer is in the first three places, or in the number that the line says."""
        return self.found / self.queries


@dataclass(frozen=True, slots=True)
class Outcome:
    """A query with the answers that a search gave."""

    query: Query
    answers: tuple[Answer, ...]

    @property
    def rate(self) -> Rate:
        """The rate of this query alone."""
        return Rate(1, self.query.is_first(self.answers), self.query.is_found(self.answers))


def read_queries(path: Path) -> list[Query]:
    """Return the queries of a file in its order; ValueError names a line without a class, a query or an answer."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [_query(path, number, line) for number, line in enumerate(lines, start=1) if line and line[0] != "#"]


def _query(path: Path, number: int, line: str) -> Query:
    fields = line.split("\t")
    if len(fields) not in (3, 4) or not all(fields):
        raise ValueError(f"{path.name}:{number}: a line has a class, a query, answers and perhaps a number of places")
    kind, text, answers, *places = fields
    is_ordered = _IN_ORDER in answers
    sets = answers.split(_IN_ORDER if is_ordered else _ALL)
    return Query(
        kind=kind,
        text=_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text),
        expected=tuple(frozenset(each.split(_EITHER)) for each in sets),
        places=int(places[0]) if places else USUAL_PLACES,
        is_ordered=is_ordered,
    )


Search = Callable[[str, int], Awaitable[list[Answer]]]


async def run_queries(queries: Iterable[Query], search: Search) -> list[Outcome]:
    """Return each query with the answers of a search, which takes the text and the number of answers."""
    return [Outcome(query, tuple(await search(query.text, query.places))) for query in queries]


def rates_by_class(outcomes: Iterable[Outcome]) -> dict[str, Rate]:
    """Return the rate of each class in the order of the file, and of all classes `as typed` together."""
    rates = defaultdict[str, Rate](Rate)
    for outcome in outcomes:
        rates[outcome.query.kind] += outcome.rate
        if not outcome.query.kind.startswith(OTHERS):
            rates[TYPED] += outcome.rate
    rates[TYPED] = rates.pop(TYPED, Rate())
    return rates


def table_of(rates: dict[str, Rate]) -> str:
    """Return the rates as lines: class, number of queries, percent first, percent in the first three."""
    lines = [f"{'class':<44}{'queries':>8}{'first':>8}{'three':>8}"]
    lines += [
        f"{kind:<44}{rate.queries:>8}{rate.first_share:>8.1%}{rate.found_share:>8.1%}"
        for kind, rate in rates.items()
        if rate.queries
    ]
    return "\n".join(lines)


def failures_of(outcomes: Iterable[Outcome]) -> str:
    """Return a line for each query without an expected answer first, and the answers that came instead."""
    return "\n".join(
        f"{'second' if outcome.rate.found else 'MISSED':<8}{outcome.query.kind}: {outcome.query.text!r}"
        f" -> {'; '.join(map(str, outcome.answers)) or 'nothing'}"
        f" (wanted {', then '.join(' or '.join(sorted(each)) for each in outcome.query.expected)})"
        for outcome in outcomes
        if not (outcome.rate.first and outcome.rate.found)
    )


async def search_all(pool: asyncpg.Pool, queries: Iterable[Query]) -> list[Outcome]:
    """Return each query with the answers of the catalogue behind a pool."""
    return await run_queries(queries, lambda text, limit: answers_of(pool, text, limit=limit))


async def _report(dsn: str, path: Path | None) -> None:
    async with await open_pool(dsn, size=1) as pool:
        is_demo = await pool.fetchval("SELECT EXISTS (SELECT FROM titles WHERE imdb_id = 'tt99000001')")
        outcomes = await search_all(pool, read_queries(path or (DEMO if is_demo else REAL)))
    print(failures_of(outcomes), table_of(rates_by_class(outcomes)), sep="\n\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python -m tests.search.queries postgresql://... [FILE]")
    asyncio.run(_report(sys.argv[1], Path(sys.argv[2]) if sys.argv[2:] else None))
