"""Seasons: what their episodes come to is the same whether PostgreSQL or we reckon it."""

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders.season import (
    load_seasons_by_id,
    load_seasons_by_show_id,
    load_whole_seasons_by_id,
    load_whole_seasons_by_show_id,
    mean_rating,
)


@pytest.fixture
async def catalogue(demo: str):
    """Give a pool on the demo catalogue."""
    async with await open_pool(demo, size=2) as pool:
        yield pool


async def test_whole_seasons_come_to_what_seasons_do(catalogue: asyncpg.Pool):
    """Every season of the demo, by its id and by its show's."""
    season_ids = [row[0] for row in await catalogue.fetch("SELECT id FROM show_seasons ORDER BY id")]
    show_ids = [row[0] for row in await catalogue.fetch("SELECT id FROM shows ORDER BY id")]
    seasons = await load_seasons_by_id(catalogue, season_ids)
    whole = await load_whole_seasons_by_id(catalogue, season_ids)
    assert len(seasons) > 100
    assert [known(season) for season in whole] == [known(season) for season in seasons]
    of_shows = await load_seasons_by_show_id(catalogue, show_ids)
    whole_of_shows = await load_whole_seasons_by_show_id(catalogue, show_ids)
    assert [list(map(known, each)) for each in whole_of_shows] == [list(map(known, each)) for each in of_shows]


def known(season):
    """Return all that is known of a season but its episodes."""
    return (*season[:4], season.average_rating, season.episode_count)


@pytest.mark.parametrize(
    ("ratings", "mean"),
    [
        ([], None),
        ([None, None], None),
        ([8.3], 8.3),
        ([8.3, 8.4], 8.4),
        ([8.6, None, 8.7], 8.7),
        ([1.0, 1.0, 1.1], 1.0),
        ([10.0] * 300, 10.0),
    ],
)
async def test_the_mean_is_that_of_the_decimals(pool: asyncpg.Pool, ratings: list[float | None], mean: float | None):
    """Halves go up, also where their neighbours in binary are a little less; PostgreSQL says the same."""
    assert mean_rating(ratings) == mean
    query = "SELECT round(avg(rating::numeric), 1)::float8 FROM unnest($1::real[]) AS rating"
    assert await pool.fetchval(query, ratings) == mean
