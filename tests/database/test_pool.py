"""Errors of the database: which are the client's, which are the network's, which are ours."""

import logging

import asyncpg
import pytest

from mediacanon.database.pool import explained
from mediacanon.errors import BadArgument, DatabaseUnavailable


async def failure(pool: asyncpg.Pool, statement: str, *arguments: object) -> Exception:
    """Return what a statement raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever: that is the question
        await pool.fetchval(statement, *arguments)
    return caught.value


@pytest.mark.parametrize(
    ("statement", "argument"),
    [("SELECT $1::text", "\ud800"), ("SELECT $1::text[]", ["\ud800"]), ("SELECT $1::text", "\0")],
)
async def test_texts_that_cannot_be_are_the_clients_mistake(pool: asyncpg.Pool, statement: str, argument: object):
    """Half a surrogate pair and U+0000 are bad arguments."""
    assert isinstance(explained(await failure(pool, statement, argument)), BadArgument)


@pytest.mark.parametrize("argument", ["seven", 2**40])
async def test_wrong_arguments_are_no_lost_database(pool: asyncpg.Pool, argument: object):
    """A wrong type or a number out of range is a fault of ours, to be logged as such."""
    assert explained(await failure(pool, "SELECT $1::integer", argument)) is None


async def test_a_lost_database_leaves_its_reason_in_the_log(database: str, caplog: pytest.LogCaptureFixture):
    """The client hears that it cannot be reached, the log why."""
    connection = await asyncpg.connect(database)
    await connection.close()
    with pytest.raises(asyncpg.InterfaceError) as caught:
        await connection.fetchval("SELECT 1")
    with caplog.at_level(logging.WARNING):
        assert isinstance(explained(caught.value), DatabaseUnavailable)
    assert "connection is closed" in caplog.text
