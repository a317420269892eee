"""One server process: serves until a signal or the end of its lifeline."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from mediacanon.settings import Settings
from tests.server.processes import serving

# Seconds: nginx keeps idle connections to a server for 60 s, cloudflared for 90 s.
PROXIES_KEEP = 90


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server(demo_database: str, tmp_path: Path, number: signal.Signals):
    """The announced address answers; the signal ends the server with exit code 0."""
    async with serving(tmp_path, DATABASE_URL=demo_database) as server:
        async with httpx.AsyncClient(base_url=server.address) as client:
            assert (await client.get("/readyz")).status_code == 200
            assert "<strong>600</strong> movies" in (await client.get("/")).text
        assert await server.end(number) == 0


async def test_idle_connections_outlive_those_that_proxies_keep(demo_database: str, tmp_path: Path):
    """An idle connection is kept for MEDIACANON_KEEP_ALIVE seconds; the default is above that of the proxies."""
    assert Settings.from_environment({}).keep_alive > PROXIES_KEEP
    settings = {"DATABASE_URL": demo_database, "MEDIACANON_KEEP_ALIVE": "1"}
    kept = {}
    for name, environment in (("short", settings), ("default", {"DATABASE_URL": demo_database})):
        async with serving(tmp_path, **environment) as server:
            url = httpx.URL(server.address)
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            await reader.readuntil(b'{"status":"ok"}')
            try:
                async with asyncio.timeout(6):
                    kept[name] = await reader.read() != b""
            except TimeoutError:
                kept[name] = True
            writer.close()
    assert kept == {"short": False, "default": True}
