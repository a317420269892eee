"""Fetches a person's picture and biography from TMDB, at most once at a time across all processes.

IMDb's id finds the person, so a name is never guessed: the credits of a title name people by TMDB's numbers alone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from mediacanon.database.changes import Connection, notify_person
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.fetch import holding
from mediacanon.tmdb.freshness import MONTHLY, is_stale
from mediacanon.tmdb.replies import PersonDetails

LOCK_CLASS = 0x6D637470  # "mctp"
# A biography changes seldom.
FRESH_FOR: timedelta = MONTHLY
PROFILE_SIZE = "h632"

PERSON_TO_ENRICH = """
SELECT p.id AS person_id, p.tmdb_id, f.fetched_at
  FROM people p
  LEFT JOIN person_facts f ON f.person_id = p.id
 WHERE p.id = $1::integer
"""
PERSON_TO_STORE = "SELECT COALESCE(locked_fields, '{}') FROM people WHERE id = $1::integer FOR NO KEY UPDATE"
STORE_PERSON = """
UPDATE people
   SET tmdb_id = COALESCE($2::integer, tmdb_id), image_url = COALESCE($3::text, image_url)
 WHERE id = $1::integer
   AND (tmdb_id, image_url) IS DISTINCT FROM (COALESCE($2::integer, tmdb_id), COALESCE($3::text, image_url))
"""
# $4: whether the biography stays as it is.
STORE_PERSON_FACTS = """
INSERT INTO person_facts AS f (person_id, fetched_at, source, biography)
VALUES ($1::integer, now(), $2::text, $3::text)
    ON CONFLICT (person_id) DO UPDATE
   SET fetched_at = excluded.fetched_at,
       source = CASE WHEN $4::boolean THEN f.source ELSE excluded.source END,
       biography = CASE WHEN $4::boolean THEN f.biography ELSE excluded.biography END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonToEnrich:
    """The columns of a person that a fetch needs; times are UTC without a zone."""

    person_id: int
    tmdb_id: int | None
    fetched_at: datetime | None

    @property
    def imdb_id(self) -> str:
        """IMDb's id; TMDB has none of a person made by hand, whose number is too long."""
        return f"nm{self.person_id:07}"

    @property
    def lacks_facts(self) -> bool:
        """True if TMDB has never told about the person."""
        return self.fetched_at is None

    @property
    def needs_fetch(self) -> bool:
        """True if the facts are missing or a month old."""
        return is_stale(self.fetched_at, FRESH_FOR, datetime.now(UTC).replace(tzinfo=None))


class PersonFetch:
    """Fetches of single people. `locks` is the pool whose connections hold their locks."""

    def __init__(self, pool: asyncpg.Pool, client: TmdbClient, *, locks: asyncpg.Pool, image_base_url: str) -> None:
        self._pool = pool
        self._client = client
        self._locks = locks
        self._image_base_url = image_base_url

    async def read(self, person_id: int) -> PersonToEnrich | None:
        """Return the person's present state; None: no such person."""
        row = await self._pool.fetchrow(PERSON_TO_ENRICH, person_id)
        return PersonToEnrich(**row) if row else None

    async def run(self, person_id: int) -> None:
        """Fetch and store the facts that are missing or stale, and notify the workers.

        Raises UpstreamUnavailable, or FetchedElsewhere if another worker holds the lock for long.
        """
        async with holding(self._locks, LOCK_CLASS, person_id):
            person = await self.read(person_id)
            if person is None or not person.needs_fetch:
                return
            details = await look_up(self._client, person)
            async with self._pool.acquire() as connection, connection.transaction():
                await self._store(connection, person_id, details)

    async def _store(self, connection: Connection, person_id: int, details: PersonDetails | None) -> None:
        """Store the facts but for the edited ones; a person that TMDB does not know keeps all."""
        locked = await connection.fetchval(PERSON_TO_STORE, person_id)
        if locked is None:
            return
        stays = details is None or "biography" in locked
        biography = details.biography if details and not stays else None
        if details:
            has_picture = details.profile_path and "image_url" not in locked
            picture = f"{self._image_base_url}/{PROFILE_SIZE}{details.profile_path}" if has_picture else None
            await connection.execute(STORE_PERSON, person_id, details.tmdb_id, picture)
        await connection.execute(STORE_PERSON_FACTS, person_id, "tmdb" if biography else None, biography, stays)
        await notify_person(connection, person_id)


async def look_up(client: TmdbClient, person: PersonToEnrich) -> PersonDetails | None:
    """Return TMDB's facts about a person, None if it does not know IMDb's id; one request if its number is known.

    Raises UpstreamUnavailable.
    """
    if person.tmdb_id:
        known = await client.person(person.tmdb_id)
        if known and known.imdb_id == person.imdb_id:
            return known
    found = (await client.find(person.imdb_id)).people
    return await client.person(found[0]) if found else None
