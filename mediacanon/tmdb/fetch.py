"""Fetches one title from TMDB and stores it, under a lock that all processes share.

The lock is an advisory lock in a transaction on a small pool of its own. A transaction's lock works through PgBouncer
and ends with its holder, unlike a session's lock or a row that says "taken". The pool that answers requests gives up no
connection while TMDB is slow, and the size of the small pool bounds the concurrent fetches.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

import asyncpg

from mediacanon.database.changes import notify_title
from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.episodes import EPISODES_CHECKED, LACKS_ID, LACKS_SOMETHING, SeasonScope, enrich_episodes
from mediacanon.tmdb.freshness import fresh_for, is_stale
from mediacanon.tmdb.further_store import IS_OUTDATED
from mediacanon.tmdb.lookup import TITLE_TO_FIND, FetchedTitle, TitleFacts, TitleToFind, look_up
from mediacanon.tmdb.store import store_facts
from mediacanon.vocabulary import TitleType

LOCK_CLASS = 0x6D63746D  # "mctm"
LOCK_TIMEOUT = "5s"

TITLE_TO_ENRICH = f"""
SELECT {TITLE_TO_FIND},
       COALESCE(t.needs_backfill_tmdb, false) AS is_flagged,
       t.release_date, t.start_year, t.end_year,
       t.enriched_at AS fetched_at,
       CASE WHEN t.type = 'show'
             AND COALESCE(t.episodes_checked_at < now() - INTERVAL '24 hours', true)
            THEN EXISTS (SELECT FROM shows w
                           JOIN show_seasons s ON s.show_id = w.id
                           JOIN show_episodes e ON e.season_id = s.id
                          WHERE w.title_id = t.id AND {LACKS_SOMETHING})
            ELSE false END AS needs_episodes,
       CASE WHEN t.type = 'show'
             AND COALESCE(t.episodes_checked_at < now() - INTERVAL '24 hours', true)
            THEN EXISTS (SELECT FROM shows w
                           JOIN show_seasons s ON s.show_id = w.id
                           JOIN show_episodes e ON e.season_id = s.id
                          WHERE w.title_id = t.id AND {LACKS_ID})
            ELSE false END AS lacks_episode_ids,
       {IS_OUTDATED} AS is_outdated
  FROM titles t
 WHERE t.id = $1::integer
"""

LOCK = """
SELECT set_config('lock_timeout', $3::text, true),
       set_config('idle_in_transaction_session_timeout', '0', true),
       pg_advisory_xact_lock($1::integer, $2::integer)
"""


class FetchedElsewhere(UpstreamUnavailable):
    """This title or person is being fetched already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleToEnrich:
    """The columns of a title that its enrichment needs; times are UTC without a zone."""

    title_id: int
    type: TitleType
    imdb_id: str | None
    tmdb_id: int | None
    is_tmdb_id_locked: bool
    has_image: bool
    is_flagged: bool
    release_date: date | None
    start_year: int | None
    end_year: int | None
    fetched_at: datetime | None
    needs_episodes: bool
    lacks_episode_ids: bool
    is_outdated: bool

    @property
    def lacks_facts(self) -> bool:
        """True if TMDB was never asked about the title, or the title is flagged."""
        return self.is_flagged or (not self.has_image and bool(self.imdb_id))

    @property
    def is_stale(self) -> bool:
        """True if the facts are older than the title's stage of life allows."""
        now = datetime.now(UTC).replace(tzinfo=None)
        fresh = fresh_for(
            title_type=self.type,
            release_date=self.release_date,
            start_year=self.start_year,
            end_year=self.end_year,
            today=now.date(),
        )
        return bool(self.imdb_id or self.tmdb_id) and is_stale(self.fetched_at, fresh, now)

    def needs_fetch(self, *, with_episodes: bool = True) -> bool:
        """Return whether facts are missing, stale or of an earlier extent, or facts of episodes are missing."""
        lacks_episodes = self.needs_episodes or self.lacks_episode_ids
        return self.lacks_facts or self.is_stale or self.is_outdated or (with_episodes and lacks_episodes)

    def season_scope(self, *, is_forced: bool) -> SeasonScope | None:
        """Return the seasons to fetch; None: none.

        The newest season of a running show is fetched with stale facts only: no caller waits for those.
        """
        if self.type != "show":
            return None
        if is_forced:
            return SeasonScope.ALL
        if self.end_year is None and self.is_stale and not self.lacks_facts:
            return SeasonScope.NEWEST
        return SeasonScope.LACKING if self.needs_episodes or self.lacks_episode_ids else None

    @property
    def to_find(self) -> TitleToFind:
        """The columns that its look-up needs."""
        return TitleToFind(
            title_id=self.title_id,
            type=self.type,
            imdb_id=self.imdb_id,
            tmdb_id=self.tmdb_id,
            is_tmdb_id_locked=self.is_tmdb_id_locked,
            has_image=self.has_image,
        )


class TitleFetch:
    """Fetches of single titles. `locks` is the pool whose connections hold the titles' locks."""

    def __init__(self, pool: asyncpg.Pool, client: TmdbClient, *, locks: asyncpg.Pool, image_base_url: str) -> None:
        self._pool = pool
        self._client = client
        self._locks = locks
        self._image_base_url = image_base_url

    async def read(self, title_id: int) -> TitleToEnrich | None:
        """Return the title's present state; None: no such title."""
        row = await self._pool.fetchrow(TITLE_TO_ENRICH, title_id)
        return TitleToEnrich(**row) if row else None

    async def run(self, title_id: int, *, with_episodes: bool = True, is_forced: bool = False) -> None:
        """Fetch and store the title's missing or stale facts; forced: all facts and all episodes.

        The title is read under the lock, since another worker may have fetched it meanwhile.
        Raises UpstreamUnavailable, or FetchedElsewhere if another worker holds the lock for long.
        """
        async with holding(self._locks, LOCK_CLASS, title_id):
            title = await self.read(title_id)
            if title is None or not (is_forced or title.needs_fetch(with_episodes=with_episodes)):
                return
            facts = await look_up(self._client, title.to_find)
            await self._store(FetchedTitle(title.to_find, facts), is_forced=is_forced)
            scope = title.season_scope(is_forced=is_forced) if with_episodes else None
            if scope:
                await self._enrich_episodes(title_id, facts, scope)

    async def _store(self, fetched: FetchedTitle, *, is_forced: bool) -> None:
        async with self._pool.acquire() as connection:
            changed = await store_facts(connection, [fetched], image_base_url=self._image_base_url)
            if is_forced and not changed:
                # Pages show the date of the last fetch, which has changed.
                await notify_title(connection, fetched.title.title_id)

    async def _enrich_episodes(self, title_id: int, facts: TitleFacts, scope: SeasonScope) -> None:
        if facts.media_type != "tv" or facts.tmdb_id is None:
            await self._pool.execute(EPISODES_CHECKED, title_id)
            return
        await enrich_episodes(
            self._pool,
            self._client,
            title_id=title_id,
            tmdb_id=facts.tmdb_id,
            image_base_url=self._image_base_url,
            scope=scope,
        )


@asynccontextmanager
async def holding(locks: asyncpg.Pool, lock_class: int, id_: int) -> AsyncIterator[None]:
    """Hold the lock of a title or a person across all workers, after a wait of a few seconds at most.

    Raises FetchedElsewhere.
    """
    async with locks.acquire() as connection, connection.transaction():
        try:
            await connection.execute(LOCK, lock_class, id_, LOCK_TIMEOUT)
        except asyncpg.LockNotAvailableError:
            raise FetchedElsewhere from None
        yield
