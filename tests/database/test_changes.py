"""Announcements: heard by every worker when their transaction commits, and by a listener that lost its connection."""

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
    EVERYTHING,
    LARGEST_PAYLOAD,
    Change,
    ChangeListener,
    _in_payloads,
    listening,
    notify_collections,
    notify_title,
    notify_titles,
    parse_change,
)
from mediacanon.writes import Writes
from tests.conftest import with_database

BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mediacanon events'"
)


async def next_of(heard: asyncio.Queue[Change]) -> Change:
    """Return the next change that is heard."""
    return await asyncio.wait_for(heard.get(), timeout=60)


def queue_of(events: ChangeListener) -> asyncio.Queue[Change]:
    """Return a queue of all changes heard from now on."""
    heard: asyncio.Queue[Change] = asyncio.Queue()
    events.subscribe(heard.put_nowait)
    return heard


@pytest.fixture
async def heard(database: str):
    """Give a queue of all changes announced in a fresh database."""
    async with listening(database) as events:
        yield queue_of(events)


async def test_a_write_reaches_every_listener(database, pool, heard):
    """Two workers hear of one change of a client."""
    async with listening(database) as other:
        others = queue_of(other)
        title_id = await Writes(pool).create_title("movie", {"display_name": "x"})
        assert await next_of(heard) == await next_of(others) == Change("titles", (title_id,))


async def test_only_what_is_committed_is_heard(pool, heard):
    """A change that was rolled back is not announced; each way to announce arrives as what it is."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await notify_title(connection, 1)
        await transaction.rollback()
        await notify_title(connection, 2)
        await notify_titles(connection, [3, 4])
        await notify_titles(connection, [])
        await notify_collections(connection)
    await pool.execute("SELECT pg_notify('catalog', '{\"kind\": \"import\"}')")
    assert [await next_of(heard) for _ in range(4)] == [
        Change("titles", (2,)),
        Change("titles", (3, 4)),
        Change("collections"),
        Change("import"),
    ]


@pytest.mark.parametrize(
    "payload", ["", "end", "[]", '"import"', '{"kind":"new"}', '{"kind":"title"}', '{"kind":"titles","ids":["1"]}']
)
def test_what_cannot_be_read_is_everything(payload, caplog):
    """A worker of another version may say what we do not know: better too much is dropped than too little."""
    assert parse_change(payload) == EVERYTHING
    assert "nothing known" in caplog.text


@pytest.mark.parametrize("count", [0, 1, 724, 725, 726, 5000])
def test_announcements_fit_into_notifications(count):
    """However many and however long the ids, each payload is below 8,000 bytes and none is lost."""
    ids = list(range(2**31 - count, 2**31))
    lists = list(_in_payloads(ids))
    assert [one for some in lists for one in some] == ids
    assert all(len(orjson.dumps({"kind": "titles", "ids": some})) <= LARGEST_PAYLOAD for some in lists)


async def test_a_listener_connects_anew(database, pool):
    """After its backend was terminated everything counts as changed, and what comes then is heard, again and again."""
    async with listening(database) as events:
        heard = queue_of(events)
        for title_id in range(2):
            [pid] = await pool.fetchrow(BACKENDS)
            assert await pool.fetchval("SELECT pg_terminate_backend($1::integer)", pid)
            assert await next_of(heard) == EVERYTHING
            async with pool.acquire() as connection:
                await notify_title(connection, title_id)
            assert await next_of(heard) == Change("titles", (title_id,))


async def test_a_listener_waits_for_its_database(cluster, database, pool):
    """While nobody may connect it keeps trying; once one may, everything counts as changed."""
    name = urlsplit(database).path[1:]
    admin = await asyncpg.connect(cluster)
    async with listening(database) as events:
        heard = queue_of(events)
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        assert await pool.fetchval(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS listener")
        # The pool's own connections are still open and see that no listener is back.
        while await pool.fetchrow(BACKENDS):
            await asyncio.sleep(0)
        assert heard.empty()
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert await next_of(heard) == EVERYTHING
    await admin.close()


async def test_listening_ends_with_its_block(database, pool):
    """No connection is left behind, also after an error inside."""
    with pytest.raises(ZeroDivisionError):
        async with listening(database):
            raise ZeroDivisionError
    while await pool.fetchrow(BACKENDS):  # PostgreSQL takes a moment to see the goodbye
        await asyncio.sleep(0)


async def test_an_unreachable_database_is_an_error_at_the_beginning(database):
    """A server that cannot hear of changes does not pretend to."""
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
    """It is ended at once, and never asked as if it heard of anything."""
    async with refusing_to_listen(database) as refusing:
        with pytest.raises(asyncpg.PostgresSyntaxError) as raised:
            async with listening(refusing):
                pass
        async with asyncio.timeout(60):
            while await pool.fetchrow(BACKENDS):
                await asyncio.sleep(0.01)
        del raised


async def test_nobody_waits_for_a_word_that_cannot_be_had(caplog):
    """Whatever keeps the database from answering, nothing is certain then, and the next one is asked anew."""
    answers = [asyncpg.InternalClientError("got result for unknown protocol state"), True]

    async def ask() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    events = ChangeListener(ask)
    async with asyncio.timeout(60):
        assert await events.catch_up() is False
        assert await events.catch_up() is True
    assert "unknown protocol state" in caplog.text


async def test_listening_ends_even_as_its_connection_is_lost(database):
    """The end is not taken for the loss, which would be waited out for ever."""
    async with asyncio.timeout(60) as patience, listening(database) as events:
        listener = events._ask.__self__
        await asyncio.sleep(0.1)
        listener._lost.set()
    assert not patience.expired()


def test_a_failing_subscriber_keeps_nobody_from_hearing(caplog):
    """The others are told, the failure is logged, and who has unsubscribed is left alone."""
    events, told = ChangeListener(), []

    def fail(change):
        raise ValueError(change)

    events.subscribe(fail)
    stop = events.subscribe(told.append)
    events.tell(EVERYTHING)
    stop()
    events.tell(EVERYTHING)
    assert told == [EVERYTHING]
    assert caplog.text.count("ValueError") >= 2
    assert CHANNEL == "catalog"
