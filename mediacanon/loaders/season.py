"""Seasons with their episodes: whole shows at once, one statement for the seasons and one for all episodes."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import asyncpg

from mediacanon.loaders.batch import many_per_key, one_per_key
from mediacanon.loaders.title import IdsRow, as_written, real_image


class EpisodeRow(NamedTuple):
    """An episode."""

    episode_id: int
    season_id: int
    episode_number: int
    display_name: str | None
    synopsis: str | None
    image_url: str | None
    air_date: dt.date | None
    runtime_minutes: int | None
    imdb_id: str | None
    average_rating: float | None
    num_votes: int | None

    @property
    def ids(self) -> IdsRow:
        """The episode's ids elsewhere."""
        return IdsRow(self.imdb_id, None)


class SeasonRow(NamedTuple):
    """A season; `episodes` by number when they were asked for, else empty.

    It is finished when the series is, or when a season of a higher number exists.
    """

    season_id: int
    show_id: int
    season_number: int
    is_season_finished: bool
    average_rating: float | None
    episode_count: int
    episodes: Sequence[EpisodeRow] = ()


EPISODE_COLUMNS = f"""
       e.id, e.season_id, e.episode, e.display_name, e.synopsis, {real_image("e.image_url")}, e.air_date,
       e.runtime_minutes, e.imdb_id, {as_written("e.average_rating")}, e.num_votes"""

# The mean of the rated episodes, to one decimal as IMDb shows ratings.
SEASON_COLUMNS = """
       ss.id, ss.show_id, ss.season,
       t.end_year IS NOT NULL
       OR EXISTS (SELECT FROM show_seasons later WHERE later.show_id = ss.show_id AND later.season > ss.season)
          AS is_season_finished,
       rated.average_rating, rated.episode_count::integer"""

SEASON_TABLES = """
       show_seasons ss
  JOIN shows s ON s.id = ss.show_id
  JOIN titles t ON t.id = s.title_id
 CROSS JOIN LATERAL (SELECT round(avg(e.average_rating)::numeric, 1)::double precision AS average_rating,
                            count(*) AS episode_count
                       FROM show_episodes e
                      WHERE e.season_id = ss.id) AS rated"""

SEASONS_BY_ID = f"""
SELECT {SEASON_COLUMNS}
  FROM {SEASON_TABLES}
 WHERE ss.id = ANY($1::integer[])
"""

SEASONS_BY_SHOW_ID = f"""
SELECT {SEASON_COLUMNS}
  FROM {SEASON_TABLES}
 WHERE ss.show_id = ANY($1::integer[])
 ORDER BY ss.show_id, ss.season
"""

EPISODES_BY_SEASON_ID = f"""
SELECT {EPISODE_COLUMNS}
  FROM show_episodes e
 WHERE e.season_id = ANY($1::integer[])
 ORDER BY e.season_id, e.episode
"""

EPISODES_BY_ID = f"""
SELECT {EPISODE_COLUMNS}
  FROM show_episodes e
 WHERE e.id = ANY($1::integer[])
"""

EPISODES_BY_IMDB_ID = f"""
SELECT {EPISODE_COLUMNS}
  FROM show_episodes e
 WHERE e.imdb_id = ANY($1::text[])
"""


async def load_seasons_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[SeasonRow | None]:
    """Return each id's season without episodes, None where there is none."""
    rows = [SeasonRow(*record) for record in await pool.fetch(SEASONS_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.season_id)


async def load_whole_seasons_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[SeasonRow | None]:
    """Return each id's season with its episodes, None where there is none."""
    async with pool.acquire() as connection:
        seasons = [SeasonRow(*record) for record in await connection.fetch(SEASONS_BY_ID, ids)]
        rows = await _with_episodes(connection, seasons)
    return one_per_key(ids, rows, lambda row: row.season_id)


async def load_seasons_by_show_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[SeasonRow]]:
    """Return each show's seasons by number, without episodes; empty for an unknown show."""
    rows = [SeasonRow(*record) for record in await pool.fetch(SEASONS_BY_SHOW_ID, ids)]
    return many_per_key(ids, rows, lambda row: row.show_id)


async def load_whole_seasons_by_show_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[SeasonRow]]:
    """Return each show's seasons by number with their episodes; empty for an unknown show."""
    async with pool.acquire() as connection:
        seasons = [SeasonRow(*record) for record in await connection.fetch(SEASONS_BY_SHOW_ID, ids)]
        rows = await _with_episodes(connection, seasons)
    return many_per_key(ids, rows, lambda row: row.show_id)


async def _with_episodes(connection: asyncpg.pool.PoolConnectionProxy, seasons: Sequence[SeasonRow]) -> list[SeasonRow]:
    records = await connection.fetch(EPISODES_BY_SEASON_ID, [row.season_id for row in seasons])
    in_order = groupby(map(EpisodeRow._make, records), lambda row: row.season_id)
    episodes = {season_id: list(rows) for season_id, rows in in_order}
    return [row._replace(episodes=episodes.get(row.season_id, ())) for row in seasons]


async def load_episodes_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[EpisodeRow | None]:
    """Return each id's episode, None where there is none."""
    rows = [EpisodeRow._make(record) for record in await pool.fetch(EPISODES_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.episode_id)


async def load_episodes_by_imdb_id(pool: asyncpg.Pool, ids: Sequence[str]) -> list[EpisodeRow | None]:
    """Return each IMDb id's episode, None where there is none."""
    rows = [EpisodeRow._make(record) for record in await pool.fetch(EPISODES_BY_IMDB_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.imdb_id)
