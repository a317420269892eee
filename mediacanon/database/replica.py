"""Reads from streaming standbys that are never older than the writes before them.

Every write publishes a change (`database/changes.py`). Each read first catches up with the changes committed so far.
From the first change until a standby has replayed it, and while it is unreachable, the others are read, or the primary.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from types import TracebackType
from typing import Any, TypeVar, cast

import asyncpg
import asyncpg.transaction

from mediacanon.database.changes import Change, ChangeListener, Connection
from mediacanon.database.pool import UNREACHABLE, open_pool
from mediacanon.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

# Seconds between two checks of a standby that is behind, and between two attempts at one that is down.
POLL_INTERVAL, RETRY_INTERVAL = 0.02, 1.0
# Seconds that a standby has for a statement, then for its farewell: a host that hangs refuses nothing.
REPLICA_TIMEOUT = 1.0
WRITTEN = "SELECT pg_current_wal_insert_lsn()::text"
# A server that is no standby, or was promoted, replays nothing.
HAS_REPLAYED = "SELECT coalesce(pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)"
# A standby cancels a query that conflicts with its replay, by the first or the second error, or ends its session.
FAILURES = (*UNREACHABLE, asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Standby:
    """A standby: its pool, and whether it has replayed every change that this process knows of."""

    def __init__(self, primary: asyncpg.Pool, pool: asyncpg.Pool, events: ChangeListener) -> None:
        self._primary = primary
        self.pool = pool
        self._events = events
        self._changes = 0
        self._is_behind = asyncio.Event()
        self._is_behind.set()

    @property
    def is_behind(self) -> bool:
        """True while it is not read."""
        return self._is_behind.is_set()

    async def read(self, method: str, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        """Return the result of a read method."""
        async with asyncio.timeout(REPLICA_TIMEOUT) as limit, self.pool.acquire() as connection:
            with _terminated_by(limit, connection):
                return await getattr(connection, method)(*query, **options)

    async def acquire(self, opened: AsyncExitStack) -> Connection | None:
        """Return a connection that `opened` releases; None if it fails."""
        with self.failures_noted():
            async with asyncio.timeout(REPLICA_TIMEOUT):
                return await opened.enter_async_context(self.pool.acquire())
        return None

    @contextmanager
    def failures_noted(self) -> Iterator[None]:
        """Suppress a failure of the standby, log it and read it no more until it has caught up."""
        try:
            yield
        except FAILURES as error:
            if _is_of_caller(error):
                raise
            self.note_failure(error)

    def note_failure(self, error: BaseException) -> None:
        """Log a failure, and read the standby no more until it has caught up."""
        log.warning("A replica failed, the primary is read: %s", str(error) or type(error).__name__)
        self._fall_behind()

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
        while not await self.read("fetchval", HAS_REPLAYED, written):  # noqa: ASYNC110
            await asyncio.sleep(POLL_INTERVAL)


class ReplicaReads:
    """The read methods of a pool, served by the standbys in turn, each while it is fresh."""

    def __init__(self, primary: asyncpg.Pool, standbys: Sequence[Standby], events: ChangeListener) -> None:
        self._primary = primary
        self._standbys = deque(standbys)
        self._events = events

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
    async def acquire(self) -> AsyncIterator["ReadConnection"]:
        """Yield a connection for the block; it continues on the primary when the standby fails in the block."""
        async with AsyncExitStack() as opened:
            standby = await self._next_fresh()
            yield ReadConnection(
                opened, await standby.acquire(opened) if standby else None, standby=standby, primary=self._primary
            )

    @property
    def is_behind(self) -> bool:
        """True while the primary is read."""
        return all(standby.is_behind for standby in self._standbys)

    async def _read(self, method: str, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        if standby := await self._next_fresh():
            with standby.failures_noted():
                return await standby.read(method, *query, **options)
        return await getattr(self._primary, method)(*query, **options)

    async def _next_fresh(self) -> Standby | None:
        """Return the standby whose turn it is, None while every one is behind."""
        if self.is_behind or not await self._events.catch_up():
            return None
        fresh = next((standby for standby in self._standbys if not standby.is_behind), None)
        self._standbys.rotate(-1)
        return fresh


def _is_of_caller(error: BaseException) -> bool:
    """Return whether asyncpg could not encode a value; a certificate that is not accepted is a ValueError, too."""
    return isinstance(error, ValueError) and not isinstance(error, OSError)


@contextmanager
def _terminated_by(limit: asyncio.Timeout, connection: Connection) -> Iterator[None]:
    """Drop the connection if the limit cancels the block: its release would wait for the hanging server's response."""
    try:
        yield
    except asyncio.CancelledError:
        if limit.expired():
            connection.terminate()
        raise


class ReadConnection:
    """A connection for reads that starts on the standby and continues on the primary after a failure.

    The primary repeats the open transactions and the settings made in them by `execute`. Rows that were read before
    stay valid: every statement of a block has a snapshot of its own.
    """

    def __init__(
        self,
        opened: AsyncExitStack,
        replica: Connection | None,
        *,
        standby: Standby | None,
        primary: asyncpg.Pool,
    ) -> None:
        self._opened = opened
        self._replica = replica
        self._standby = standby
        self._primary = primary
        self._current = replica
        self.transactions: list[ReadTransaction] = []

    async def fetch(self, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        """Return all rows."""
        return await self.run(lambda connection: connection.fetch(*query, **options))

    async def fetchrow(self, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        """Return the first row."""
        return await self.run(lambda connection: connection.fetchrow(*query, **options))

    async def fetchval(self, *query: Any, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's own
        """Return a value of the first row."""
        return await self.run(lambda connection: connection.fetchval(*query, **options))

    async def execute(self, statement: str) -> str:
        """Change settings of the transaction."""
        status = await self.run(lambda connection: connection.execute(statement))
        if self.transactions:
            self.transactions[-1].settings.append(statement)
        return status

    def transaction(self, **options: Any) -> "ReadTransaction":  # noqa: ANN401 - as asyncpg's own
        """Return a transaction for a block, or a savepoint inside one."""
        return ReadTransaction(self, options)

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Return the result of `work` on the standby, or on the primary if the standby fails."""
        if self._standby and self._current is not None and self._current is self._replica:
            try:
                async with asyncio.timeout(REPLICA_TIMEOUT) as limit:
                    with _terminated_by(limit, self._current):
                        return await work(self._current)
            except FAILURES as error:
                # A block may set a statement_timeout for itself.
                if _is_of_caller(error) or isinstance(error, asyncpg.QueryCanceledError):
                    raise
                self._standby.note_failure(error)
                # Its transaction is aborted, so the pool could not reuse it as it is. A lost one has left the pool.
                with suppress(asyncpg.InterfaceError):
                    self._current.terminate()
                self._current = None
        if self._current is None:
            self._current = await self._continue_on_primary()
        return await work(self._current)

    async def _continue_on_primary(self) -> Connection:
        connection: Connection = await self._opened.enter_async_context(self._primary.acquire())
        for transaction in self.transactions:
            await transaction.repeat(connection)
        return connection


class ReadTransaction:
    """An open transaction of a ReadConnection and the settings made in it."""

    _open: asyncpg.transaction.Transaction

    def __init__(self, connection: ReadConnection, options: dict[str, Any]) -> None:
        self._connection = connection
        self._options = options
        self.settings: list[str] = []

    async def __aenter__(self) -> None:
        await self._connection.run(self._begin)
        self._connection.transactions.append(self)

    async def _begin(self, connection: Connection) -> None:
        self._open = connection.transaction(**self._options)
        await self._open.start()

    async def repeat(self, connection: Connection) -> None:
        """Begin again on another connection, with the same settings."""
        await self._begin(connection)
        for statement in self.settings:
            await connection.execute(statement)

    async def __aexit__(self, failure: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        # The failure of a standby during the end of a transaction that only read begins it again on the primary.
        await self._connection.run(lambda _: self._open.rollback() if failure else self._open.commit())
        self._connection.transactions.remove(self)
        # The settings of a savepoint outlive its release.
        if not failure and self._connection.transactions:
            self._connection.transactions[-1].settings += self.settings


@asynccontextmanager
async def open_reads(settings: Settings, primary: asyncpg.Pool, events: ChangeListener) -> AsyncIterator[asyncpg.Pool]:
    """Yield the pool for reads: the primary, or standbys backed by it; a standby may be down at the start."""
    if not settings.database_replica_urls:
        yield primary
        return
    async with AsyncExitStack() as opened:
        standbys = [
            await opened.enter_async_context(_open_standby(dsn, settings, primary, events))
            for dsn in settings.database_replica_urls
        ]
        # Loaders use only the read methods of a pool.
        yield cast("asyncpg.Pool", ReplicaReads(primary, standbys, events))


@asynccontextmanager
async def _open_standby(
    dsn: str, settings: Settings, primary: asyncpg.Pool, events: ChangeListener
) -> AsyncIterator[Standby]:
    pool = await open_pool(dsn, size=settings.pool_size, at_least=0)
    try:
        standby = Standby(primary, pool, events)
        async with standby.following():
            yield standby
    finally:
        # A cancelled close terminates the connections: a standby that hangs must not delay the shutdown.
        with suppress(TimeoutError):
            async with asyncio.timeout(REPLICA_TIMEOUT):
                await pool.close()
