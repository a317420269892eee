"""Our own PostgreSQL without faults: created, restarted, shared, stopped."""

import asyncio
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from mediacanon.database import embedded
from mediacanon.database.embedded import EmbeddedPostgres, running_database
from mediacanon.database.migrate import migrate
from mediacanon.imdb.demo import load_demo
from mediacanon.settings import Settings
from tests.database.clusters import OtherProcess, ask, postmaster, superuser

Other = Callable[..., OtherProcess]
ROWS = "SELECT md5(string_agg(t::text, ';' ORDER BY id)) FROM titles t"
INDEXES = "SELECT string_agg(indexdef, ';' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'"
# Who owns the database, its tables, views, sequences, routines and schemas, except those of the extension.
OWNERS = """
SELECT string_agg(DISTINCT owner::regrole::text, ', ')
  FROM (SELECT datdba FROM pg_database WHERE datname = current_database()
         UNION ALL SELECT relowner FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'mine'::regnamespace)
         UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname IN ('public', 'mine')
         UNION ALL SELECT p.proowner FROM pg_proc p
          WHERE p.pronamespace IN ('public'::regnamespace, 'mine'::regnamespace)
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')) AS found (owner)
"""


def test_first_start_makes_the_database(home: Path, postgres: EmbeddedPostgres) -> None:
    """An empty folder becomes a UTF-8 database with our name, and its server ends with its only user."""
    dsn = postgres.start()
    assert dsn.startswith("postgresql://mediacanon_owner@/mediacanon?host=")
    assert ask(dsn, "SELECT current_user || ' ' || current_database()") == "mediacanon_owner mediacanon"
    assert ask(dsn, "SHOW server_encoding") == "UTF8"
    assert ask(dsn, "SELECT lower('ÉLAN') || (SELECT min(c) FROM unnest(ARRAY['a', 'B']) c)") == "élanB"
    postgres.stop()
    assert postmaster(home) is None


def test_rows_are_there_after_the_next_start(postgres: EmbeddedPostgres) -> None:
    """A warm start finds the committed rows."""
    ask(postgres.start(), "CREATE TABLE kept AS SELECT 7 AS number")
    postgres.stop()
    assert ask(postgres.start(), "SELECT number FROM kept") == 7


def test_every_script_has_trigrams(demo: str) -> None:
    """A new cluster's LC_CTYPE knows the letters of every script, and names are sorted by code point all the same."""
    scripts = ["жюль", "ελλάδα", "日本語", "한국", "हिन्दी", "עברית", "ไทย"]
    assert [ask(demo, f"SELECT cardinality(show_trgm('{name}')) > 0") for name in scripts] == [True] * len(scripts)
    assert ask(demo, "SELECT string_agg(c, '' ORDER BY c) FROM unnest(ARRAY['é', 'a', 'B', 'ж']) c") == "Baéж"


def test_a_dropped_database_is_recreated(postgres: EmbeddedPostgres) -> None:
    """A start creates a missing database."""
    dsn = postgres.start()
    ask(dsn.replace("/mediacanon?", "/postgres?"), "DROP DATABASE mediacanon")
    postgres.stop()
    assert ask(postgres.start(), "SELECT 1") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_read_file('postgresql.conf')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/file'",
        "ALTER SYSTEM SET work_mem = '1GB'",
        "CREATE ROLE intruder SUPERUSER",
        "SET ROLE mediacanon",
        "SET SESSION AUTHORIZATION mediacanon",
    ],
)
def test_requests_have_no_rights_of_a_superuser(cluster: str, statement: str) -> None:
    """The role of the requests can neither reach the server's files and programs nor become its superuser."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(cluster, statement)


def test_a_cluster_of_an_earlier_version_is_brought_over(
    home: Path, postgres: EmbeddedPostgres, other_process: Other
) -> None:
    """Its superuser owned everything, its LC_CTYPE was C: it keeps every row, also when two programs start at once."""
    dsn = postgres.start()
    old = superuser(dsn)
    for statement in (
        "DROP DATABASE mediacanon",
        "DROP ROLE mediacanon_owner",
        "UPDATE pg_database SET datctype = 'C' WHERE datname <> 'postgres'",
        "CREATE DATABASE mediacanon",
    ):
        ask(old.replace("/mediacanon?", "/postgres?"), statement)
    asyncio.run(migrate(old))
    asyncio.run(load_demo(old))
    ask(old, 'CREATE SCHEMA mine CREATE TABLE notes (id serial PRIMARY KEY, "a text" text) CREATE VIEW v AS SELECT 1')
    ask(old, "CREATE AGGREGATE mine.joined (text) (SFUNC = textcat, STYPE = text)")
    assert ask(old, "SELECT cardinality(show_trgm('жюль'))") == 0
    before = ask(old, ROWS), ask(old, INDEXES)
    postgres.stop()
    others = [other_process(home) for _ in range(2)]
    assert {other.first_line() for other in others} == {dsn}
    assert ask(dsn, OWNERS) == "mediacanon_owner"
    assert ask(dsn, "INSERT INTO mine.notes (\"a text\") VALUES ('kept') RETURNING id") == 1
    assert ask(dsn, "SELECT cardinality(show_trgm('жюль'))") == 5
    asyncio.run(migrate(dsn))
    assert (ask(dsn, ROWS), ask(dsn, INDEXES)) == before


def test_parameters_reach_the_server(home: Path) -> None:
    """The parameters of the user that starts the server override our settings."""
    postgres = EmbeddedPostgres(home, parameters={"fsync": "off", "cluster_name": "it's", "work_mem": "5MB"})
    try:
        dsn = postgres.start()
        assert ask(dsn, "SHOW fsync") == "off"
        assert ask(dsn, "SHOW work_mem") == "5MB"
    finally:
        postgres.stop()


def test_environment_of_postgresql_clients_does_not_mislead_us(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGPORT and PGDATA of the operator's shell are ignored, since they refer to other servers."""
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    assert ask(postgres.start(), "SELECT 1") == 1


def test_second_user_attaches_and_the_last_one_stops(home: Path, postgres: EmbeddedPostgres) -> None:
    """Users share one server; a user that leaves, even twice, does not stop it for the others."""
    second = EmbeddedPostgres(home)
    dsn = postgres.start()
    assert second.start() == dsn
    server = postmaster(home)
    postgres.stop()
    postgres.stop()
    assert ask(dsn, "SELECT 1") == 1
    assert postmaster(home) == server
    second.stop()
    assert postmaster(home) is None


def test_processes_that_start_at_once_share_one_server(home: Path, other_process: Other) -> None:
    """Three concurrent cold starts create one cluster and one server, which the last user stops."""
    users = [other_process(home) for _ in range(3)]
    dsns = [user.first_line() for user in users]
    assert len(set(dsns)) == 1
    server = postmaster(home)
    for user in users:
        assert ask(dsns[0], "SELECT 1") == 1
        assert postmaster(home) == server
        assert user.leave() == 0
    assert postmaster(home) is None


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="open sockets are looked up in /proc")
def test_nothing_listens_on_the_network(home: Path, postgres: EmbeddedPostgres) -> None:
    """The server has no TCP socket at all, and only its account may use its Unix socket."""
    dsn = postgres.start()
    assert ask(dsn, "SHOW listen_addresses") == ""
    listening = {
        f"socket:[{line.split()[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    }
    opened = {str(each.readlink()) for each in Path(f"/proc/{postmaster(home)}/fd").iterdir()}
    assert any(each.startswith("socket:") for each in opened)
    assert not opened & listening
    assert (home / "postgres").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_catchable_signal_stops_the_server_too(home: Path, other_process: Other, number: signal.Signals) -> None:
    """Ctrl-C, `kill` and a closed terminal stop the server as well."""
    user = other_process(home)
    user.first_line()
    assert user.end(number) != 0
    assert postmaster(home) is None


def test_signals_are_as_before_outside_the_block(home: Path) -> None:
    """The program's own signal handlers are restored after the block."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with running_database(Settings(data_dir=home)):
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.signal(signal.SIGTERM, before) is signal.SIG_DFL


async def test_starts_and_stops_beside_an_event_loop(home: Path, postgres: EmbeddedPostgres) -> None:
    """A thread of a program with a running event loop may start and stop the server."""
    assert "/mediacanon?" in await asyncio.to_thread(postgres.start)
    await asyncio.to_thread(postgres.stop)


def test_the_operators_database_comes_first(home: Path) -> None:
    """With DATABASE_URL set no cluster of our own is created or started."""
    url = "postgresql://user@elsewhere/films"
    with running_database(Settings(data_dir=home, database_url=url)) as dsn:
        assert dsn == url
    assert not any(home.iterdir())


def test_a_shortage_of_open_files_is_no_lost_server(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A check that the system does not allow is told once with its reason, and nothing is restarted."""
    monkeypatch.setattr(embedded, "WATCH_INTERVAL", 0.001)
    postgres.start()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with postgres.kept_running():
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            deadline = time.monotonic() + 180
            while not caplog.records and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [record.getMessage() for record in caplog.records] == [
        "MediaCanon's own PostgreSQL cannot be watched: Too many open files"
    ]
