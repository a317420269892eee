"""`mediacanon serve` under load: whatever is killed, the system works again, and at most a second of views is lost."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import httpx
import pytest

from mediacanon.database import processes
from tests.database.clusters import kill_server, postmaster
from tests.serving import run_program

VIEWS = "SELECT sum(views) FROM title_views"
PROGRAM = (sys.executable, "-m", "cli", "serve")
CLIENTS = 6
BODY = b'{"query": "{ stats { movies } }"}'
HEAD = (
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


class Server:
    """A server in a process of its own, its log in a file."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self._log = log

    @property
    def pid(self) -> int:
        """The pid of the process that was started."""
        return self.process.pid

    def workers(self) -> list[int]:
        """Return the pids of its workers."""
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.pid)], check=False, capture_output=True, text=True
        )
        return [int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line]

    def log(self) -> str:
        """Return what it logged."""
        return self._log.read_text()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        await self.process.communicate()
        return self.process.returncode


@contextlib.asynccontextmanager
async def serving(tmp_path: Path, *arguments: str, **environment: str) -> AsyncIterator[Server]:
    """Give a server that answers; what is left of it at the end is killed."""
    log = Path(tempfile.mkdtemp(dir=tmp_path)) / "log"
    with log.open("w") as opened:
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, "--port", "0", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=opened,
            env={"PATH": os.environ["PATH"], **environment},
        )
    line = (await process.stdout.readline()).decode()
    found = re.match(r"MediaCanon serves (http://\S+)$", line)
    assert found, log.read_text()
    server = Server(process, found[1], log)
    try:
        yield server
    finally:
        if process.returncode is None:
            await server.end(signal.SIGTERM)


class Load:
    """Clients that look at a show again and again; when each view was answered."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_over = False
        self.answered: list[float] = []
        self.failed = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Keep asking while the block runs."""
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(self._keep_asking())
            try:
                yield self
            finally:
                self._is_over = True

    async def _keep_asking(self) -> None:
        async with httpx.AsyncClient(base_url=self._address, timeout=30) as client:
            while not self._is_over:
                try:
                    response = await client.get("/api/shows/1")
                except httpx.TransportError:
                    self.failed += 1
                    await asyncio.sleep(0.01)
                else:
                    if response.status_code == 200:
                        self.answered.append(time.monotonic())
                    else:
                        assert response.status_code == 503
                        self.failed += 1

    async def more(self, number: int = 150) -> None:
        """Wait until so many more views were answered."""
        wanted = len(self.answered) + number
        await until(lambda: len(self.answered) >= wanted)

    def in_the_second_before(self, moment: float) -> int:
        """Return how many views were answered in the second before, and how many were being answered."""
        return sum(moment - 1 <= each <= moment for each in self.answered) + CLIENTS


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so."""
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)


async def views_of(dsn: str) -> int:
    """Return how many views are counted."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(VIEWS)
    finally:
        await connection.close()


def is_gone(pid: int) -> bool:
    """Return whether a process is no more."""
    return not processes.command_line(pid)


async def test_a_killed_worker_is_replaced_and_the_others_serve_on(demo_database: str, tmp_path: Path):
    """Nobody but its own connections notices; its views of the last second are lost at most."""
    before = await views_of(demo_database)
    async with serving(tmp_path, "--workers", "2", DATABASE_URL=demo_database) as server:
        first = server.workers()
        assert len(first) == 2
        async with Load(server.address).running() as load:
            await load.more()
            os.kill(first[0], signal.SIGKILL)
            killed = time.monotonic()
            await load.more()
            await until(lambda: len(server.workers()) == 2)
            await load.more()
        assert first[1] in server.workers()
        assert load.failed <= CLIENTS
        assert await server.end() == 0
        assert all(map(is_gone, first))
    assert await views_of(demo_database) - before >= len(load.answered) - load.in_the_second_before(killed)
    assert f"Worker {first[0]} ended (SIGKILL)" in server.log()


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_killed_server_leaves_nothing_in_the_way(data_root: Path, tmp_path: Path, workers: str):
    """Its workers end by themselves; the next server takes over the database with all but a second of views."""
    folder = home_in(data_root)
    settings = {"MEDIACANON_DATA_DIR": str(folder)}
    async with serving(tmp_path, "--demo", "--workers", workers, **settings) as server:
        before = await views_of(own_database(folder))
        left = server.workers()
        async with Load(server.address).running() as load:
            await load.more()
            server.process.kill()
            await server.process.wait()
            killed = time.monotonic()
            await until(lambda: all(map(is_gone, left)))
    async with serving(tmp_path, "--workers", workers, **settings) as server, httpx.AsyncClient() as client:
        stats = (await client.post(f"{server.address}/graphql", json={"query": "{ stats { movies } }"})).json()
        assert stats == {"data": {"stats": {"movies": 600}}}
        counted = await views_of(own_database(folder))
        assert await server.end() == 0
    assert counted - before >= len(load.answered) - load.in_the_second_before(killed)
    assert not postmaster(folder)


@pytest.mark.parametrize("is_whole", [True, False])
async def test_a_killed_database_comes_back_without_a_lost_view(data_root: Path, tmp_path: Path, is_whole: bool):
    """All of our own PostgreSQL or its postmaster alone: the server starts it anew; what waited is written."""
    folder = home_in(data_root)
    async with serving(tmp_path, "--demo", "--workers", "2", MEDIACANON_DATA_DIR=str(folder)) as server:
        before = await views_of(own_database(folder))
        async with Load(server.address).running() as load:
            await load.more()
            killed = postmaster(folder)
            kill_server(folder, is_whole=is_whole)
            await until(lambda: postmaster(folder) not in (None, killed))
            await load.more()
        # What waits is written before the workers end; the database is looked at after that.
        for worker in server.workers():
            os.kill(worker, signal.SIGTERM)
            await until(lambda worker=worker: is_gone(worker))
        assert await views_of(own_database(folder)) - before >= len(load.answered)
        assert await server.end() == 0
    assert not postmaster(folder)


async def test_open_requests_are_answered_before_the_server_ends(demo_database: str, tmp_path: Path):
    """Told to stop in the middle of a request, it takes no new ones and answers that one."""
    async with serving(tmp_path, "--workers", "2", DATABASE_URL=demo_database) as server:
        url = httpx.URL(server.address)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(HEAD)
        # It goes on as soon as the server wants the body.
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        server.process.terminate()
        await refused(server.address)
        writer.write(BODY)
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b'{"data":{"stats":{"movies":600}}}')
        assert await server.process.wait() == 0


async def refused(address: str) -> None:
    """Return once the address takes no connections."""
    url = httpx.URL(address)
    with contextlib.suppress(ConnectionRefusedError):
        while True:
            _, writer = await asyncio.open_connection(url.host, url.port)
            writer.close()
            await asyncio.sleep(0.01)


async def test_a_closed_terminal_does_not_end_the_server(demo_database: str, tmp_path: Path):
    """SIGHUP is ignored by the server and by its workers."""
    async with serving(tmp_path, "--workers", "2", DATABASE_URL=demo_database) as server:
        workers = server.workers()
        for pid in (server.pid, *workers):
            os.kill(pid, signal.SIGHUP)
        async with httpx.AsyncClient(base_url=server.address) as client:
            assert (await client.get("/healthz")).status_code == 200
        assert server.workers() == workers
        assert await server.end(signal.SIGINT) == 0


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not tell")
async def test_a_taken_port_says_who_took_it():
    """The process and its command line, where the system tells."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, output = await run_program(*PROGRAM, "--port", port, DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert code == 1
    assert f"127.0.0.1:{port}: Address already in use by process {os.getpid()} (" in output
    assert output.count("\n") == 1


async def test_a_log_file_that_cannot_be_written_is_one_line(tmp_path: Path):
    """It names the setting."""
    (tmp_path / "file").touch()
    where = str(tmp_path / "file" / "log")
    code, output = await run_program(*PROGRAM, MEDIACANON_LOG_FILE=where, DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert code == 1
    assert output.startswith(f"Error: MEDIACANON_LOG_FILE {where} cannot be written: ")
    assert output.count("\n") == 1


async def test_workers_that_cannot_start_end_the_server(demo_database: str, tmp_path: Path):
    """A document that does not fit, a library that is missing: the log says it, the server does not go on trying."""
    broken = tmp_path / "uvicorn.py"
    broken.write_text("raise ImportError('broken here')")
    code, output = await run_program(
        *PROGRAM, "--workers", "2", "--port", "0", DATABASE_URL=demo_database, PYTHONPATH=str(tmp_path)
    )
    assert code == 1
    assert "broken here" in output
    assert output.splitlines()[-1] == "Error: A worker ended before it served; the lines above say why."


async def test_metrics_of_all_workers_are_told_by_any(demo_database: str, tmp_path: Path):
    """Requests are counted wherever they were answered, and counts outlive their worker."""
    async with serving(tmp_path, "--workers", "2", DATABASE_URL=demo_database) as server:
        async with Load(server.address).running() as load:
            await load.more(100)
        first = server.workers()[0]
        os.kill(first, signal.SIGKILL)
        await until(lambda: len([pid for pid in server.workers() if pid != first]) == 2)
        async with httpx.AsyncClient(base_url=server.address) as client:
            told = (await client.get("/metrics")).text
    counted = re.search(r'requests_total\{endpoint="/api/shows/\{id\}",method="GET",status="200"\} (\d+)', told)
    assert int(counted[1]) == len(load.answered)


def home_in(data_root: Path) -> Path:
    """Return an empty data folder that PostgreSQL reaches."""
    folder = Path(tempfile.mkdtemp(prefix="w", dir=data_root))
    folder.chmod(0o755)
    return folder


def own_database(folder: Path) -> str:
    """Return the URL of our own database in a data folder."""
    lines = (folder / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://mediacanon@/mediacanon?host={lines[4]}&port=5432"
