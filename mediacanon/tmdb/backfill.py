"""Backfill: fetches flagged titles in order of votes, and shows with their episodes; the next run resumes."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeVar

import asyncpg

from mediacanon.database.counts import tidying
from mediacanon.database.pool import UNREACHABLE
from mediacanon.errors import UpstreamUnavailable
from mediacanon.http.retries import backoff
from mediacanon.progress import Progress, SilentProgress, Step
from mediacanon.tmdb.client import CONNECTIONS, CircuitOpen, InvalidApiKey, TmdbClient
from mediacanon.tmdb.episodes import EPISODES_CHECKED, enrich_episodes
from mediacanon.tmdb.further_store import IS_OUTDATED
from mediacanon.tmdb.lookup import HAS_IMAGE, TITLE_TO_FIND, FetchedTitle, TitleFacts, TitleToFind, look_up
from mediacanon.tmdb.store import store_facts
from mediacanon.vocabulary import MAX_INTEGER

T = TypeVar("T")
log = logging.getLogger(__name__)

PAGE = 5000
BATCH = 200
PAUSES_TO_GIVE_UP = 3
# A run takes hours: the database may be restarted meanwhile, and an import holds its rows for a while.
TRANSIENT = (*UNREACHABLE, TimeoutError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
# Seconds between attempts at the database, two minutes in all.
PAUSES = tuple(islice(backoff(1.0, 60.0), 7))

COUNT_FLAGGED = """
SELECT count(*) FROM titles WHERE needs_backfill_tmdb = true
"""

# Titles without any id cannot be looked up. A locked row keeps its flag and is fetched like the others.
CLEAR_WITHOUT_IDS = """
UPDATE titles SET needs_backfill_tmdb = false
 WHERE id IN (SELECT id FROM titles
               WHERE needs_backfill_tmdb = true AND imdb_id IS NULL AND tmdb_id IS NULL
                 FOR UPDATE SKIP LOCKED)
"""

# A title that fails keeps its flag for the next run; this run continues after it.
FLAGGED_TITLES = f"""
SELECT {TITLE_TO_FIND}, COALESCE(num_votes, -1) AS votes
  FROM titles t
 WHERE needs_backfill_tmdb = true
   AND (COALESCE(num_votes, -1) < $1::integer
        OR (COALESCE(num_votes, -1) = $1::integer AND id > $2::integer))
 ORDER BY votes DESC, id
 LIMIT $3::bigint
"""

SHOWS = f"""
SELECT {TITLE_TO_FIND}, COALESCE(num_votes, -1) AS votes
  FROM titles t
 WHERE type = 'show' AND imdb_id IS NOT NULL
   AND (COALESCE(num_votes, -1) < $1::integer
        OR (COALESCE(num_votes, -1) = $1::integer AND id > $2::integer))
 ORDER BY votes DESC, id
 LIMIT $3::bigint
"""

# Shows never fetched, or left by an interrupted run between their own facts and those of their episodes.
NEVER_FETCHED = f"""
       (NOT {HAS_IMAGE}
        OR episodes_checked_at IS NULL
           AND EXISTS (SELECT FROM shows w
                         JOIN show_seasons s ON s.show_id = w.id
                         JOIN show_episodes e ON e.season_id = s.id
                        WHERE w.title_id = t.id AND COALESCE(e.image_url, '') = ''))"""
SHOWS_NEVER_FETCHED = SHOWS.replace("type = 'show'", f"type = 'show' AND {NEVER_FETCHED}")

# Titles fetched before the facts had their present extent.
OUTDATED_TITLES = FLAGGED_TITLES.replace(
    "needs_backfill_tmdb = true", f"needs_backfill_tmdb IS DISTINCT FROM true AND {IS_OUTDATED}"
)
COUNT_OUTDATED = f"""
SELECT count(*) FROM titles t WHERE needs_backfill_tmdb IS DISTINCT FROM true AND {IS_OUTDATED}
"""

RESET = """
UPDATE titles SET needs_backfill_tmdb = true WHERE needs_backfill_tmdb IS DISTINCT FROM true
"""

Work = Callable[[TitleToFind], Awaitable[TitleFacts]]


@dataclass(slots=True)
class Summary:
    """The result of a run in titles.

    `failed` titles keep their flag, `failure` is the reason of the last one; `stopped`: the reason of an early end.
    """

    fetched: int = 0
    unknown: int = 0
    changed: int = 0
    failed: int = 0
    episodes: int = 0
    failure: str | None = None
    stopped: str | None = None

    @property
    def error(self) -> str | None:
        """The reason of an early end, or of a run without a single success; None: the run is a success."""
        return self.stopped or (None if self.fetched else self.failure)

    def __str__(self) -> str:
        parts = [f"{self.fetched:,} titles fetched from TMDB", f"{self.changed:,} changed"]
        parts += [f"{self.episodes:,} episodes changed"] if self.episodes else []
        parts += [f"{self.unknown:,} unknown there"] if self.unknown else []
        reason = f" ({self.failure})" if self.failure else ""
        parts += [f"{self.failed:,} failed and left for the next run{reason}"] if self.failed else []
        parts += [f"stopped: {self.stopped}"] if self.stopped else []
        return ", ".join(parts)


@dataclass(slots=True)
class BackfillRun:
    """A run over titles: its workers, its summary and its retries."""

    pool: asyncpg.Pool
    client: TmdbClient
    image_base_url: str
    pauses: Sequence[float]
    summary: Summary = field(default_factory=Summary)
    batch: list[FetchedTitle] = field(default_factory=list)
    silent_since: float | None = None
    pauses_in_a_row: int = 0
    pause_ends: float = 0.0

    async def over(self, sql: str, limit: int | None, work: Work, step: Step) -> Summary:
        """Do the work for each title, 20 at a time; fetched facts are stored even if the run ends early."""
        guard = asyncio.Lock()
        titles = self._titles(sql, limit)
        try:
            # A run of hours notes a change for each title, and a server that tidies may not be there.
            async with tidying(self.pool), asyncio.TaskGroup() as group:
                for _ in range(CONNECTIONS):
                    group.create_task(self._worker(titles, guard, work, step))
        except ExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        finally:
            with self._stop_on_failure():
                await self.flush()
        return self.summary

    async def _titles(self, sql: str, limit: int | None) -> AsyncIterator[TitleToFind]:
        """Yield titles page by page: no transaction stays open for the hours a run may take."""
        votes, last_id, left = MAX_INTEGER, 0, limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            records = await self._retried(partial(self.pool.fetch, sql, votes, last_id, size))
            for row in map(dict, records):
                votes, last_id = row.pop("votes"), row["title_id"]
                yield TitleToFind(**row)
            if len(records) < size:
                return
            left = left and left - size

    async def _worker(self, titles: AsyncIterator[TitleToFind], guard: asyncio.Lock, work: Work, step: Step) -> None:
        with self._stop_on_failure():
            while not self.summary.stopped:
                async with guard:
                    title = await anext(titles, None)
                if title is None:
                    return
                await self._process(title, work)
                step.advance(1)

    @contextmanager
    def _stop_on_failure(self) -> Iterator[None]:
        """Stop the run, with the reason in the summary, when the retries at the database are exhausted."""
        try:
            yield
        except TRANSIENT as error:
            reason = str(error).partition("\n")[0] or "it takes too long"
            self.summary.stopped = f"the database fails ({type(error).__name__}): {reason}"

    async def _retried(self, query: Callable[[], Awaitable[T]]) -> T:
        """Return the query's result, with retries after transient errors; without any when the run is stopping."""
        for pause in () if self.summary.stopped else self.pauses:
            try:
                return await query()
            except TRANSIENT as error:
                log.warning("The database fails, tried again in %g s: %s: %s", pause, type(error).__name__, error)
                await asyncio.sleep(pause)
        return await query()

    async def _process(self, title: TitleToFind, work: Work) -> None:
        """Do the work for a title, waiting while the circuit is open."""
        while not self.summary.stopped:
            try:
                return self._count(await work(title))
            except InvalidApiKey as error:
                self.summary.stopped = str(error)
            except CircuitOpen as error:
                await self._sit_out(str(error))
            except UpstreamUnavailable as error:
                log.debug("title %d failed: %s", title.title_id, error)
                self.summary.failed += 1
                self.summary.failure = str(error)
                return None
        return None

    def _count(self, facts: TitleFacts) -> None:
        # Counted after all the work: a show whose seasons keep failing must not end the silence.
        self.silent_since, self.pauses_in_a_row = None, 0
        self.summary.fetched += 1
        self.summary.unknown += facts.tmdb_id is None

    async def _sit_out(self, reason: str) -> None:
        """Wait until TMDB may be asked again; stop the run after too many pauses in a row without a reply.

        Both their number and their usual total time must be exceeded: a pause that TMDB asked for may be longer than
        that time, or so short that many of them mean little.
        """
        now = time.monotonic()
        self.silent_since = self.silent_since or now
        # Concurrent workers share one pause, which counts once.
        self.pauses_in_a_row += now >= self.pause_ends
        is_silent_for_long = now - self.silent_since > PAUSES_TO_GIVE_UP * self.client.pause
        if is_silent_for_long and self.pauses_in_a_row > PAUSES_TO_GIVE_UP:
            self.summary.stopped = reason
            return
        seconds = self.client.seconds_to_wait
        self.pause_ends = max(self.pause_ends, now + seconds)
        await asyncio.sleep(seconds)

    async def fetch_into_batch(self, title: TitleToFind) -> TitleFacts:
        """Fetch a title; store it together with others."""
        facts = await look_up(self.client, title)
        self.batch.append(FetchedTitle(title, facts))
        if len(self.batch) >= BATCH:
            await self.flush()
        return facts

    async def fetch_with_episodes(self, title: TitleToFind) -> TitleFacts:
        """Fetch and store a show and its episodes."""
        facts = await look_up(self.client, title)
        await self._store([FetchedTitle(title, facts)])
        episodes = await self._retried(partial(self._fetch_episodes, title.title_id, facts))
        self.summary.episodes += episodes
        return facts

    async def _fetch_episodes(self, title_id: int, facts: TitleFacts) -> int:
        if facts.media_type != "tv" or not facts.tmdb_id:
            await self.pool.execute(EPISODES_CHECKED, title_id)
            return 0
        return await enrich_episodes(
            self.pool, self.client, title_id=title_id, tmdb_id=facts.tmdb_id, image_base_url=self.image_base_url
        )

    async def flush(self) -> None:
        """Store the batch."""
        batch, self.batch = self.batch, []
        if batch:
            await self._store(batch)

    async def _store(self, batch: list[FetchedTitle]) -> None:
        changed = await self._retried(partial(self._store_once, batch))
        self.summary.changed += changed

    async def _store_once(self, batch: list[FetchedTitle]) -> int:
        async with self.pool.acquire() as connection:
            return len(await store_facts(connection, batch, image_base_url=self.image_base_url))


async def backfill(
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    image_base_url: str,
    limit: int | None = None,
    pauses: Sequence[float] = PAUSES,
    progress: Progress | None = None,
) -> Summary:
    """Fetch flagged titles, then titles with facts of an earlier extent, most voted first; return the summary.

    At most `limit` titles are fetched.

    A title's flag is cleared in the statement that stores its facts and nowhere else, so the next run resumes an
    interrupted one. A failing database is retried after `pauses` in seconds. Raises nothing because of TMDB.
    """
    await pool.execute(CLEAR_WITHOUT_IDS)
    flagged, outdated = await pool.fetchval(COUNT_FLAGGED), await pool.fetchval(COUNT_OUTDATED)
    total = flagged + outdated
    run = BackfillRun(pool, client, image_base_url, pauses)
    with (progress or SilentProgress()).step(
        "TMDB", total=total if limit is None else min(total, limit), unit="titles"
    ) as step:
        await run.over(FLAGGED_TITLES, limit, run.fetch_into_batch, step)
        left = limit and max(0, limit - flagged)
        return run.summary if run.summary.stopped else await run.over(OUTDATED_TITLES, left, run.fetch_into_batch, step)


async def fetch_images(  # noqa: PLR0913 - retries and progress have their defaults
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    image_base_url: str,
    limit: int | None = None,
    skip_synced: bool = True,
    pauses: Sequence[float] = PAUSES,
    progress: Progress | None = None,
) -> Summary:
    """Fetch posters and facts of shows and the stills of all their episodes; return the summary.

    With `skip_synced` only shows that were never fetched, or whose episodes were not. Raises nothing because of TMDB.
    """
    run = BackfillRun(pool, client, image_base_url, pauses)
    shows = SHOWS_NEVER_FETCHED if skip_synced else SHOWS
    with (progress or SilentProgress()).step("TMDB", total=limit, unit="shows") as step:
        return await run.over(shows, limit, run.fetch_with_episodes, step)


async def reset(pool: asyncpg.Pool) -> int:
    """Flag every title for the next backfill; return the number of titles that had no flag."""
    status = await pool.execute(RESET, timeout=None)
    return int(status.split()[-1])
