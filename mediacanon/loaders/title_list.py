"""The lists of titles: the contract's search by name, with its total and its languages."""

from dataclasses import dataclass, replace

import asyncpg

from mediacanon.loaders.discover import DiscoverFilter, all_of, compile_filter, plan_for_these_values
from mediacanon.loaders.search import FOLD, literal
from mediacanon.loaders.title import TITLE_COLUMNS, TitleRow, title_row

ANY_TITLE = DiscoverFilter()


@dataclass(frozen=True, slots=True)
class TitleSearch:
    """What a list of titles is asked for: a text their name holds, and a filter; None: any name."""

    query: str | None = None
    filter: DiscoverFilter = ANY_TITLE


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many titles have a language, country or genre."""

    code: str
    count: int


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

COUNT_BY_SEARCH = """
SELECT count(*)
  FROM titles t
 WHERE {conditions}
"""

LANGUAGES_BY_SEARCH = """
SELECT t.original_language, count(*)::integer
  FROM titles t
 WHERE {conditions}
   AND t.original_language IS NOT NULL
 GROUP BY t.original_language
 ORDER BY count(*) DESC, t.original_language
"""


async def _fetch(pool: asyncpg.Pool, statement: str, search: TitleSearch, *page: int) -> list[asyncpg.Record]:
    """Return the records of a statement about the matching titles; `page` is its limit and offset.

    What holds a text holds it folded, too: search_names has the index, display_name the last word.
    """
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        conditions, parameters = await compile_filter(connection, search.filter)
        if search.query:
            folded: str = await connection.fetchval(FOLD, search.query)
            # Punctuation alone folds to itself, while names are folded to their words.
            held = {"t.display_name ILIKE {}::text": search.query}
            if any(map(str.isalnum, folded)):
                held["t.search_names LIKE {}::text"] = folded
            for condition, text in held.items():
                parameters.append(f"%{literal(text)}%")
                conditions.append(condition.format(f"${len(parameters)}"))
        first = len(parameters) + 1
        sql = statement.format(conditions=all_of(IS_LISTED, *conditions), limit=f"${first}", offset=f"${first + 1}")
        await plan_for_these_values(connection)
        return await connection.fetch(sql, *parameters, *page)


async def load_titles_by_search(pool: asyncpg.Pool, search: TitleSearch, *, limit: int, offset: int) -> list[TitleRow]:
    """Return a page of the matching titles: most voted first, then by name, then by id."""
    return [title_row(record) for record in await _fetch(pool, TITLES_BY_SEARCH, search, limit, offset)]


async def load_title_count_by_search(pool: asyncpg.Pool, search: TitleSearch) -> int:
    """Return how many titles match."""
    [record] = await _fetch(pool, COUNT_BY_SEARCH, search)
    count: int = record[0]
    return count


async def load_languages_by_search(pool: asyncpg.Pool, search: TitleSearch) -> list[CountRow]:
    """Return the languages of the match, whatever languages it is restricted to; most titles first."""
    in_any_language = replace(search, filter=replace(search.filter, language_in=()))
    return [CountRow(*record) for record in await _fetch(pool, LANGUAGES_BY_SEARCH, in_any_language)]
