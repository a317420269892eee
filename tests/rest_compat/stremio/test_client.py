"""Stremio's own client and linter against a running server."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from mediacanon import paths
from tests.serving import IS_CI, app_of, run_program, served, with_collections

HERE = Path(__file__).parent
CLIENT = paths.PACKAGE.parent / "node_modules" / "stremio-addon-client"
has_client = pytest.mark.skipif(not (IS_CI or (shutil.which("node") and CLIENT.is_dir())), reason="needs npm packages")
ERR_NOT_FOUND = 7
COUNTS = """
SELECT type::text, count(*) FROM titles
 WHERE imdb_id IS NOT NULL AND image_url LIKE 'http%' AND withdrawn_at IS NULL AND is_adult IS NOT TRUE GROUP BY type
"""
EPISODES = """
SELECT count(*) FROM show_episodes e JOIN show_seasons s ON s.id = e.season_id JOIN shows w ON w.id = s.show_id
  JOIN titles t ON t.id = w.title_id
 WHERE t.imdb_id IS NOT NULL AND t.image_url LIKE 'http%' AND t.withdrawn_at IS NULL AND t.is_adult IS NOT TRUE
"""


@pytest.fixture
async def address(demo_database: str) -> AsyncIterator[str]:
    """Give the address of a server with the demo catalogue and its collections."""
    async with served(app_of(await with_collections(demo_database))) as address:
        yield address


@has_client
async def test_the_client_walks_through_all_catalogs_and_details(address: str, demo_database: str):
    """The linter has no word to say; every page but the last has a hundred titles; every title and episode is seen."""
    connection = await asyncpg.connect(demo_database)
    known = dict(await connection.fetch(COUNTS))
    episodes = await connection.fetchval(EPISODES)
    name = await connection.fetchval(
        "SELECT display_name FROM titles WHERE type = 'movie' ORDER BY num_votes DESC NULLS LAST"
    )
    await connection.close()
    code, output = await run_program("node", HERE / "walk.mjs", f"{address}/stremio/manifest.json", name)
    assert code == 0, output
    walked = json.loads(output.splitlines()[-1])
    assert walked["valid"]
    assert walked["problems"] == []
    assert walked["titles"] == sum(known.values())
    assert walked["videos"] == episodes
    assert walked["found"][0] == name
    assert walked["missing"] == ERR_NOT_FOUND
    for kind, type_ in (("movie", "movie"), ("series", "show")):
        assert sum(walked["counts"][f"{kind}.top"]) == known[type_]
        for catalog in ("top", "trending", "imdbRating", "year"):
            *full, last, empty = walked["counts"][f"{kind}.{catalog}"]
            assert set(full) <= {100}
            assert last > empty == 0
    assert any(catalog.startswith("movie.c.") and sum(pages) for catalog, pages in walked["counts"].items())
