"""Posters on pages: at TMDB, or through this server where it passes them on."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from mediacanon.settings import Settings
from mediacanon.tmdb.image_urls import image_addresses
from tests.serving import app_of, client_of, served

SHOWN = re.compile(r'<img src="([^"]+)" alt="" width="200"')
JPEG = b"\xff\xd8\xff" + bytes(1000)
AT_TMDB = "https://image.tmdb.org/t/p/w500/abc.jpg"
PAGES = ("/", "/titles", "/discover?type=movie", "/movies/1")


@pytest.fixture
async def image_host() -> AsyncIterator[str]:
    """Give the address of a host that answers any image as TMDB's does."""
    host = Starlette(routes=[Route("/t/p/{size}/{file}", lambda _: Response(JPEG, media_type="image/jpeg"))])
    async with served(host) as address:
        yield f"{address}/t/p"


@pytest.fixture
async def movie(pool: asyncpg.Pool) -> None:
    """Have a movie with a poster at TMDB, number 1."""
    title_id = await pool.fetchval(
        "INSERT INTO titles (type, display_name, num_votes, image_url) VALUES ('movie', 'One', 90000, $1) RETURNING id",
        AT_TMDB,
    )
    await pool.execute("INSERT INTO movies (title_id) VALUES ($1)", title_id)


async def shown(client: httpx.AsyncClient, path: str) -> str:
    """Return the address of the poster on a page that shows one."""
    return SHOWN.findall((await client.get(path)).text)[0]


@pytest.mark.usefixtures("movie")
@pytest.mark.parametrize("path", PAGES)
async def test_posters_come_through_a_server_that_passes_them_on(
    database: str, image_host: str, tmp_path: Path, path: str
):
    """Their addresses answer images, and the page lets the browser ask nobody else for any."""
    settings = {
        "MEDIACANON_IMAGE_CACHE_MB": "1",
        "TMDB_IMAGE_BASE_URL": image_host,
        "MEDIACANON_DATA_DIR": str(tmp_path),
    }
    async with client_of(app_of(database, **settings)) as client:
        address = await shown(client, path)
        assert re.fullmatch(r"/images/poster/w(342|500)/abc\.jpg", address)
        assert (await client.get(address)).content == JPEG
        assert (
            """<meta http-equiv="Content-Security-Policy" content="img-src 'self' data:">"""
            in (await client.get(path)).text
        )


@pytest.mark.usefixtures("movie")
@pytest.mark.parametrize("path", PAGES)
async def test_posters_are_tmdbs_otherwise(database: str, path: str):
    """In the size that fits."""
    async with client_of(app_of(database)) as client:
        assert re.fullmatch(r"https://image\.tmdb\.org/t/p/w(342|500)/abc\.jpg", await shown(client, path))
        assert "http-equiv" not in (await client.get(path)).text


@pytest.mark.parametrize(
    ("image_url", "passed_on"),
    [
        (AT_TMDB, "/images/poster/w185/abc.jpg"),
        ("https://mirror.example/tmdb/w500/abc.png", "/images/poster/w185/abc.png"),
        ("https://elsewhere.example/t/p/w500/abc.jpg", "https://elsewhere.example/t/p/w185/abc.jpg"),
        ("https://image.tmdb.org/t/p/w500/abc.svg", "https://image.tmdb.org/t/p/w185/abc.svg"),
        ("https://image.tmdb.org/t/p/w500/../../abc.jpg", "https://image.tmdb.org/t/p/w500/../../abc.jpg"),
    ],
)
def test_only_images_of_tmdb_are_passed_on(image_url: str, passed_on: str):
    """Those that /images answers; what is elsewhere stays there."""
    settings = Settings(image_cache_mb=1, tmdb_image_base_url="https://mirror.example/tmdb")
    assert image_addresses(settings)(image_url, "w185") == passed_on


def test_stills_have_sizes_of_their_own():
    """The kind stands in the address."""
    assert image_addresses(Settings(image_cache_mb=1))(AT_TMDB, "w300", "still") == "/images/still/w300/abc.jpg"
