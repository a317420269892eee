"""Choices of discover's filter, without counts: a walk through an index from one value to the next."""

from dataclasses import dataclass

import asyncpg

from mediacanon.loaders.discover import IS_DISCOVERABLE

GENRE_NAMES = """
SELECT g.name
  FROM genres g
 WHERE EXISTS (SELECT FROM title_genres tg JOIN titles t ON t.id = tg.title_id
                WHERE tg.genre_id = g.id AND NOT (t.is_adult AND $1::boolean))
 ORDER BY g.name
"""

# PostgreSQL has no skip scan over a descending tail before 18: each step looks up the next greater country.
COUNTRY_CODES = f"""
  WITH RECURSIVE hop AS (
       SELECT (SELECT min(t.origin_country) FROM titles t WHERE {IS_DISCOVERABLE}) AS code
        UNION ALL
       SELECT (SELECT min(t.origin_country) FROM titles t WHERE {IS_DISCOVERABLE} AND t.origin_country > hop.code)
         FROM hop
        WHERE hop.code IS NOT NULL)
SELECT code
  FROM hop
 WHERE code IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class ChoicesRow:
    """Genres by name and countries by code, each with at least one title."""

    genres: list[str]
    countries: list[str]


async def load_choices(pool: asyncpg.Pool, *, hides_adult: bool = False) -> ChoicesRow:
    """Return the choices of discover's filter."""
    genres = await pool.fetch(GENRE_NAMES, hides_adult)
    countries = await pool.fetch(COUNTRY_CODES)
    return ChoicesRow([row[0] for row in genres], [row[0] for row in countries])
