"""Addresses for search engines: movies and shows by ranges of their ids, never the whole catalogue at once."""

import datetime as dt
from dataclasses import dataclass

import asyncpg

LAST_IDS = """
SELECT COALESCE((SELECT max(id) FROM movies), 0) AS movie_id, COALESCE((SELECT max(id) FROM shows), 0) AS show_id
"""

MOVIES_BETWEEN = """
SELECT m.id, t.updated_at
  FROM movies m
  JOIN titles t ON t.id = m.title_id
 WHERE m.id BETWEEN $1::integer AND $2::integer AND t.withdrawn_at IS NULL
   AND NOT (t.is_adult AND $3::boolean)
 ORDER BY m.id
"""

SHOWS_BETWEEN = """
SELECT s.id, t.updated_at
  FROM shows s
  JOIN titles t ON t.id = s.title_id
 WHERE s.id BETWEEN $1::integer AND $2::integer AND t.withdrawn_at IS NULL
   AND NOT (t.is_adult AND $3::boolean)
 ORDER BY s.id
"""


@dataclass(frozen=True, slots=True)
class LastIds:
    """The greatest ids, 0 for a noun without rows."""

    movie_id: int
    show_id: int


async def load_last_ids(pool: asyncpg.Pool) -> LastIds:
    """Return the greatest ids of movies and shows."""
    [row] = await pool.fetch(LAST_IDS)
    return LastIds(*row)


async def load_movies_between(
    pool: asyncpg.Pool, first: int, last: int, *, hides_adult: bool = False
) -> list[tuple[int, dt.datetime]]:
    """Return id and last change of each movie in a range of ids, both ends included."""
    return [(row[0], row[1]) for row in await pool.fetch(MOVIES_BETWEEN, first, last, hides_adult)]


async def load_shows_between(
    pool: asyncpg.Pool, first: int, last: int, *, hides_adult: bool = False
) -> list[tuple[int, dt.datetime]]:
    """Return id and last change of each show in a range of ids, both ends included."""
    return [(row[0], row[1]) for row in await pool.fetch(SHOWS_BETWEEN, first, last, hides_adult)]
