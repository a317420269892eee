"""The schema: created, applied again, upgraded in place, and refused."""

import asyncio
import gzip
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.migrate import SCHEMA_VERSION, migrate
from mediacanon.errors import DatabaseUnavailable
from tests.conftest import FAST_AND_FORGETFUL, own_database
from tests.database.clusters import without_wheel

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[3] / "shared")
ORIGINAL = SHARED / "contract" / "catalog.sql.gz"

COLUMNS = """SELECT table_name::text, array_agg(quote_ident(column_name) ORDER BY ordinal_position) AS names
               FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1"""
# Casts are left out, since the original's defaults and checks spell them differently.
SCHEMA = """
    SELECT regexp_replace(format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default), '::[a-z ]+|[()]', '', 'g')
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT regexp_replace(format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
                                '::[a-z ]+|[()]', '', 'g')
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace"""
SEQUENCES = "SELECT sequencename::text, last_value FROM pg_sequences ORDER BY 1"
FILES = "SELECT oid, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"


@pytest.fixture(scope="module", params=["the wheel's", "the system's"])
def any_cluster(request: pytest.FixtureRequest, cluster: str, data_root: Path) -> Iterator[str]:
    """Give the URL of a cluster of each installed PostgreSQL."""
    if request.param == "the wheel's":
        yield cluster
        return
    with pytest.MonkeyPatch.context() as patch:
        without_wheel(patch)
        folder = Path(tempfile.mkdtemp(prefix="m", dir=data_root))
        folder.chmod(0o755)
        postgres = EmbeddedPostgres(folder, parameters=FAST_AND_FORGETFUL)
        dsn = postgres.start()
    yield dsn
    postgres.stop()
    shutil.rmtree(folder)


@pytest.fixture
async def empty(any_cluster: str) -> Any:
    """Give the URL of an empty database."""
    async with own_database(any_cluster) as dsn:
        yield dsn


@pytest.fixture
async def original(empty: str) -> str:
    """Give the URL of a database of the original MediaCanon."""
    if not ORIGINAL.exists():
        pytest.skip("the original's database is not here")
    await asyncio.to_thread(restore, empty, gzip.decompress(ORIGINAL.read_bytes()))
    return empty


def restore(dsn: str, script: bytes) -> None:
    """Run a script of pg_dump."""
    psql = find_binaries(server_account(None)).folder / "psql"
    subprocess.run([psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", dsn], input=script, capture_output=True, check=True)


async def fetch(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def all_rows(dsn: str, columns: list[tuple[Any, ...]]) -> dict[str, set[tuple[Any, ...]]]:
    """Return the rows of the tables in these columns, as text."""
    return {
        table: set(await fetch(dsn, f"SELECT row({', '.join(names)})::text FROM {table}")) for table, names in columns
    }


def dump(dsn: str) -> list[str]:
    """Return the whole database as pg_dump writes it, without its random tokens."""
    program = find_binaries(server_account(None)).folder / "pg_dump"
    written = subprocess.run([program, "-d", dsn], check=True, capture_output=True, text=True)
    return [line for line in written.stdout.splitlines() if "restrict " not in line]


async def test_schema_applied_again_changes_nothing(empty: str) -> None:
    """schema.sql is idempotent: a second run changes no row, no definition and no file."""
    await migrate(empty)
    once, files = dump(empty), await fetch(empty, FILES)
    await migrate(empty, is_forced=True)
    assert dump(empty) == once
    assert await fetch(empty, FILES) == files


async def test_originals_database_is_upgraded_in_place(original: str) -> None:
    """Every row, id and sequence of the original stays, also on a second run."""
    columns = await fetch(original, COLUMNS)
    before, sequences = await all_rows(original, columns), await fetch(original, SEQUENCES)
    assert len(before["titles"]) > 1000
    await migrate(original)
    after = await all_rows(original, columns)
    assert before["sync_state"] <= after["sync_state"]
    assert after | {"sync_state": before["sync_state"]} == before
    assert set(sequences) <= set(await fetch(original, SEQUENCES))
    once, files = dump(original), await fetch(original, FILES)
    await migrate(original, is_forced=True)
    assert dump(original) == once
    assert await fetch(original, FILES) == files


async def test_upgraded_database_equals_a_new_one(original: str, any_cluster: str) -> None:
    """An upgraded database has the columns, keys, checks and indexes of a new one."""
    async with own_database(any_cluster) as fresh:
        await migrate(original)
        await migrate(fresh)
        assert set(await fetch(original, SCHEMA)) == set(await fetch(fresh, SCHEMA))


async def test_names_that_an_earlier_version_folded_are_folded_again(empty: str) -> None:
    """In place, with every id and date; nothing is noted as changed, and words are known to search."""
    await migrate(empty)
    connection = await asyncpg.connect(empty)
    try:
        new = await connection.fetchval("SELECT pg_get_functiondef('fold(text)'::regprocedure)")
        await connection.execute(
            "CREATE OR REPLACE FUNCTION fold(value TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE RETURN lower(value);"
            "INSERT INTO titles (type, display_name) VALUES ('movie', 'Ψυχή'), ('movie', 'plain');"
            "INSERT INTO people (id, name) VALUES (1, 'Żaneta Krüger');"
            "DELETE FROM noted_changes; DELETE FROM name_words; DELETE FROM sync_state WHERE key = 'fold'"
        )
        before = await connection.fetch("SELECT id, xmin::text, updated_at FROM titles ORDER BY id")
        await migrate(empty, is_forced=True)
        assert await connection.fetchval("SELECT pg_get_functiondef('fold(text)'::regprocedure)") == new
        assert await connection.fetch("SELECT search_names FROM titles ORDER BY id") == [("| ψυχη |",), ("| plain |",)]
        assert await connection.fetchval("SELECT search_name FROM people") == "| zaneta kruger |"
        after = await connection.fetch("SELECT id, xmin::text, updated_at FROM titles ORDER BY id")
        assert [(row["id"], row["updated_at"]) for row in after] == [(row["id"], row["updated_at"]) for row in before]
        assert after[1]["xmin"] == before[1]["xmin"]
        assert await connection.fetchval("SELECT count(*) FROM noted_changes") == 0
        assert [word for (word,) in await connection.fetch("SELECT word FROM name_words ORDER BY 1")] == [
            "plain",
            "ψυχη",
        ]
    finally:
        await connection.close()


async def test_migrating_at_once(empty: str) -> None:
    """Concurrent starts queue up, and each finds the schema."""
    await asyncio.gather(*(migrate(empty) for _ in range(4)))
    assert await fetch(empty, "SELECT value FROM sync_state WHERE key = 'schema_version'") == [(str(SCHEMA_VERSION),)]


async def test_up_to_date_schema_takes_no_lock(database: str) -> None:
    """A server with an up-to-date schema starts during an import, since it locks nothing."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction(), asyncio.timeout(30):
            await connection.execute("LOCK TABLE titles, show_episodes IN ROW EXCLUSIVE MODE")
            await migrate(database)
    finally:
        await connection.close()


async def test_dropped_index_comes_back_when_forced(database: str) -> None:
    """A forced migration restores a dropped index."""
    complete = await fetch(database, SCHEMA)
    await fetch(database, "DROP INDEX idx_titles_by_votes")
    await migrate(database, is_forced=True)
    assert set(await fetch(database, SCHEMA)) == set(complete)


async def test_database_of_a_newer_program_is_refused(database: str) -> None:
    """An older MediaCanon leaves a database with a newer schema unchanged."""
    newer = SCHEMA_VERSION + 1
    await fetch(database, f"UPDATE sync_state SET value = '{newer}' WHERE key = 'schema_version'")
    before = dump(database)
    with pytest.raises(DatabaseUnavailable, match=f"newer MediaCanon .* version {newer}.* version {SCHEMA_VERSION}"):
        await migrate(database, is_forced=True)
    assert dump(database) == before


async def test_old_server_is_refused() -> None:
    """A PostgreSQL older than 15 is refused with its version."""

    def message(kind: bytes, content: bytes) -> bytes:
        return kind + (len(content) + 4).to_bytes(4) + content

    async def greet_as_postgresql_14(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
        writer.write(message(b"R", bytes(4)) + message(b"S", b"server_version\x0014.9\0") + message(b"Z", b"I"))
        await reader.readexactly(5)  # Terminate
        writer.close()

    server = await asyncio.start_server(greet_as_postgresql_14, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL 14 is too old: the database films on 127\.0\.0\.1"):
            await migrate(f"postgresql://me:secret@127.0.0.1:{port}/films?sslmode=disable")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("postgresql://me:secret@127.0.0.1:1/films", "the database films on 127.0.0.1:1: "),
        ("postgresql://me:secret@nobody.invalid/films", "the database films on nobody.invalid: "),
        ("postgresql:///films?host=/nowhere&user=me&password=secret", "the database films on /nowhere: "),
        ("postgresql://me:se/cret@127.0.0.1:1/films", "malformed"),
        ("postgresql://me:se[cret@127.0.0.1:1/films", "malformed"),
    ],
)
async def test_unreachable_database_is_one_line_without_password(url: str, target: str) -> None:
    """The message names database, host and reason in one line, never the password."""
    with pytest.raises(DatabaseUnavailable) as caught:
        await migrate(url)
    assert target in caught.value.message
    assert "cret" not in caught.value.message
    assert "\n" not in caught.value.message


async def test_missing_database_is_named(cluster: str) -> None:
    """The message contains the server's reason."""
    with pytest.raises(DatabaseUnavailable, match=r'the database nope on /.*"nope" does not exist'):
        await migrate(cluster.replace("/mediacanon?", "/nope?"))
