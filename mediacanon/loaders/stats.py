"""Counts and distributions over the whole catalogue."""

import datetime as dt
from dataclasses import dataclass

import asyncpg

from mediacanon.loaders.title_list import CountRow


@dataclass(frozen=True, slots=True)
class StatsRow:
    """Counts of the catalogue; `last_import_at` is None before the first import."""

    movies: int
    shows: int
    seasons: int
    episodes: int
    last_import_at: dt.datetime | None


STATS = """
SELECT (SELECT count(*) FROM movies m JOIN titles t ON t.id = m.title_id WHERE t.withdrawn_at IS NULL)::integer
         AS movies,
       (SELECT count(*) FROM shows s JOIN titles t ON t.id = s.title_id WHERE t.withdrawn_at IS NULL)::integer AS shows,
       (SELECT count(*) FROM show_seasons)::integer AS seasons,
       (SELECT count(*) FROM show_episodes)::integer AS episodes,
       (SELECT updated_at FROM sync_state WHERE key = 'last_import') AS last_import_at
"""

# The end of the last complete import in seconds since 1970, the unit of Prometheus' timestamps.
LAST_IMPORT = "SELECT extract(epoch FROM updated_at)::float8 FROM sync_state WHERE key = 'last_import'"

GENRE_COUNTS = """
SELECT g.name, g.is_custom, count(t.id)::integer AS count
  FROM genres g
  LEFT JOIN title_genres tg ON tg.genre_id = g.id
  LEFT JOIN titles t ON t.id = tg.title_id AND t.withdrawn_at IS NULL
 GROUP BY g.id
 ORDER BY g.name
"""

LANGUAGE_COUNTS = """
SELECT original_language AS code, count(*)::integer AS count
  FROM titles
 WHERE original_language IS NOT NULL AND withdrawn_at IS NULL
 GROUP BY original_language
 ORDER BY count(*) DESC, original_language
"""

COUNTRY_COUNTS = """
SELECT origin_country AS code, count(*)::integer AS count
  FROM titles
 WHERE origin_country IS NOT NULL AND withdrawn_at IS NULL
 GROUP BY origin_country
 ORDER BY count(*) DESC, origin_country
"""


@dataclass(frozen=True, slots=True)
class GenreRow:
    """A genre and the number of its titles."""

    name: str
    is_custom: bool
    count: int


async def load_stats(pool: asyncpg.Pool) -> StatsRow:
    """Return the catalogue's counts."""
    [counts] = await pool.fetch(STATS)
    return StatsRow(*counts)


async def load_last_import_time(pool: asyncpg.Pool) -> float:
    """Return the end of the last import in seconds since 1970, 0 before the first one."""
    return float(await pool.fetchval(LAST_IMPORT) or 0)


async def load_genres(pool: asyncpg.Pool) -> list[GenreRow]:
    """Return all genres by name."""
    return [GenreRow(*record) for record in await pool.fetch(GENRE_COUNTS)]


async def load_languages(pool: asyncpg.Pool) -> list[CountRow]:
    """Return the languages of the catalogue, most titles first."""
    return [CountRow(*record) for record in await pool.fetch(LANGUAGE_COUNTS)]


async def load_countries(pool: asyncpg.Pool) -> list[CountRow]:
    """Return the countries of the catalogue, most titles first."""
    return [CountRow(*record) for record in await pool.fetch(COUNTRY_COUNTS)]
