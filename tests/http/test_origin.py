"""Writes are open, need the token or are off, by REST and GraphQL alike; pages of other sites never write."""

from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request

from mediacanon.errors import WrongSetting
from mediacanon.http.origin import is_allowed_host, is_cross_site
from mediacanon.settings import Settings
from tests.serving import app_of, ask, client_of

CREATE = 'mutation { createMovie(input: {displayName: "x"}) { movieId } }'
BODY = {"display_name": "x"}
FORM = {"type": "movie", "displayName": "x"}


@pytest.mark.parametrize(
    ("environment", "header", "status", "code"),
    [
        ({}, None, 201, None),
        ({"MEDIACANON_WRITES": "off"}, None, 403, "FORBIDDEN"),
        ({"MEDIACANON_WRITES": "token", "MEDIACANON_WRITE_TOKEN": "s3cret"}, None, 401, "UNAUTHENTICATED"),
        ({"MEDIACANON_WRITES": "token", "MEDIACANON_WRITE_TOKEN": "s3cret"}, "Bearer wrong", 401, "UNAUTHENTICATED"),
        ({"MEDIACANON_WRITES": "token", "MEDIACANON_WRITE_TOKEN": "s3cret"}, "Bearer s3cret", 201, None),
    ],
)
async def test_the_setting_governs_rest_and_graphql(demo_database: str, environment, header, status, code):
    """Both refuse writes alike, and both read."""
    async with client_of(app_of(demo_database, **environment)) as client:
        client.headers.update({"authorization": header} if header else {})
        response = await client.post("/api/movies", json=BODY)
        assert response.status_code == status
        assert ("www-authenticate" in response.headers) == (status == 401)
        answer = await ask(client, CREATE)
        assert [error["extensions"]["code"] for error in answer.get("errors", ())] == ([code] if code else [])
        assert (await client.put("/api/titles/1", content=b"{")).status_code == (400 if code is None else status)
        assert (await client.delete("/api/titles/999999")).status_code == (204 if code is None else status)
        assert (await client.get("/api/titles/1")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
async def test_a_page_of_another_site_cannot_write(client_for_writing: httpx.AsyncClient, headers: dict[str, str]):
    """Nor does a preflight allow it: CORS is for reads."""
    response = await client_for_writing.post("/api/movies", json=BODY, headers=headers)
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
    preflight = await client_for_writing.options("/api/movies/1", headers=headers)
    assert "PUT" not in preflight.headers["access-control-allow-methods"]
    read = await client_for_writing.get("/api/titles/1", headers=headers)
    assert read.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"bearer s3cret", 201),
        (b"BEARER  s3cret", 201),
        (b"Basic s3cret", 401),
        (b"s3cret", 401),
        (b"Bearer", 401),
        (b"Bearer s3cr\xe9t", 401),
    ],
)
async def test_the_scheme_is_case_insensitive(demo_database: str, header: bytes, status: int):
    """As RFC 9110 has it; any other credentials are refused, also bytes that are no ASCII."""
    settings = {"MEDIACANON_WRITES": "token", "MEDIACANON_WRITE_TOKEN": "s3cret"}
    async with client_of(app_of(demo_database, **settings)) as client:
        response = await client.post("/api/movies", json=BODY, headers={b"authorization": header})
        assert response.status_code == status


WRITES = (("/api/movies", "json", BODY), ("/graphql", "json", {"query": CREATE}), ("/add", "data", FORM))


OWN_HOSTS = ("localhost:8080", "Media.LOCALHOST", "127.0.0.1:8080", "[::1]:8080", "192.168.1.7", "media.example.org")
FOREIGN_HOSTS = ("evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "evillocalhost", "[::1")


@pytest.mark.parametrize("host", [*OWN_HOSTS, *FOREIGN_HOSTS])
async def test_a_browser_writes_to_an_open_server_by_its_own_names_only(client_for_writing, host: str):
    """A foreign name that resolves to this machine is refused (DNS rebinding); programs may use any name."""
    for path, kind, body in WRITES:
        for browser_headers in ({"sec-fetch-site": "same-origin"}, {"origin": f"http://{host}"}):
            response = await client_for_writing.post(path, **{kind: body}, headers={"host": host, **browser_headers})
            is_denied = response.status_code == 403 or "FORBIDDEN" in response.text
            assert is_denied == ("MEDIACANON_ALLOWED_HOSTS" in response.text) == (host in FOREIGN_HOSTS)
        by_program = await client_for_writing.post(path, **{kind: body}, headers={"host": host})
        assert by_program.status_code in (200, 201, 303)


async def test_with_a_token_any_host_name_is_allowed(demo_database: str):
    """A page under a foreign name does not know the token."""
    settings = {"MEDIACANON_WRITES": "token", "MEDIACANON_WRITE_TOKEN": "s3cret"}
    headers = {"authorization": "Bearer s3cret", "sec-fetch-site": "same-origin", "host": "media.example.org"}
    async with client_of(app_of(demo_database, **settings)) as client:
        assert (await client.post("/api/movies", json=BODY, headers=headers)).status_code == 201


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_another_sites_page_cannot_write_with_the_token_either(demo_database: str, headers: dict[str, str]):
    """Every method is refused, and the title is unchanged."""
    settings = {"MEDIACANON_WRITES": "token", "MEDIACANON_WRITE_TOKEN": "s3cret"}
    async with client_of(app_of(demo_database, **settings)) as client:
        client.headers.update({"authorization": "Bearer s3cret"})
        for method, path, body in (
            ("POST", "/api/movies", BODY),
            ("PUT", "/api/titles/1", BODY),
            ("DELETE", "/api/titles/1", None),
        ):
            response = await client.request(method, path, json=body, headers=headers)
            assert response.status_code == 403
        assert (await client.get("/api/titles/1")).json()["display_name"] != "x"
        assert (await client.put("/api/titles/1", json=BODY)).status_code == 200


async def test_a_proxy_may_rewrite_host(client_for_writing: httpx.AsyncClient):
    """Sec-Fetch-Site decides; Origin is compared with Host only in its absence."""
    headers = {"sec-fetch-site": "same-origin", "origin": "https://media.example.org", "host": "127.0.0.1:8080"}
    assert (await client_for_writing.post("/api/movies", json=BODY, headers=headers)).status_code == 201
    del headers["sec-fetch-site"]
    assert (await client_for_writing.post("/api/movies", json=BODY, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("origin", "host", "is_same"),
    [
        ("http://media.lan", "Media.LAN", True),
        ("http://media.lan", "media.lan:80", True),
        ("http://media.lan:80", "media.lan", True),
        ("https://media.lan:443", "media.lan", True),
        ("https://media.lan", "media.lan.", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://media.lan", "media.lan:8080", False),
        ("http://media.lan:81", "media.lan", False),
        ("http://media.lan.evil.example", "media.lan", False),
        ("http://media.lan:x", "media.lan", False),
        ("http://", "", False),
        ("null", "null", False),
    ],
)
def test_origin_and_host_are_compared_as_hosts_and_ports(origin: str, host: str, *, is_same: bool):
    """Case, a spelled default port and a final dot make no difference."""
    headers = [(b"origin", origin.encode()), (b"host", host.encode())]
    assert is_cross_site(Request({"type": "http", "method": "POST", "headers": headers})) != is_same


async def test_a_refusal_names_the_header_to_forward(client_for_writing: httpx.AsyncClient):
    """A proxy that replaces Host is told apart from another site by the operator alone."""
    headers = {"origin": "https://media.example.org", "host": "127.0.0.1:8080"}
    response = await client_for_writing.post("/api/movies", json=BODY, headers=headers)
    assert response.status_code == 403
    assert "forward the Host header" in response.text
    assert "127.0.0.1:8080" in response.text
    form = await client_for_writing.post("/add", data=FORM, headers=headers)
    assert "forward the Host header" in form.text


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_cannot_write(client_for_writing: httpx.AsyncClient, media_type: str):
    """A body must be JSON, and its media type must say so: forms cannot send that."""
    headers = {"content-type": media_type}
    response = await client_for_writing.post("/api/movies", content=b'{"display_name": "x"}', headers=headers)
    assert response.status_code == 415
    assert list(response.json()) == ["error"]


@pytest.fixture
async def client_for_writing(demo_database: str):
    """Give a client of a server with open writes."""
    async with client_of(app_of(demo_database, MEDIACANON_ALLOWED_HOSTS="media.example.org, nas.local")) as client:
        yield client


def test_a_token_must_be_set_where_one_is_asked_for():
    """A server that no client could write to does not start."""
    with pytest.raises(WrongSetting, match="MEDIACANON_WRITE_TOKEN"):
        Settings.from_environment({"MEDIACANON_WRITES": "token"})


def test_no_long_host_is_kept():
    """urlsplit keeps the texts it has split: a client could fill it with headers of 60 KB."""
    before = urlsplit.cache_info().misses
    for header in ("host", "origin"):
        headers = {"host": "media.lan", "origin": "http://media.lan:80", header: f"http://{'a' * 60_000}.localhost"}
        scope = {"type": "http", "headers": [(name.encode(), text.encode()) for name, text in headers.items()]}
        assert is_cross_site(Request(scope))
        assert is_allowed_host(Request(scope), {"media.lan"}) == (header == "origin")
    assert urlsplit.cache_info().misses - before <= 1
