"""A disk that fills and a server process that dies, told as that within seconds."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from mediacanon.database.embedded import EmbeddedPostgres, running_database
from mediacanon.database.migrate import connect, migrate, translate_errors
from mediacanon.database.pool import reason_of
from mediacanon.errors import DatabaseUnavailable
from mediacanon.settings import Settings

# Each round writes some megabytes of WAL and leaves none in the table, so the WAL fills the disk.
FILL = ("INSERT INTO filler SELECT repeat('x', 500) FROM generate_series(1, 2000)", "TRUNCATE filler")


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """Give a data folder on a file system of 130 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=130m,mode=755", "tmpfs", home]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root mounts a file system, and not everywhere")
    yield home
    subprocess.run(["umount", "-l", home], check=True)


async def fill(dsn: str) -> None:
    """Write until the database fails."""
    with translate_errors(dsn):
        connection = await connect(dsn)
        async with connection.transaction():
            await connection.execute("CREATE TABLE filler (text text)")
            while True:
                for statement in FILL:
                    await connection.execute(statement)


@pytest.mark.parametrize("pause", [0, 1.5])
def test_a_full_disk_is_told_with_place_and_need(small_disk: Path, pause: float):
    """The WAL fills the disk, the server panics and cannot recover: the end comes in seconds and says why."""

    def use() -> None:
        with running_database(Settings(data_dir=small_disk)) as dsn:
            try:
                asyncio.run(fill(dsn))
            finally:
                # The server recovers in the meantime.
                time.sleep(pause)

    with pytest.raises(DatabaseUnavailable, match=rf"disk is full: {small_disk}.* MB left, .* 15 GB.*was lost"):
        use()


async def test_a_lost_backend_is_told_as_that(cluster: str):
    """The reason is the first failure, not the transaction's end on a closed connection."""
    connection = await asyncpg.connect(cluster)

    async def work() -> None:
        async with connection.transaction():
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as failure:
        await work()
    assert reason_of(failure.value).startswith("the connection to the database was lost (")


async def test_a_wait_for_a_lock_is_told(database: str, monkeypatch: pytest.MonkeyPatch, caplog):
    """A migration that waits for another session says so."""
    monkeypatch.setattr("mediacanon.database.migrate.PATIENCE", 0.1)
    holder = await asyncpg.connect(database)
    async with holder.transaction():
        await holder.execute("LOCK TABLE titles IN ACCESS EXCLUSIVE MODE")
        waiting = asyncio.create_task(migrate(database, is_forced=True))
        async with asyncio.timeout(30):
            while "waiting for another session" not in caplog.text:
                await asyncio.sleep(0.05)
    await waiting
    await holder.close()


def test_a_wait_for_the_servers_start_is_told(home: Path, monkeypatch: pytest.MonkeyPatch, caplog):
    """A start that takes longer says what it waits for."""
    monkeypatch.setattr("mediacanon.database.locks.PATIENCE", 0.0)
    user = EmbeddedPostgres(home, parameters={"fsync": "off"})
    user.start()
    user.stop()
    assert "recovers after an interruption" in caplog.text
