"""The OpenAPI file says what the server does: schemathesis believes it and finds nothing else."""

import asyncio
import os
import re
import sys
from pathlib import Path

import httpx
import pytest

from mediacanon.rest_compat.anywatch.endpoints import ENDPOINTS
from tests.serving import app_of, served, with_collections

HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
OPTIONS = (
    *("--max-examples", "10", "--continue-on-failure"),
    *("--generation-deterministic", "--no-color", "--warnings", "off"),
)


async def test_schemathesis_finds_nothing_that_the_description_does_not_say(demo_database: str, tmp_path: Path):
    """No 5xx, no undocumented status or type, no answer beside its schema, no wrong data taken, no right data refused.

    Of any endpoint: one that was left out would pass, too.
    """
    async with served(app_of(await with_collections(demo_database))) as address:
        process = await asyncio.create_subprocess_exec(
            *(
                SCHEMATHESIS,
                "--config-file",
                HERE / "schemathesis.toml",
                "run",
                f"{address}/api/openapi.json",
                *OPTIONS,
            ),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)},
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert f"  Tested: {len(ENDPOINTS)}\n" in output.decode()


async def test_every_endpoint_is_described(demo_client: httpx.AsyncClient):
    """Each row of the table is an operation, and there are no others."""
    paths = (await demo_client.get("/api/openapi.json")).json()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == {(row.method, row.path) for row in ENDPOINTS}


async def test_the_page_shows_every_endpoint_with_its_answer(client: httpx.AsyncClient):
    """Requests that can be followed, real answers, the explorer and the OpenAPI file."""
    for path in ("/api", "/api/"):
        page = await client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        for row in ENDPOINTS:
            assert f"<code>{row.method} {row.path}</code>" in page.text
        assert "Not found" not in page.text
        assert "name holds <code>q</code>" in page.text
        assert 'href="/graphql"' in page.text
        assert 'href="/api/openapi.json"' in page.text


async def test_the_page_is_kept_and_fresh(client: httpx.AsyncClient):
    """It runs every example: once, until something changes; each address has its own."""
    assert "http://elsewhere.test/api" in (await client.get("/api", headers={"host": "elsewhere.test"})).text
    page = await client.get("/api")
    assert "elsewhere.test" not in page.text
    cache = client._transport.app.services.response_cache
    async with asyncio.timeout(60):
        while not (kept := [answer for key, answer in cache._entries.items() if key.host == b"mediacanon.test"]):
            page = await client.get("/api")  # the carousels, once built, are a change
    assert page.content == kept[0].body
    assert (await client.get("/api", headers={"if-none-match": kept[0].tag})).status_code == 304
    [title_id] = re.findall(r"GET /api/titles/(\d+)<", page.text)[:1] or ["1"]
    await client.put(f"/api/titles/{title_id}", json={"display_name": "Renamed just now"})
    assert "Renamed just now" in (await client.get("/api")).text


async def test_the_page_is_there_without_a_single_title(database: str):
    """An empty catalogue has no answers to show, and no errors either."""
    async with served(app_of(database)) as address, httpx.AsyncClient() as client:
        assert (await client.get(f"{address}/api")).status_code == 200


@pytest.mark.parametrize(("name", "id_"), [("imdb", "tt0000001"), ("tmdb", "movie:1")])
async def test_a_look_up_takes_as_many_ids_as_are_described(demo_client: httpx.AsyncClient, name: str, id_: str):
    """250 are allowed by the description and by the endpoint, one more by neither."""
    described = (await demo_client.get("/api/openapi.json")).json()["paths"]["/api/lookup"]["get"]["parameters"]
    [pattern] = [each["schema"]["pattern"] for each in described if each["name"] == name]
    for ids, is_right in ((250, True), (251, False)):
        text = ",".join([id_] * ids)
        assert bool(re.search(pattern, text)) == is_right
        assert (await demo_client.get("/api/lookup", params={name: text})).is_success == is_right


def test_every_endpoint_is_documented():
    """docs/rest.md has a row for each."""
    text = (HERE.parents[2] / "docs" / "rest.md").read_text()
    assert [row.path for row in ENDPOINTS if f"| `{row.method} {row.path}` |" not in text] == []
