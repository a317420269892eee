"""What changed in the catalogue, told to every worker through PostgreSQL's NOTIFY.

Who changes something announces it inside the transaction (`notify_title`, `notify_titles`,
`notify_collections`; an import announces itself): it is heard when, and only if, the transaction commits.
Who keeps answers listens:

    async with listening(dsn) as events:
        stop = events.subscribe(lambda change: ...)  # called in the event loop, must not block

`await events.catch_up()` returns once all is heard that was committed before the call: who asks it before giving a kept
answer gives none that is stale.

`change.kind` is one of KINDS, `change.title_ids` the titles of a `titles` change; `engagement` are views and clicks.
After a lost connection, and after an announcement that cannot be read, the change is `everything`: nobody knows what
was missed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import orjson

from mediacanon.database.pool import UNREACHABLE

log = logging.getLogger(__name__)

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

CHANNEL = "catalog"
ANNOUNCE = "SELECT pg_notify($1::text, $2::text)"
# PostgreSQL refuses a notification of 8,000 bytes or more.
LARGEST_PAYLOAD = 7999

KINDS = ("import", "titles", "collections", "engagement", "everything")
# Seconds: the first and the longest pause between attempts to connect, how often a silent connection is tried,
# how long any of it may take.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
SILENCE = 30.0
# Nothing to do for PostgreSQL; what there is to hear it sends before the answer.
ROUND_TRIP = "SELECT"
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: one of KINDS, and which titles where the kind is `titles`."""

    kind: str
    title_ids: tuple[int, ...] = ()


EVERYTHING = Change("everything")
Subscriber = Callable[[Change], None]


async def notify_title(connection: Connection, title_id: int) -> None:
    """Tell every worker that a title, or what is below it, changed; heard when the transaction commits."""
    await _announce(connection, {"kind": "title", "id": title_id})


async def notify_titles(connection: Connection, title_ids: Iterable[int]) -> None:
    """Tell every worker that these titles changed; heard when the transaction commits."""
    for ids in _in_payloads(title_ids):
        await _announce(connection, {"kind": "titles", "ids": ids})


async def notify_collections(connection: Connection) -> None:
    """Tell every worker that collections changed; heard when the transaction commits."""
    await _announce(connection, {"kind": "collections"})


async def notify_engagement(connection: Connection) -> None:
    """Tell every worker that views or clicks were counted; heard when the transaction commits."""
    await _announce(connection, {"kind": "engagement"})


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


def parse_change(payload: str) -> Change:
    """Return what an announcement says; EVERYTHING for one that cannot be read."""
    try:
        match orjson.loads(payload):
            case {"kind": "import" | "collections" | "engagement" as kind}:
                return Change(kind)
            case {"kind": "title", "id": int(title_id)}:
                return Change("titles", (title_id,))
            case {"kind": "titles", "ids": [*title_ids]} if all(type(one) is int for one in title_ids):
                return Change("titles", tuple(title_ids))
    except orjson.JSONDecodeError:
        pass
    log.warning("Heard %.200r on channel %s, which says nothing known", payload, CHANNEL)
    return EVERYTHING


class ChangeListener:
    """The changes as they are heard, told to everyone who subscribed."""

    def __init__(self, ask: Callable[[], Awaitable[bool]] | None = None) -> None:
        self._subscribers: list[Subscriber] = []
        self._ask = ask
        self._waiting: list[asyncio.Future[bool]] = []
        self._asking: asyncio.Task[None] | None = None

    async def catch_up(self) -> bool:
        """Hear of all that was committed before this call; return whether that is certain.

        One round trip answers all who came before it began.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        if self._asking is None:
            self._asking = asyncio.create_task(self._keep_asking(), name="catching up")
        return await answer

    async def _keep_asking(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                is_certain = await self._is_certain()
                for answer in asked:
                    if not answer.done():
                        answer.set_result(is_certain)
        finally:
            self._asking = None

    async def _is_certain(self) -> bool:
        try:
            return self._ask is not None and await self._ask()
        except Exception:
            # Requests wait for this word.
            log.exception("Whether all changes have been heard cannot be told")
            return False

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Have `subscriber` called with each change from now on; return what ends that."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def tell(self, change: Change) -> None:
        """Tell every subscriber of this worker; one that fails does not keep it from the others."""
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(change)
            except Exception:
                log.exception("A subscriber failed on %s", change)


@asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[ChangeListener]:
    """Give the changes announced in the database at `dsn`, over one connection of their own while the block runs.

    Whatever is announced after the block begins is heard. `dsn` must lead to PostgreSQL itself or to a pooler in
    session mode. Raises OSError or asyncpg's errors where the database cannot be reached at the beginning; a
    connection lost later is made anew until it works.
    """
    listener = _Listener(dsn)
    events = listener.events
    await listener.connect()
    listener.has_missed_nothing = True
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

    has_missed_nothing = False

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.events = ChangeListener(self.ask)

    async def ask(self) -> bool:
        """Go once to the database and back; return whether all that was committed before has been heard.

        PostgreSQL signals listeners before a commit returns, and sends what they hear before it answers them.
        """
        connection = self._connection
        try:
            await connection.execute(ROUND_TRIP, timeout=PATIENCE)
        except (*UNREACHABLE, asyncpg.PostgresError):
            if connection is self._connection:
                self._lost.set()
            return False
        return self.has_missed_nothing and connection is self._connection

    async def connect(self) -> None:
        """Open a connection that listens, and have it be the one that is asked."""
        lost = asyncio.Event()
        connection = await asyncpg.connect(
            self._dsn, timeout=PATIENCE, server_settings={"application_name": "mediacanon events"}
        )
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, lambda *event: self.events.tell(parse_change(event[-1])))
        except BaseException:
            # Nobody would close it; asked as the one that listens it would say that nothing happens.
            connection.terminate()
            raise
        self._connection, self._lost = connection, lost

    async def watch(self) -> None:
        """Keep listening for ever."""
        while True:
            await self._until_lost()
            log.warning("The connection that hears of changes is lost; connecting anew")
            self.has_missed_nothing = False
            await self._reconnect()
            log.info("Changes are heard again")
            self.events.tell(EVERYTHING)
            self.has_missed_nothing = True

    async def _until_lost(self) -> None:
        # A peer that vanished without a word is noticed only by talking to it.
        while not self._lost.is_set():
            try:
                # Not wait_for: of Python 3.11 it forgets that it was cancelled when the wait ends at that moment.
                async with asyncio.timeout(SILENCE):
                    await self._lost.wait()
            except TimeoutError:
                await self.events.catch_up()

    async def _reconnect(self) -> None:
        self._connection.terminate()
        pause = FIRST_PAUSE
        while True:
            try:
                await self.connect()
            except (*UNREACHABLE, asyncpg.PostgresError) as error:
                log.debug("No connection yet: %s", error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return

    async def close(self) -> None:
        """Close the connection."""
        with suppress(*UNREACHABLE, asyncpg.PostgresError):
            await self._connection.close(timeout=PATIENCE)
