"""Seasons with or without their episodes: one statement for all seasons, and one for all episodes."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import asyncpg

from mediacanon.loaders.batch import many_per_key, one_per_key
from mediacanon.loaders.records import named_by_position
from mediacanon.loaders.title import IdsRow, as_day, as_written, real_image


@named_by_position
class EpisodeRow(asyncpg.Record):
    """An episode."""

    __slots__ = ()

    episode_id: int
    season_id: int
    episode_number: int
    display_name: str | None
    synopsis: str | None
    image_url: str | None
    air_date: str | None
    runtime_minutes: int | None
    imdb_id: str | None
    average_rating: float | None
    num_votes: int | None
    tmdb_id: int | None
    kind: str | None

    @property
    def ids(self) -> IdsRow:
        """The episode's ids in other catalogues."""
        return IdsRow(self.imdb_id, self.tmdb_id)


SEASON_ID = attrgetter("season_id")


class SeasonRow(NamedTuple):
    """A season without its episodes; PostgreSQL computes their mean rating and count.

    It is finished when the series is, or when a season of a higher number exists.
    """

    season_id: int
    show_id: int
    title_id: int
    season_number: int
    is_season_finished: bool
    tmdb_id: int | None
    name: str | None
    overview: str | None
    poster_url: str | None
    air_date: str | None
    average_rating: float | None
    episode_count: int
    episodes: Sequence[EpisodeRow] = ()

    @property
    def ids(self) -> IdsRow:
        """The season's ids in other catalogues."""
        return IdsRow(None, self.tmdb_id)


class SeasonWithEpisodesRow(NamedTuple):
    """A season with its episodes by number; their mean rating is computed when it is read."""

    season_id: int
    show_id: int
    title_id: int
    season_number: int
    is_season_finished: bool
    tmdb_id: int | None
    name: str | None
    overview: str | None
    poster_url: str | None
    air_date: str | None
    episodes: Sequence[EpisodeRow] = ()

    @property
    def ids(self) -> IdsRow:
        """The season's ids in other catalogues."""
        return IdsRow(None, self.tmdb_id)

    @property
    def average_rating(self) -> float | None:
        """The mean of the rated episodes, to one decimal as IMDb shows ratings; None if none is rated."""
        return mean_rating(episode.average_rating for episode in self.episodes)

    @property
    def episode_count(self) -> int:
        """The number of its episodes."""
        return len(self.episodes)


EPISODE_COLUMNS = f"""
       e.id, e.season_id, e.episode, episode_name(e.display_name, e.tmdb_name, e.locked_fields) AS display_name,
       e.synopsis, {real_image("e.image_url")},
       {as_day("e.air_date")}, e.runtime_minutes, e.imdb_id, {as_written("e.average_rating")}, e.num_votes,
       e.tmdb_id, e.kind"""

SEASON_COLUMNS = f"""
       ss.id, ss.show_id, s.title_id, ss.season,
       t.end_year IS NOT NULL
       OR EXISTS (SELECT FROM show_seasons later WHERE later.show_id = ss.show_id AND later.season > ss.season)
          AS is_season_finished,
       f.tmdb_id, f.name, f.overview, f.poster_url, {as_day("f.air_date")}"""

SEASON_TABLES = """
       show_seasons ss
  JOIN shows s ON s.id = ss.show_id
  JOIN titles t ON t.id = s.title_id
  LEFT JOIN season_facts f ON f.season_id = ss.id"""

# The same values as those of SeasonWithEpisodesRow: the mean of decimal numbers, so that 8.3 and 8.4 make 8.4.
RATED_COLUMNS = "rated.average_rating, rated.episode_count::integer"
RATED = """
 CROSS JOIN LATERAL (SELECT round(avg(e.average_rating::numeric), 1)::double precision AS average_rating,
                            count(*) AS episode_count
                       FROM show_episodes e
                      WHERE e.season_id = ss.id) AS rated"""

SEASONS_BY_ID = f"""
SELECT {SEASON_COLUMNS}, {RATED_COLUMNS}
  FROM {SEASON_TABLES} {RATED}
 WHERE ss.id = ANY($1::integer[])
"""

SEASONS_BY_SHOW_ID = f"""
SELECT {SEASON_COLUMNS}, {RATED_COLUMNS}
  FROM {SEASON_TABLES} {RATED}
 WHERE ss.show_id = ANY($1::integer[])
 ORDER BY ss.show_id, ss.season
"""

SEASONS_WITH_EPISODES_BY_ID = f"""
SELECT {SEASON_COLUMNS}
  FROM {SEASON_TABLES}
 WHERE ss.id = ANY($1::integer[])
"""

SEASONS_WITH_EPISODES_BY_SHOW_ID = f"""
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
    """Return each id's season without episodes, None for an unknown id."""
    rows = [SeasonRow(*record) for record in await pool.fetch(SEASONS_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.season_id)


async def load_seasons_with_episodes_by_id(
    pool: asyncpg.Pool, ids: Sequence[int]
) -> list[SeasonWithEpisodesRow | None]:
    """Return each id's season with its episodes, None for an unknown id."""
    rows = await _seasons_with_episodes(pool, SEASONS_WITH_EPISODES_BY_ID, ids)
    return one_per_key(ids, rows, lambda row: row.season_id)


async def load_seasons_by_show_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[SeasonRow]]:
    """Return each show's seasons by number, without episodes; empty for an unknown show."""
    rows = [SeasonRow(*record) for record in await pool.fetch(SEASONS_BY_SHOW_ID, ids)]
    return many_per_key(ids, rows, lambda row: row.show_id)


async def load_seasons_with_episodes_by_show_id(
    pool: asyncpg.Pool, ids: Sequence[int]
) -> list[list[SeasonWithEpisodesRow]]:
    """Return each show's seasons by number with their episodes; empty for an unknown show."""
    rows = await _seasons_with_episodes(pool, SEASONS_WITH_EPISODES_BY_SHOW_ID, ids)
    return many_per_key(ids, rows, lambda row: row.show_id)


async def _seasons_with_episodes(pool: asyncpg.Pool, query: str, ids: Sequence[int]) -> list[SeasonWithEpisodesRow]:
    async with pool.acquire() as connection:
        seasons = await connection.fetch(query, ids)
        season_ids = [record[0] for record in seasons]
        rows = await connection.fetch(EPISODES_BY_SEASON_ID, season_ids, record_class=EpisodeRow)
    episodes = {season_id: list(of_season) for season_id, of_season in groupby(rows, SEASON_ID)}
    return [SeasonWithEpisodesRow._make((*record, episodes.get(record[0], ()))) for record in seasons]


async def load_episodes_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[EpisodeRow | None]:
    """Return each id's episode, None for an unknown id."""
    rows = await pool.fetch(EPISODES_BY_ID, ids, record_class=EpisodeRow)
    return one_per_key(ids, rows, lambda row: row.episode_id)


async def load_episodes_by_imdb_id(pool: asyncpg.Pool, ids: Sequence[str]) -> list[EpisodeRow | None]:
    """Return each IMDb id's episode, None for an unknown id."""
    rows = await pool.fetch(EPISODES_BY_IMDB_ID, ids, record_class=EpisodeRow)
    return one_per_key(ids, rows, lambda row: row.imdb_id)


def mean_rating(ratings: Iterable[float | None]) -> float | None:
    """Return the mean of the known ratings, to one decimal, halves upwards; None if none is known."""
    known = [Decimal(repr(rating)) for rating in ratings if rating is not None]
    mean = sum(known, Decimal(0)) / len(known) if known else None
    return None if mean is None else float(mean.quantize(Decimal("0.1"), ROUND_HALF_UP))
