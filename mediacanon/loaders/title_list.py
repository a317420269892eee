"""The lists of titles: the contract's search by name, with its total and its languages."""

from dataclasses import dataclass

import asyncpg

from mediacanon.loaders.title import TITLE_COLUMNS, TitleRow, title_row


@dataclass(frozen=True, slots=True)
class TitleSearch:
    """What a list of titles is asked for; None: not restricted."""

    query: str | None = None
    type: str | None = None
    language: str | None = None

    @property
    def pattern(self) -> str | None:
        """The LIKE pattern of a name that holds the query, its wildcards literal."""
        if not self.query:
            return None
        escaped = self.query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{escaped}%"


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many titles have a language, country or genre."""

    code: str
    count: int


# search_names has an index and display_name the last word: what holds the query holds it folded, too.
_IS_MATCH = """
       t.withdrawn_at IS NULL
   AND ($1::text IS NULL OR t.display_name ILIKE $1)
   AND ($2::text IS NULL
        OR t.search_names
           LIKE '%' || replace(replace(replace(fold($2), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%')
   AND ($3::text IS NULL OR t.type = $3)"""

TITLES_BY_SEARCH = f"""
SELECT {TITLE_COLUMNS}
  FROM (SELECT *
          FROM titles t
         WHERE {_IS_MATCH}
           AND ($4::text IS NULL OR t.original_language = $4)
         ORDER BY t.num_votes DESC NULLS LAST, t.display_name, t.id
         LIMIT $5::integer
        OFFSET $6::bigint) AS t
 ORDER BY t.num_votes DESC NULLS LAST, t.display_name, t.id
"""

COUNT_BY_SEARCH = f"""
SELECT count(*)
  FROM titles t
 WHERE {_IS_MATCH}
   AND ($4::text IS NULL OR t.original_language = $4)
"""

LANGUAGES_BY_SEARCH = f"""
SELECT t.original_language, count(*)::integer
  FROM titles t
 WHERE {_IS_MATCH}
   AND t.original_language IS NOT NULL
 GROUP BY t.original_language
 ORDER BY count(*) DESC, t.original_language
"""


async def load_titles_by_search(pool: asyncpg.Pool, search: TitleSearch, *, limit: int, offset: int) -> list[TitleRow]:
    """Return a page of the matching titles: most voted first, then by name, then by id."""
    records = await pool.fetch(
        TITLES_BY_SEARCH,
        search.pattern,
        search.query or None,
        search.type,
        search.language,
        limit,
        offset,
    )
    return [title_row(record) for record in records]


async def load_title_count_by_search(pool: asyncpg.Pool, search: TitleSearch) -> int:
    """Return how many titles match."""
    count: int = await pool.fetchval(
        COUNT_BY_SEARCH, search.pattern, search.query or None, search.type, search.language
    )
    return count


async def load_languages_by_search(pool: asyncpg.Pool, search: TitleSearch) -> list[CountRow]:
    """Return the languages of the match, whatever language it is restricted to; most titles first."""
    records = await pool.fetch(LANGUAGES_BY_SEARCH, search.pattern, search.query or None, search.type)
    return [CountRow(*record) for record in records]
