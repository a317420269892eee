"""Seasons: mean rating and count of their episodes, computed by PostgreSQL and by us."""

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders.season import (
    SeasonRow,
    SeasonWithEpisodesRow,
    load_seasons_by_id,
    load_seasons_by_show_id,
    load_seasons_with_episodes_by_id,
    load_seasons_with_episodes_by_show_id,
    mean_rating,
)


@pytest.fixture
async def catalogue(demo: str):
    """Give a pool on the demo catalogue."""
    async with await open_pool(demo, size=2) as pool:
        yield pool


async def test_seasons_with_and_without_episodes_agree(catalogue: asyncpg.Pool):
    """Every season of the demo has the same facts either way, by its id and by its show's."""
    season_ids = [row[0] for row in await catalogue.fetch("SELECT id FROM show_seasons ORDER BY id")]
    show_ids = [row[0] for row in await catalogue.fetch("SELECT id FROM shows ORDER BY id")]
    without = await load_seasons_by_id(catalogue, season_ids)
    with_episodes = await load_seasons_with_episodes_by_id(catalogue, season_ids)
    assert len(without) > 100
    assert [facts(season) for season in with_episodes] == [facts(season) for season in without]
    of_shows = await load_seasons_by_show_id(catalogue, show_ids)
    with_episodes_of_shows = await load_seasons_with_episodes_by_show_id(catalogue, show_ids)
    assert [list(map(facts, each)) for each in with_episodes_of_shows] == [list(map(facts, each)) for each in of_shows]


async def test_seasons_carry_the_title_of_their_show(catalogue: asyncpg.Pool):
    """Enrichment finds the title without loading the show."""
    titles = dict(await catalogue.fetch("SELECT id, title_id FROM shows"))
    seasons = await load_seasons_by_show_id(catalogue, list(titles))
    assert all(season.title_id == titles[season.show_id] for each in seasons for season in each)


def facts(season: SeasonRow | SeasonWithEpisodesRow) -> tuple[object, ...]:
    """Return the facts of a season without its episodes."""
    return (*season[:5], season.average_rating, season.episode_count)


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
    """Halves go up, also if their neighbours in binary are a little less; PostgreSQL agrees."""
    assert mean_rating(ratings) == mean
    query = "SELECT round(avg(rating::numeric), 1)::float8 FROM unnest($1::real[]) AS rating"
    assert await pool.fetchval(query, ratings) == mean
