"""GraphQL over HTTP: media types, statuses, persisted queries, entity tags, requests from other sites, and audits."""

import asyncio
import gzip
import hashlib
import shutil
import zlib
from pathlib import Path

import httpx
import orjson
import pytest
import zstandard

from mediacanon import paths
from mediacanon.execution import executor
from mediacanon.loaders import Loaders
from tests.serving import IS_CI, app_of, client_of, run_program, served

STATS = "{ stats { movies } }"
SEARCH = '{ search(query: "x") { matchedOn } }'
RESPONSE = {"accept": "application/graphql-response+json"}
DELETE = "mutation { deleteTitle(id: 1) }"


def persisted(query: str) -> dict[str, object]:
    """Return the extensions with the hash of a query."""
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}


async def test_post_and_get_return_the_same_data(demo_client: httpx.AsyncClient):
    """A query returns the same data by POST and by GET."""
    posted = await demo_client.post("/graphql", json={"query": STATS})
    got = await demo_client.get("/graphql", params={"query": STATS})
    assert posted.status_code == got.status_code == 200
    assert posted.json() == got.json() == {"data": {"stats": {"movies": 600}}}


async def test_get_is_conditional(demo_client: httpx.AsyncClient):
    """A response with the client's entity tag is 304, and other data have another tag."""
    first = await demo_client.get("/graphql", params={"query": STATS})
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = await demo_client.get("/graphql", params={"query": STATS}, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = await demo_client.get("/graphql", params={"query": "{ stats { shows } }"}, headers={"if-none-match": tag})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
        ("application/json;q=0, application/graphql-response+json", "application/graphql-response+json"),
        ("application/json;q=0.1, application/graphql-response+json;q=0.9", "application/graphql-response+json"),
        (
            "application/json; q=0.1, application/graphql-response+json; charset=utf-8",
            "application/graphql-response+json",
        ),
        ("application/graphql-response+json;q=0.8, application/json", "application/json"),
        ("application/json, application/graphql-response+json", "application/json"),
        ("*/*;q=0.1, application/graphql-response+json;q=0.2", "application/graphql-response+json"),
        ("application/json;q=0, */*", "application/graphql-response+json"),
        ("text/csv, application/*;q=0.5", "application/json"),
    ],
)
async def test_media_type_is_the_client_s(demo_client: httpx.AsyncClient, accept: str, media_type: str):
    """The preferred media type is sent; of equals, the first."""
    response = await demo_client.post("/graphql", json={"query": STATS}, headers={"accept": accept})
    assert response.headers["content-type"] == media_type


@pytest.mark.parametrize("accept", ["text/csv", "application/json;q=0", "*/*;q=0.0"])
async def test_unacceptable_is_406(demo_client: httpx.AsyncClient, accept: str):
    """A client that accepts no JSON gets 406."""
    response = await demo_client.post("/graphql", json={"query": STATS}, headers={"accept": accept})
    assert response.status_code == 406


@pytest.mark.parametrize(
    ("content", "content_type", "status", "message"),
    [
        (b"{", "application/json", 400, "must be JSON"),
        (b"[]", "application/json", 400, "batching is off"),
        (b"1", "application/json", 400, "JSON object"),
        (b"{}", "application/json", 400, "query is missing"),
        (b'{"query": 1}', "application/json", 400, "query must be a string"),
        (b'{"query": "{a}", "variables": []}', "application/json", 400, "variables must be an object"),
        (b'{"query": "{a}", "operationName": 3}', "application/json", 400, "operationName must be a string"),
        (b'{"query": "{a}", "extensions": "x"}', "application/json", 400, "extensions must be an object"),
        (b"query=%7Bstats%7D", "application/x-www-form-urlencoded", 415, "application/json"),
        (b"x", "multipart/form-data; boundary=x", 415, "application/json"),
        (b"{stats}", "text/plain", 415, "application/json"),
        (b'{"query": "\xff"}', "application/json", 400, "must be JSON"),
        (b" " * 300_000, "application/json", 413, "256 KiB"),
    ],
)
async def test_malformed_requests_are_refused(
    demo_client: httpx.AsyncClient, content: bytes, content_type: str, status: int, message: str
):
    """A malformed request gets a clear error in JSON."""
    response = await demo_client.post("/graphql", content=content, headers={"content-type": content_type})
    error = response.json()["errors"][0]
    assert response.status_code == status
    assert message in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query", ["{ stats { movies", "{ nothing }", "query ($id: Int!) { movie(id: $id) { movieId } }"]
)
async def test_documents_that_cannot_run_have_no_data(demo_client: httpx.AsyncClient, query: str):
    """A query that never ran is 400 in GraphQL's own media type, and has no data."""
    response = await demo_client.post("/graphql", json={"query": query}, headers=RESPONSE)
    assert response.status_code == 400
    assert response.json().keys() == {"errors"}
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_persisted_queries_are_registered_and_found(demo_client: httpx.AsyncClient):
    """A hash is unknown at first, then names its query, by GET too."""
    query = "query Persisted { stats { movies shows } }"
    extensions = persisted(query)
    unknown = await demo_client.get("/graphql", params={"extensions": orjson.dumps(extensions).decode()})
    assert unknown.headers["cache-control"] == "no-store"
    assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    both = await demo_client.post("/graphql", json={"query": query, "extensions": extensions})
    assert both.json()["data"]["stats"] == {"movies": 600, "shows": 120}
    short = await demo_client.get("/graphql", params={"extensions": orjson.dumps(extensions).decode()})
    assert short.json() == both.json()
    assert "etag" in short.headers


async def test_a_wrong_hash_is_refused(demo_client: httpx.AsyncClient):
    """A client cannot register a query under the hash of another."""
    response = await demo_client.post("/graphql", json={"query": STATS, "extensions": persisted("{ other }")})
    assert response.status_code == 400
    assert "sha256Hash" in response.json()["errors"][0]["message"]


async def test_queries_that_cannot_run_are_not_persisted(demo_client: httpx.AsyncClient):
    """A document that does not fit the schema gets its errors and is not registered."""
    query = "{ nothing }"
    for _ in range(2):
        unknown = await demo_client.post("/graphql", json={"extensions": persisted(query)})
        assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        both = await demo_client.post("/graphql", json={"query": query, "extensions": persisted(query)})
        assert "nothing" in both.json()["errors"][0]["message"]


COMPRESSORS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
}


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ({"operationName": ""}, {}),
        ({"operationName": "", "variables": None, "extensions": None}, {}),
        ({}, {"content-type": "application/json; charset=utf-8; boundary=x"}),
        ({}, {"content-type": 'Application/JSON;odata=verbose; Charset="UTF-8"'}),
        ({}, {"content-type": "application/json;"}),
        ({}, {"accept": "application/graphql-response+json;charset=utf-8"}),
        ({}, {"accept": "application/json; odata=verbose; charset=utf-8, */*;q=0.1"}),
    ],
)
async def test_requests_are_understood_as_common_clients_send_them(
    demo_client: httpx.AsyncClient, content: dict[str, object], headers: dict[str, str]
):
    """An empty operation name is none, and further parameters of a media type mean nothing."""
    headers = {"content-type": "application/json", **headers}
    response = await demo_client.post("/graphql", content=orjson.dumps({"query": STATS, **content}), headers=headers)
    assert response.json() == {"data": {"stats": {"movies": 600}}}
    params = {"query": STATS, **({"operationName": ""} if "operationName" in content else {})}
    got = await demo_client.get("/graphql", params=params, headers=headers)
    assert got.json() == response.json()


@pytest.mark.parametrize("encoding", COMPRESSORS)
async def test_bodies_are_decoded_before_they_are_parsed(demo_client: httpx.AsyncClient, encoding: str):
    """A compressed body is decoded, and a byte order mark is skipped."""
    for mark in (b"", b"\xef\xbb\xbf"):
        content = COMPRESSORS[encoding](mark + orjson.dumps({"query": STATS}))
        headers = {"content-type": "application/json", "content-encoding": encoding}
        response = await demo_client.post("/graphql", content=content, headers=headers)
        assert response.json() == {"data": {"stats": {"movies": 600}}}


@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [(b"{}", "br", 415), (b"{}", "gzip", 400), (gzip.compress(bytes(9_000_000)), "gzip", 413)],
)
async def test_bodies_that_cannot_be_decoded_are_refused(
    demo_client: httpx.AsyncClient, content: bytes, encoding: str, status: int
):
    """An unknown encoding is 415 with the known ones, damaged bytes are 400, and too many decoded bytes are 413."""
    headers = {"content-type": "application/json", "content-encoding": encoding}
    response = await demo_client.post("/graphql", content=content, headers=headers)
    assert response.status_code == status
    message = response.json()["errors"][0]["message"]
    assert {415: "gzip, deflate, zstd", 400: "not the gzip", 413: "256 KiB"}[status] in message


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "BREW"])
async def test_a_wrong_method_gets_the_allowed_ones(demo_client: httpx.AsyncClient, method: str):
    """405 with Allow, in JSON as every other error."""
    response = await demo_client.request(method, "/graphql", json={"query": "{ stats { movies } }"})
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert response.headers["content-type"] == "application/json"
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["BAD_USER_INPUT"]


async def test_mutations_need_post(demo_client: httpx.AsyncClient):
    """A mutation by GET, such as from a link or an image, is refused."""
    response = await demo_client.get("/graphql", params={"query": DELETE})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
    ],
)
async def test_other_sites_may_read_not_write(demo_client: httpx.AsyncClient, headers: dict[str, str]):
    """A browser on another site reads the data and cannot change them."""
    read = await demo_client.post("/graphql", json={"query": STATS}, headers=headers)
    assert (read.status_code, read.headers["access-control-allow-origin"]) == (200, "*")
    written = await demo_client.post("/graphql", json={"query": DELETE}, headers=headers)
    assert written.status_code == 403
    assert written.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_conflict_has_a_code_of_its_own(demo_database: str):
    """A title that exists already is CONFLICT at the field of the mutation, and nothing changes."""
    create = 'mutation { createMovie(input: {displayName: "x", imdbId: "tt7654321"}) { movieId } }'
    async with client_of(app_of(demo_database)) as client:
        first = await client.post("/graphql", json={"query": create}, headers=RESPONSE)
        assert "errors" not in first.json()
        again = await client.post("/graphql", json={"query": create}, headers=RESPONSE)
        assert again.json()["errors"][0]["extensions"] == {"code": "CONFLICT"}
        assert again.json()["errors"][0]["path"] == ["createMovie"]
        assert (await client.post("/graphql", json={"query": STATS})).json()["data"]["stats"]["movies"] == 601


async def test_a_preflight_allows_post(demo_client: httpx.AsyncClient):
    """A preflight of another site gets the allowed methods."""
    response = await demo_client.options("/graphql", headers={"origin": "https://elsewhere.example"})
    assert response.status_code == 204
    assert "POST" in response.headers["access-control-allow-methods"]


async def test_unforeseen_errors_are_masked_and_logged(demo_client, monkeypatch, caplog):
    """The client gets the id of the request, and the log the whole error."""

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr(Loaders.ranked, "load", fail)
    response = await demo_client.post("/graphql", json={"query": SEARCH}, headers={"x-request-id": "abc-1"})
    error = response.json()["errors"][0]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "abc-1"}
    assert "secret" not in response.text
    assert "abc-1" in error["message"]
    assert "the secret detail" in caplog.text


async def test_a_slow_query_is_stopped(demo_client, monkeypatch):
    """A query beyond the time limit ends with a clear error."""

    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Loaders.ranked, "load", wait)
    monkeypatch.setattr(executor, "MAX_SECONDS", 0.05)
    response = await demo_client.post("/graphql", json={"query": SEARCH})
    assert response.status_code == 503
    error = response.json()["errors"][0]
    assert "10 seconds" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_lost_database_is_reported(demo: str):
    """Without a database the response names the reason, without a traceback."""
    app = app_of(demo)
    async with client_of(app) as client:
        assert (await client.get("/readyz")).status_code == 200
        await app.services.pool.close()
        response = await client.post("/graphql", json={"query": STATS})
        assert response.json()["errors"][0]["message"] == "The database cannot be reached."
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/movies/1")).status_code == 503


@pytest.mark.skipif(
    not (IS_CI or (shutil.which("node") and (paths.PACKAGE.parent / "node_modules" / "graphql-http").is_dir())),
    reason="needs npm's graphql-http",
)
async def test_all_audits_of_graphql_http_pass(demo: str):
    """All 61 audits of the reference implementation pass."""
    async with served(app_of(demo)) as url:
        code, output = await run_program("node", str(Path(__file__).with_name("audits.mjs")), f"{url}/graphql")
    assert code == 0, output
    results = [orjson.loads(line) for line in output.splitlines()]
    assert len(results) == 61
    assert [each for each in results if each["status"] != "ok"] == []
