"""Franchises: TMDB's collections name their films, which one request for each franchise fetches in the background."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg
import orjson

from mediacanon.database.changes import notify_titles
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.further_store import BACKDROP_SIZE, POSTER_SIZE
from mediacanon.tmdb.replies import FilmOfFranchise, FranchiseDetails

# A new film joins a franchise once in a few years.
FRESH_FOR = timedelta(days=30)
MAX_FILMS = 200

STORE_FRANCHISE = """
UPDATE franchises
   SET name = COALESCE($2::text, name), overview = $3::text, poster_url = $4::text, backdrop_url = $5::text,
       films = $6::text::jsonb, fetched_at = now()
 WHERE id = $1::integer
"""
# A franchise that TMDB does not know any more names no films.
STORE_UNKNOWN = "UPDATE franchises SET films = NULL, fetched_at = now() WHERE id = $1::integer"
TITLES_OF_FRANCHISE = "SELECT title_id FROM title_facts WHERE franchise_id = $1::integer"


@dataclass(frozen=True, slots=True)
class FranchiseFetch:
    """Fetches franchises and stores their films."""

    pool: asyncpg.Pool
    client: TmdbClient
    image_base_url: str

    async def run(self, franchise_id: int) -> None:
        """Fetch and store a franchise, and notify the workers of its titles. Raises UpstreamUnavailable."""
        details = await self.client.franchise(franchise_id)
        async with self.pool.acquire() as connection, connection.transaction():
            if details is None:
                await connection.execute(STORE_UNKNOWN, franchise_id)
            else:
                await connection.execute(STORE_FRANCHISE, franchise_id, *self._columns(details))
            rows = await connection.fetch(TITLES_OF_FRANCHISE, franchise_id)
            await notify_titles(connection, [row["title_id"] for row in rows], is_stale=True)

    def _columns(self, details: FranchiseDetails) -> tuple[str | None, ...]:
        poster = details.poster_path and f"{self.image_base_url}/{POSTER_SIZE}{details.poster_path}"
        backdrop = details.backdrop_path and f"{self.image_base_url}/{BACKDROP_SIZE}{details.backdrop_path}"
        return details.name, details.overview, poster, backdrop, _json(details.films)


def is_stale(fetched_at: datetime | None, now: datetime) -> bool:
    """Return whether a franchise's films were never fetched, or so long ago that they are fetched again; UTC."""
    return fetched_at is None or now - fetched_at > FRESH_FOR


def _json(films: Sequence[FilmOfFranchise]) -> str:
    """Return films in order of release, undated ones last."""
    ordered = sorted(films, key=lambda film: (film.release_date or date.max, film.tmdb_id))
    return orjson.dumps(ordered[:MAX_FILMS]).decode()
