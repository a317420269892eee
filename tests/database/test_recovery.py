"""Our own PostgreSQL after faults: the next start succeeds after kill -9 of any process at any moment."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from mediacanon.database.embedded import EmbeddedPostgres
from tests.database.clusters import OtherProcess, ask, end_server, kill_server, postmaster, superuser

Other = Callable[..., OtherProcess]
COMMIT = "CREATE TABLE kept AS SELECT 7 AS number"
KEPT = "SELECT number FROM kept"


def test_killed_user(home: Path, postgres: EmbeddedPostgres, other_process: Other) -> None:
    """The server outlives its killed user; the next user joins it and stops it."""
    user = other_process(home)
    ask(user.first_line(), COMMIT)
    server = postmaster(home)
    user.end(signal.SIGKILL)
    assert ask(postgres.start(), KEPT) == 7
    assert postmaster(home) == server
    postgres.stop()
    assert postmaster(home) is None


@pytest.mark.parametrize("is_whole", [False, True], ids=["postmaster", "all"])
def test_killed_server(home: Path, other_process: Other, postgres: EmbeddedPostgres, is_whole: bool) -> None:
    """The next start recovers every committed row, also while the old user still runs."""
    user = other_process(home)
    ask(user.first_line(), COMMIT)
    kill_server(home, is_whole=is_whole)
    dsn = postgres.start()
    assert ask(dsn, KEPT) == 7
    user.leave()
    assert ask(dsn, KEPT) == 7


def test_killed_with_its_user(home: Path, other_process: Other, postgres: EmbeddedPostgres) -> None:
    """Every process killed at once, as in a power cut, loses no committed row."""
    user = other_process(home)
    ask(user.first_line(), COMMIT)
    user.end(signal.SIGKILL)
    kill_server(home, is_whole=True)
    assert ask(postgres.start(), KEPT) == 7


async def test_query_that_survives_its_postmaster(home: Path, postgres: EmbeddedPostgres) -> None:
    """The next start ends a busy backend whose postmaster was killed, since it holds the shared memory."""
    dsn = await asyncio.to_thread(postgres.start)
    busy, watch = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    await watch.execute(COMMIT)
    endless = asyncio.ensure_future(busy.fetchval("SELECT count(*) FROM (SELECT generate_series(1, 2e9::bigint)) n"))
    running = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active')"
    while not await watch.fetchval(running, busy.get_server_pid()):
        pass
    kill_server(home, is_whole=False)
    assert await asyncio.to_thread(ask, await asyncio.to_thread(postgres.start), KEPT) == 7
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await endless
    watch.terminate()


def test_pid_file_that_names_another_program(home: Path, postgres: EmbeddedPostgres) -> None:
    """A stale pid that now belongs to another program is neither trusted nor signalled."""
    ask(postgres.start(), COMMIT)
    end_server(home)
    postgres.stop()
    pid_file = home / "postgres" / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert ask(postgres.start(), KEPT) == 7


def test_unfinished_cluster(home: Path, postgres: EmbeddedPostgres) -> None:
    """The unfinished cluster of a killed first start is never used and is removed."""
    postgres.start()
    postgres.stop()
    whole = home / "postgres" / "cluster"
    whole.rename(whole.with_name("unfinished-1234"))
    (whole.with_name("unfinished-1234") / "global" / "pg_control").unlink()
    assert ask(postgres.start(), "SELECT 1") == 1
    assert not [*whole.parent.glob("unfinished-*")]


def test_first_start_killed_in_the_middle(home: Path, other_process: Other, postgres: EmbeddedPostgres) -> None:
    """The next start succeeds after a user was killed during initdb."""
    user = other_process(home)
    while not [*home.glob("postgres/unfinished-*/base")]:
        assert user.process.poll() is None
    user.end(signal.SIGKILL)
    assert ask(postgres.start(), "SELECT 1") == 1


def test_copied_cluster_is_not_taken_for_the_original(home: Path, postgres: EmbeddedPostgres) -> None:
    """A copied pid file names the original's server, which keeps running; the copy gets its own server."""
    dsn = postgres.start()
    copied = home / "copied"
    copied.mkdir()
    copied.chmod(0o755)
    ask(superuser(dsn), "CHECKPOINT")
    os.system(f"cp -a {home}/postgres {copied}/postgres")  # noqa: S605 - keeps owners
    copy = EmbeddedPostgres(copied)
    try:
        assert ask(superuser(copy.start()), "SHOW data_directory") == str(copied / "postgres" / "cluster")
        assert ask(superuser(dsn), "SHOW data_directory") == str(home / "postgres" / "cluster")
    finally:
        copy.stop()
