"""One server process: serves until a signal or the end of its lifeline."""

import signal
from pathlib import Path

import httpx
import pytest

from tests.server.processes import serving


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server(demo_database: str, tmp_path: Path, number: signal.Signals):
    """The announced address answers; the signal ends the server with exit code 0."""
    async with serving(tmp_path, DATABASE_URL=demo_database) as server:
        async with httpx.AsyncClient(base_url=server.address) as client:
            assert (await client.get("/readyz")).status_code == 200
            assert "<strong>600</strong> movies" in (await client.get("/")).text
        assert await server.end(number) == 0
