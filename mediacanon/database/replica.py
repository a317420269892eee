"""Reads from a streaming standby that are never older than the writes before them.

Every write publishes a change (`database/changes.py`). Each read first catches up with the changes committed so far.
From the first change until the standby has replayed it, and while the standby is unreachable, the primary is read.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, cast

import asyncpg

from mediacanon.database.changes import Change, ChangeListener
from mediacanon.database.pool import UNREACHABLE, open_pool
from mediacanon.settings import Settings

log = logging.getLogger(__name__)

# Seconds between two checks of a standby that is behind, and between two attempts at one that is down.
POLL_INTERVAL, RETRY_INTERVAL = 0.02, 1.0
WRITTEN = "SELECT pg_current_wal_insert_lsn()::text"
# A server that is no standby, or was promoted, replays nothing.
HAS_REPLAYED = "SELECT coalesce(pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)"
# A standby cancels a query that conflicts with its replay.
FAILURES = (*UNREACHABLE, asyncpg.SerializationError)


class ReplicaReads:
    """The read methods of a pool, served by the standby while it is fresh."""

    def __init__(self, primary: asyncpg.Pool, replica: asyncpg.Pool, events: ChangeListener) -> None:
        self._primary = primary
        self._replica = replica
        self._events = events
        self._changes = 0
        self._is_behind = asyncio.Event()
        self._is_behind.set()

    async def fetch(self, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        """Return all rows."""
        return await self._read("fetch", *query, **options)

    async def fetchrow(self, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        """Return the first row."""
        return await self._read("fetchrow", *query, **options)

    async def fetchval(self, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        """Return a value of the first row."""
        return await self._read("fetchval", *query, **options)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """Yield a connection for the block; a failure inside the block is not retried on the primary."""
        connection = await self._acquire_from_replica()
        if connection is None:
            async with self._primary.acquire() as connection:
                yield connection
            return
        try:
            yield connection
        except FAILURES:
            self._fall_behind()
            raise
        finally:
            await self._replica.release(connection)

    @property
    def is_behind(self) -> bool:
        """True while the primary is read."""
        return self._is_behind.is_set()

    async def _read(self, method: str, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        if await self._is_fresh():
            with self._failures_noted():
                return await getattr(self._replica, method)(*query, **options)
        return await getattr(self._primary, method)(*query, **options)

    async def _acquire_from_replica(self) -> asyncpg.pool.PoolConnectionProxy | None:
        if await self._is_fresh():
            with self._failures_noted():
                return await self._replica.acquire()
        return None

    @contextmanager
    def _failures_noted(self) -> Iterator[None]:
        """Suppress a failure of the standby, log it and read the primary from then on."""
        try:
            yield
        except ValueError:
            # asyncpg cannot encode the value, so the primary would refuse it as well.
            raise
        except FAILURES as error:
            log.warning("The replica failed, the primary is read: %s", error)
            self._fall_behind()

    async def _is_fresh(self) -> bool:
        return not self.is_behind and await self._events.catch_up() and not self.is_behind

    def _fall_behind(self, _: Change | None = None) -> None:
        self._changes += 1
        self._is_behind.set()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Receive changes and track their replay by the standby while the block runs."""
        stop = self._events.subscribe(self._fall_behind)
        task = asyncio.create_task(self._follow(), name="replica")
        try:
            yield
        finally:
            stop()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        while True:
            await self._is_behind.wait()
            changes = self._changes
            try:
                await self._until_replayed(await self._primary.fetchval(WRITTEN))
            except FAILURES as error:
                log.debug("The replica is still unreachable: %s", error)
                await asyncio.sleep(RETRY_INTERVAL)
            else:
                # A change received in the meantime may be newer than the replayed position.
                if changes == self._changes:
                    self._is_behind.clear()

    async def _until_replayed(self, written: str) -> None:
        # A standby sends no notification about its replay, so its position is polled.
        while not await self._replica.fetchval(HAS_REPLAYED, written):  # noqa: ASYNC110
            await asyncio.sleep(POLL_INTERVAL)


@asynccontextmanager
async def open_reads(settings: Settings, primary: asyncpg.Pool, events: ChangeListener) -> AsyncIterator[asyncpg.Pool]:
    """Yield the pool for reads: the primary, or a standby backed by it; the standby may be down at the start."""
    if settings.database_replica_url is None:
        yield primary
        return
    async with await open_pool(settings.database_replica_url, size=settings.pool_size, at_least=0) as replica:
        reads = ReplicaReads(primary, replica, events)
        async with reads.following():
            # Loaders use only the read methods of a pool.
            yield cast("asyncpg.Pool", reads)
