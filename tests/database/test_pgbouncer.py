"""The server behind PgBouncer in transaction mode, where each transaction may run in another session."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from mediacanon.database.account import server_account
from mediacanon.database.own_database import OWNER
from mediacanon.errors import WrongSetting
from mediacanon.settings import Settings
from tests.serving import app_of, ask, client_of

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")

# Two sessions for all clients: code that relies on keeping one session fails soon.
CONFIGURATION = """
[databases]
* = host={sockets} port=5432 user=mediacanon
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
server_round_robin = 1
"""

SESSION = "SELECT pg_backend_pid(), current_setting('timezone')"
VIEWS = "SELECT sum(views) FROM title_views"
RENAME = "mutation ($id: Int!, $name: String!) { updateTitle(id: $id, input: {displayName: $name}) { displayName } }"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")


@pytest.fixture
async def pooler(demo_database: str, data_root: Path) -> AsyncIterator[str]:
    """Give the URL of a private demo catalogue behind PgBouncer."""
    account = server_account(None)
    folder = Path(tempfile.mkdtemp(prefix="b", dir=data_root))
    account.take(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    parts = urlsplit(demo_database)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(sockets=parse_qs(parts.query)["host"][0], port=port))
    configuration.chmod(0o644)
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        configuration,
        user=None if account.is_ours else account.uid,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async for line in process.stderr:
            if b"process up" in line:
                break
        draining = asyncio.create_task(process.stderr.read())
        yield f"postgresql://{OWNER}@127.0.0.1:{port}{parts.path}"
    finally:
        process.terminate()
        await process.wait()
        await draining


async def test_the_server_works_through_a_pooler(demo_database: str, pooler: str):
    """Concurrent reads, reads after writes, search and discover work as without a pooler."""
    app = app_of(demo_database, DATABASE_URL=demo_database, DATABASE_POOLER_URL=pooler)
    paths = [f"/api/titles/{number}" for number in range(1, 41)]
    paths += ["/", "/discover", "/titles?search=the", "/api/titles", "/api/collections", "/api/discover", "/readyz"]
    async with client_of(app) as client:
        for _ in range(3):
            responses = await asyncio.gather(*(client.get(path) for path in paths))
            assert {response.status_code for response in responses} == {200}
        for number in range(1, 11):
            written = await ask(client, RENAME, id=number, name=f"Name {number}")
            assert written["data"]["updateTitle"]["displayName"] == f"Name {number}"
            assert (await client.get(f"/api/titles/{number}")).json()["display_name"] == f"Name {number}"


async def test_sessions_of_a_pooler_are_shared_and_ours_hold_utc(demo_database: str, pooler: str):
    """All connections of the server share two sessions, which have our time zone."""
    app = app_of(demo_database, DATABASE_URL=demo_database, DATABASE_POOLER_URL=pooler)
    async with client_of(app):
        pool = app.services.pool
        sessions = await asyncio.gather(*(pool.fetchrow(SESSION) for _ in range(20)))
    assert len({pid for pid, _ in sessions}) <= 2
    assert {zone for _, zone in sessions} == {"UTC"}


async def test_views_are_counted_through_a_pooler(demo_database: str, pooler: str):
    """Buffered views are written when the server stops, at the latest."""
    app = app_of(demo_database, DATABASE_URL=demo_database, DATABASE_POOLER_URL=pooler)
    connection = await asyncpg.connect(demo_database)
    try:
        before = await connection.fetchval(VIEWS)
        async with client_of(app) as client:
            for _ in range(7):
                await client.get("/api/shows/1")
        assert await connection.fetchval(VIEWS) == before + 7
    finally:
        await connection.close()


def test_a_pooler_needs_the_database_itself():
    """Imports, migrations and LISTEN bypass the pooler, so its URL alone is refused."""
    with pytest.raises(WrongSetting, match="DATABASE_URL"):
        Settings.from_environment({"DATABASE_POOLER_URL": "postgresql://pooler/catalogue"})
