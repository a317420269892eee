"""Fixtures: one PostgreSQL cluster per session, a template of the schema, a fresh clone for each test that writes."""

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.migrate import migrate
from mediacanon.database.pool import open_pool
from mediacanon.database.programs import with_database
from mediacanon.loaders import Loaders
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.schema.context import Context
from mediacanon.writes import Writes
from mediacanon.writes.collection import load_collections
from tests.database.clusters import superuser
from tests.serving import app_of, client_of, with_collections

# Tests do not need durability, except the tests that start a cluster of their own.
FAST_AND_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_numbers = itertools.count(1)


def pytest_configure() -> None:
    """Restore signal handlers: `nohup` and `&` ignore some signals, and the programs under test would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def data_root() -> Iterator[Path]:
    """Give a folder with a short path that PostgreSQL may use even when the tests run as root."""
    parent = Path("/var/lib/mediacanon") if os.geteuid() == 0 else None
    if parent:
        parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="test-", dir=parent))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(data_root: Path) -> Iterator[str]:
    """Give the URL of a running PostgreSQL cluster."""
    postgres = EmbeddedPostgres(data_root, parameters=FAST_AND_FORGETFUL)
    dsn = postgres.start()
    yield dsn
    postgres.stop()


async def create_database(cluster: str, *, template: str = "template0") -> str:
    """Create a database from a template and return its URL."""
    name = f"t{next(_numbers)}"
    connection = await asyncpg.connect(cluster)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()
    return with_database(cluster, name)


async def drop_database(cluster: str, dsn: str) -> None:
    """Drop a database and end its sessions."""
    # Only a superuser may end autovacuum.
    connection = await asyncpg.connect(superuser(cluster))
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {urlsplit(dsn).path[1:]} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def own_database(cluster: str, *, template: str = "template0") -> AsyncIterator[str]:
    """Give the URL of a database created from a template, and drop it after the block."""
    dsn = await create_database(cluster, template=template)
    try:
        yield dsn
    finally:
        await drop_database(cluster, dsn)


@pytest.fixture(scope="session")
def schema_template(cluster: str) -> str:
    """Give the name of a database that holds schema.sql and no rows."""

    async def build() -> str:
        dsn = await create_database(cluster)
        await migrate(dsn)
        return urlsplit(dsn).path[1:]

    return asyncio.run(build())


@pytest.fixture
async def database(cluster: str, schema_template: str) -> AsyncIterator[str]:
    """Give the URL of a fresh database with the schema and no titles."""
    async with own_database(cluster, template=schema_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def demo_template(cluster: str, schema_template: str) -> str:
    """Give the name of a database that holds the demo catalogue, loaded by the ordinary import."""
    from mediacanon.imdb.demo import load_demo

    async def build() -> str:
        dsn = await create_database(cluster, template=schema_template)
        await load_demo(dsn)
        return urlsplit(dsn).path[1:]

    return asyncio.run(build())


@pytest.fixture(scope="session")
def demo(cluster: str, demo_template: str) -> str:
    """Give the URL of the read-only demo catalogue that all tests share."""

    async def build() -> str:
        dsn = await create_database(cluster, template=demo_template)
        connection = await asyncpg.connect(cluster)
        try:
            name = urlsplit(dsn).path[1:]
            await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        finally:
            await connection.close()
        return dsn

    return asyncio.run(build())


@pytest.fixture
async def demo_database(cluster: str, demo_template: str) -> AsyncIterator[str]:
    """Give the URL of a private, writable demo catalogue."""
    async with own_database(cluster, template=demo_template) as dsn:
        yield dsn


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on a fresh database."""
    async with await open_pool(database, size=4) as opened:
        yield opened


@pytest.fixture(scope="session")
async def demo_client(demo: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server over the read-only demo catalogue."""
    async with client_of(app_of(demo)) as client:
        yield client


@pytest.fixture(scope="session")
async def demo_with_collections(cluster: str, demo_template: str) -> AsyncIterator[str]:
    """Give the URL of a read-only demo catalogue with the shipped collections and one static list."""
    async with own_database(cluster, template=demo_template) as dsn:
        async with await open_pool(dsn, size=1) as pool:
            await load_collections(pool, search=partial(load_titles_by_rank, pool))
            await pool.execute(
                "INSERT INTO collections (id, slug, name, strategy) VALUES (901, 'hand', 'Hand', 'static')"
            )
            await pool.execute("INSERT INTO collection_titles SELECT 901, id, id FROM titles WHERE id <= 7")
            await pool.execute(f"ALTER DATABASE {urlsplit(dsn).path[1:]} SET default_transaction_read_only = on")
        yield dsn


@pytest.fixture(scope="session")
async def demo_pool(demo_with_collections: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on the demo catalogue that all tests share."""
    async with await open_pool(demo_with_collections, size=4) as opened:
        yield opened


@pytest.fixture(scope="session")
def make_context(demo_pool: asyncpg.Pool) -> Callable[[], Context]:
    """Give a function that creates the context of one request to the demo catalogue."""
    return lambda: Context(Loaders(demo_pool), Writes(demo_pool))


@pytest.fixture
async def client(demo_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server over a private demo catalogue with the shipped collections."""
    async with client_of(app_of(await with_collections(demo_database))) as opened:
        yield opened


@pytest.fixture
async def connection(demo_database: str) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection to the private demo catalogue."""
    opened = await asyncpg.connect(demo_database)
    yield opened
    await opened.close()
