"""Clients of OMDb that others wrote, of Python and of JavaScript, against a running server."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import omdb
import pytest

from mediacanon import paths
from tests.serving import IS_CI, app_of, run_program, served

HERE = Path(__file__).parent
NPM = paths.PACKAGE.parent / "node_modules" / "omdbapi"
has_npm = pytest.mark.skipif(not (IS_CI or (shutil.which("node") and NPM.is_dir())), reason="needs npm packages")
MOVIE, SERIES, NAME = "tt99005067", "tt99100001", "Harbour Lights"


@pytest.fixture
async def address(demo: str) -> AsyncIterator[str]:
    """Give the address of a server with the demo catalogue."""
    async with served(app_of(demo)) as address:
        yield address


async def test_the_client_of_python_reads_the_four_forms(address: str):
    """Details by id and by name, a search, a season and an episode; an error is an empty answer."""
    client = omdb.OMDBClient(apikey="x")
    client.url = f"{address}/omdb/"

    def ask() -> list:
        return [
            client.get(imdbid=MOVIE),
            client.get(title=NAME, fullplot=True),
            client.search("the", page=2),
            client.get(imdbid=SERIES, season=1),
            client.get(imdbid=SERIES, season=1, episode=2),
            client.get(imdbid="tt0000001"),
        ]

    movie, series, hits, season, episode, missing = await asyncio.to_thread(ask)
    assert (movie["imdb_id"], movie["type"], movie["response"]) == (MOVIE, "movie", "True")
    assert movie["ratings"] == [{"source": "Internet Movie Database", "value": f"{movie['imdb_rating']}/10"}]
    assert (series["title"], series["year"], series["total_seasons"]) == (NAME, "2008–2012", "5")
    assert len(hits) == 10
    assert {"title", "year", "imdb_id", "type", "poster"} == hits[0].keys()
    assert [each["episode"] for each in season["episodes"]][:3] == ["1", "2", "3"]
    assert (episode["season"], episode["episode"], episode["series_id"]) == ("1", "2", SERIES)
    assert missing == {}


@has_npm
async def test_the_client_of_npm_reads_the_four_forms(address: str):
    """It splits lists at comma and blank, and makes null of N/A."""
    code, output = await run_program("node", HERE / "ask.mjs", address, MOVIE, SERIES, NAME)
    assert code == 0, output
    found = json.loads(output.splitlines()[-1])
    assert found["movie"]["imdbid"] == MOVIE
    assert found["movie"]["type"] == "movie"
    assert found["movie"]["awards"] is None or found["movie"]["awards"]["text"] is None
    assert found["byName"]["title"] == NAME
    assert len(found["byName"]["genre"]) == 3
    assert found["search"]["search"] if "search" in found["search"] else len(found["search"]) == 10
    assert len(found["season"]["episodes"]) > 5
    assert found["episode"]["title"]
    assert "Error getting data" in found["missing"]
