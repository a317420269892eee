"""Reverse proxies: trusted ones are believed, and every address of the server works below a base path."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import Scope

from mediacanon.errors import WrongSetting
from mediacanon.http.proxies import RECEIVED_HOST, TrustedProxies, read_address, read_prefix
from mediacanon.settings import Settings
from tests.serving import app_of, client_of, served

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
PAGES = (
    "/",
    "/discover",
    "/discover?type=movie",
    "/titles",
    "/titles?q=the",
    "/movies/1",
    "/shows/1",
    "/people/99000001",
    "/add",
    "/api",
)
LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)')
LOCAL = ("127.0.0.1", 5)


async def forwarded(
    headers: dict[str, str], *, client: tuple[str, int] = LOCAL, path: str = "/", **settings: str
) -> Scope:
    """Return the scope that the application sees of a request with these headers."""
    read = Settings.from_environment(settings)
    seen: list[Scope] = []

    async def app(scope: Scope, receive: object, send: object) -> None:
        seen.append(scope)

    pairs = [(name.encode(), value.encode()) for name, value in {"host": "inner", **headers}.items()]
    scope = {"type": "http", "scheme": "http", "path": path, "headers": pairs, "client": client}
    await TrustedProxies(app, networks=read.trusted_proxies, base=read.base_path)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]


async def test_a_trusted_proxy_is_believed():
    """Client, scheme, host and prefix are those that the proxy received."""
    headers = {
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "media.example.org",
        "x-forwarded-prefix": "/media/",
    }
    scope = await forwarded(headers, path="/titles")
    assert scope["client"][0] == "203.0.113.9"
    assert scope["scheme"] == "https"
    assert (b"host", b"media.example.org") in scope["headers"]
    assert scope[RECEIVED_HOST] == "inner"
    assert (scope["root_path"], scope["path"]) == ("/media", "/media/titles")


@pytest.mark.parametrize(
    ("client", "setting"), [("203.0.113.1", None), ("127.0.0.1", "none"), ("172.18.0.2", "10.0.0.0/8")]
)
async def test_any_other_peer_is_not_believed(client: str, setting: str | None):
    """A client cannot choose its address, host or prefix."""
    settings = {"MEDIACANON_TRUSTED_PROXIES": setting} if setting else {}
    headers = {f"x-forwarded-{name}": "198.51.100.7" for name in ("for", "proto", "host")}
    scope = await forwarded({**headers, "x-forwarded-prefix": "/evil"}, client=(client, 1), **settings)
    assert scope["client"] == (client, 1)
    assert (b"host", b"inner") in scope["headers"]
    assert not scope.get("root_path")


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 172.18.0.2, 172.18.0.3", "203.0.113.9"),
        ("172.18.0.2, 172.18.0.3", "172.18.0.2"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("nonsense", "172.18.0.9"),
        ("203.0.113.9, nonsense", "172.18.0.9"),
    ],
)
async def test_the_client_is_the_nearest_address_that_is_no_proxy(hops: str, client: str):
    """Entries before it are the client's own invention."""
    peer = ("172.18.0.9", 1)
    scope = await forwarded({"x-forwarded-for": hops}, client=peer, MEDIACANON_TRUSTED_PROXIES="172.16.0.0/12, ::1")
    assert scope["client"][0] == client


@pytest.mark.parametrize("text", ["media", "//evil.example", "/a/../b", '/a"b', "/a b", "/" + "x" * 300, "/a//b", "/."])
def test_a_malformed_prefix_is_ignored(text: str):
    """A prefix stands in every link of a page."""
    assert read_prefix(text) is None


def test_a_text_without_an_address_has_none():
    """Names and obfuscated identifiers are none."""
    assert [read_address(text) for text in ("", "unknown", "_hidden", "1.2.3", "[::1")] == [None] * 5


@pytest.mark.parametrize("setting", ["MEDIACANON_TRUSTED_PROXIES=proxy.lan", "MEDIACANON_BASE_PATH=media"])
def test_malformed_settings_are_refused(setting: str):
    """The message names the variable."""
    name, _, value = setting.partition("=")
    with pytest.raises(WrongSetting, match=name):
        Settings.from_environment({name: value})


async def test_a_rebound_page_cannot_name_a_host_of_its_choice(demo_database: str):
    """The Host that arrived must be allowed, too."""
    headers = {"host": "evil.example", "x-forwarded-host": "localhost", "sec-fetch-site": "same-origin"}
    async with client_of(app_of(demo_database)) as client:
        response = await client.post("/api/movies", json={"display_name": "x"}, headers=headers)
        assert response.status_code == 403
        assert "evil.example" in response.text
        asked = {"access-control-request-headers": "content-type, X-Forwarded-Host"}
        preflight = await client.options("/graphql", headers=asked)
        assert "forwarded" not in preflight.headers["access-control-allow-headers"].lower()


async def check_site(client: httpx.AsyncClient, base: str) -> None:
    """Check that pages, REST, GraphQL, the explorer, sitemaps and redirects work below a base path and stay there."""
    links: set[str] = set()
    for path in PAGES:
        response = await client.get(base + path)
        assert response.status_code == 200, path
        links |= set(LINK.findall(response.text))
    explorer = await client.get(f"{base}/graphql", headers={"accept": "text/html"})
    links |= set(LINK.findall(explorer.text)) | set(LINK.findall((await client.get(f"{base}/nothing")).text))
    assert links
    assert not [link for link in links if not link.startswith(f"{base}/")]
    for link in {re.sub(r"[0-9]+", "1", link): link for link in links if not link.endswith("/refresh")}.values():
        response = await client.get(link.replace("&amp;", "&"), headers={"accept": "text/html, */*"})
        assert response.status_code < 400, link
    assert (await client.get(f"{base}/api/titles/1")).json()["title_id"] == 1
    query = await client.post(f"{base}/graphql", json={"query": "{stats{movies}}"})
    assert query.json()["data"]["stats"]["movies"]
    assert (await client.get(f"{base}/search?q=a")).headers["location"] == f"{base}/titles?q=a"
    robots = (await client.get(f"{base}/robots.txt")).text
    assert f"Disallow: {base}/api/" in robots
    assert re.search(rf"Sitemap: http://[^/]+{base}/sitemap\.xml", robots)
    index = (await client.get(f"{base}/sitemap.xml")).text
    sitemap = httpx.URL(re.search("<loc>(.*?)</loc>", index)[1]).path
    assert f"{base}/movies/1</loc>" in (await client.get(sitemap)).text
    canonical = re.search(r'rel="canonical" href="([^"]+)"', (await client.get(f"{base}/movies/1")).text)[1]
    assert httpx.URL(canonical).path == f"{base}/movies/1"


async def test_every_address_stays_below_the_base_path(demo_with_collections: str):
    """The proxy leaves the base path on the request."""
    async with client_of(app_of(demo_with_collections, MEDIACANON_BASE_PATH="/media")) as client:
        await check_site(client, "/media")
        assert (await client.get("/healthz")).status_code == 200


async def test_a_form_leads_below_the_base_path(demo_database: str):
    """The redirect after a write keeps the prefix."""
    form = {"type": "movie", "displayName": "x"}
    async with client_of(app_of(demo_database)) as client:
        response = await client.post("/add", data=form, headers={"x-forwarded-prefix": "/media"})
        assert response.headers["location"].startswith("/media/movies/")


async def test_the_cache_tells_base_paths_apart(demo: str):
    """A page cached for one prefix is not served below another."""
    async with client_of(app_of(demo)) as client:
        for prefix in ("/one", "/two", ""):
            for _ in range(2):
                text = (await client.get("/titles", headers={"x-forwarded-prefix": prefix})).text
                assert f'href="{prefix}/discover"' in text


@pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed")
@pytest.mark.parametrize("strips", [True, False])
async def test_behind_nginx_every_address_works_below_a_path(
    demo_with_collections: str, tmp_path: Path, *, strips: bool
):
    """The proxy may take the base path off or leave it; the rate limit counts its clients."""
    async with (
        served(app_of(demo_with_collections, MEDIACANON_BASE_PATH="/media")) as url,
        nginx(url + ("/" if strips else ""), tmp_path) as front,
        httpx.AsyncClient(base_url=front, timeout=60) as client,
    ):
        await check_site(client, "/media")
        text = (await client.get("/media/movies/1")).text
        assert f'rel="canonical" href="{front}/media/movies/1"' in text


@asynccontextmanager
async def nginx(upstream: str, folder: Path) -> AsyncIterator[str]:
    """Give the address of an nginx that serves the upstream below /media/."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(f"""
        daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
          access_log off; {temporary}
          server {{
            listen 127.0.0.1:{port};
            location /media/ {{
              proxy_pass {upstream};
              proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_set_header X-Forwarded-Proto $scheme;
            }}
          }}
        }}
    """)
    process = await asyncio.create_subprocess_exec(
        NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")
    )
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
