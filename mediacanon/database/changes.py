"""Changes of the catalogue, published to every worker through PostgreSQL's NOTIFY.

A change carries tags: `title:47` for a title and all below it, `person:206` for a person; `titles.num_votes` for each
column that lists and counts depend on, `titles` for titles that come or go, `lists` for any change of a title;
`engagement` for views and clicks, `collections`, `everything`. A cached value carries the tags it depends on, and a
change invalidates the values that share a tag with it: a new noun needs a tag, and no code in the caches. The tags of
lists come from the rows that the database has noted in the transaction (`noted_changes` in schema.sql).

A change by TMDB or a visitor has the tags of lists in `stale`: such a list may be served while it is made anew.

A writer notifies inside its transaction (`notify_title` and the others), so that listeners hear of the change when, and
only if, the transaction commits. A worker listens:

    async with listening(dsn) as changes:
        stop = changes.subscribe(lambda change: ...)  # called in the event loop, must not block

`await changes.catch_up()` returns once the worker has received every change that was committed before the call. A cache
that awaits it before a hit serves nothing stale.

After a lost connection, and after a payload that cannot be read, the change is EVERYTHING: some changes may be missing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import orjson

from mediacanon.database.connection_url import connect_options
from mediacanon.database.pool import UNREACHABLE
from mediacanon.http.retries import backoff

log = logging.getLogger(__name__)

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

CHANNEL = "catalog"
# For one transaction that ends with `notify_everything`: its changes are not noted one by one.
IS_BULK = "SET LOCAL mediacanon.is_bulk = 'on'"
NOTIFY = "SELECT pg_notify($1::text, $2::text)"
# $1: the tags of titles, $2: whether the tags of lists go into `stale`.
NOTIFY_TITLES = f"""
  WITH noted AS (
       SELECT DISTINCT CASE WHEN c.noun <> 'title' THEN c.noun
                            ELSE 'titles' || COALESCE('.' || changed.name, '') END AS tag
         FROM noted_changes c
         LEFT JOIN LATERAL unnest(c.columns) AS changed (name) ON true
        WHERE c.xid = pg_current_xact_id() AND (c.columns IS NULL OR changed.name IS NOT NULL)),
       lists AS (
       SELECT COALESCE(array_agg(tag), '{{}}') AS tags FROM noted)
SELECT pg_notify('{CHANNEL}', json_strip_nulls(json_build_object(
           'tags', $1::text[] || CASE WHEN $2::boolean THEN '{{}}' ELSE tags END,
           'stale', CASE WHEN $2::boolean THEN NULLIF(tags, '{{}}') END))::text)
  FROM lists
"""
# PostgreSQL refuses a notification of 8,000 bytes or more.
LARGEST_PAYLOAD = 7999
# A payload around the tags of rows, those of all columns included, and the longest tag of a row with its quotes and
# comma: "collection:9223372036854775807",
PAYLOAD_OVERHEAD, LONGEST_TAG = 1_500, 40

# Seconds: the first and the longest pause between attempts to connect, the interval at which a silent connection is
# probed, the time limit of each of these.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
SILENCE = 30.0
# Nothing to do for PostgreSQL; it sends pending notifications before the response.
ROUND_TRIP = "SELECT"
PATIENCE = 10.0

LISTS = "lists"
TITLES = "titles"
ENGAGEMENT = "engagement"
COLLECTIONS = "collections"
ALL = "everything"


def tag_of(noun: str, id_: int) -> str:
    """Return the tag of a row: `title:47`."""
    return f"{noun}:{id_}"


@dataclass(frozen=True, slots=True)
class Change:
    """The tags of a change; `stale` are those of values that may be served while they are made anew."""

    tags: frozenset[str]
    stale: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """True if any row may have changed."""
        return ALL in self.tags

    def touches(self, tags: AbstractSet[str]) -> bool:
        """Return whether a value that depends on `tags` is stale."""
        return self.is_everything or not self.tags.isdisjoint(tags)

    def ids(self, noun: str) -> list[int]:
        """Return the ids of the changed rows of a noun, in no order."""
        prefix = f"{noun}:"
        return [int(tag.removeprefix(prefix)) for tag in self.tags if tag.startswith(prefix)]


EVERYTHING = Change(frozenset({ALL}))
Subscriber = Callable[[Change], None]


async def notify_title(connection: Connection, title_id: int) -> None:
    """Notify every worker of a change of a title or of a row below it."""
    await notify_titles(connection, [title_id])


async def notify_titles(connection: Connection, title_ids: Iterable[int], *, is_stale: bool = False) -> None:
    """Notify every worker of changes of these titles, and of the lists that depend on their changed columns.

    `is_stale`: lists may be served as they are while they are made anew.
    """
    for ids in _in_payloads(title_ids):
        await connection.execute(NOTIFY_TITLES, [LISTS, *(tag_of("title", title_id) for title_id in ids)], is_stale)


async def notify_person(connection: Connection, person_id: int, *, is_renamed: bool = False) -> None:
    """Notify every worker of a change of a person; on the name depend searches alone, which have titles' names too."""
    searches = [f"{TITLES}.search_names"] if is_renamed else []
    await _notify(connection, [tag_of("person", person_id), *searches])


async def notify_collections(connection: Connection) -> None:
    """Notify every worker of changed collections."""
    await _notify(connection, [COLLECTIONS, LISTS])


async def notify_engagement(connection: Connection) -> None:
    """Notify every worker of counted views or clicks."""
    await _notify(connection, [], stale=[ENGAGEMENT])


async def notify_everything(connection: Connection) -> None:
    """Notify every worker of an import, which may have changed any row."""
    await _notify(connection, [ALL])


async def _notify(connection: Connection, tags: Iterable[str], **others: Iterable[str]) -> None:
    payload = {"tags": list(tags), **{name: list(each) for name, each in others.items()}}
    await connection.execute(NOTIFY, CHANNEL, orjson.dumps(payload).decode())


def _in_payloads(ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield the ids in lists that each fit into a notification."""
    most = (LARGEST_PAYLOAD - PAYLOAD_OVERHEAD) // LONGEST_TAG
    pending: list[int] = []
    for id_ in ids:
        pending.append(id_)
        if len(pending) == most:
            yield pending
            pending = []
    if pending:
        yield pending


def parse_change(payload: str) -> Change:
    """Return the change in a payload; EVERYTHING for one that cannot be read."""
    try:
        match orjson.loads(payload):
            case {"tags": [*tags], **others}:
                stale = others.get("stale", [])
                if isinstance(stale, list) and (tags or stale) and all(map(_is_tag, (*tags, *stale))):
                    return Change(frozenset(tags), frozenset(stale))
    except orjson.JSONDecodeError:
        pass
    log.warning("Unknown payload %.200r on channel %s: every cached value is dropped", payload, CHANNEL)
    return EVERYTHING


def _is_tag(tag: object) -> bool:
    if not isinstance(tag, str):
        return False
    noun, colon, id_ = tag.partition(":")
    return bool(noun) and (not colon or (id_.isascii() and id_.isdecimal()))


class ChangeListener:
    """The changes that a worker receives, dispatched to its subscribers."""

    def __init__(self, round_trip: Callable[[], Awaitable[bool]] | None = None) -> None:
        self._subscribers: list[Subscriber] = []
        self._round_trip = round_trip
        self._waiting: list[asyncio.Future[bool]] = []
        self._running: asyncio.Task[None] | None = None

    async def catch_up(self) -> bool:
        """Receive every change that was committed before this call; return whether that is certain.

        One round trip answers all callers that came before it began.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        if self._running is None:
            self._running = asyncio.create_task(self._keep_running(), name="catching up")
        return await answer

    async def _keep_running(self) -> None:
        try:
            while self._waiting:
                callers, self._waiting = self._waiting, []
                is_certain = await self._is_certain()
                for caller in callers:
                    if not caller.done():
                        caller.set_result(is_certain)
        finally:
            self._running = None

    async def _is_certain(self) -> bool:
        try:
            return self._round_trip is not None and await self._round_trip()
        except Exception:
            # Requests wait for this result.
            log.exception("The round trip that proves freshness failed")
            return False

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with each change from now on; return the function that ends the subscription."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def publish(self, change: Change) -> None:
        """Dispatch a change to every subscriber of this worker; one that fails does not keep it from the others."""
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(change)
            except Exception:
                log.exception("A subscriber failed on %s", change)


@asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[ChangeListener]:
    """Give the changes published in the database at `dsn`, over a connection of its own, while the block runs.

    Every change that is published after the block begins is received. `dsn` must lead to PostgreSQL itself or to a
    pooler in session mode. Raises OSError or asyncpg's errors where the database cannot be reached at the beginning; a
    connection lost later is made anew until it works.
    """
    connection = _ListeningConnection(dsn)
    changes = connection.changes
    await connection.connect()
    connection.is_complete = True
    watching = asyncio.create_task(connection.watch(), name="changes")
    try:
        yield changes
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await connection.close()


class _ListeningConnection:
    """The connection that listens, and its successors."""

    _connection: asyncpg.Connection
    _lost: asyncio.Event

    # Whether every change since the beginning was received or made up for by EVERYTHING.
    is_complete = False

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.changes = ChangeListener(self.round_trip)

    async def round_trip(self) -> bool:
        """Go once to the database and back; return whether every change committed before has been received.

        PostgreSQL signals listeners before a commit returns, and sends their notifications before it answers them.
        """
        connection = self._connection
        try:
            await connection.execute(ROUND_TRIP, timeout=PATIENCE)
        except (*UNREACHABLE, asyncpg.PostgresError):
            if connection is self._connection:
                self._lost.set()
            return False
        return self.is_complete and connection is self._connection

    async def connect(self) -> None:
        """Open a connection that listens, and use it for round trips from now on."""
        lost = asyncio.Event()
        options = connect_options(self._dsn, {"application_name": "mediacanon changes"})
        connection = await asyncpg.connect(**{"timeout": PATIENCE, **options})
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, lambda *event: self.changes.publish(parse_change(event[-1])))
        except BaseException:
            # A connection that does not listen would prove a freshness that is none; left open, it would leak.
            connection.terminate()
            raise
        self._connection, self._lost = connection, lost

    async def watch(self) -> None:
        """Reconnect after each loss, without end."""
        while True:
            await self._until_lost()
            log.warning("The connection that receives changes is lost; connecting anew")
            self.is_complete = False
            await self._reconnect()
            log.info("Changes are received again")
            self.changes.publish(EVERYTHING)
            self.is_complete = True

    async def _until_lost(self) -> None:
        # A peer that vanished without a FIN is noticed only by a round trip.
        while not self._lost.is_set():
            try:
                # Not wait_for: Python 3.11's loses a cancellation that comes as the wait ends.
                async with asyncio.timeout(SILENCE):
                    await self._lost.wait()
            except TimeoutError:
                await self.changes.catch_up()

    async def _reconnect(self) -> None:
        self._connection.terminate()
        for pause in backoff(FIRST_PAUSE, LONGEST_PAUSE):
            try:
                await self.connect()
            except (*UNREACHABLE, asyncpg.PostgresError) as error:
                log.debug("No connection yet: %s", error)
                await asyncio.sleep(pause)
            else:
                return

    async def close(self) -> None:
        """Close the connection."""
        with suppress(*UNREACHABLE, asyncpg.PostgresError):
            await self._connection.close(timeout=PATIENCE)
