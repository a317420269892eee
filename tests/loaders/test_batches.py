"""Loaders answer in the order of their keys, whatever keys they get."""

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import BATCHES

LISTS = ("seasons_by_show_id", "whole_seasons_by_show_id", "episodes_by_season_id")
COUNTS = ("episode_count_by_show_id",)
TEXT_KEYS = {"title_by_imdb_id": "tt9000001", "episode_by_imdb_id": None}


@pytest.fixture(scope="module")
async def catalogue(demo: str):
    """Give a pool on the demo catalogue."""
    async with await open_pool(demo, size=2) as pool:
        yield pool


async def keys_of(pool: asyncpg.Pool, name: str) -> tuple[object, object, object]:
    """Return two known keys and an unknown one for a loader."""
    if name == "title_by_tmdb_id":
        rows = await pool.fetch("SELECT type, tmdb_id FROM titles WHERE tmdb_id IS NOT NULL ORDER BY id LIMIT 2")
        return tuple(rows[0]), tuple(rows[1]), ("movie", 2**31 - 1)
    table = {
        "title": "SELECT id FROM titles",
        "movie": "SELECT id FROM movies",
        "show": "SELECT id FROM shows",
        "season": "SELECT id FROM show_seasons",
        "episode": "SELECT id FROM show_episodes",
        "movie_by_title_id": "SELECT title_id AS id FROM movies",
        "show_by_title_id": "SELECT title_id AS id FROM shows",
        "title_by_imdb_id": "SELECT imdb_id AS id FROM titles",
        "episode_by_imdb_id": "SELECT imdb_id AS id FROM show_episodes WHERE imdb_id IS NOT NULL",
    }
    what, _, key = name.partition("_by_")
    noun = {"show_id": "show", "season_id": "season"}.get(key, what.removeprefix("whole_"))
    query = table.get(name) or table[noun]
    first, second = [row[0] for row in await pool.fetch(f"{query} ORDER BY 1 LIMIT 2")]
    return first, second, ("tt0000000" if isinstance(first, str) else 2**31 - 1)


@pytest.mark.parametrize("name", sorted(BATCHES))
async def test_answers_are_in_the_order_of_the_keys(catalogue: asyncpg.Pool, name: str):
    """Known, unknown and repeated keys, in any order, each get their own answer."""
    load = BATCHES[name]
    first, second, unknown = await keys_of(catalogue, name)
    of_first, of_unknown, of_second, again = await load(catalogue, [first, unknown, second, first])
    assert of_first == again
    assert of_first != of_second or name in COUNTS
    assert of_unknown == ([] if name in LISTS else 0 if name in COUNTS else None)
    assert [of_second, of_first] == await load(catalogue, [second, first])


@pytest.mark.parametrize("name", sorted(BATCHES))
async def test_no_keys_no_answers(catalogue: asyncpg.Pool, name: str):
    """An empty batch is an empty list."""
    assert await BATCHES[name](catalogue, []) == []
