"""The pool: errors of the client, of the network and of our own, and generic plans."""

import logging

import asyncpg
import pytest

from mediacanon.database.pool import open_pool, translate_error
from mediacanon.errors import BadArgument, DatabaseUnavailable
from mediacanon.loaders.title import load_titles_by_id
from mediacanon.loaders.title_list import TitleSearch, load_titles_by_search


async def failure(pool: asyncpg.Pool, statement: str, *arguments: object) -> Exception:
    """Return the exception of a statement."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its type is the result
        await pool.fetchval(statement, *arguments)
    return caught.value


@pytest.mark.parametrize(
    ("statement", "argument"),
    [("SELECT $1::text", "\ud800"), ("SELECT $1::text[]", ["\ud800"]), ("SELECT $1::text", "\0")],
)
async def test_texts_that_cannot_be_stored_are_bad_arguments(pool: asyncpg.Pool, statement: str, argument: object):
    """A lone surrogate and U+0000 are bad arguments."""
    assert isinstance(translate_error(await failure(pool, statement, argument)), BadArgument)


@pytest.mark.parametrize("argument", ["seven", 2**40])
async def test_wrong_types_are_no_lost_database(pool: asyncpg.Pool, argument: object):
    """A value of a wrong type or out of range is our own fault and stays an internal error."""
    assert translate_error(await failure(pool, "SELECT $1::integer", argument)) is None


async def test_a_lost_database_leaves_its_reason_in_the_log(database: str, caplog: pytest.LogCaptureFixture):
    """The client learns that the database is unreachable, the log has the reason."""
    connection = await asyncpg.connect(database)
    await connection.close()
    with pytest.raises(asyncpg.InterfaceError) as caught:
        await connection.fetchval("SELECT 1")
    with caplog.at_level(logging.WARNING):
        assert isinstance(translate_error(caught.value), DatabaseUnavailable)
    assert "connection is closed" in caplog.text


async def test_queries_by_key_use_a_generic_plan(demo: str):
    """Queries by key reuse one plan for any number of keys; searches are planned for their values."""
    async with await open_pool(demo, size=1) as pool:
        for ids in ([1], [2, 3], [4], list(range(1, 50))):
            await load_titles_by_id(pool, ids)
            await load_titles_by_search(pool, TitleSearch(query=f"the {len(ids)}"), limit=5, offset=0)
        plans = {
            "search_names LIKE" in text: (generic, custom)
            for text, generic, custom in await pool.fetch(
                "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements"
                " WHERE statement LIKE '%FROM titles t%' AND statement NOT LIKE '%pg_prepared%'"
            )
        }
    assert plans == {False: (4, 0), True: (0, 4)}
