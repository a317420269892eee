"""Lazy enrichment: a view of a title or a person fetches missing facts from TMDB, and the reader waits a bounded time.

Concurrent views of a title share one fetch: within a process by single-flight, across processes by the title's lock.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import asyncpg

from mediacanon.cache.single_flight import SingleFlight
from mediacanon.database.changes import Change, ChangeListener
from mediacanon.database.pool import open_pool
from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.settings import Settings
from mediacanon.tmdb.client import CircuitOpen, InvalidApiKey, TmdbClient
from mediacanon.tmdb.fetch import FetchedElsewhere, TitleFetch
from mediacanon.tmdb.franchises import FranchiseFetch
from mediacanon.tmdb.franchises import is_stale as is_franchise_stale
from mediacanon.tmdb.pacing import Cooldowns
from mediacanon.tmdb.passthrough import Passthrough
from mediacanon.tmdb.person import PersonFetch

log = logging.getLogger(__name__)

CONCURRENT_FETCHES = 4
FAILURE_COOLDOWN = 600.0
# Seconds for which a complete title is not even read; a change of the title ends them at once.
COMPLETE_COOLDOWN = 60.0
MAX_COOLDOWNS = 10_000
# Seconds: a person at the refresh button waits longer than a reader; a GraphQL operation may take 10.
REFRESH_WAIT = 8.0
# Beyond this many waiting fetches one more would come too late.
MAX_PENDING = 200
QUEUE_SIZE = 500

# Neither logged as a failure nor remembered as one: the client has reported it, or another worker is at it.
NOT_FETCHED = (CircuitOpen, InvalidApiKey, FetchedElsewhere)


class Enrichment:
    """Fetches titles and people from TMDB as they are viewed."""

    def __init__(  # noqa: PLR0913 - several waits, each with its default
        self,
        pool: asyncpg.Pool,
        client: TmdbClient,
        *,
        locks: asyncpg.Pool,
        image_base_url: str,
        wait: float = 1.5,
        refresh_wait: float = REFRESH_WAIT,
        failure_cooldown: float = FAILURE_COOLDOWN,
        passthrough: Passthrough | None = None,
    ) -> None:
        self._client = client
        self.passthrough = passthrough
        self._fetch = TitleFetch(pool, client, locks=locks, image_base_url=image_base_url)
        self._wait = wait
        self._refresh_wait = refresh_wait
        # A fetch outlives its callers: the next view finds the facts.
        self._fetches: SingleFlight[int, None] = SingleFlight(outlives_callers=True)
        self._refreshes: SingleFlight[int, None] = SingleFlight(outlives_callers=True)
        self._franchise_fetch = FranchiseFetch(pool, client, image_base_url)
        self._franchises: SingleFlight[int, None] = SingleFlight(outlives_callers=True)
        self._failed_franchises = Cooldowns(MAX_COOLDOWNS, failure_cooldown)
        self._person_fetch = PersonFetch(pool, client, locks=locks, image_base_url=image_base_url)
        self._people: SingleFlight[int, None] = SingleFlight(outlives_callers=True)
        self._failed_people = Cooldowns(MAX_COOLDOWNS, failure_cooldown)
        self._complete_people = Cooldowns(MAX_COOLDOWNS, COMPLETE_COOLDOWN)
        self._failed = Cooldowns(MAX_COOLDOWNS, failure_cooldown)
        self._complete = Cooldowns(MAX_COOLDOWNS, COMPLETE_COOLDOWN)
        self._queue: asyncio.Queue[int] = asyncio.Queue(QUEUE_SIZE)
        self._queued: set[int] = set()
        self._queue_worker: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> int:
        """Number of titles and people that are being fetched or wait for their turn."""
        return len(self._fetches) + len(self._people) + sum(title_id not in self._fetches for title_id in self._queued)

    @property
    def seconds_to_wait(self) -> float:
        """Seconds for which TMDB gets no requests, after many failures or at its own request."""
        return self._client.seconds_to_wait

    async def title(self, title_id: int, *, wait: float | None = None) -> bool:
        """Fetch the facts that a title lacks, those of its episodes included.

        Waits at most `wait` seconds (None: TMDB_WAIT) for missing facts and not at all for stale ones; the fetch goes
        on. Returns whether it has waited: the title may have changed since. Never raises because of TMDB.
        """
        if not self._client.is_available or self._is_cooling_down(title_id):
            return False
        title = await self._fetch.read(title_id)
        if title is None:
            return False
        if not title.needs_fetch():
            self._complete.add(title_id)
            return False
        if title_id not in self._fetches and len(self._fetches) >= MAX_PENDING:
            return False
        task = self._fetches.start(title_id, partial(self._run, title_id))
        if not (title.lacks_facts or title.needs_episodes):
            return False
        await asyncio.wait({task}, timeout=self._wait if wait is None else wait)
        return True

    async def person(self, person_id: int) -> bool:
        """Fetch the picture and the biography of a person, as `title` fetches facts; return whether it has waited."""
        is_cooling_down = person_id in self._complete_people or person_id in self._failed_people
        if not self._client.is_available or is_cooling_down:
            return False
        person = await self._person_fetch.read(person_id)
        if person is None or not person.needs_fetch:
            if person:
                self._complete_people.add(person_id)
            return False
        if person_id not in self._people and len(self._people) >= MAX_PENDING:
            return False
        work = partial(self._person_fetch.run, person_id)
        task = self._people.start(person_id, partial(_guarded, "person", person_id, work, self._failed_people))
        if not person.lacks_facts:
            return False
        await asyncio.wait({task}, timeout=self._wait)
        return True

    def queue(self, title_ids: Iterable[int]) -> None:
        """Queue titles that a list showed: fetched one by one while nothing else is, dropped beyond 500."""
        if self._client.is_available:
            for title_id in title_ids:
                if self._queue.full():
                    break
                if title_id not in self._queued and not self._is_cooling_down(title_id):
                    self._queued.add(title_id)
                    self._queue.put_nowait(title_id)
        if self._queued and self._queue_worker is None:
            self._queue_worker = asyncio.create_task(self._work_through_queue())

    def queue_franchise(self, franchise_id: int, fetched_at: datetime | None) -> None:
        """Fetch a franchise's films in the background if they were never fetched, or a month ago (UTC)."""
        is_wanted = is_franchise_stale(fetched_at, datetime.now(UTC).replace(tzinfo=None))
        is_busy = len(self._franchises) >= CONCURRENT_FETCHES or franchise_id in self._failed_franchises
        if is_wanted and not is_busy and self._client.is_available:
            work = partial(self._franchise_fetch.run, franchise_id)
            run = partial(_guarded, "franchise", franchise_id, work, self._failed_franchises)
            self._franchises.start(franchise_id, run)

    async def refresh(self, title_id: int) -> None:
        """Fetch a title and all its episodes from TMDB, however fresh they are.

        Raises NotFound, or UpstreamUnavailable if TMDB is not available, fails, or has not replied after 8 seconds; in
        the last case the fetch goes on.
        """
        if await self._fetch.read(title_id) is None:
            raise NotFound
        if title_id not in self._refreshes and len(self._refreshes) >= MAX_PENDING:
            raise UpstreamUnavailable("Too many titles are being refreshed: try again in a minute")
        task = self._refreshes.start(title_id, partial(self._run_refresh, title_id))
        done, _ = await asyncio.wait({task}, timeout=self._refresh_wait)
        if not done:
            raise UpstreamUnavailable("TMDB takes its time: what it says will be stored when it comes")
        task.result()

    def forget(self, change: Change) -> None:
        """End the cool-downs of titles and people that changed; after an import those of all."""
        for title_id in change.ids("title"):
            self._complete.discard(title_id)
        for person_id in change.ids("person"):
            self._complete_people.discard(person_id)
        if change.is_everything:
            self._complete.clear()
            self._complete_people.clear()

    async def close(self) -> None:
        """Cancel every fetch; the next view of an unfinished title begins anew."""
        workers = [self._queue_worker] if self._queue_worker else []
        for worker in workers:
            worker.cancel()
        if self.passthrough:
            await self.passthrough.close()
        flights = (self._fetches, self._refreshes, self._franchises, self._people)
        await asyncio.gather(*workers, *(each.close() for each in flights), return_exceptions=True)

    def _is_cooling_down(self, title_id: int) -> bool:
        return title_id in self._complete or title_id in self._failed

    async def _run_refresh(self, title_id: int) -> None:
        await self._fetch.run(title_id, is_forced=True)
        self._failed.discard(title_id)

    async def _run(self, title_id: int, *, is_queued: bool = False) -> None:
        await _guarded("title", title_id, partial(self._fetch_title, title_id, is_queued=is_queued), self._failed)

    async def _fetch_title(self, title_id: int, *, is_queued: bool) -> None:
        if not is_queued or await self._needs_facts(title_id):
            await self._fetch.run(title_id, with_episodes=not is_queued)

    async def _needs_facts(self, title_id: int) -> bool:
        """Return whether a queued title's facts are missing or stale; its episodes wait for a view of the title."""
        title = await self._fetch.read(title_id)
        if title is not None and not title.needs_fetch():
            self._complete.add(title_id)
        return title is not None and title.needs_fetch(with_episodes=False)

    async def _work_through_queue(self) -> None:
        while True:
            title_id = await self._queue.get()
            await self._fetches.join()
            if self._client.is_available and not self._is_cooling_down(title_id):
                await self._run(title_id, is_queued=True)
            self._queued.discard(title_id)


async def _guarded(noun: str, id_: int, fetch: Callable[[], Awaitable[None]], failed: Cooldowns) -> None:
    """Fetch a title, a person or a franchise; a failure is logged and begins the cool-down."""
    try:
        await fetch()
    except NOT_FETCHED as reason:
        log.debug("%s %d was not fetched: %s", noun, id_, reason)
    except (UpstreamUnavailable, asyncpg.PostgresError, OSError) as error:
        log.warning("%s %d was not enriched: %s", noun, id_, error)
        failed.add(id_)
    except Exception:
        log.exception("%s %d was not enriched", noun, id_)
        failed.add(id_)


def build_client(settings: Settings) -> TmdbClient | None:
    """Return a client configured by the settings; None without a key."""
    if not settings.tmdb_api_key:
        return None
    return TmdbClient(
        settings.tmdb_api_key,
        base_url=settings.tmdb_base_url,
        per_second=settings.tmdb_rate,
        languages=settings.tmdb_languages,
    )


@asynccontextmanager
async def open_enrichment(
    settings: Settings, pool: asyncpg.Pool, dsn: str, changes: ChangeListener
) -> AsyncIterator[Enrichment | None]:
    """Yield the enrichment of this process, None without a key; the exit cancels its fetches."""
    client = build_client(settings)
    if client is None:
        yield None
        return
    async with client, await open_pool(dsn, size=CONCURRENT_FETCHES) as locks:
        enrichment = Enrichment(
            pool,
            client,
            locks=locks,
            image_base_url=settings.tmdb_image_base_url,
            wait=settings.tmdb_wait,
            passthrough=Passthrough(client) if settings.tmdb_passthrough == "on" else None,
        )
        unsubscribe = changes.subscribe(enrichment.forget)
        try:
            yield enrichment
        finally:
            unsubscribe()
            await enrichment.close()
