"""Genres, and the titles not yet reviewed for custom genres."""

from collections.abc import Sequence

import asyncpg

from mediacanon.curation.genre_review import TitleToReview

CUSTOM_GENRES = "SELECT name FROM genres WHERE is_custom ORDER BY name"

GENRE_NAMES = "SELECT name FROM genres ORDER BY name"

# An empty array of genres restricts nothing. EXISTS lists a title with several of the genres once.
TITLES_TO_REVIEW = """
SELECT t.id AS title_id, t.display_name, t.start_year, t.type, t.num_votes, t.average_rating,
       t.original_language, t.origin_country,
       ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
              WHERE tg.title_id = t.id AND NOT g.is_custom ORDER BY g.name) AS genres,
       ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
              WHERE tg.title_id = t.id AND g.is_custom ORDER BY g.name) AS custom_genres
  FROM titles t
 WHERE t.withdrawn_at IS NULL
   AND NOT EXISTS (SELECT FROM custom_genre_reviews r WHERE r.title_id = t.id)
   AND (cardinality($1::text[]) = 0
        OR EXISTS (SELECT FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
                    WHERE tg.title_id = t.id AND g.name = ANY ($1::text[])))
 ORDER BY t.num_votes DESC NULLS LAST, t.id
 LIMIT $2::bigint
"""


async def load_custom_genres(pool: asyncpg.Pool) -> list[str]:
    """Return the names of custom genres in order."""
    return [record["name"] for record in await pool.fetch(CUSTOM_GENRES)]


async def load_genre_names(pool: asyncpg.Pool) -> list[str]:
    """Return the names of all genres in order."""
    return [record["name"] for record in await pool.fetch(GENRE_NAMES)]


async def load_titles_to_review(pool: asyncpg.Pool, *, genres: Sequence[str], limit: int) -> list[TitleToReview]:
    """Return titles without a review, most voted first; `genres` restricts them to titles with one of these."""
    return [TitleToReview(**record) for record in await pool.fetch(TITLES_TO_REVIEW, genres, limit)]
