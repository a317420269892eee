"""Every batched question returns one value per key, in the order of the keys."""

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import Loaders
from mediacanon.loaders.descriptors import batched

BATCHED = {name: each.load for name, each in vars(Loaders).items() if isinstance(each, batched)}
LISTS = ("seasons_by_show_id", "seasons_with_episodes_by_show_id", "names_by_title_id")
COUNTS = ("episode_count_by_show_id",)
TITLES = "SELECT id FROM titles"
SHOWS = "SELECT id FROM shows"
SEASONS = "SELECT id FROM show_seasons"
# question -> known keys
KEYS = {
    "title_by_id": TITLES,
    "title_by_imdb_id": "SELECT imdb_id FROM titles",
    "title_by_tmdb_id": "SELECT type, tmdb_id FROM titles WHERE tmdb_id IS NOT NULL",
    "movie_by_id": "SELECT id FROM movies",
    "movie_by_title_id": "SELECT title_id FROM movies",
    "show_by_id": SHOWS,
    "show_by_title_id": "SELECT title_id FROM shows",
    "episode_count_by_show_id": SHOWS,
    "season_by_id": SEASONS,
    "season_with_episodes_by_id": SEASONS,
    "seasons_by_show_id": SHOWS,
    "seasons_with_episodes_by_show_id": SHOWS,
    "episode_by_id": "SELECT id FROM show_episodes",
    "episode_by_imdb_id": "SELECT imdb_id FROM show_episodes WHERE imdb_id IS NOT NULL",
    "names_by_title_id": "SELECT title_id FROM title_akas GROUP BY 1",
    "person_by_id": "SELECT id FROM people",
}
# Keyed by a question, or over rows that the demo lacks: the tests of their nouns cover them.
ELSEWHERE = {
    *(
        "counts",
        "known_titles",
        "titles_by_ids",
        "facts_by_title_id",
        "texts_by_title_id",
        "keywords_by_title_id",
    ),
    *("companies_by_title_id", "networks_by_title_id", "franchise_by_id", "titles_by_franchise"),
    *(
        "display_names",
        "facts_by_person_id",
        "person_by_tmdb_id",
        "show_by_tvdb_id",
        "credits_by_title",
        "credits_by_person",
        "credits_by_episode",
    ),
    *("credit_count_by_title", "credit_count_by_person", "credit_count_by_episode"),
}
UNKNOWN = {int: 2**31 - 1, str: "tt0000000", tuple: ("movie", 2**31 - 1)}


@pytest.fixture(scope="module")
async def catalogue(demo: str):
    """Give a pool on the demo catalogue."""
    async with await open_pool(demo, size=2) as pool:
        yield pool


async def keys_of(pool: asyncpg.Pool, name: str) -> tuple[object, object, object]:
    """Return two known keys and an unknown one of a question."""
    rows = [tuple(row) for row in await pool.fetch(f"SELECT * FROM ({KEYS[name]}) AS keys ORDER BY keys LIMIT 2")]
    first, second = rows if len(rows[0]) > 1 else [row[0] for row in rows]
    return first, second, UNKNOWN[type(first)]


def test_every_batched_question_is_covered():
    """Here or in the tests of its noun."""
    assert BATCHED.keys() == KEYS.keys() | ELSEWHERE


@pytest.mark.parametrize("name", sorted(KEYS))
async def test_values_are_in_the_order_of_the_keys(catalogue: asyncpg.Pool, name: str):
    """Known, unknown and repeated keys, in any order, each get their own value."""
    load = BATCHED[name]
    first, second, unknown = await keys_of(catalogue, name)
    of_first, of_unknown, of_second, again = await load(catalogue, [first, unknown, second, first])
    assert of_first == again
    assert of_first != of_second or name in COUNTS
    assert of_unknown == ([] if name in LISTS else 0 if name in COUNTS else None)
    assert [of_second, of_first] == await load(catalogue, [second, first])


@pytest.mark.parametrize("name", sorted(BATCHED))
async def test_no_keys_have_no_values(catalogue: asyncpg.Pool, name: str):
    """An empty batch is an empty list."""
    assert await BATCHED[name](catalogue, []) == []
