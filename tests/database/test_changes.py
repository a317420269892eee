"""Changes: received by every worker at commit, and made up for after a lost connection."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import orjson
import pytest

from mediacanon.database.changes import (
    CHANNEL,
    COLLECTIONS,
    ENGAGEMENT,
    EVERYTHING,
    LARGEST_PAYLOAD,
    LISTS,
    TITLES,
    Change,
    ChangeListener,
    _in_payloads,
    listening,
    notify_collections,
    notify_engagement,
    notify_everything,
    notify_title,
    notify_titles,
    parse_change,
    tag_of,
)
from mediacanon.writes import Writes
from tests.conftest import with_database
from tests.serving import title_change

BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mediacanon changes'"
)


async def next_of(received: asyncio.Queue[Change]) -> Change:
    """Return the next change that is received."""
    return await asyncio.wait_for(received.get(), timeout=60)


def queue_of(changes: ChangeListener) -> asyncio.Queue[Change]:
    """Return a queue of all changes received from now on."""
    received: asyncio.Queue[Change] = asyncio.Queue()
    changes.subscribe(received.put_nowait)
    return received


@pytest.fixture
async def received(database: str):
    """Give a queue of all changes published in a fresh database."""
    async with listening(database) as changes:
        yield queue_of(changes)


def created(title_id: int) -> Change:
    """Return the change that a new title publishes."""
    return Change(title_change(title_id).tags | {TITLES})


async def test_a_write_reaches_every_listener(database, pool, received):
    """Two workers receive the change of one client."""
    async with listening(database) as other:
        others = queue_of(other)
        title_id = await Writes(pool).create_title("movie", {"display_name": "x"})
        assert await next_of(received) == await next_of(others) == created(title_id)


async def test_only_committed_changes_are_received(pool, received):
    """A change that was rolled back is not published; every kind of change arrives with its tags."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await notify_title(connection, 1)
        await transaction.rollback()
        await notify_title(connection, 2)
        await notify_titles(connection, [3, 4])
        await notify_titles(connection, [])
        await notify_collections(connection)
        await notify_engagement(connection)
        await notify_everything(connection)
    assert [await next_of(received) for _ in range(5)] == [
        title_change(2),
        title_change(3, 4),
        Change(frozenset({COLLECTIONS, LISTS})),
        Change(frozenset(), frozenset({ENGAGEMENT})),
        EVERYTHING,
    ]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "end",
        "[]",
        '"lists"',
        '{"kind":"import"}',
        '{"tags":[]}',
        '{"tags":[1]}',
        '{"tags":["title:x"]}',
        '{"tags":[""]}',
        '{"tags":[],"stale":[]}',
        '{"tags":["lists"],"stale":[1]}',
    ],
)
def test_an_unknown_payload_is_everything(payload, caplog):
    """A worker of another version may publish a form we do not know: it drops too much, never too little."""
    assert parse_change(payload) == EVERYTHING
    assert "Unknown payload" in caplog.text


@pytest.mark.parametrize("count", [0, 1, 161, 162, 163, 5000])
def test_changes_fit_into_notifications(count):
    """However many and however long the ids, each payload is below 8,000 bytes and none is lost."""
    ids = list(range(2**31 - count, 2**31))
    lists = list(_in_payloads(ids))
    assert [one for some in lists for one in some] == ids
    assert all(
        len(orjson.dumps({"tags": [LISTS, *(tag_of("collection", 2**63 - one) for one in some)]})) <= LARGEST_PAYLOAD
        for some in lists
    )


async def test_a_listener_connects_anew(database, pool):
    """After the loss of its backend everything counts as changed, and later changes are received, again and again."""
    async with listening(database) as changes:
        received = queue_of(changes)
        for title_id in range(2):
            [pid] = await pool.fetchrow(BACKENDS)
            assert await pool.fetchval("SELECT pg_terminate_backend($1::integer)", pid)
            assert await next_of(received) == EVERYTHING
            async with pool.acquire() as connection:
                await notify_title(connection, title_id)
            assert await next_of(received) == title_change(title_id)


async def test_a_listener_waits_for_its_database(cluster, database, pool):
    """While the database takes no connection it keeps trying; once it does, everything counts as changed."""
    name = urlsplit(database).path[1:]
    admin = await asyncpg.connect(cluster)
    async with listening(database) as changes:
        received = queue_of(changes)
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        assert await pool.fetchval(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS listener")
        # The pool's own connections are still open and see that no listener is back.
        while await pool.fetchrow(BACKENDS):
            await asyncio.sleep(0)
        assert received.empty()
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert await next_of(received) == EVERYTHING
    await admin.close()


async def test_listening_ends_with_its_block(database, pool):
    """No connection is left behind, also after an error inside."""
    with pytest.raises(ZeroDivisionError):
        async with listening(database):
            raise ZeroDivisionError
    while await pool.fetchrow(BACKENDS):  # PostgreSQL takes a moment to see the goodbye
        await asyncio.sleep(0)


async def test_an_unreachable_database_is_an_error_at_the_beginning(database):
    """A server that cannot receive changes does not start."""
    with pytest.raises((OSError, asyncpg.PostgresError)):
        async with listening(with_database(database, "nowhere")):
            pass


@asynccontextmanager
async def refusing_to_listen(dsn: str) -> AsyncIterator[str]:
    """Give the URL of a database that takes no LISTEN, and all else: on the way there the word is misspelt."""
    [sockets] = parse_qs(urlsplit(dsn).query)["host"]

    async def carry(reader, writer, spoil):
        with suppress(OSError):
            while some := await reader.read(65_536):
                writer.write(some.replace(b"LISTEN", b"LISTEM") if spoil else some)
        writer.close()

    async def lead_on(reader, writer):
        database_reader, database_writer = await asyncio.open_unix_connection(f"{sockets}/.s.PGSQL.5432")
        await asyncio.gather(carry(reader, database_writer, spoil=True), carry(database_reader, writer, spoil=False))

    # The path of a socket may have 107 bytes.
    with tempfile.TemporaryDirectory() as folder:
        async with await asyncio.start_unix_server(lead_on, f"{folder}/.s.PGSQL.5432"):
            yield dsn.replace(quote(sockets, safe=""), quote(folder, safe=""))


async def test_a_connection_that_cannot_listen_is_not_left_behind(database, pool):
    """The connection is closed at once, and no round trip over it proves anything."""
    async with refusing_to_listen(database) as refusing:
        with pytest.raises(asyncpg.PostgresSyntaxError) as raised:
            async with listening(refusing):
                pass
        async with asyncio.timeout(60):
            while await pool.fetchrow(BACKENDS):
                await asyncio.sleep(0.01)
        del raised


async def test_a_failed_round_trip_proves_nothing(caplog):
    """Whatever the failure, freshness is uncertain, and the next caller begins another round trip."""
    answers = [asyncpg.InternalClientError("got result for unknown protocol state"), True]

    async def ask() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    changes = ChangeListener(ask)
    async with asyncio.timeout(60):
        assert await changes.catch_up() is False
        assert await changes.catch_up() is True
    assert "unknown protocol state" in caplog.text


async def test_listening_ends_even_as_its_connection_is_lost(database):
    """The end of the block is not taken for the loss, which would reconnect for ever."""
    async with asyncio.timeout(60) as patience, listening(database) as changes:
        listener = changes._round_trip.__self__
        await asyncio.sleep(0.1)
        listener._lost.set()
    assert not patience.expired()


def test_a_failing_subscriber_does_not_stop_the_others(caplog):
    """The others get the change, the failure is logged, and an ended subscription gets nothing."""
    changes, got = ChangeListener(), []

    def fail(change):
        raise ValueError(change)

    changes.subscribe(fail)
    stop = changes.subscribe(got.append)
    changes.publish(EVERYTHING)
    stop()
    changes.publish(EVERYTHING)
    assert got == [EVERYTHING]
    assert caplog.text.count("ValueError") >= 2
    assert CHANNEL == "catalog"
