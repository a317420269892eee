"""Varnish, as deploy/varnish configures it, before two servers: what it stores, and what it forgets after a change."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.serving import app_of, served

VARNISH = shutil.which("varnishd", path=f"{os.environ['PATH']}:/usr/sbin")
MODULES = [*Path("/usr/lib").glob("**/libvmod_xkey.so")]
pytestmark = pytest.mark.skipif(not (VARNISH and MODULES), reason="needs varnish and varnish-modules")
CONFIGURATION = Path(__file__).parents[2] / "deploy" / "varnish" / "mediacanon.vcl"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.asynccontextmanager
async def varnish(port: int, servers: list[str]) -> AsyncIterator[None]:
    """Run Varnish with the shipped configuration before these two servers."""
    text = CONFIGURATION.read_text()
    for number, address in zip(("8080", "8081"), servers, strict=True):
        text = text.replace(f'"{number}"', f'"{address.rpartition(":")[2]}"')
    with tempfile.TemporaryDirectory(prefix="mediacanon-varnish-") as folder:
        configuration = Path(folder, "mediacanon.vcl")
        await asyncio.to_thread(configuration.write_text, text)
        process = await asyncio.create_subprocess_exec(
            *(VARNISH, "-F", "-j", "none", "-n", f"{folder}/state", "-f", configuration),
            *("-a", f"127.0.0.1:{port}", "-s", "malloc,32m"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(60):
                while b"Child" not in (line := await process.stdout.readline()) or b"said" not in line:
                    assert line, "Varnish does not start"
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            await process.communicate()


@pytest.fixture
async def client(demo_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of Varnish before two servers of one catalogue."""
    port = free_port()
    shared = {"MEDIACANON_SHARED_MAX_AGE": "300", "MEDIACANON_PURGE_URL": f"http://127.0.0.1:{port}"}
    async with (
        served(app_of(demo_database, **shared)) as one,
        served(app_of(demo_database, **shared)) as other,
        varnish(port, [one, other]),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        yield client


def is_hit(response: httpx.Response) -> bool:
    """Return whether Varnish had the response: then it names the request that it was stored for, too."""
    return len(response.headers["x-varnish"].split()) > 1


async def until_new(client: httpx.AsyncClient, path: str, text: str) -> httpx.Response:
    """Return the first response with this text, within the promised seconds."""
    async with asyncio.timeout(60):
        while text not in (response := await client.get(path)).text:
            await asyncio.sleep(0.02)
    return response


async def test_a_shared_cache_serves_reads_and_forgets_what_changes(client: httpx.AsyncClient):
    """Details, lists and pages come from the cache; an edit purges what shows it alone; browsers store nothing."""
    changed, other, found = "/api/titles/1", "/api/titles/2", "/api/titles?q=Zyzzyva"
    for path in (changed, other, found, "/titles", "/", "/discover"):
        await client.get(path)
        kept = await client.get(path)
        assert is_hit(kept), path
        assert kept.headers["cache-control"] == "no-cache"
        assert not {"surrogate-key", "cache-tag", "xkey"} & set(kept.headers)
        assert (await client.get(path, headers={"if-none-match": kept.headers["etag"]})).status_code == 304
    for path in ("/healthz", "/nowhere", "/api/titles/0", "/graphql?query={__typename}"):
        assert not is_hit([await client.get(path) for _ in range(2)][1]), path
    assert (await client.put(changed, json={"display_name": "Zyzzyva"})).status_code == 200
    for path in (changed, found):
        await until_new(client, path, "Zyzzyva")
    assert is_hit(await client.get(other))


async def test_only_servers_may_purge(client: httpx.AsyncClient):
    """A purge of a tag that nothing carries succeeds for loopback, and a purge through a header does not write."""
    await client.get("/api/titles/1")
    assert (await client.request("PURGE", "/", headers={"surrogate-key": "title:999999"})).status_code == 200
    assert is_hit(await client.get("/api/titles/1"))
    assert (await client.request("PURGE", "/", headers={"surrogate-key": "everything"})).status_code == 200
    assert not is_hit(await client.get("/api/titles/1"))
