"""Reads from a real streaming standby: used while fresh, never older than a write, replaced by the primary when down."""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest

from mediacanon.database import processes, replica
from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.changes import listening
from mediacanon.database.cluster import SUPERUSER
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.migrate import migrate
from mediacanon.database.pool import open_pool
from mediacanon.database.replica import ReplicaReads, open_reads
from mediacanon.errors import WrongSetting
from mediacanon.imdb.demo import load_demo
from mediacanon.settings import Settings
from tests.database.clusters import superuser
from tests.serving import app_of, ask, client_of

IS_STANDBY = "SELECT pg_is_in_recovery()"
ASLEEP = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
RENAME = "mutation ($id: Int!, $name: String!) { updateTitle(id: $id, input: {displayName: $name}) { displayName } }"
NAME = "query ($id: Int!) { title(id: $id) { displayName } }"


class Standby:
    """A streaming standby made by pg_basebackup; its folder holds its socket as well."""

    def __init__(self, primary: str, folder: Path) -> None:
        self._account = server_account(None)
        self._account.take(folder)
        self._programs = find_binaries(self._account).folder
        self._place = folder / "cluster"
        sockets = parse_qs(urlsplit(primary).query)["host"][0]
        self.dsn = superuser(primary).replace(quote(sockets, safe=""), quote(str(folder), safe=""))
        made = self._account.run(
            [
                *(self._programs / "pg_basebackup", "-h", sockets, "-p", "5432", "-U", SUPERUSER),
                *("-D", self._place, "-R", "-X", "stream", "-c", "fast", "--no-sync"),
            ]
        )
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        """Start it; it accepts connections a moment later."""
        command = [self._programs / "pg_ctl", "-D", self._place, "-w", "-o", self._options(), "start"]
        started = self._account.run(["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1', "sh", *command])
        assert started.returncode == 0

    def _options(self) -> str:
        return f"-c unix_socket_directories='{self._place.parent}' -c cluster_name=standby -c fsync=off -c max_standby_streaming_delay=0"

    def stop(self) -> None:
        """Stop it at once, as if its host went down."""
        self._account.run([self._programs / "pg_ctl", "-D", self._place, "-w", "-m", "immediate", "stop"])

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Stop every process of it without a farewell while the block runs, as a host that hangs does."""
        main = int((self._place / "postmaster.pid").read_text().split("\n")[0])
        for pid in (main, *processes.server_children("standby")):
            processes.send(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in (main, *processes.server_children("standby")):
                processes.send(pid, signal.SIGCONT)

    async def execute(self, sql: str) -> None:
        """Run a statement on the standby until its replay cancels it no more, as what waited to be replayed may do."""
        connection = await asyncpg.connect(self.dsn)
        try:
            for is_last in (False, False, True):
                try:
                    await connection.execute(sql)
                except asyncpg.SerializationError:
                    if is_last:
                        raise
                else:
                    return
        finally:
            await connection.close()

    async def until_asleep(self) -> None:
        """Return once a query sleeps."""
        connection = await asyncpg.connect(self.dsn)
        try:
            async with asyncio.timeout(60):
                while not await connection.fetchval(ASLEEP):
                    await asyncio.sleep(0.01)
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Pause the standby's replay while the block runs."""
        await self.execute("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            await self.execute("SELECT pg_wal_replay_resume()")


@pytest.fixture(scope="module")
def primary(data_root: Path) -> Iterator[str]:
    """Give the demo catalogue in a cluster of its own."""
    # The replay of a vacuum cancels queries, too.
    parameters = {"fsync": "off", "autovacuum": "off"}
    postgres = EmbeddedPostgres(Path(tempfile.mkdtemp(prefix="r", dir=data_root)), parameters=parameters)
    postgres.data_dir.chmod(0o755)
    dsn = postgres.start()

    async def fill() -> None:
        await migrate(dsn)
        await load_demo(dsn)

    asyncio.run(fill())
    yield dsn
    postgres.stop()


@pytest.fixture(scope="module")
def standby(primary: str, data_root: Path) -> Iterator[Standby]:
    """Give a running standby of the primary."""
    made = Standby(primary, Path(tempfile.mkdtemp(prefix="s", dir=data_root)))
    made.start()
    yield made
    made.stop()


@contextlib.asynccontextmanager
async def reading(primary: str, standby: Standby) -> AsyncIterator[ReplicaReads]:
    """Give the reads of a server with this standby."""
    settings = Settings.from_environment({"DATABASE_URL": primary, "DATABASE_REPLICA_URL": standby.dsn})
    async with (
        await open_pool(primary, size=2) as pool,
        listening(primary) as events,
        open_reads(settings, pool, events) as reads,
    ):
        yield reads


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def server_of(primary: str, standby: Standby):
    """Give a client of a server that reads from the standby."""
    return client_of(app_of(primary, DATABASE_URL=primary, DATABASE_REPLICA_URL=standby.dsn))


async def test_reads_go_to_the_standby_once_it_has_caught_up(primary: str, standby: Standby):
    """Every read method reads from a standby that has caught up."""
    async with reading(primary, standby) as reads:
        await until(lambda: not reads.is_behind)
        assert await reads.fetchval(IS_STANDBY) is True
        assert [tuple(row) for row in await reads.fetch(IS_STANDBY)] == [(True,)]
        assert (await reads.fetchrow(IS_STANDBY))[0] is True
        async with reads.acquire() as connection, connection.transaction(readonly=True):
            assert await connection.fetchval(IS_STANDBY) is True


async def test_writes_are_read_while_the_standby_lags(primary: str, standby: Standby):
    """Every client of every server reads a write that the standby lacks; later the standby serves again."""
    async with server_of(primary, standby) as one, server_of(primary, standby) as other:
        for client in (one, other):
            reads = client._transport.app.services.reads
            await until(lambda reads=reads: not reads.is_behind)
        async with standby.paused():
            for name in ("First", "Second"):
                written = await ask(one, RENAME, id=1, name=name)
                assert written["data"]["updateTitle"]["displayName"] == name
                for client in (other, one):
                    assert (await ask(client, NAME, id=1))["data"]["title"]["displayName"] == name
                    assert (await client.get("/api/titles/1")).json()["display_name"] == name
        # Not at once: the views counted in the meantime are changes as well.
        async with asyncio.timeout(60):
            while not await reads.fetchval(IS_STANDBY):
                await asyncio.sleep(0.01)
        assert (await ask(other, NAME, id=1))["data"]["title"]["displayName"] == "Second"


async def test_without_the_standby_the_primary_is_read(primary: str, standby: Standby):
    """A standby that goes down is replaced by the primary, and serves again once it is back."""
    async with reading(primary, standby) as reads:
        await until(lambda: not reads.is_behind)
        assert await reads.fetchval(IS_STANDBY) is True
        standby.stop()
        try:
            assert await reads.fetchval(IS_STANDBY) is False
            async with reads.acquire() as connection:
                assert await connection.fetchval(IS_STANDBY) is False
            async with server_of(primary, standby) as client:
                assert (await client.get("/api/titles/1")).status_code == 200
        finally:
            standby.start()
        await until(lambda: not reads.is_behind)
        assert await reads.fetchval(IS_STANDBY) is True


async def test_a_standby_that_hangs_is_replaced_by_the_primary(primary: str, standby: Standby):
    """A standby that stops responding delays a read by a second, inside a block as well, and no shutdown."""
    async with reading(primary, standby) as reads:
        await until(lambda: not reads.is_behind)
        async with reads.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute("SET LOCAL work_mem = '7MB'")
            assert await connection.fetchval(IS_STANDBY) is True
            with standby.hanging():
                async with asyncio.timeout(30):
                    assert await connection.fetchval(IS_STANDBY) is False
                    assert await connection.fetchval("SHOW work_mem") == "7MB"
                    assert await reads.fetchval(IS_STANDBY) is False
        await until(lambda: not reads.is_behind)
        with standby.hanging():
            async with asyncio.timeout(30):
                assert await asyncio.gather(*(reads.fetchval(IS_STANDBY) for _ in range(20))) == [False] * 20
        await until(lambda: not reads.is_behind)
        assert await reads.fetchval(IS_STANDBY) is True


async def test_a_shutdown_does_not_wait_for_a_standby_that_hangs(primary: str, standby: Standby):
    """The end of a server terminates its connections to a standby that stopped responding."""
    async with asyncio.timeout(60):
        async with reading(primary, standby) as reads:
            await until(lambda: not reads.is_behind)
            stopped = standby.hanging()
            stopped.__enter__()
        stopped.__exit__(None, None, None)


async def test_reads_that_conflict_with_the_replay_continue_on_the_primary(
    primary: str, standby: Standby, monkeypatch: pytest.MonkeyPatch
):
    """A standby cancels queries whose tables it must lock; the primary answers them."""
    # The replay ends the queries, not the time limit.
    monkeypatch.setattr(replica, "REPLICA_TIMEOUT", 60.0)
    locks = "BEGIN; LOCK TABLE titles IN ACCESS EXCLUSIVE MODE; COMMIT"
    sleep = "CASE WHEN pg_is_in_recovery() THEN pg_sleep(50) END"
    slow = f"SELECT pg_is_in_recovery() FROM (SELECT {sleep} FROM titles LIMIT 1) AS slept"
    async with reading(primary, standby) as reads, await open_pool(primary, size=1) as pool:
        for savepoint in (False, True):
            await until(lambda: not reads.is_behind)
            async with reads.acquire() as connection, connection.transaction(readonly=True):
                await connection.execute("SET LOCAL work_mem = '7MB'")
                async with connection.transaction() if savepoint else contextlib.nullcontext():
                    query = asyncio.create_task(connection.fetchval(slow))
                    await standby.until_asleep()
                    await pool.execute(locks)
                    assert await query is False
                    assert await connection.fetchval("SHOW work_mem") == "7MB"
        await until(lambda: not reads.is_behind)
        query = asyncio.create_task(reads.fetchval(slow))
        await standby.until_asleep()
        await pool.execute(locks)
        assert await query is False


async def test_standbys_take_turns(primary: str, standby: Standby, data_root: Path):
    """Each serves reads while it is fresh; without one the other serves alone, without both the primary."""
    other = Standby(primary, Path(tempfile.mkdtemp(prefix="o", dir=data_root)))
    other.start()
    place = "SELECT current_setting('data_directory')"
    urls = f"{standby.dsn},{other.dsn}"
    settings = Settings.from_environment({"DATABASE_URL": primary, "DATABASE_REPLICA_URL": urls})
    try:
        async with (
            await open_pool(superuser(primary), size=2) as pool,
            listening(primary) as events,
            open_reads(settings, pool, events) as reads,
        ):
            await until(lambda: not any(each.is_behind for each in reads._standbys))
            asked = [await reads.fetchval(place) for _ in range(4)]
            assert asked[:2] == asked[2:]
            assert len(set(asked)) == 2
            with other.hanging():
                asked = {await reads.fetchval(place) for _ in range(6)}
                # The read that found it hanging went to the primary.
                assert len(asked) == 2
                left = await reads.fetchval(place)
                assert left == await reads.fetchval(place)
                assert left in asked
                assert await reads.fetchval(IS_STANDBY) is True
    finally:
        other.stop()


async def test_a_time_limit_of_a_read_is_no_failure_of_the_standby(primary: str, standby: Standby):
    """A statement_timeout of the caller ends its query alone."""
    async with reading(primary, standby) as reads:
        await until(lambda: not reads.is_behind)
        async with reads.acquire() as connection, connection.transaction(readonly=True):
            with contextlib.suppress(asyncpg.QueryCanceledError):
                async with connection.transaction():
                    await connection.execute("SET LOCAL statement_timeout = '30ms'")
                    await connection.fetchval("SELECT pg_sleep(5)")
            assert await connection.fetchval(IS_STANDBY) is True
        assert not reads.is_behind


async def test_a_server_that_is_no_standby_is_not_read(primary: str, database: str):
    """A promoted standby has a history of its own, so it is not read."""
    settings = Settings.from_environment({"DATABASE_URL": primary, "DATABASE_REPLICA_URL": database})
    async with (
        await open_pool(primary, size=2) as pool,
        listening(primary) as events,
        open_reads(settings, pool, events) as reads,
    ):
        await asyncio.sleep(0)
        assert await reads.fetchval("SELECT current_database()") == urlsplit(primary).path[1:]
        assert reads.is_behind


def test_a_replica_needs_a_primary():
    """DATABASE_REPLICA_URL alone is refused."""
    with pytest.raises(WrongSetting, match="DATABASE_URL"):
        Settings.from_environment({"DATABASE_REPLICA_URL": "postgresql://standby/catalogue"})
