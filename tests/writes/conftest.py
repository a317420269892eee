"""Fixtures: the writes of a fresh database, and the changes that they publish."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import orjson
import pytest

from mediacanon.database.changes import CHANNEL, TITLES
from mediacanon.database.counts import COUNTED_NOUNS
from mediacanon.writes import Writes

# Marks the end of the changes published so far.
MARKER = {"kind": "marker"}


def is_of_lists(tag: str) -> bool:
    """Return whether a tag is one of lists, which tests/database/test_counts.py is about."""
    return tag.partition(".")[0] in {TITLES, *COUNTED_NOUNS}


@pytest.fixture
def writes(pool: asyncpg.Pool) -> Writes:
    """Give the writes of a fresh database."""
    return Writes(pool)


@pytest.fixture
async def published(database: str, pool: asyncpg.Pool) -> AsyncIterator[Callable[[], Awaitable[list[dict]]]]:
    """Give a function that returns the changes published since its last call."""
    received: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(database)
    await connection.add_listener(CHANNEL, lambda *event: received.put_nowait(event[-1]))

    async def since_last_call() -> list[dict]:
        await pool.execute("SELECT pg_notify($1, $2)", CHANNEL, orjson.dumps(MARKER).decode())
        events = []
        while (event := orjson.loads(await asyncio.wait_for(received.get(), timeout=30))) != MARKER:
            events.append({"tags": [tag for tag in event["tags"] if not is_of_lists(tag)]})
        return events

    yield since_last_call
    await connection.close()


@pytest.fixture
def counts(pool: asyncpg.Pool) -> Callable[[], Awaitable[dict[str, int]]]:
    """Give a function that counts the rows of every table that a write may change."""
    tables = ("titles", "movies", "shows", "show_seasons", "show_episodes", "title_views", "collection_clicks")
    statement = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in tables)

    async def count() -> dict[str, int]:
        return {table: number for table, number in (await pool.fetchrow(statement)).items() if number}

    return count
