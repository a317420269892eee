"""Backup and restore: the same catalogue comes back, and after any failure the old one stays."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from mediacanon.database.backup import REPLACE_LOCK, back_up, reset, restore
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.migrate import SCHEMA_VERSION, migrate
from mediacanon.database.programs import with_database
from mediacanon.errors import BadArgument, Conflict, DatabaseUnavailable, MediaCanonError
from tests.database.clusters import as_role, superuser, without_wheel

TABLES = ("titles", "shows", "show_episodes", "title_genres", "custom_genre_reviews", "sync_state")
DATABASES = "SELECT datname FROM pg_database ORDER BY 1"


async def run(dsn: str, *statements: str) -> object:
    """Run statements; return the first value of the last result."""
    connection = await asyncpg.connect(dsn)
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


async def contents(dsn: str) -> list[object]:
    """Return a checksum of the rows of each table, which identifies a state of the database."""
    rows = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
    return [await run(dsn, rows.format(table)) for table in TABLES]


async def databases(dsn: str) -> list[str]:
    """Return the names of the server's databases."""
    connection = await asyncpg.connect(dsn)
    try:
        return [record[0] for record in await connection.fetch(DATABASES)]
    finally:
        await connection.close()


@pytest.fixture
async def backup(demo: str, tmp_path: Path) -> Path:
    """Give a backup of the demo catalogue."""
    await back_up(demo, tmp_path / "demo.dump")
    return tmp_path / "demo.dump"


async def test_a_backup_brings_every_row_back(demo_database, tmp_path):
    """A backup is one complete file; restored, a changed database has its old rows and ids and accepts writes."""
    before = await contents(demo_database)
    file = tmp_path / "all.dump"
    assert await back_up(demo_database, file) == file.stat().st_size
    await run(demo_database, "DELETE FROM titles WHERE id < 300", "UPDATE titles SET display_name = 'x'")
    known = await databases(demo_database)
    await restore(demo_database, file)
    assert await contents(demo_database) == before
    assert await databases(demo_database) == known
    assert [one.name for one in tmp_path.iterdir()] == ["all.dump"]
    added = "INSERT INTO titles (type, display_name) VALUES ('movie', 'New') RETURNING id"
    assert await run(demo_database, added) > 720


async def test_a_restore_replaces_a_database_in_use(demo_database, backup):
    """Open sessions end, and clients that reconnect at once reach the new database."""
    await run(demo_database, "UPDATE titles SET display_name = 'old'")
    done = asyncio.Event()

    async def keep_reading() -> set[str]:
        seen = set()
        while not done.is_set():
            try:
                seen.add(await run(demo_database, "SELECT display_name FROM titles WHERE id = 1"))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await asyncio.sleep(0)
        return seen

    idle = await asyncpg.connect(demo_database)
    reading = asyncio.create_task(keep_reading())
    await restore(demo_database, backup)
    done.set()
    assert "old" in await reading
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await idle.execute("SELECT 1")
    assert await run(demo_database, "SELECT count(*) FROM titles WHERE display_name = 'old'") == 0


async def test_a_broken_backup_changes_nothing(demo_database, backup):
    """A truncated backup is refused in one line; the old rows stay, and no database is left behind."""
    await run(demo_database, "UPDATE titles SET display_name = 'old'")
    before, known = await contents(demo_database), await databases(demo_database)
    whole = backup.read_bytes()
    backup.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(MediaCanonError) as refused:
        await restore(demo_database, backup)
    assert "\n" not in refused.value.message
    assert await contents(demo_database) == before
    assert await databases(demo_database) == known


async def test_an_ordinary_role_can_restore_what_it_owns(cluster, backup):
    """A role needs CREATEDB and no more; a session that it may not end fails the restore with its reason."""
    await run(superuser(cluster), "CREATE ROLE owner LOGIN CREATEDB", "CREATE DATABASE owned OWNER owner")
    as_owner = with_database(as_role("owner", cluster), "owned")
    await restore(as_owner, backup)
    assert await run(as_owner, "SELECT count(*) FROM titles") == 720
    stranger = await asyncpg.connect(with_database(cluster, "owned"))
    with pytest.raises(DatabaseUnavailable, match="is being accessed by other users"):
        await reset(as_owner)
    await stranger.close()
    await reset(as_owner)
    assert await run(as_owner, "SELECT count(*) FROM titles") == 0
    await run(superuser(cluster), "DROP DATABASE owned WITH (FORCE)", "DROP ROLE owner")


async def test_leftovers_of_a_killed_restore_are_removed(demo_database, backup):
    """The next restore drops the databases of a killed one and succeeds."""
    known = await databases(demo_database)
    name = urlsplit(demo_database).path[1:]
    await run(with_database(demo_database, "postgres"), f"CREATE DATABASE {name}_unfinished")
    await run(with_database(demo_database, "postgres"), f"CREATE DATABASE {name}_replaced")
    await restore(demo_database, backup)
    assert await databases(demo_database) == known


async def test_a_backup_of_a_newer_mediacanon_is_refused(demo_database, tmp_path):
    """A backup with a newer schema is refused at once, with both versions in the message."""
    await run(demo_database, f"UPDATE sync_state SET value = '{SCHEMA_VERSION + 1}' WHERE key = 'schema_version'")
    await back_up(demo_database, tmp_path / "new.dump")
    with pytest.raises(BadArgument, match=f"has schema version {SCHEMA_VERSION + 1}, this MediaCanon knows version"):
        await restore(demo_database, tmp_path / "new.dump")


async def test_other_files_are_refused(cluster, database, tmp_path):
    """An empty file, an SQL script and a backup without titles are refused."""
    for content in (b"", b"-- SQL\nSELECT 1;\n"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(BadArgument, match="is no backup of `mediacanon db backup`"):
            await restore(database, tmp_path / "file")
    await back_up(with_database(cluster, "postgres"), tmp_path / "other.dump")
    with pytest.raises(BadArgument, match="is a backup of something else"):
        await restore(database, tmp_path / "other.dump")


async def test_a_backup_that_fails_leaves_the_last_one(demo, tmp_path):
    """A failed backup leaves the previous file and no partial one."""
    (tmp_path / "last.dump").write_text("last")
    with pytest.raises(DatabaseUnavailable):
        await back_up(with_database(demo, "nowhere"), tmp_path / "last.dump")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["last"]
    with pytest.raises(MediaCanonError, match="No such file or directory"):
        await back_up(demo, tmp_path / "missing" / "file")


async def test_a_database_is_replaced_by_one_process_at_a_time(database):
    """A second replacement is refused and changes nothing."""
    holder = await asyncpg.connect(with_database(database, "postgres"))
    await holder.execute("SELECT pg_advisory_lock($1)", REPLACE_LOCK)
    with pytest.raises(Conflict, match="Another process is replacing"):
        await reset(database)
    await holder.close()


async def test_reset_leaves_an_empty_schema(demo_database):
    """A reset database has the current schema, the initial genres and no titles."""
    await reset(demo_database)
    assert await run(demo_database, "SELECT count(*) FROM titles") == 0
    assert await run(demo_database, "SELECT string_agg(name, ' ' ORDER BY name) FROM genres") == "Cooking Dating"
    await migrate(demo_database)


def test_backups_go_from_older_to_newer_servers_only(
    home: Path, demo: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup of an older PostgreSQL is restored by a newer one; the reverse is refused."""
    asyncio.run(back_up(demo, tmp_path / "newer.dump"))
    with monkeypatch.context() as patch:
        without_wheel(patch)
        older = EmbeddedPostgres(home)
        dsn = older.start()
    try:
        if asyncio.run(run(dsn, "SHOW server_version_num")) >= asyncio.run(run(demo, "SHOW server_version_num")):
            pytest.skip("the system's PostgreSQL is no older than the wheel's")
        asyncio.run(migrate(dsn))
        added = "INSERT INTO titles (type, display_name) VALUES ('movie', 'Älteres') RETURNING id"
        asyncio.run(run(dsn, added))
        with pytest.raises(BadArgument, match=r"is a backup of PostgreSQL \d+, and the database here is of \d+"):
            asyncio.run(restore(dsn, tmp_path / "newer.dump"))
        with monkeypatch.context() as patch:
            without_wheel(patch)
            with pytest.raises(BadArgument, match="was written by a newer PostgreSQL than"):
                asyncio.run(restore(dsn, tmp_path / "newer.dump"))
        asyncio.run(back_up(dsn, tmp_path / "older.dump"))
        asyncio.run(restore(dsn, tmp_path / "older.dump"))
    finally:
        older.stop()
    asyncio.run(restore(database, tmp_path / "older.dump"))
    assert asyncio.run(run(database, "SELECT display_name FROM titles")) == "Älteres"
