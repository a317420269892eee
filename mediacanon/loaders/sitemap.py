"""Addresses for search engines: movies, shows and people by ranges of their ids, never the whole catalogue at once."""

import asyncpg

# Ids of a part: the protocol's limit for one file; https://www.sitemaps.org/protocol.html
PER_PART = 50_000
# The day as text.
CHANGED = "t.updated_at::date::text"


def _parts_of(table: str) -> str:
    """Return the statement of the parts of a table that have rows: it jumps from each part to the next one."""
    return f"""
  WITH RECURSIVE part (number) AS (
       SELECT (min(id) - 1) / {PER_PART} + 1 FROM {table}
        UNION ALL
       SELECT ((SELECT min(id) FROM {table} WHERE id > p.number::bigint * {PER_PART}) - 1) / {PER_PART} + 1
         FROM part p
        WHERE p.number IS NOT NULL)
SELECT number FROM part WHERE number IS NOT NULL
"""


MOVIE_PARTS, SHOW_PARTS, PERSON_PARTS = _parts_of("movies"), _parts_of("shows"), _parts_of("people")

MOVIES_BETWEEN = f"""
SELECT m.id, {CHANGED}
  FROM movies m
  JOIN titles t ON t.id = m.title_id
 WHERE m.id BETWEEN $1::integer AND $2::integer AND t.withdrawn_at IS NULL
   AND NOT (t.is_adult AND $3::boolean)
 ORDER BY m.id
"""

SHOWS_BETWEEN = f"""
SELECT s.id, {CHANGED}
  FROM shows s
  JOIN titles t ON t.id = s.title_id
 WHERE s.id BETWEEN $1::integer AND $2::integer AND t.withdrawn_at IS NULL
   AND NOT (t.is_adult AND $3::boolean)
 ORDER BY s.id
"""

# People with a credit that their page shows. A credit has no date.
PEOPLE_BETWEEN = """
SELECT p.id, NULL::text AS updated_at
  FROM people p
 WHERE p.id BETWEEN $1::integer AND $2::integer AND p.withdrawn_at IS NULL
   AND EXISTS (SELECT
                 FROM credits c
                 JOIN titles t ON t.id = c.title_id
                WHERE c.person_id = p.id AND t.withdrawn_at IS NULL AND NOT (t.is_adult AND $3::boolean))
 ORDER BY p.id
"""

Entry = tuple[int, str | None]


async def load_movie_parts(pool: asyncpg.Pool) -> list[int]:
    """Return the numbers of the parts of the movies, from 1, in order: part 2 has the ids from 50,001 on."""
    return [row[0] for row in await pool.fetch(MOVIE_PARTS)]


async def load_show_parts(pool: asyncpg.Pool) -> list[int]:
    """Return the numbers of the parts of the shows."""
    return [row[0] for row in await pool.fetch(SHOW_PARTS)]


async def load_person_parts(pool: asyncpg.Pool) -> list[int]:
    """Return the numbers of the parts of the people; IMDb's numbers have gaps, so parts are left out."""
    return [row[0] for row in await pool.fetch(PERSON_PARTS)]


async def load_movies_between(pool: asyncpg.Pool, first: int, last: int, *, hides_adult: bool = False) -> list[Entry]:
    """Return id and day of the last change of each movie in a range of ids, both ends included."""
    return [(row[0], row[1]) for row in await pool.fetch(MOVIES_BETWEEN, first, last, hides_adult)]


async def load_shows_between(pool: asyncpg.Pool, first: int, last: int, *, hides_adult: bool = False) -> list[Entry]:
    """Return id and day of the last change of each show in a range of ids, both ends included."""
    return [(row[0], row[1]) for row in await pool.fetch(SHOWS_BETWEEN, first, last, hides_adult)]


async def load_people_between(pool: asyncpg.Pool, first: int, last: int, *, hides_adult: bool = False) -> list[Entry]:
    """Return the id of each person with a credit in a range of ids, both ends included, without a date."""
    return [(row[0], row[1]) for row in await pool.fetch(PEOPLE_BETWEEN, first, last, hides_adult)]
