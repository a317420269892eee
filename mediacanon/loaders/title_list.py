"""Lists of titles: the contract's search by name, with its total and its languages."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from mediacanon.database.pool import PLAN_FOR_THESE_VALUES
from mediacanon.loaders.discover import DiscoverFilter, all_of, compile_filter
from mediacanon.loaders.search import FOLD, INDEXED, IS_KNOWN, Connection, found_inside, literal
from mediacanon.loaders.title import TITLE_COLUMNS, TitleRow, title_row

ANY_TITLE = DiscoverFilter()


@dataclass(frozen=True, slots=True)
class TitleSearch:
    """The query of a list of titles: a text within their name, None for any name, and a filter."""

    query: str | None = None
    filter: DiscoverFilter = ANY_TITLE

    @property
    def in_any_language(self) -> "TitleSearch":
        """The same search, not restricted to languages."""
        return replace(self, filter=replace(self.filter, language_in=()))

    @property
    def counted(self) -> "TitleSearch":
        """The search whose counts hold this one's total: a text is counted in all languages at once."""
        return self.in_any_language if self.query else self


@dataclass(frozen=True, slots=True)
class CountRow:
    """A language or country and the number of its titles."""

    code: str
    count: int


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """The number of matches by language, most titles first; the key None is an unknown language."""

    by_language: Mapping[str | None, int]

    def total(self, languages: Collection[str]) -> int:
        """Return the number of matches in these languages; () does not restrict."""
        return sum(count for code, count in self.by_language.items() if not languages or code in languages)

    @property
    def languages(self) -> list[CountRow]:
        """The known languages, most titles first."""
        return [CountRow(code, count) for code, count in self.by_language.items() if code is not None]


IS_LISTED = "t.withdrawn_at IS NULL"
BY_VOTES = "t.num_votes DESC NULLS LAST, t.display_name, t.id"

TITLES_BY_SEARCH = f"""
SELECT {TITLE_COLUMNS}
  FROM (SELECT *
          FROM titles t
         WHERE {{conditions}}
         ORDER BY {BY_VOTES}
         LIMIT {{limit}}::integer
        OFFSET {{offset}}::bigint) AS t
 ORDER BY {BY_VOTES}
"""

COUNTS_BY_SEARCH = """
SELECT t.original_language, count(*)
  FROM titles t
 WHERE {conditions}
 GROUP BY t.original_language
 ORDER BY count(*) DESC, t.original_language
"""


def looked_up(folded: str) -> list[str]:
    """Return the parts of a folded text to look up in the index: its longest words, or all of it if none is long.

    The trigram index finds nothing for two letters. Punctuation alone folds to itself, while names fold to words.
    """
    if len(folded) < INDEXED or not any(map(str.isalnum, folded)):
        return []
    return found_inside(folded.split()) or [folded]


@asynccontextmanager
async def _matching(pool: asyncpg.Pool, search: TitleSearch) -> AsyncIterator[tuple[Connection, list[str], list[Any]]]:
    """Give a connection, the conditions of a match as SQL about a title `t`, and their parameters.

    A name that holds a text also holds it folded. The index of `search_names` finds candidates, `display_name` decides.
    """
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        conditions, parameters = await compile_filter(connection, search.filter)
        if search.query:
            folded: str = await connection.fetchval(FOLD, search.query)
            held = [("t.display_name ILIKE", search.query)]
            held += [("t.search_names LIKE", text) for text in looked_up(folded)]
            for condition, text in held:
                parameters.append(f"%{literal(text)}%")
                conditions.append(f"{condition} ${len(parameters)}::text")
        await connection.execute(PLAN_FOR_THESE_VALUES)
        yield connection, [IS_LISTED, *conditions], parameters


async def load_titles_by_search(pool: asyncpg.Pool, search: TitleSearch, *, limit: int, offset: int) -> list[TitleRow]:
    """Return a page of the matching titles: most voted first, then by name, then by id.

    The known titles come first, so a page that they fill is not searched for among the others.
    """
    async with _matching(pool, search) as (connection, conditions, parameters):
        places = {"limit": f"${len(parameters) + 1}", "offset": f"${len(parameters) + 2}"}
        records: list[asyncpg.Record] = []
        for among in ([IS_KNOWN], []) if search.query else ([],):
            if len(records) < limit:
                sql = TITLES_BY_SEARCH.format(conditions=all_of(*conditions, *among), **places)
                records = await connection.fetch(sql, *parameters, limit, offset)
    return [title_row(record) for record in records]


async def load_title_counts_by_search(pool: asyncpg.Pool, search: TitleSearch) -> MatchCounts:
    """Return the number of matches by language."""
    async with _matching(pool, search) as (connection, conditions, parameters):
        records = await connection.fetch(COUNTS_BY_SEARCH.format(conditions=all_of(*conditions)), *parameters)
    return MatchCounts({record[0]: record[1] for record in records})
