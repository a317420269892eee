"""The environment of the templates: posters at TMDB or through this server, and the headers of every page."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from jinja2 import UndefinedError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from mediacanon.errors import WrongSetting
from mediacanon.pages.environment import build_environment
from mediacanon.settings import Settings
from tests.serving import app_of, client_of, served

POSTER = re.compile(r'<img src="([^"]+)" alt="" width="200"')
JPEG = b"\xff\xd8\xff" + bytes(1000)
AT_TMDB = "https://image.tmdb.org/t/p/w500/abc.jpg"
PAGES = ("/", "/titles", "/discover?type=movie", "/movies/1")


@pytest.fixture
async def image_host() -> AsyncIterator[str]:
    """Give the address of a stand-in for TMDB's image host that has every image."""
    host = Starlette(routes=[Route("/t/p/{size}/{file}", lambda _: Response(JPEG, media_type="image/jpeg"))])
    async with served(host) as address:
        yield f"{address}/t/p"


@pytest.fixture
async def movie(pool: asyncpg.Pool) -> None:
    """Store a movie with a poster at TMDB, number 1."""
    title_id = await pool.fetchval(
        "INSERT INTO titles (type, display_name, num_votes, image_url) VALUES ('movie', 'One', 90000, $1) RETURNING id",
        AT_TMDB,
    )
    await pool.execute("INSERT INTO movies (title_id) VALUES ($1)", title_id)


async def poster_of(client: httpx.AsyncClient, path: str) -> str:
    """Return the address of the first poster on a page."""
    return POSTER.findall((await client.get(path)).text)[0]


@pytest.mark.usefixtures("movie")
@pytest.mark.parametrize("path", PAGES)
async def test_posters_come_through_a_server_with_an_image_cache(
    database: str, image_host: str, tmp_path: Path, path: str
):
    """Their addresses serve images, and the page forbids the browser any other host."""
    settings = {
        "MEDIACANON_IMAGE_CACHE_MB": "1",
        "TMDB_IMAGE_BASE_URL": image_host,
        "MEDIACANON_DATA_DIR": str(tmp_path),
    }
    async with client_of(app_of(database, **settings)) as client:
        address = await poster_of(client, path)
        assert re.fullmatch(r"/images/poster/w(342|500)/abc\.jpg", address)
        assert (await client.get(address)).content == JPEG
        assert (
            """<meta http-equiv="Content-Security-Policy" content="img-src 'self' data:">"""
            in (await client.get(path)).text
        )


@pytest.mark.usefixtures("movie")
@pytest.mark.parametrize("path", PAGES)
async def test_posters_come_from_tmdb_otherwise(database: str, path: str):
    """In the size that the page shows."""
    async with client_of(app_of(database)) as client:
        assert re.fullmatch(r"https://image\.tmdb\.org/t/p/w(342|500)/abc\.jpg", await poster_of(client, path))
        assert "http-equiv" not in (await client.get(path)).text


async def test_posters_of_any_host_are_allowed(demo_client: httpx.AsyncClient):
    """Editors enter posters by http or https address; scripts come from this server alone."""
    policy = (await demo_client.get("/")).headers["content-security-policy"]
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
    assert rules["img-src"] == ["'self'", "data:", "http:", "https:"]
    assert rules["script-src"] == rules["connect-src"] == ["'self'"]


def test_values_are_escaped_and_undefined_names_are_errors():
    """A template cannot leak markup, nor show nothing for a misspelt name."""
    environment = build_environment(Settings())
    assert environment.from_string("{{ name }}").render(name="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        environment.from_string("{{ naem }}").render(name="x")


@pytest.mark.parametrize(
    ("settings", "can_refresh"),
    [
        (Settings(), False),
        (Settings(tmdb_api_key="key"), True),
        (Settings(tmdb_api_key="key", writes="off"), False),
    ],
)
def test_the_refresh_button_depends_on_the_settings_alone(settings: Settings, *, can_refresh: bool):
    """Pages are cached, and so the same for every client."""
    assert build_environment(settings).globals["can_refresh"] == can_refresh


@pytest.mark.parametrize(
    ("value", "sources"),
    [
        (None, "'none'"),
        ("none", "'none'"),
        ("'self'", "'self'"),
        ("SELF, https://dash.example.org:8443", "'self' https://dash.example.org:8443"),
        ("*", "*"),
    ],
)
async def test_the_sites_that_may_frame_a_page_are_a_setting(demo: str, value: str | None, sources: str):
    """Pages, errors, the documentation and the explorer alike."""
    environment = {"MEDIACANON_FRAME_ANCESTORS": value} if value else {}
    async with client_of(app_of(demo, **environment)) as client:
        for path in ("/titles", "/nothing", "/add", "/api", "/graphql"):
            response = await client.get(path, headers={"accept": "text/html"})
            assert response.headers["content-security-policy"].endswith(f"frame-ancestors {sources}")


@pytest.mark.parametrize("value", ["none, self", "https://a.example; script-src *", "javascript:"])
def test_malformed_frame_ancestors_are_refused(value: str):
    """No other directive comes in this way."""
    with pytest.raises(WrongSetting, match="MEDIACANON_FRAME_ANCESTORS"):
        Settings.from_environment({"MEDIACANON_FRAME_ANCESTORS": value})
