"""What changed in the catalogue, told to every worker through PostgreSQL's NOTIFY.

Who changes something announces it inside the transaction (`announce_title`, `announce_titles`,
`announce_collections`; an import announces itself): it is heard when, and only if, the transaction commits.
Who keeps answers listens:

    async with listening(dsn) as events:
        stop = events.subscribe(lambda change: ...)  # called in the event loop, must not block

`change.kind` is one of KINDS, `change.title_ids` the titles of a `titles` change. After a lost connection, and after
an announcement that cannot be read, the change is `everything`: nobody knows what was missed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import orjson

log = logging.getLogger(__name__)

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

CHANNEL = "catalog"
ANNOUNCE = "SELECT pg_notify($1::text, $2::text)"
# PostgreSQL refuses a notification of 8,000 bytes or more.
LARGEST_PAYLOAD = 7999

KINDS = ("import", "titles", "collections", "everything")
# Seconds: the first and the longest pause between attempts to connect, how often a silent connection is tried,
# how long any of it may take.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
SILENCE = 30.0
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """What changed: one of KINDS, and which titles where the kind is `titles`."""

    kind: str
    title_ids: tuple[int, ...] = ()


EVERYTHING = CatalogChange("everything")
Subscriber = Callable[[CatalogChange], None]


async def announce_title(connection: Connection, title_id: int) -> None:
    """Tell every worker that a title, or what is below it, changed; heard when the transaction commits."""
    await _announce(connection, {"kind": "title", "id": title_id})


async def announce_titles(connection: Connection, title_ids: Iterable[int]) -> None:
    """Tell every worker that these titles changed; heard when the transaction commits."""
    for ids in _in_payloads(title_ids):
        await _announce(connection, {"kind": "titles", "ids": ids})


async def announce_collections(connection: Connection) -> None:
    """Tell every worker that collections changed; heard when the transaction commits."""
    await _announce(connection, {"kind": "collections"})


async def _announce(connection: Connection, event: dict[str, object]) -> None:
    await connection.execute(ANNOUNCE, CHANNEL, orjson.dumps(event).decode())


def _in_payloads(title_ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield the ids in lists that each fit into a notification."""
    pending: list[int] = []
    for title_id in title_ids:
        pending.append(title_id)
        # 11 bytes: the longest id and its comma; up to 33 around them and the next one.
        if 11 * (len(pending) + 4) > LARGEST_PAYLOAD:
            yield pending
            pending = []
    if pending:
        yield pending


def parse_change(payload: str) -> CatalogChange:
    """Return what an announcement says; EVERYTHING for one that cannot be read."""
    try:
        match orjson.loads(payload):
            case {"kind": "import" | "collections" as kind}:
                return CatalogChange(kind)
            case {"kind": "title", "id": int(title_id)}:
                return CatalogChange("titles", (title_id,))
            case {"kind": "titles", "ids": [*title_ids]} if all(type(one) is int for one in title_ids):
                return CatalogChange("titles", tuple(title_ids))
    except orjson.JSONDecodeError:
        pass
    log.warning("Heard %.200r on channel %s, which says nothing known", payload, CHANNEL)
    return EVERYTHING


class CatalogEvents:
    """The changes as they are heard, told to everyone who subscribed."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Have `subscriber` called with each change from now on; return what ends that."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def tell(self, change: CatalogChange) -> None:
        """Tell every subscriber of this worker; one that fails does not keep it from the others."""
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(change)
            except Exception:
                log.exception("A subscriber failed on %s", change)


@asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[CatalogEvents]:
    """Give the changes announced in the database at `dsn`, over one connection of their own while the block runs.

    Whatever is announced after the block begins is heard. `dsn` must lead to PostgreSQL itself or to a pooler in
    session mode. Raises OSError or asyncpg's errors where the database cannot be reached at the beginning; a
    connection lost later is made anew until it works.
    """
    events = CatalogEvents()
    listener = _Listener(dsn, events)
    await listener.connect()
    watching = asyncio.create_task(listener.watch(), name="catalog events")
    try:
        yield events
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await listener.close()


class _Listener:
    """The connection that listens, and its successors."""

    _connection: asyncpg.Connection
    _lost: asyncio.Event

    def __init__(self, dsn: str, events: CatalogEvents) -> None:
        self._dsn = dsn
        self._events = events

    async def connect(self) -> None:
        """Open the connection and listen."""
        lost = asyncio.Event()
        connection = await asyncpg.connect(
            self._dsn, timeout=PATIENCE, server_settings={"application_name": "mediacanon events"}
        )
        connection.add_termination_listener(lambda _: lost.set())
        self._connection, self._lost = connection, lost
        await connection.add_listener(CHANNEL, lambda *event: self._events.tell(parse_change(event[-1])))

    async def watch(self) -> None:
        """Keep listening for ever."""
        while True:
            await self._until_lost()
            log.warning("The connection that hears of changes is lost; connecting anew")
            await self._reconnect()
            log.info("Changes are heard again")
            self._events.tell(EVERYTHING)

    async def _until_lost(self) -> None:
        # A peer that vanished without a word is noticed only by talking to it.
        while not self._lost.is_set():
            try:
                await asyncio.wait_for(self._lost.wait(), SILENCE)
            except TimeoutError:
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await self._connection.execute("SELECT 1", timeout=PATIENCE)
                    continue
                return

    async def _reconnect(self) -> None:
        self._connection.terminate()
        pause = FIRST_PAUSE
        while True:
            try:
                await self.connect()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.debug("No connection yet: %s", error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return

    async def close(self) -> None:
        """Close the connection."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await self._connection.close(timeout=PATIENCE)
