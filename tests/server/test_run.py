"""One server process: serves until a signal or the end of its lifeline."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from mediacanon.settings import Settings
from tests.database.clusters import end_server
from tests.server.processes import PROGRAM, serving

# Seconds: nginx keeps idle connections to a server for 60 s, cloudflared for 90 s.
PROXIES_KEEP = 90
# Nested and wide up to the bounds and beyond, in a circle, and cut off; the number makes each document another one.
HOSTILE = (
    *("query Q%d " + "{ a" * depth + "}" * depth for depth in (15, 100, 200, 2_000)),
    *("query Q%d { stats(x: " + "[" * depth + "]" * depth + ") { movies } }" for depth in (100, 200, 2_000)),
    *("query Q%d ($v: " + "[" * depth + "Int" + "]" * depth + ") { stats { movies } }" for depth in (100, 200, 2_000)),
    *(
        "query Q%d { __schema { types { fields { type " + "{ ofType " * depth + "{ name" + " }" * (depth + 5)
        for depth in (9, 190)
    ),
    "query Q%d { " + " ".join(f"a{number}: stats {{ movies }}" for number in range(400)) + " }",
    "query Q%d { ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "query Q%d { stats { movies ",
    "query Q%d { unknown }",
)
HOSTILE_ROUNDS = 2
FEW_FILES = ("bash", "-c", 'ulimit -n 256; exec "$@"', "bash", *PROGRAM)
CROWD = 300


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server(demo_database: str, tmp_path: Path, number: signal.Signals):
    """The announced address answers; the signal ends the server with exit code 0."""
    async with serving(tmp_path, DATABASE_URL=demo_database) as server:
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            assert (await client.get("/readyz")).status_code == 200
            assert "<strong>600</strong> movies" in (await client.get("/")).text
        assert await server.end(number) == 0


async def test_idle_connections_outlive_those_that_proxies_keep(demo_database: str, tmp_path: Path):
    """An idle connection is kept for MEDIACANON_KEEP_ALIVE seconds; the default is above that of the proxies."""
    assert Settings.from_environment({}).keep_alive > PROXIES_KEEP
    settings = {"DATABASE_URL": demo_database, "MEDIACANON_KEEP_ALIVE": "1"}
    kept = {}
    for name, environment, patience in (("short", settings, 60), ("default", {"DATABASE_URL": demo_database}, 6)):
        async with serving(tmp_path, **environment) as server:
            url = httpx.URL(server.address)
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            await reader.readuntil(b'{"status":"ok"}')
            try:
                async with asyncio.timeout(patience):
                    kept[name] = await reader.read() != b""
            except TimeoutError:
                kept[name] = True
            writer.close()
    assert kept == {"short": False, "default": True}


@pytest.fixture
def home(data_root: Path) -> Iterator[Path]:
    """Give a data folder; a database that still runs afterwards is ended."""
    folder = Path(tempfile.mkdtemp(prefix="r", dir=data_root))
    folder.chmod(0o755)
    yield folder
    end_server(folder)
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_crowd_that_uses_up_the_open_files_is_refused_with_that_reason(home: Path, tmp_path: Path):
    """Silent connections make room; a crowd of half requests is refused, and the log says why once a minute."""
    async with serving(tmp_path, program=FEW_FILES, MEDIACANON_DATA_DIR=str(home)) as server:
        async with crowd(server.address, b""):
            assert await status(server.address) == 200
        async with crowd(server.address, b"GET / HTTP/1.1\r\nHost:"):
            assert await status(server.address) in {200, 503}
        async with asyncio.timeout(60):
            # A client that comes as the crowd leaves may be refused, too.
            while await status(server.address) != 200:
                await asyncio.sleep(0.05)
        log = server.log()
    assert log.count("connections are in use") == 1
    assert "is gone" not in log
    assert "Traceback" not in log


@contextlib.asynccontextmanager
async def crowd(address: str, sent: bytes) -> AsyncIterator[None]:
    """Hold many connections that have sent this much."""
    url = httpx.URL(address)
    writers = []
    for _ in range(CROWD):
        _, writer = await asyncio.open_connection(url.host, url.port)
        writers.append(writer)
        writer.write(sent)
    try:
        yield
    finally:
        for writer in writers:
            writer.close()


async def test_hostile_documents_leave_no_exception_behind(demo_database: str, tmp_path: Path):
    """Each is answered with errors of its own, and no destructor fails: the log has no `Exception ignored`."""
    async with serving(tmp_path, DATABASE_URL=demo_database) as server:
        async with httpx.AsyncClient(base_url=server.address, timeout=180) as client:
            for number in range(HOSTILE_ROUNDS):
                for document in HOSTILE:
                    response = await client.post("/graphql", json={"query": document % number})
                    assert response.status_code in {200, 400}
        assert await server.end() == 0
        log = server.log()
    assert "Exception ignored" not in log
    assert "Traceback" not in log


async def status(address: str) -> int:
    """Return the status of a request that needs the database."""
    async with httpx.AsyncClient(base_url=address, timeout=180) as client:
        return (await client.get("/readyz")).status_code
