"""Ranked search: exact name, exact original name, prefix, all words, typos; most voted first inside a tier.

Each step loads a bounded number of candidates, so a word in half of all names costs no more than a rare one: first
among the known titles, which have a small index of their own, then among all. Typos are searched for only if this
finds few titles.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import asyncpg

from mediacanon.database.counts import IS_LISTED, Connection, tags_of_sql
from mediacanon.database.pool import PLAN_FOR_THESE_VALUES
from mediacanon.loaders.title import NOT_ADULT, TitleRow, and_not_adult, load_titles_by_id

# Some names have 300 characters.
LONGEST_QUERY = 300
# So many words must each begin a word of a name; later ones only tell exact names apart.
MOST_WORDS = 8
CANDIDATES = 300
# Typos are searched for below so many hits.
FEW = 5
# The last tier of whole names.
EXACT = 1
SHORTEST_TYPO = 4
# The index has trigrams, so shorter words are not in it. Few names hold a word of LONG letters inside another.
INDEXED = 3
LONG = 5
# Further words hardly reduce the candidates.
MOST_LOOKED_UP = 3
# Of the years in a text, the last ones narrow it.
MOST_YEARS = 2
# The condition of a partial index in schema.sql: one title in twenty, and nearly every title that people search for.
IS_KNOWN = "num_votes >= 1000"
SIMILAR_ENOUGH = 0.5
# Similarity that ten times the votes are worth: of equally similar names, people mean the famous one.
PER_TENFOLD = 0.05
_YEAR = re.compile(r"^(1[89]\d\d|20\d\d|21\d\d)$")
MATCHED_ON = ("NAME", "ORIGINAL_TITLE", "PREFIX", "WORDS", "SIMILAR")

FOLD = "SELECT fold($1::text)"


@dataclass(frozen=True, slots=True)
class RankedTitle:
    """A title that was found, and its tier: one of MATCHED_ON."""

    title: TitleRow
    matched_on: str

    @property
    def title_id(self) -> int:
        """Our id of the title."""
        return self.title.title_id


def found_inside(words: Sequence[str]) -> list[str]:
    """Return the words to look up in the index regardless of where they begin: the longest few; none if none is LONG.

    The trigram of a first letter is in tenths of all names: walking through its list takes longer than reading the few
    names that hold the words inside others.
    """
    if all(len(word) < LONG for word in words):
        return []
    return [word for word in _longest(words) if len(word) >= INDEXED]


def _longest(words: Sequence[str]) -> list[str]:
    return sorted(dict.fromkeys(words), key=len, reverse=True)[:MOST_LOOKED_UP]


def patterns_of(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the patterns of all words, and the patterns to look up in the index."""
    looked_up = [f"%{literal(word)}%" for word in found_inside(words)]
    return (
        [f"% {literal(word)}%" for word in words],
        looked_up or [f"% {literal(word)}%" for word in _longest(words)],
    )


def candidates_by_words(looked_up: int, *, known: bool, first: int = 1, hides_adult: bool = False) -> str:
    """Return the statement for the best titles with the words: $1 name, $2 year, $3 patterns of all words.

    The index finds candidates by the patterns from $4 on, `looked_up` in number; the patterns of all words decide.
    Sorting by an expression keeps the planner from walking the index of votes in hope of early matches. `first` is the
    number of the parameter that is called $1 here.
    """
    name, year, patterns = (f"${first + place}" for place in range(3))
    found = [f"search_names LIKE ${first + 3 + place}::text" for place in range(looked_up)]
    holds = " AND ".join([*found, f"search_names || '' LIKE ALL ({patterns}::text[])"])
    only_known, not_adult = f"AND {IS_KNOWN}" if known else "", and_not_adult(hides_adult=hides_adult)
    return f"""
  WITH candidates AS (
       (SELECT id, num_votes, search_names
          FROM titles t
         WHERE {holds} AND withdrawn_at IS NULL {only_known} {not_adult}
           AND ({year}::integer IS NULL OR start_year = {year})
         ORDER BY num_votes + 0 DESC NULLS LAST, id
         LIMIT {CANDIDATES})
         UNION
       (SELECT id, num_votes, search_names
          FROM titles t
         WHERE search_names ~>=~ ('| ' || {name}::text || ' |')
           AND search_names ~<~ ('| ' || {name} || ' |' || chr(1114111))
           AND withdrawn_at IS NULL {not_adult}
           AND ({year} IS NULL OR start_year = {year})
         ORDER BY num_votes + 0 DESC NULLS LAST, id
         LIMIT {CANDIDATES}))
SELECT id,
       CASE WHEN starts_with(search_names, '| ' || {name} || ' |') THEN 0
            WHEN strpos(search_names, '| ' || {name} || ' |') > 0 THEN 1
            WHEN strpos(search_names, '| ' || {name}) > 0 THEN 2
            ELSE 3 END AS tier,
       num_votes, {year} AS year
  FROM candidates
"""


def candidates_by_likeness(*, known: bool, hides_adult: bool = False) -> str:
    """Return the statement for the titles most similar to $1; votes add to the similarity."""
    only_known, not_adult = f"AND {IS_KNOWN}" if known else "", and_not_adult(hides_adult=hides_adult)
    return f"""
SELECT id, 4 AS tier, num_votes,
       word_similarity($1::text, search_names) + {PER_TENFOLD} * log(coalesce(num_votes, 0) + 1) AS likeness
  FROM titles t
 WHERE $1::text <% search_names AND withdrawn_at IS NULL {only_known} {not_adult}
 ORDER BY likeness DESC, num_votes DESC NULLS LAST, id
 LIMIT {CANDIDATES // 3}
"""


# For one transaction: the default threshold of 0.6 misses a typo in a word of six letters.
SEARCH_SETTINGS = f"{PLAN_FOR_THESE_VALUES}; SET LOCAL pg_trgm.word_similarity_threshold = {SIMILAR_ENOUGH}"
A_MOMENT = "SET LOCAL statement_timeout = '30ms'"
ANY_TIME = "SET LOCAL statement_timeout TO DEFAULT"


async def load_titles_by_rank(
    pool: asyncpg.Pool, query: str, *, limit: int, hides_adult: bool = False
) -> list[RankedTitle]:
    """Return the best `limit` titles for a text that a person typed, best first."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await connection.execute(SEARCH_SETTINGS)
        name = await connection.fetchval(FOLD, query[:LONGEST_QUERY]) or ""
        found = await _find(connection, name, hides_adult=hides_adult)
    return await _best(pool, found, limit)


def tags_of_rank(query: str, *, limit: int, hides_adult: bool = False) -> frozenset[str]:  # noqa: ARG001 - the loader's
    """Return the tags of a search."""
    return tags_of_sql(IS_LISTED, NOT_ADULT, "t.search_names", "t.num_votes", "t.start_year")


Ranks = dict[int, tuple[int, float, int]]


async def _best(pool: asyncpg.Pool, found: Ranks, limit: int) -> list[RankedTitle]:
    """Return the best of the found titles; a title deleted meanwhile is left out."""
    best = sorted(found, key=lambda title_id: (found[title_id], title_id))[:limit]
    rows = await load_titles_by_id(pool, best) if best else []
    return [RankedTitle(row, MATCHED_ON[found[row.title_id][0]]) for row in rows if row]


async def _find(connection: Connection, name: str, *, hides_adult: bool) -> Ranks:
    """Return the rank (tier, unlikeness, minus votes) of each title found, in four statements at most."""
    words = name.split()
    found: Ranks = {}
    if not words:
        return found
    by_words = partial(_by_words, hides_adult=hides_adult)
    narrowed = [([word for word in words if word != year], int(year)) for year in _years(words)]
    records = await connection.fetch(*by_words([(words, None), *narrowed], known=True))
    _add(found, records)
    if sum(record["year"] is None for record in records) < CANDIDATES:
        _add(found, await connection.fetch(*by_words([(words, None)], known=False)))
    if narrowed:
        # For a common word and a common year the index of words finds half the catalogue.
        _add(found, await _fetch_for_a_moment(connection, *by_words(narrowed, known=False)))
    # A text that is a whole name has no typo.
    if len(found) < FEW and not any(tier <= EXACT for tier, _, _ in found.values()):
        # A text with a year has used up the statement that looks for typos among all titles.
        await _add_by_likeness(connection, found, words, among_all=not narrowed, hides_adult=hides_adult)
    return found


def _by_words(
    asked: Sequence[tuple[list[str], int | None]], *, known: bool, hides_adult: bool
) -> tuple[str, *tuple[object, ...]]:
    """Return one statement for words within a year each, and its arguments."""
    statements: list[str] = []
    arguments: list[object] = []
    for words, year in asked:
        patterns, looked_up = patterns_of(words[:MOST_WORDS])
        first = len(arguments) + 1
        statements.append(candidates_by_words(len(looked_up), known=known, first=first, hides_adult=hides_adult))
        arguments += [" ".join(words), year, patterns, *looked_up]
    return " UNION ALL ".join(f"({each})" for each in statements), *arguments


def _years(words: Sequence[str]) -> list[str]:
    """Return the years that narrow a text: those with other words beside them."""
    years = [word for word in dict.fromkeys(words) if _YEAR.match(word) and any(other != word for other in words)]
    return years[-MOST_YEARS:]


def _add(found: Ranks, records: list[asyncpg.Record]) -> None:
    for record in records:
        unlikeness = -record["likeness"] if "likeness" in record else 0.0
        rank = (record["tier"], unlikeness, -(record["num_votes"] or 0))
        if record["id"] not in found or rank < found[record["id"]]:
            found[record["id"]] = rank


async def _fetch_for_a_moment(connection: Connection, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """Return the records of a statement, none if it takes longer than 30 ms."""
    with suppress(asyncpg.QueryCanceledError):
        async with connection.transaction():
            await connection.execute(A_MOMENT)
            records: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
            await connection.execute(ANY_TIME)
            return records
    return []


async def _add_by_likeness(
    connection: Connection, found: Ranks, words: list[str], *, among_all: bool, hides_adult: bool
) -> None:
    """Search the known titles for typos; if nothing was found at all and `among_all`, search all titles for 30 ms.

    Short words are similar to half the catalogue, which would take seconds, so they are left out.
    """
    among_known, others = (candidates_by_likeness(known=known, hides_adult=hides_adult) for known in (True, False))
    _add(found, await connection.fetch(among_known, " ".join(words[:MOST_WORDS])))
    telling = [word for word in words[:MOST_WORDS] if len(word) >= SHORTEST_TYPO]
    if among_all and not found and telling:
        _add(found, await _fetch_for_a_moment(connection, others, " ".join(telling)))


def literal(text: str) -> str:
    """Return a text escaped for a LIKE pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
