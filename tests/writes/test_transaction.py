"""Concurrent writes: lock timeouts and deadlocks become conflicts."""

import asyncio

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.errors import Conflict
from mediacanon.writes import Writes
from tests.database.clusters import superuser


@pytest.fixture
async def rival(database):
    """Give a connection of another client, which may change the time until a deadlock is looked for."""
    connection = await asyncpg.connect(superuser(database))
    yield connection
    await connection.close()


async def test_a_row_that_an_import_holds_too_long_conflicts(database, writes, rival, counts):
    """A write that times out on a lock is a conflict that says to try again, and changes nothing."""
    title_id = await writes.create_title("movie", {"display_name": "Old"})
    async with await open_pool(database, size=1, command_timeout=1) as hurried, rival.transaction():
        await rival.execute("UPDATE titles SET num_votes = 1")
        with pytest.raises(Conflict, match="try again"):
            await Writes(hurried).update_title(title_id, {"display_name": "New"})
        with pytest.raises(Conflict, match="try again"):
            await Writes(hurried).delete_title(title_id)
    assert await counts() == {"titles": 1}


async def test_a_row_that_an_import_holds_conflicts_before_any_other_time_limit(writes, rival):
    """With ordinary settings a write waits for a lock a few seconds, then conflicts and says to try again."""
    title_id = await writes.create_title("movie", {"display_name": "Old"})
    async with rival.transaction():
        await rival.execute("UPDATE titles SET num_votes = 1")
        async with asyncio.timeout(9):
            with pytest.raises(Conflict, match="try again"):
                await writes.update_title(title_id, {"display_name": "New"})
    await writes.update_title(title_id, {"display_name": "New"})


async def test_a_deadlock_conflicts(pool, writes, rival, counts):
    """A deletion that deadlocks with another transaction is a conflict; the other transaction wins."""
    show_id = await writes.create_show({"display_name": "Show"})
    await writes.create_season(show_id, 1)
    title_id = await pool.fetchval("SELECT id FROM titles")
    # Only the deletion checks for deadlocks, so PostgreSQL cancels the deletion.
    await rival.execute("SET deadlock_timeout = '1h'")
    async with rival.transaction():
        await rival.execute("UPDATE show_seasons SET season = 2")
        deletion = asyncio.create_task(writes.delete_title(title_id))
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass
        await rival.execute("UPDATE titles SET num_votes = 1")
        with pytest.raises(Conflict, match="try again"):
            await deletion
    assert await counts() == {"titles": 1, "shows": 1, "show_seasons": 1}
