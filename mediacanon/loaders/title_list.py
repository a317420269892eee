"""Lists of titles: the contract's search by name, with its total and its languages."""

from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from mediacanon.database.counts import IS_LISTED, Connection, select_counts, tags_of_sql
from mediacanon.database.pool import PLAN_FOR_THESE_VALUES
from mediacanon.loaders.discover import DiscoverFilter, all_of, compile_filter, tags_of_filter
from mediacanon.loaders.search_candidates import INDEXED, IS_KNOWN, found_inside, literal
from mediacanon.loaders.title import TITLE_COLUMNS, TitleRow, title_row

ANY_TITLE = DiscoverFilter()

FOLD = "SELECT fold($1::text)"


@dataclass(frozen=True, slots=True)
class TitleSearch:
    """The query of a list of titles: a text within their name, None for any name, and a filter."""

    query: str | None = None
    filter: DiscoverFilter = ANY_TITLE

    @property
    def in_any_language(self) -> "TitleSearch":
        """The same search, not restricted to languages."""
        return replace(self, filter=replace(self.filter, language_in=()))


@dataclass(frozen=True, slots=True)
class CountRow:
    """A language or country and the number of its titles."""

    code: str
    count: int


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


def looked_up(folded: str) -> list[str]:
    """Return the parts of a folded text to look up in the index: its longest words, or all of it if none is long.

    The trigram index finds nothing for two letters. Punctuation alone folds to itself, while names fold to words.
    """
    if len(folded) < INDEXED or not any(map(str.isalnum, folded)):
        return []
    return found_inside(folded.split()) or [folded]


async def compile_search(
    connection: Connection, search: TitleSearch, *, is_noted: bool = False
) -> tuple[list[str], list[Any]]:
    """Return the conditions of a match as SQL about a title `t`, and their parameters.

    A name that holds a text also holds it folded. The index of `search_names` finds candidates, `display_name` decides.
    `is_noted`: the title is one that `noted_changes c` holds.
    """
    conditions, parameters = await compile_filter(connection, search.filter, is_noted=is_noted)
    if search.query:
        folded: str = await connection.fetchval(FOLD, search.query)
        held = [("t.display_name ILIKE", search.query)]
        held += [("t.search_names LIKE", text) for text in looked_up(folded)]
        for condition, text in held:
            parameters.append(f"%{literal(text)}%")
            conditions.append(f"{condition} ${len(parameters)}::text")
    return [IS_LISTED, *conditions], parameters


def _tags_of_matches(search: TitleSearch) -> frozenset[str]:
    tags = tags_of_filter(search.filter, IS_LISTED)
    return tags | tags_of_sql("t.display_name") if search.query else tags


def tags_of_search(search: TitleSearch, *, limit: int, offset: int) -> frozenset[str]:  # noqa: ARG001 - the loader's
    """Return the tags of a page of titles."""
    return _tags_of_matches(search) | tags_of_sql(BY_VOTES)


async def load_titles_by_search(pool: asyncpg.Pool, search: TitleSearch, *, limit: int, offset: int) -> list[TitleRow]:
    """Return a page of the matching titles: most voted first, then by name, then by id.

    The known titles come first, so a page that they fill is not searched for among the others.
    """
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        conditions, parameters = await compile_search(connection, search)
        await connection.execute(PLAN_FOR_THESE_VALUES)
        places = {"limit": f"${len(parameters) + 1}", "offset": f"${len(parameters) + 2}"}
        records: list[asyncpg.Record] = []
        for among in ([IS_KNOWN], []) if search.query else ([],):
            if len(records) < limit:
                sql = TITLES_BY_SEARCH.format(conditions=all_of(*conditions, *among), **places)
                records = await connection.fetch(sql, *parameters, limit, offset)
    return [title_row(record) for record in records]


@dataclass(frozen=True, slots=True)
class SearchCount:
    """The question how many titles match a search, by language; the group of an unknown one is (None,)."""

    search: TitleSearch
    kept_as: None = None

    @property
    def tags(self) -> frozenset[str]:
        """The tags of its matches, and of their languages."""
        return _tags_of_matches(self.search) | tags_of_sql("t.original_language")

    async def select(self, connection: Connection, snapshot: str | None) -> tuple[str, list[Any]]:
        """Return the SELECT of languages and numbers."""
        conditions, parameters = await compile_search(connection, self.search, is_noted=snapshot is not None)
        return select_counts(("t.original_language",), conditions, parameters, snapshot)
