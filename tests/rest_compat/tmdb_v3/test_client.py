"""Clients of TMDB that others wrote, of Python and of JavaScript, and another MediaCanon, against a running server."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import themoviedb
import tmdbapis
import tmdbapis.api3

from mediacanon import paths
from mediacanon.tmdb.client import TmdbClient
from tests.serving import IS_CI, app_of, run_program, served

HERE = Path(__file__).parent
NPM = paths.PACKAGE.parent / "node_modules" / "moviedb-promise"
has_npm = pytest.mark.skipif(not (IS_CI or (shutil.which("node") and NPM.is_dir())), reason="needs npm packages")


@pytest.fixture(scope="module")
async def address(tmdb_database: str) -> AsyncIterator[str]:
    """Give the address of a server with the demo catalogue and all facts."""
    async with served(app_of(tmdb_database)) as address:
        yield address


async def test_tmdbapis_reads_titles_with_all_their_parts(
    address: str, movie: dict, show: dict, monkeypatch: pytest.MonkeyPatch
):
    """It asks for all of the configuration first, looks numbers and codes up, and loads what is missing by itself."""
    monkeypatch.setattr(tmdbapis.api3, "base_url", f"{address}/3")

    def ask() -> None:
        client = tmdbapis.TMDbAPIs("x")
        found = client.movie(movie["id"])
        assert (found.title, found.imdb_id, found.runtime) == (movie["title"], movie["imdb_id"], movie["runtime"])
        assert str(found.original_language) == "English"
        assert [each.name for each in found.genres] == [each["name"] for each in movie["genres"]]
        assert found.keywords[0].name == "owl"
        assert found.videos[0].key == "abc"
        assert set(found.release_dates) == {"DE", "US"}
        assert [each.name for each in found.collection.movies] == [movie["title"], "Another Owl"]
        assert found.cast
        assert found.crew
        assert found.similar.total_results == len(found.similar.results)
        tv = client.tv_show(show["id"])
        assert (tv.name, tv.tvdb_id, len(tv.seasons)) == (show["name"], 8123, len(show["seasons"]))
        assert [each.id for each in tv.seasons[0].episodes][:2] == [9001, 9002]
        assert tv.content_ratings
        assert client.find_by_id(imdb_id=movie["imdb_id"]).movie_results[0].id == movie["id"]
        assert client.movie_search(movie["title"]).results[0].id == movie["id"]
        pages = client.popular_movies()
        pages.load_next()
        assert pages.page == 2
        with pytest.raises(tmdbapis.NotFound):
            client.movie(1)

    await asyncio.to_thread(ask)


async def test_themoviedb_finds_no_wrong_type(address: str, movie: dict, show: dict):
    """It makes objects of every answer, whose types it checks."""

    def ask() -> None:
        client = themoviedb.TMDb(api_key="x")
        client._config.host = address
        appended = "credits,external_ids,images,videos,keywords,release_dates,alternative_titles,translations,similar"
        found = client.movie(movie["id"]).details(append_to_response=appended)
        assert (found.title, found.vote_count) == (movie["title"], movie["vote_count"])
        assert len(found.credits.cast) > 2
        appended = "aggregate_credits,credits,external_ids,images,videos,content_ratings,episode_groups,recommendations"
        tv = client.tv(show["id"]).details(append_to_response=appended)
        assert (tv.name, tv.number_of_seasons) == (show["name"], show["number_of_seasons"])
        season = client.season(show["id"], 1).details(append_to_response="credits,external_ids,images,videos")
        assert client.episode(show["id"], 1, 2).details().name == season.episodes[1].name
        assert client.search().multi(movie["title"]).results[0].id == movie["id"]
        assert client.find().by_imdb(movie["imdb_id"]).movie_results[0].id == movie["id"]
        person = client.person(found.credits.cast[0].id).details(append_to_response="combined_credits,external_ids")
        assert person.name == found.credits.cast[0].name
        assert client.collection(77).details().parts[1].id == 5
        assert client.discover().movie(with_genres="18|35").results
        lists = [client.movies().popular(), client.movies().now_playing(), client.tvs().top_rated()]
        assert all(each.results for each in lists)

    await asyncio.to_thread(ask)


@has_npm
async def test_the_client_of_npm_reads_all_kinds_of_answers(address: str, movie: dict, show: dict):
    """An error has TMDB's body."""
    code, output = await run_program("node", HERE / "ask.mjs", address, str(movie["id"]), str(show["id"]))
    assert code == 0, output
    found = json.loads(output.splitlines()[-1])
    credits_ = {key: value for key, value in found["credits"].items() if key != "id"}
    assert found["movie"].items() >= {**movie, "credits": credits_}.items()
    assert found["show"] == show
    assert found["season"]["episodes"][1]["name"] == found["episode"]["name"]
    assert found["found"]["movie_results"][0]["id"] == found["search"]["results"][0]["id"] == movie["id"]
    assert len(found["trending"]["results"]) == 20
    assert found["discovered"]["results"]
    assert found["configuration"]["images"]["secure_base_url"].startswith("https://")
    assert found["genres"]["genres"]
    assert found["collection"]["parts"]
    assert found["missing"]["status_code"] == 34


async def test_another_mediacanon_takes_its_facts_from_here(address: str, tmdb_database: str, movie: dict, show: dict):
    """Its client of TMDB finds, reads and understands titles, seasons, episodes and collections."""
    async with TmdbClient("x", base_url=f"{address}/tmdb", languages=["en", "de"]) as client:
        results = await client.find(movie["imdb_id"])
        assert [each.tmdb_id for each in results.movies] == [movie["id"]]
        details = await client.details("movie", movie["id"])
        season = await client.season(show["id"], 1)
        episode = await client.episode(show["id"], 1, 2)
        franchise = await client.franchise(77)
        assert await client.details("movie", 1) is None
    assert details is not None
    assert season is not None
    assert episode is not None
    assert franchise is not None
    connection = await asyncpg.connect(tmdb_database)
    known = await connection.fetchval("SELECT count(*) FROM show_episodes WHERE tmdb_id > 9000")
    await connection.close()
    assert len(season.episodes) == known
    assert [film.tmdb_id for film in franchise.films] == [movie["id"], 5]
