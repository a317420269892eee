"""The OpenAPI file of each dialect describes the server: schemathesis takes it at its word."""

import asyncio
import os
import re
import sys
from pathlib import Path

import httpx
import pytest

from mediacanon.rest_compat.dialect import Dialect
from mediacanon.server.app import DIALECTS
from tests.serving import app_of, served, with_collections

HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
OPTIONS = (
    *("--max-examples", "10", "--continue-on-failure"),
    *("--generation-deterministic", "--no-color", "--warnings", "off"),
)
DOCUMENTS = {
    "/api": "rest.md",
    "/lists": "lists.md",
    "/stremio": "stremio.md",
    "/omdb": "omdb.md",
    "/tmdb": "tmdb_api.md",
    "/ratings": "ratings.md",
    "/plex": "plex.md",
    "/radarr": "ratings.md",
    "/poster": "ratings.md",
}
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.prefix)


@each_dialect
async def test_schemathesis_finds_no_deviation(demo_database: str, tmp_path: Path, dialect: Dialect):
    """No 5xx, no undocumented status or type, no answer beside its schema, no wrong value taken, no right one refused.

    The number of operations is checked as well: an endpoint that the run left out would pass.
    """
    async with served(app_of(await with_collections(demo_database))) as address:
        process = await asyncio.create_subprocess_exec(
            *(SCHEMATHESIS, "--config-file", HERE / "schemathesis.toml"),
            *("run", f"{address}{dialect.openapi_path}", *OPTIONS),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)},
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    operations = {(row.method, row.path) for row in dialect.endpoints}
    assert f"  Tested: {len(operations)}\n" in output.decode()


@each_dialect
async def test_every_endpoint_is_described(demo_client: httpx.AsyncClient, dialect: Dialect):
    """Each row of the table is an operation, and there are no others."""
    description = (await demo_client.get(dialect.openapi_path)).json()
    assert description["openapi"].startswith("3.1.")
    paths = description["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == {(row.method, row.path) for row in dialect.endpoints}
    operations = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(set(operations)) == len(operations)


@each_dialect
async def test_the_page_shows_every_endpoint_with_its_answer(client: httpx.AsyncClient, dialect: Dialect):
    """Requests to follow, real answers, the explorer, the OpenAPI file and the other dialects."""
    for path in (dialect.prefix, f"{dialect.prefix}/"):
        page = await client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        for row in dialect.endpoints:
            assert f"<code>{row.method} {row.path}</code>" in page.text
        # The introduction of the contract shows the shape of an error.
        assert re.findall("error&#34;: &#34;[^…]", page.text) == []
        for link in ("/graphql", dialect.openapi_path, *(each.prefix for each in DIALECTS if each is not dialect)):
            assert f'href="{link}"' in page.text


async def test_backticks_of_a_summary_become_code(client: httpx.AsyncClient):
    """A summary is a plain text with code in it."""
    assert "name holds <code>q</code>" in (await client.get("/api")).text


async def test_the_page_is_cached_and_fresh(client: httpx.AsyncClient):
    """It runs every example once per change; each origin has an entry of its own."""
    assert "http://elsewhere.test/api" in (await client.get("/api", headers={"host": "elsewhere.test"})).text
    page = await client.get("/api")
    assert "elsewhere.test" not in page.text
    cache = client._transport.app.services.response_cache
    async with asyncio.timeout(60):
        while not (kept := [answer for key, answer in cache._entries.items() if key.host == b"mediacanon.test"]):
            page = await client.get("/api")  # The carousels, once built, are a change.
    assert page.content == kept[0].body
    assert (await client.get("/api", headers={"if-none-match": kept[0].tag})).status_code == 304
    [title_id] = re.findall(r"GET /api/titles/(\d+)<", page.text)[:1] or ["1"]
    await client.put(f"/api/titles/{title_id}", json={"display_name": "Renamed just now"})
    assert "Renamed just now" in (await client.get("/api")).text


@each_dialect
async def test_the_page_needs_no_title(database: str, dialect: Dialect):
    """Over an empty catalogue the page has no answers to show, and is there."""
    async with served(app_of(database)) as address, httpx.AsyncClient(timeout=60) as client:
        assert (await client.get(f"{address}{dialect.prefix}")).status_code == 200


@pytest.mark.parametrize(("name", "id_"), [("imdb", "tt0000001"), ("tmdb", "movie:1")])
async def test_a_look_up_takes_as_many_ids_as_are_described(demo_client: httpx.AsyncClient, name: str, id_: str):
    """The description and the endpoint allow 250, and refuse one more."""
    described = (await demo_client.get("/api/openapi.json")).json()["paths"]["/api/lookup"]["get"]["parameters"]
    [pattern] = [each["schema"]["pattern"] for each in described if each["name"] == name]
    for ids, is_right in ((250, True), (251, False)):
        text = ",".join([id_] * ids)
        assert bool(re.search(pattern, text)) == is_right
        assert (await demo_client.get("/api/lookup", params={name: text})).is_success == is_right


@each_dialect
def test_every_endpoint_is_documented(dialect: Dialect):
    """The dialect's page in docs/ has a row for each."""
    text = (HERE.parents[1] / "docs" / DOCUMENTS[dialect.prefix]).read_text()
    assert [row.path for row in dialect.endpoints if f"| `{row.method} {row.path}` |" not in text] == []
