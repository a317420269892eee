"""Workers under load: after any kill the system recovers, and at most the views of one second are lost."""

import asyncio
import contextlib
import multiprocessing
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from mediacanon.database.own_database import OWNER
from mediacanon.server import workers
from mediacanon.server.workers import Supervisor, Worker
from tests.database.clusters import kill_server, postmaster
from tests.server.processes import PROGRAM, is_gone, serving
from tests.serving import run_program

VIEWS = "SELECT sum(views) FROM title_views"
CLIENTS = 6
BODY = b'{"query": "{ stats { movies } }"}'
HEAD = (
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


class Load:
    """Clients that request a show in a loop, and the times of their responses."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_over = False
        self.answered: list[float] = []
        self.failed = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Send requests while the block runs."""
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(self._send_requests())
            try:
                yield self
            finally:
                self._is_over = True

    async def _send_requests(self) -> None:
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
        """Wait for this number of further responses."""
        wanted = len(self.answered) + number
        await until(lambda: len(self.answered) >= wanted)

    def in_the_second_before(self, moment: float) -> int:
        """Return the number of views in the second before a moment, requests under way included."""
        return sum(moment - 1 <= each <= moment for each in self.answered) + CLIENTS


async def until(is_so: Callable[[], bool]) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(180):
        while not is_so():
            await asyncio.sleep(0.01)


async def views_of(dsn: str) -> int:
    """Return the number of views in the database."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(VIEWS)
    finally:
        await connection.close()


async def test_a_killed_worker_is_replaced_and_the_others_serve_on(demo_database: str, tmp_path: Path):
    """Only its own connections fail, and at most its views of the last second are lost."""
    before = await views_of(demo_database)
    async with serving(tmp_path, "--workers", "2", DATABASE_URL=demo_database) as server:
        first = server.workers()
        assert len(first) == 2
        async with Load(server.address).running() as load:
            await load.more()
            killed = time.monotonic()
            os.kill(first[0], signal.SIGKILL)
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
    """Its workers stop by themselves. The next server takes over the database with all but a second of views."""
    folder = home_in(data_root)
    settings = {"MEDIACANON_DATA_DIR": str(folder)}
    async with serving(tmp_path, "--demo", "--workers", workers, **settings) as server:
        before = await views_of(own_database(folder))
        left = server.workers()
        async with Load(server.address).running() as load:
            await load.more()
            # Before the kill: no response comes while its end is waited for.
            killed = time.monotonic()
            server.process.kill()
            await server.process.wait()
            await until(lambda: all(map(is_gone, left)))
    async with serving(tmp_path, "--workers", workers, **settings) as server, httpx.AsyncClient(timeout=60) as client:
        stats = (await client.post(f"{server.address}/graphql", json={"query": "{ stats { movies } }"})).json()
        assert stats == {"data": {"stats": {"movies": 600}}}
        counted = await views_of(own_database(folder))
        assert await server.end() == 0
    assert counted - before >= len(load.answered) - load.in_the_second_before(killed)
    assert not postmaster(folder)


@pytest.mark.parametrize("is_whole", [True, False])
async def test_a_killed_database_comes_back_without_a_lost_view(data_root: Path, tmp_path: Path, is_whole: bool):
    """The server restarts MediaCanon's PostgreSQL, killed whole or its postmaster alone, and writes pending views."""
    folder = home_in(data_root)
    async with serving(tmp_path, "--demo", "--workers", "2", MEDIACANON_DATA_DIR=str(folder)) as server:
        before = await views_of(own_database(folder))
        async with Load(server.address).running() as load:
            await load.more()
            killed = postmaster(folder)
            kill_server(folder, is_whole=is_whole)
            await until(lambda: postmaster(folder) not in (None, killed))
            await load.more()
        # The workers write pending views before they end, while the database is still running.
        for worker in server.workers():
            os.kill(worker, signal.SIGTERM)
            await until(lambda worker=worker: is_gone(worker))
        assert await views_of(own_database(folder)) - before >= len(load.answered)
        assert await server.end() == 0
    assert not postmaster(folder)


async def test_open_requests_are_answered_before_the_server_ends(demo_database: str, tmp_path: Path):
    """On SIGTERM during a request, the server refuses new connections and answers the request."""
    async with serving(tmp_path, "--workers", "2", DATABASE_URL=demo_database) as server:
        url = httpx.URL(server.address)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(HEAD)
        # The response that comes once the server reads the body.
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
    """Return once the address refuses connections."""
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
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            assert (await client.get("/healthz")).status_code == 200
        assert server.workers() == workers
        assert await server.end(signal.SIGINT) == 0


async def test_workers_that_cannot_start_end_the_server(demo_database: str, tmp_path: Path):
    """The log has the reason, such as a missing library, and the server ends instead of retrying."""
    broken = tmp_path / "uvicorn.py"
    broken.write_text("raise ImportError('broken here')")
    code, output = await run_program(
        *PROGRAM, "--workers", "2", "--port", "0", DATABASE_URL=demo_database, PYTHONPATH=str(tmp_path)
    )
    assert code == 1
    assert "broken here" in output
    assert output.splitlines()[-1] == "Error: A worker ended before it served; the lines above say why."


async def test_any_worker_serves_the_metrics_of_all(demo_database: str, tmp_path: Path):
    """Requests are counted in every worker; counters outlive a dead worker, its gauges do not."""
    async with serving(
        tmp_path, "--workers", "2", DATABASE_URL=demo_database, MEDIACANON_DATA_DIR=str(tmp_path)
    ) as server:
        async with Load(server.address).running() as load:
            await load.more(100)
        first = server.workers()[0]
        os.kill(first, signal.SIGKILL)
        await until(lambda: len([pid for pid in server.workers() if pid != first]) == 2)
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            metrics = (await client.get("/metrics")).text
        gauges = gauge_files(tmp_path)
        assert gauges
        assert not [name for name in gauges if f"_{first}." in name]
    counted = re.search(r'requests_total\{endpoint="/api/shows/\{id\}",method="GET",status="200"\} (\d+)', metrics)
    assert int(counted[1]) == len(load.answered)


def gauge_files(folder: Path) -> list[str]:
    """Return the names of the files in which the workers keep their gauges."""
    return [file.name for file in folder.glob("metrics/*/gauge_*.db")]


@pytest.mark.parametrize("before", [0, 20])
async def test_deleted_metrics_are_begun_anew(demo_database: str, tmp_path: Path, before: int):
    """Programs that clean up delete the folder: /metrics is answered, a dead worker comes back, all are counted."""
    environment = {"DATABASE_URL": demo_database, "MEDIACANON_DATA_DIR": str(tmp_path)}
    left = tmp_path / "metrics" / str(2**22 + 1)
    left.mkdir(parents=True)
    async with serving(tmp_path, "--workers", "2", **environment) as server:
        assert not left.exists()
        first = server.workers()
        async with Load(server.address).running() as load:
            await load.more(before)
            # A worker without a request has files of gauges alone, and begins the others where there is no folder.
            shutil.rmtree(tmp_path / "metrics")
            os.kill(first[0], signal.SIGKILL)
            async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
                await until(lambda: len([pid for pid in server.workers() if pid != first[0]]) == 2)
                for _ in range(4):
                    assert (await client.get("/metrics")).status_code == 200
            await until(lambda: len({name.rpartition("_")[2] for name in gauge_files(tmp_path)}) == 2)
            counted = len(load.answered)
            await load.more(100)
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            metrics = (await client.get("/metrics")).text
        assert "Traceback" not in server.log()
    assert not list((tmp_path / "metrics").iterdir())
    found = re.search(r'requests_total\{endpoint="/api/shows/\{id\}",method="GET",status="200"\} (\d+)', metrics)
    assert int(found[1]) >= len(load.answered) - counted


def start_worker(pauses: Iterator[float]) -> Worker:
    """Start a worker that ends at once."""
    pipe, workers_end = multiprocessing.Pipe(duplex=False)
    # A function of the standard library: the process imports none of the tests' libraries, which takes a second.
    process = multiprocessing.get_context("spawn").Process(target=os.getpid)
    process.start()
    workers_end.close()
    return Worker(process, pipe, pauses)


@pytest.mark.parametrize(
    ("stable_after", "pauses"), [(3600, ["0.01", "0.02", "0.04", "0.04"]), (0, ["0.0", "0.0", "0.0", "0.0"])]
)
def test_a_crash_loop_is_slowed_down(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    stable_after: float,
    pauses: list[str],
):
    """The pauses before restarts double up to a bound; a worker that lived long enough is restarted at once."""
    monkeypatch.setattr(workers, "STABLE_AFTER", stable_after)
    monkeypatch.setattr(workers, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(workers, "LONGEST_PAUSE", 0.04)
    supervisor = Supervisor(start_worker, tmp_path)
    supervisor.add()
    try:
        for _ in pauses:
            assert not supervisor.has_lost_worker
            supervisor.handle_next()
            assert supervisor.has_lost_worker
            supervisor.handle_next()
    finally:
        supervisor.stop()
    assert re.findall(r"restart in (\S+) s", caplog.text) == pauses


def home_in(data_root: Path) -> Path:
    """Return an empty data folder that PostgreSQL's account can read."""
    folder = Path(tempfile.mkdtemp(prefix="w", dir=data_root))
    folder.chmod(0o755)
    return folder


def own_database(folder: Path) -> str:
    """Return the URL of MediaCanon's own database in a data folder."""
    lines = (folder / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://{OWNER}@/mediacanon?host={lines[4]}&port=5432"
