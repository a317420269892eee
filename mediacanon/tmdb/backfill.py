"""TMDB in bulk: flagged titles by votes, shows with their episodes; the next run goes on."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import asyncpg

from mediacanon.database.pool import UNREACHABLE
from mediacanon.errors import UpstreamUnavailable
from mediacanon.progress import Progress, SilentProgress, Step
from mediacanon.tmdb.client import CONNECTIONS, CircuitOpen, InvalidApiKey, TmdbClient
from mediacanon.tmdb.episodes import EPISODES_CHECKED, enrich_episodes
from mediacanon.tmdb.lookup import HAS_IMAGE, TITLE_TO_FIND, Facts, TitleToFind, look_up
from mediacanon.tmdb.replies import LARGEST_INTEGER
from mediacanon.tmdb.store import Answer, store_facts

T = TypeVar("T")
log = logging.getLogger(__name__)

PAGE = 5000
BATCH = 200
PAUSES_TO_GIVE_UP = 3
# A run takes hours: the database may be restarted meanwhile, and an import holds its rows for a while.
PASSING = (*UNREACHABLE, TimeoutError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
# Seconds between attempts at the database.
PAUSES = (1.0, 5.0, 15.0, 60.0)

COUNT_FLAGGED = """
SELECT count(*) FROM titles WHERE needs_backfill_tmdb = true
"""

# Made by hand: there is nothing to look up. One that is locked comes with the others.
CLEAR_WITHOUT_IDS = """
UPDATE titles SET needs_backfill_tmdb = false
 WHERE id IN (SELECT id FROM titles
               WHERE needs_backfill_tmdb = true AND imdb_id IS NULL AND tmdb_id IS NULL
                 FOR UPDATE SKIP LOCKED)
"""

# Titles that fail keep their flag for the next run; this one goes on after them.
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

# Never looked for, or the run ended between a show's own facts and its episodes'.
NEVER_LOOKED_FOR = f"""
       (NOT {HAS_IMAGE}
        OR episodes_checked_at IS NULL
           AND EXISTS (SELECT FROM shows w
                         JOIN show_seasons s ON s.show_id = w.id
                         JOIN show_episodes e ON e.season_id = s.id
                        WHERE w.title_id = t.id AND COALESCE(e.image_url, '') = ''))"""
SHOWS_TO_LOOK_FOR = SHOWS.replace("type = 'show'", f"type = 'show' AND {NEVER_LOOKED_FOR}")

RESET = """
UPDATE titles SET needs_backfill_tmdb = true WHERE needs_backfill_tmdb IS DISTINCT FROM true
"""

Work = Callable[[TitleToFind], Awaitable[Facts]]


@dataclass(slots=True)
class Summary:
    """What a run did, in titles. `failed` ones keep their flag; `stopped`: why it ended early."""

    fetched: int = 0
    unknown: int = 0
    changed: int = 0
    failed: int = 0
    episodes: int = 0
    stopped: str | None = None

    def __str__(self) -> str:
        parts = [f"{self.fetched:,} titles fetched from TMDB", f"{self.changed:,} changed"]
        parts += [f"{self.episodes:,} episodes changed"] if self.episodes else []
        parts += [f"{self.unknown:,} unknown there"] if self.unknown else []
        parts += [f"{self.failed:,} failed and left for the next run"] if self.failed else []
        parts += [f"stopped: {self.stopped}"] if self.stopped else []
        return ", ".join(parts)


@dataclass(slots=True)
class Run:
    """A run over titles: its workers, their results and what becomes of failures."""

    pool: asyncpg.Pool
    client: TmdbClient
    image_base_url: str
    pauses: Sequence[float]
    summary: Summary = field(default_factory=Summary)
    answers: list[Answer] = field(default_factory=list)
    silent_since: float | None = None
    pauses_in_a_row: int = 0
    pause_ends: float = 0.0

    async def over(self, sql: str, limit: int | None, work: Work, step: Step) -> Summary:
        """Do the work for each title, 20 at a time; what was answered is stored in any case."""
        guard = asyncio.Lock()
        titles = self._titles(sql, limit)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CONNECTIONS):
                    group.create_task(self._worker(titles, guard, work, step))
        except ExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        finally:
            with self._stopping():
                await self.flush()
        return self.summary

    async def _titles(self, sql: str, limit: int | None) -> AsyncIterator[TitleToFind]:
        """Yield titles page by page: no transaction stays open for the hours a run may take."""
        votes, last_id, left = LARGEST_INTEGER, 0, limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            records = await self._insist(partial(self.pool.fetch, sql, votes, last_id, size))
            for row in map(dict, records):
                votes, last_id = row.pop("votes"), row["title_id"]
                yield TitleToFind(**row)
            if len(records) < size:
                return
            left = left and left - size

    async def _worker(self, titles: AsyncIterator[TitleToFind], guard: asyncio.Lock, work: Work, step: Step) -> None:
        with self._stopping():
            while not self.summary.stopped:
                async with guard:
                    title = await anext(titles, None)
                if title is None:
                    return
                await self._patiently(title, work)
                step.advance(1)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """End the run, with a line that says why, where the database has failed again and again."""
        try:
            yield
        except PASSING as error:
            reason = str(error).partition("\n")[0] or "it takes too long"
            self.summary.stopped = f"the database fails ({type(error).__name__}): {reason}"

    async def _insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the database's answer, after a few attempts where its failure may pass; of a run that ends, one."""
        for pause in () if self.summary.stopped else self.pauses:
            try:
                return await ask()
            except PASSING as error:
                log.warning("The database fails, tried again in %g s: %s: %s", pause, type(error).__name__, error)
                await asyncio.sleep(pause)
        return await ask()

    async def _patiently(self, title: TitleToFind, work: Work) -> None:
        """Do the work for a title, sitting out the pauses of the circuit breaker."""
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
                return None
        return None

    def _count(self, facts: Facts) -> None:
        # Only now: work that fails half-way says nothing of whether TMDB will ever answer the rest.
        self.silent_since, self.pauses_in_a_row = None, 0
        self.summary.fetched += 1
        self.summary.unknown += facts.tmdb_id is None

    async def _sit_out(self, reason: str) -> None:
        """Wait until TMDB may be asked again; stop the run after a few pauses, and their usual time, without an answer.

        A pause that TMDB asked for may be longer than that time, or so short that many of them say little.
        """
        now = time.monotonic()
        self.silent_since = self.silent_since or now
        # The others sit out the same one.
        self.pauses_in_a_row += now >= self.pause_ends
        is_silent_for_long = now - self.silent_since > PAUSES_TO_GIVE_UP * self.client.pause
        if is_silent_for_long and self.pauses_in_a_row > PAUSES_TO_GIVE_UP:
            self.summary.stopped = reason
            return
        seconds = self.client.seconds_to_wait
        self.pause_ends = max(self.pause_ends, now + seconds)
        await asyncio.sleep(seconds)

    async def fetch_into_batch(self, title: TitleToFind) -> Facts:
        """Fetch a title; store it together with others."""
        facts = await look_up(self.client, title)
        self.answers.append(Answer(title.title_id, facts))
        if len(self.answers) >= BATCH:
            await self.flush()
        return facts

    async def fetch_with_episodes(self, title: TitleToFind) -> Facts:
        """Fetch and store a show and its episodes."""
        facts = await look_up(self.client, title)
        await self._store([Answer(title.title_id, facts)])
        self.summary.episodes += await self._insist(partial(self._fetch_episodes, title.title_id, facts))
        return facts

    async def _fetch_episodes(self, title_id: int, facts: Facts) -> int:
        if facts.kind != "tv" or not facts.tmdb_id:
            await self.pool.execute(EPISODES_CHECKED, title_id)
            return 0
        return await enrich_episodes(
            self.pool, self.client, title_id=title_id, tmdb_id=facts.tmdb_id, image_base_url=self.image_base_url
        )

    async def flush(self) -> None:
        """Store the answers collected so far."""
        answers, self.answers = self.answers, []
        if answers:
            await self._store(answers)

    async def _store(self, answers: list[Answer]) -> None:
        self.summary.changed += await self._insist(partial(self._store_once, answers))

    async def _store_once(self, answers: list[Answer]) -> int:
        async with self.pool.acquire() as connection:
            return len(await store_facts(connection, answers, image_base_url=self.image_base_url))


async def backfill(
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    image_base_url: str,
    limit: int | None = None,
    pauses: Sequence[float] = PAUSES,
    progress: Progress | None = None,
) -> Summary:
    """Fetch flagged titles, most voted first, at most `limit`; return what was done.

    A title's flag is cleared together with storing what TMDB said of it, and by nothing else, so an
    interrupted run is taken up by the next. A database that fails is tried again after `pauses` in seconds.
    Raises nothing because of TMDB.
    """
    await pool.execute(CLEAR_WITHOUT_IDS)
    total = await pool.fetchval(COUNT_FLAGGED)
    run = Run(pool, client, image_base_url, pauses)
    with (progress or SilentProgress()).step(
        "TMDB", total=total if limit is None else min(total, limit), unit="titles"
    ) as step:
        return await run.over(FLAGGED_TITLES, limit, run.fetch_into_batch, step)


async def fetch_images(  # noqa: PLR0913 - patience and progress have their defaults
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    image_base_url: str,
    limit: int | None = None,
    skip_synced: bool = True,
    pauses: Sequence[float] = PAUSES,
    progress: Progress | None = None,
) -> Summary:
    """Fetch posters and facts of shows and the stills of all their episodes; return what was done.

    With `skip_synced` only shows that, or whose episodes, were never looked for. Raises nothing because of TMDB.
    """
    run = Run(pool, client, image_base_url, pauses)
    shows = SHOWS_TO_LOOK_FOR if skip_synced else SHOWS
    with (progress or SilentProgress()).step("TMDB", total=limit, unit="shows") as step:
        return await run.over(shows, limit, run.fetch_with_episodes, step)


async def reset(pool: asyncpg.Pool) -> int:
    """Flag all titles to be fetched again; return how many were not flagged before."""
    status = await pool.execute(RESET, timeout=None)
    return int(status.split()[-1])
