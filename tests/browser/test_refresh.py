"""The refresh button, and posters through this server, in a real browser."""

import asyncpg
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from mediacanon import paths
from tests.fakes.tmdb import KEY, FakeTmdb
from tests.fakes.tmdb_catalogue import film
from tests.serving import app_of, served

MOVIE = "SELECT m.id FROM movies m JOIN titles t ON t.id = m.title_id WHERE t.imdb_id = 'tt99000003'"


async def test_a_refresh_is_announced_once_and_no_image_comes_from_elsewhere(demo_database, visits, tmp_path):
    """The new poster is shown, the address is the page's own again, and the policy blocks nothing."""
    picture = (paths.STATIC / "icon.png").read_bytes()
    images = Starlette(routes=[Route("/t/p/{size}/{file}", lambda _: Response(picture, media_type="image/png"))])
    connection = await asyncpg.connect(demo_database)
    movie = f"/movies/{await connection.fetchval(MOVIE)}"
    await connection.close()
    with FakeTmdb() as tmdb:
        tmdb.catalogue.add_film(film(1, "tt99000003", poster_path="/new.png"))
        async with served(images) as host:
            app = app_of(
                demo_database,
                TMDB_API_KEY=KEY,
                TMDB_BASE_URL=tmdb.url,
                TMDB_WAIT="0",
                TMDB_IMAGE_BASE_URL=f"{host}/t/p",
                MEDIACANON_IMAGE_CACHE_MB="1",
                MEDIACANON_DATA_DIR=str(tmp_path),
            )
            async with served(app) as address:
                visit = await visits(address)
                await visit.page.goto(movie)
                await visit.page.get_by_role("button", name="Refresh from TMDB").click()
                assert "Refreshed" in await visit.page.get_by_role("status").inner_text()
                await visit.page.wait_for_url(f"**{movie}")
                await visit.page.wait_for_function("document.querySelector('.side img').naturalWidth > 0")
                source = await visit.page.locator(".side img").get_attribute("src")
    assert source == "/images/poster/w500/new.png"
    assert (visit.posters, visit.foreign_requests, visit.messages) == ([], [], [])
