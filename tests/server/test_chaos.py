"""Chaos: server, postmaster and import are killed at random moments, and the last committed state is found each time.

MEDIACANON_CHAOS_SEED repeats a run as far as the machine's timing does, MEDIACANON_CHAOS_ROUNDS makes it longer.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from mediacanon.database.own_database import OWNER
from tests.database.clusters import end_server, kill_server, postmaster
from tests.imdb.files import title, write
from tests.server.processes import Server, serving
from tests.serving import run_program

ROUNDS = int(os.environ.get("MEDIACANON_CHAOS_ROUNDS", "2"))
SEED = int(os.environ.get("MEDIACANON_CHAOS_SEED", time.time_ns() % 1_000_000))
SYNC = (sys.executable, "-m", "cli", "sync", "--offline", "--dir")
TARGETS = ("server", "postmaster", "database", "sync", "all")
FILMS, CLIENTS = 400, 3
# Seconds until the kill: an import takes one or two.
LATEST_KILL = 2.5
QUIET = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
IMPORTED = """
SELECT imdb_id, id, display_name FROM titles WHERE imdb_id IS NOT NULL
 UNION ALL SELECT imdb_id, -id, display_name FROM show_episodes WHERE imdb_id IS NOT NULL
"""
EDITED = """
SELECT m.id, t.display_name, t.start_year FROM titles t LEFT JOIN movies m ON m.title_id = t.id WHERE t.imdb_id IS NULL
"""


class Edits:
    """Movies that clients create and change; an edit sets name and year to one number."""

    def __init__(self) -> None:
        self._number = 1900
        self.sent: dict[int, int] = {}
        self.acknowledged: dict[int, int] = {}

    async def send(self, client: httpx.AsyncClient) -> None:
        """Create a movie and change it again and again; return when the server is gone."""
        with contextlib.suppress(httpx.TransportError):
            number = self._next()
            response = await client.post("/api/movies", json=_edit(number))
            if response.status_code != 201:
                assert response.status_code == 503, response.text
                return
            movie = response.json()["movie_id"]
            self.sent[movie] = self.acknowledged[movie] = number
            for _ in range(10):
                self.sent[movie] = self._next()
                response = await client.put(f"/api/movies/{movie}", json=_edit(self.sent[movie]))
                if response.status_code == 200:
                    self.acknowledged[movie] = self.sent[movie]
                else:
                    assert response.status_code == 503, response.text
                    return

    def _next(self) -> int:
        self._number = self._number + 1 if self._number < 2100 else 1901
        return self._number

    def check(self, rows: list[asyncpg.Record]) -> None:
        """Assert that acknowledged edits are stored, and others wholly or not at all."""
        stored = {}
        for movie, name, year in rows:
            assert movie is not None, f"{name} is a title without a movie"
            assert name == f"Edit {year}"
            stored[movie] = year
        for movie, number in self.acknowledged.items():
            assert stored.get(movie) in {number, self.sent[movie]}, f"movie {movie}"
        self.acknowledged.update((movie, stored[movie]) for movie in self.acknowledged)
        self.sent.update(self.acknowledged)


def _edit(number: int) -> dict[str, object]:
    return {"display_name": f"Edit {number}", "start_year": number}


def dump(folder: Path, version: int) -> Path:
    """Write a dump in which every name ends with the version."""
    return write(
        folder / str(version),
        titles=[
            *(title(f"tt1{n:06}", name=f"Film v{version}") for n in range(FILMS)),
            title("tt2000000", "tvSeries", f"Show v{version}"),
            *(title(f"tt3{n:06}", "tvEpisode", f"Episode v{version}") for n in range(FILMS)),
        ],
        episodes=[(f"tt3{n:06}", "tt2000000", 1, n + 1) for n in range(FILMS)],
        ratings=[("tt1000000", 7.5, 100)],
    )


@pytest.fixture
def home(data_root: Path) -> Iterator[Path]:
    """Give a data folder; a database that still runs afterwards is ended."""
    folder = Path(tempfile.mkdtemp(prefix="c", dir=data_root))
    folder.chmod(0o755)
    yield folder
    if (folder / "postgres").exists():
        end_server(folder)
    shutil.rmtree(folder, ignore_errors=True)


class Chaos:
    """One data folder, what is known of it, and the random choices."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self._folder = folder
        self._random = random.Random(SEED)
        self._edits = Edits()
        self._ids: dict[str, int] = {}
        self._version = 0
        self.history: list[str] = []

    @contextlib.asynccontextmanager
    async def _server(self) -> AsyncIterator[Server]:
        async with serving(self._folder, MEDIACANON_DATA_DIR=str(self._home)) as server:
            yield server

    async def begin(self) -> None:
        """Import the first dump."""
        async with self._server():
            await self._import()
            await self._check({0})

    async def play(self) -> None:
        """Kill something during an import and edits; assert that the next start finds the last committed state."""
        before, self._version = self._version, self._version + 1
        target, delay = self._random.choice(TARGETS), self._random.uniform(0, LATEST_KILL)
        self.history.append(f"{target} after {delay:.2f} s")
        files = dump(self._folder, self._version)
        async with self._server() as server, httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            process = await asyncio.create_subprocess_exec(*SYNC, str(files), env=self._environment(), **QUIET)
            edits = [asyncio.create_task(self._edits.send(client)) for _ in range(CLIENTS)]
            await asyncio.sleep(delay)
            await self._kill(target, server, process)
            await asyncio.gather(*edits)
            if target in {"postmaster", "database"}:
                await self._answered(client)
            await process.wait()
        async with self._server():
            await self._check({before, self._version})
            await self._import()
            await self._check({self._version})

    async def _kill(self, target: str, server: Server, process: asyncio.subprocess.Process) -> None:
        if target in {"server", "all"}:
            server.process.kill()
        if target in {"sync", "all"}:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
        if target in {"postmaster", "database", "all"}:
            kill_server(self._home, is_whole=target != "postmaster")
        if target in {"server", "all"}:
            await server.process.wait()

    async def _answered(self, client: httpx.AsyncClient) -> None:
        """Return once the server has its database again."""
        async with asyncio.timeout(180):
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "MEDIACANON_DATA_DIR": str(self._home)}

    async def _import(self) -> None:
        """Import the newest dump to its end."""
        code, output = await run_program(
            *SYNC, str(dump(self._folder, self._version)), MEDIACANON_DATA_DIR=str(self._home), DATABASE_URL=""
        )
        assert code == 0, output

    async def _check(self, versions: set[int]) -> None:
        """Assert that a started server's database holds one of these imports whole, every edit, and nothing else."""
        assert postmaster(self._home)
        lines = (self._home / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()
        connection = await asyncpg.connect(f"postgresql://{OWNER}@/mediacanon?host={lines[4]}&port=5432")
        try:
            assert not await connection.fetchval("SELECT to_regnamespace('imdb_staging')::text")
            imported = await connection.fetch(IMPORTED)
            self._edits.check(await connection.fetch(EDITED))
        finally:
            await connection.close()
        found = {row["display_name"].rpartition(" v")[2] for row in imported}
        assert len(found) == 1
        assert found <= {str(version) for version in versions}
        ids = {row["imdb_id"]: row["id"] for row in imported}
        assert len(ids) == 2 * FILMS + 1
        assert ids == (self._ids or ids)
        self._ids = ids


async def test_the_last_committed_state_survives_any_kill(home: Path, tmp_path: Path) -> None:
    """Edits and imports are there wholly or not at all, ids stay, and the next import ends well."""
    chaos = Chaos(home, tmp_path)
    try:
        await chaos.begin()
        for _ in range(ROUNDS):
            await chaos.play()
    except BaseException as error:
        error.add_note(f"MEDIACANON_CHAOS_SEED={SEED}; killed: {', '.join(chaos.history)}")
        raise
