"""Services: probes that answer in time whatever the database does."""

import asyncio

import httpx
import pytest

from mediacanon.server import services
from tests.serving import app_of, client_of


async def test_a_probe_does_not_wait_for_a_connection(demo: str, monkeypatch: pytest.MonkeyPatch):
    """While every connection is busy /readyz is 503 with the reason, /metrics has all figures, /healthz is 200."""
    app = app_of(demo, MEDIACANON_POOL_SIZE="1")
    async with client_of(app) as client:
        assert (await client.get("/readyz")).status_code == 200
        async with app.services.pool.acquire():
            monkeypatch.setattr(services, "PROBE_SECONDS", 0.2)
            answer = await within(client, "/readyz")
            assert (answer.status_code, answer.json()["database"]) == (503, "busy")
            assert "mediacanon_last_import_timestamp_seconds" in (await within(client, "/metrics")).text
            assert (await within(client, "/healthz")).status_code == 200
        monkeypatch.undo()
        assert (await client.get("/readyz")).status_code == 200


async def within(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Return a response that must come while the connection is held: without a bound it never does."""
    return await asyncio.wait_for(client.get(path), 60)
