"""Lazy enrichment: someone looks at a title, TMDB is asked for what it lacks, nobody waits long.

One fetch per title at a time: within a process a table of running tasks, across processes an
advisory lock in a transaction on a small pool of its own. A transaction's lock works through
PgBouncer and ends with its holder, unlike a session's lock or a row that says "taken"; the pool
that answers requests gives up no connection while TMDB takes its time; the small pool's size bounds
the fetches at once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

import asyncpg

from mediacanon.database.changes import Change, ChangeListener, notify_title
from mediacanon.database.pool import open_pool
from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.settings import Settings
from mediacanon.tmdb.client import CircuitOpen, InvalidApiKey, TmdbClient
from mediacanon.tmdb.episodes import EPISODES_CHECKED, LACKS_SOMETHING, SeasonScope, enrich_episodes
from mediacanon.tmdb.freshness import fresh_for, is_stale
from mediacanon.tmdb.lookup import TITLE_TO_FIND, Facts, TitleToFind, TitleType, look_up
from mediacanon.tmdb.pacing import Cooldowns
from mediacanon.tmdb.store import Answer, store_facts

log = logging.getLogger(__name__)

AT_ONCE = 4
REMEMBER_FAILURES = 600.0
# How long a title that needed nothing is not even looked up; whatever changes in it is heard at once.
REMEMBER_COMPLETE = 60.0
MOST_REMEMBERED = 10_000
# Who presses the button is more patient than who reads; a GraphQL operation may take 10 seconds.
REFRESH_WAIT = 8.0
# With this many fetches waiting for their turn another one would only come too late.
MOST_PENDING = 200
QUEUE_SIZE = 500
LOCK_CLASS = 0x6D63746D  # "mctm"
LOCK_TIMEOUT = "5s"

TITLE_TO_ENRICH = f"""
SELECT {TITLE_TO_FIND},
       COALESCE(t.needs_backfill_tmdb, false) AS is_flagged,
       t.release_date, t.start_year, t.end_year,
       t.enriched_at AS asked_at,
       CASE WHEN t.type = 'show'
             AND COALESCE(t.episodes_checked_at < now() - INTERVAL '24 hours', true)
            THEN EXISTS (SELECT FROM shows w
                           JOIN show_seasons s ON s.show_id = w.id
                           JOIN show_episodes e ON e.season_id = s.id
                          WHERE w.title_id = t.id AND {LACKS_SOMETHING})
            ELSE false END AS needs_episodes
  FROM titles t
 WHERE t.id = $1::integer
"""

LOCK_TITLE = """
SELECT set_config('lock_timeout', $3::text, true),
       set_config('idle_in_transaction_session_timeout', '0', true),
       pg_advisory_xact_lock($1::integer, $2::integer)
"""


class FetchedElsewhere(UpstreamUnavailable):
    """This title is being fetched already."""


# Nothing to remember and nothing to report: the client has said what is wrong, or nothing is.
NOT_ASKED = (CircuitOpen, InvalidApiKey, FetchedElsewhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleToEnrich:
    """A title as far as enriching it goes; times are UTC without a zone."""

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
    asked_at: datetime | None
    needs_episodes: bool

    @property
    def lacks_facts(self) -> bool:
        """Whether TMDB has not been asked for this title, or is to be asked again."""
        return self.is_flagged or (not self.has_image and bool(self.imdb_id))

    @property
    def is_stale(self) -> bool:
        """Whether what TMDB said is older than the title's stage of life allows."""
        now = datetime.now(UTC).replace(tzinfo=None)
        fresh = fresh_for(
            title_type=self.type,
            release_date=self.release_date,
            start_year=self.start_year,
            end_year=self.end_year,
            today=now.date(),
        )
        return bool(self.imdb_id or self.tmdb_id) and is_stale(self.asked_at, fresh, now)

    def choose_extent(self, *, is_forced: bool) -> SeasonScope | None:
        """Return which of its seasons are to be asked for; None: none.

        A running show's newest one is where its facts are only old: nobody waits for that.
        """
        if self.type != "show":
            return None
        if is_forced:
            return SeasonScope.ALL
        if self.end_year is None and self.is_stale and not self.lacks_facts:
            return SeasonScope.NEWEST
        return SeasonScope.LACKING if self.needs_episodes else None

    @property
    def to_find(self) -> TitleToFind:
        """What finding it at TMDB takes."""
        return TitleToFind(
            title_id=self.title_id,
            type=self.type,
            imdb_id=self.imdb_id,
            tmdb_id=self.tmdb_id,
            is_tmdb_id_locked=self.is_tmdb_id_locked,
            has_image=self.has_image,
        )


class Enrichment:
    """Asks TMDB about titles people look at."""

    def __init__(  # noqa: PLR0913 - patience of several kinds, each with its default
        self,
        pool: asyncpg.Pool,
        client: TmdbClient,
        *,
        locks: asyncpg.Pool,
        image_base_url: str,
        wait: float = 1.5,
        refresh_wait: float = REFRESH_WAIT,
        remember_failures: float = REMEMBER_FAILURES,
    ) -> None:
        self._pool = pool
        self._client = client
        self._locks = locks
        self._image_base_url = image_base_url
        self._wait = wait
        self._refresh_wait = refresh_wait
        self._running: dict[int, asyncio.Task[None]] = {}
        self._refreshing: dict[int, asyncio.Task[None]] = {}
        self._failed = Cooldowns(seconds=remember_failures, most=MOST_REMEMBERED)
        self._complete = Cooldowns(seconds=REMEMBER_COMPLETE, most=MOST_REMEMBERED)
        self._queue: asyncio.Queue[int] = asyncio.Queue(QUEUE_SIZE)
        self._queued: set[int] = set()
        self._queue_worker: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> int:
        """How many titles are being fetched, or wait for their turn."""
        return len(self._queued | self._running.keys())

    @property
    def seconds_to_wait(self) -> float:
        """How long TMDB is left alone, after too many failures or because it said so."""
        return self._client.seconds_to_wait

    async def title(self, title_id: int, *, wait: float | None = None) -> bool:
        """See to it that a title has what TMDB knows of it, episodes included.

        Waits at most `wait` seconds (None: TMDB_WAIT) where something is missing, not at all where
        it is only old; the fetch goes on. Returns whether it has waited: the title may have changed
        since. Never raises because of TMDB.
        """
        if not self._may_ask(title_id):
            return False
        title = await self._read(title_id)
        if title is None:
            return False
        if not _needs(title):
            self._complete.add(title_id)
            return False
        task = self._start(title_id)
        if task is None or not (title.lacks_facts or title.needs_episodes):
            return False
        await asyncio.wait({task}, timeout=self._wait if wait is None else wait)
        return True

    def queue(self, title_ids: Iterable[int]) -> None:
        """Note titles a list showed: fetched one by one when nobody waits, dropped beyond 500."""
        for title_id in title_ids:
            if title_id in self._queued or not self._may_ask(title_id) or self._queue.full():
                continue
            self._queued.add(title_id)
            self._queue.put_nowait(title_id)
        if self._queued and self._queue_worker is None:
            self._queue_worker = asyncio.create_task(self._work_through_queue())

    async def refresh(self, title_id: int) -> None:
        """Ask TMDB again about a title and its episodes, however fresh they are.

        Raises NotFound, or UpstreamUnavailable where TMDB cannot be asked, does not answer, or has
        not answered after 8 seconds; then the fetch goes on.
        """
        if await self._read(title_id) is None:
            raise NotFound
        task = self._refreshing.get(title_id)
        if task is None:
            if len(self._refreshing) >= MOST_PENDING:
                raise UpstreamUnavailable("Too many titles are being refreshed: try again in a minute")
            task = self._refreshing[title_id] = asyncio.create_task(self._enrich(title_id, is_forced=True))
            task.add_done_callback(lambda ended: self._note_refreshed(title_id, ended))
        done, _ = await asyncio.wait({task}, timeout=self._refresh_wait)
        if not done:
            raise UpstreamUnavailable("TMDB takes its time: what it says will be stored when it comes")
        task.result()

    def forget(self, change: Change) -> None:
        """Look again at titles that changed, after an import at all."""
        for title_id in change.ids("title"):
            self._complete.forget(title_id)
        if change.is_everything:
            self._complete.clear()

    async def close(self) -> None:
        """Stop everything under way; what was not stored yet will be fetched at the next look."""
        tasks = [*self._running.values(), *self._refreshing.values(), *filter(None, [self._queue_worker])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _may_ask(self, title_id: int) -> bool:
        return title_id not in self._complete and title_id not in self._failed and self._client.may_ask

    def _note_refreshed(self, title_id: int, task: asyncio.Task[None]) -> None:
        """Remember a refresh that ended; its failure concerns only who still waits for it."""
        del self._refreshing[title_id]
        if task.cancelled() or task.exception():
            return
        self._failed.forget(title_id)

    async def _read(self, title_id: int) -> TitleToEnrich | None:
        row = await self._pool.fetchrow(TITLE_TO_ENRICH, title_id)
        return TitleToEnrich(**row) if row else None

    def _start(self, title_id: int) -> asyncio.Task[None] | None:
        """Return the running fetch of a title, a new one, or None when too many are waiting."""
        if title_id not in self._running and len(self._running) < MOST_PENDING:
            task = asyncio.create_task(self._run(title_id))
            self._running[title_id] = task
            task.add_done_callback(lambda _: self._running.pop(title_id, None))
        return self._running.get(title_id)

    async def _run(self, title_id: int, *, is_queued: bool = False) -> None:
        try:
            if is_queued and not await self._is_wanting(title_id):
                return
            await self._enrich(title_id, with_episodes=not is_queued)
        except NOT_ASKED as reason:
            log.debug("title %d was not fetched: %s", title_id, reason)
        except (UpstreamUnavailable, asyncpg.PostgresError, OSError) as error:
            log.warning("title %d was not enriched: %s", title_id, error)
            self._failed.add(title_id)
        except Exception:
            log.exception("title %d was not enriched", title_id)
            self._failed.add(title_id)

    async def _is_wanting(self, title_id: int) -> bool:
        """Return whether a title from a list lacks facts or has old ones; its episodes wait for a closer look."""
        title = await self._read(title_id)
        if title is not None and not _needs(title):
            self._complete.add(title_id)
        return title is not None and _needs(title, with_episodes=False)

    async def _enrich(self, title_id: int, *, with_episodes: bool = True, is_forced: bool = False) -> None:
        """Fetch and store what a title needs by now; another worker may have done it meanwhile."""
        async with self._alone(title_id):
            title = await self._read(title_id)
            if title is None or not (is_forced or _needs(title, with_episodes=with_episodes)):
                return
            facts = await look_up(self._client, title.to_find)
            async with self._pool.acquire() as connection:
                answers = [Answer(title_id, facts)]
                if not await store_facts(connection, answers, image_base_url=self._image_base_url) and is_forced:
                    # Nothing changed but the date that the page tells.
                    await notify_title(connection, title_id)
            extent = title.choose_extent(is_forced=is_forced) if with_episodes else None
            if extent:
                await self._enrich_episodes(title, facts, extent)

    async def _enrich_episodes(self, title: TitleToEnrich, facts: Facts, extent: SeasonScope) -> None:
        if facts.kind != "tv" or facts.tmdb_id is None:
            await self._pool.execute(EPISODES_CHECKED, title.title_id)
            return
        await enrich_episodes(
            self._pool,
            self._client,
            title_id=title.title_id,
            tmdb_id=facts.tmdb_id,
            image_base_url=self._image_base_url,
            extent=extent,
        )

    @asynccontextmanager
    async def _alone(self, title_id: int) -> AsyncIterator[None]:
        """Hold the title's lock across all workers, after a few seconds in its queue at most."""
        async with self._locks.acquire() as connection, connection.transaction():
            try:
                await connection.execute(LOCK_TITLE, LOCK_CLASS, title_id, LOCK_TIMEOUT)
            except asyncpg.LockNotAvailableError:
                raise FetchedElsewhere from None
            yield

    async def _work_through_queue(self) -> None:
        while True:
            title_id = await self._queue.get()
            while self._running:
                await asyncio.wait(self._running.values())
            if self._may_ask(title_id):
                await self._run(title_id, is_queued=True)
            self._queued.discard(title_id)


def _needs(title: TitleToEnrich, *, with_episodes: bool = True) -> bool:
    return title.lacks_facts or title.is_stale or (with_episodes and title.needs_episodes)


def build_client(settings: Settings) -> TmdbClient | None:
    """Return a client as the settings say; None without a key."""
    if not settings.tmdb_api_key:
        return None
    return TmdbClient(settings.tmdb_api_key, base_url=settings.tmdb_base_url, per_second=settings.tmdb_rate)


@asynccontextmanager
async def open_enrichment(
    settings: Settings, pool: asyncpg.Pool, dsn: str, events: ChangeListener
) -> AsyncIterator[Enrichment | None]:
    """Give the enrichment of this process, None without a key; leaving stops its fetches and closes its connections."""
    client = build_client(settings)
    if client is None:
        yield None
        return
    async with client, await open_pool(dsn, size=AT_ONCE) as locks:
        enrichment = Enrichment(
            pool,
            client,
            locks=locks,
            image_base_url=settings.tmdb_image_base_url,
            wait=settings.tmdb_wait,
        )
        stop_hearing = events.subscribe(enrichment.forget)
        try:
            yield enrichment
        finally:
            stop_hearing()
            await enrichment.close()
