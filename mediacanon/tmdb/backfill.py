"""TMDB in bulk: flagged titles by votes, shows with their episodes; the next run goes on."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from mediacanon.errors import UpstreamUnavailable
from mediacanon.progress import Progress, SilentProgress, Step
from mediacanon.tmdb.client import CONNECTIONS, NotAnswering, TmdbClient, WrongKey
from mediacanon.tmdb.episodes import EPISODES_CHECKED, enrich_episodes
from mediacanon.tmdb.lookup import TITLE_TO_FIND, Facts, TitleToFind, look_up
from mediacanon.tmdb.replies import LARGEST_INTEGER
from mediacanon.tmdb.store import Answer, store_facts

log = logging.getLogger(__name__)

PAGE = 5000
BATCH = 200
PAUSES_TO_GIVE_UP = 3

COUNT_FLAGGED = """
SELECT count(*) FROM titles WHERE needs_backfill_tmdb = true
"""

# Made by hand: there is nothing to look up.
CLEAR_WITHOUT_IDS = """
UPDATE titles SET needs_backfill_tmdb = false
 WHERE needs_backfill_tmdb = true AND imdb_id IS NULL AND tmdb_id IS NULL
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
NEVER_LOOKED_FOR = """
       (image_url IS NULL AND 'image_url' <> ALL (locked_fields)
        OR episodes_checked_at IS NULL
           AND EXISTS (SELECT FROM shows w
                         JOIN show_seasons s ON s.show_id = w.id
                         JOIN show_episodes e ON e.season_id = s.id
                        WHERE w.title_id = t.id AND e.image_url IS NULL))"""
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
    summary: Summary = field(default_factory=Summary)
    answers: list[Answer] = field(default_factory=list)
    silent_since: float | None = None

    async def over(self, titles: AsyncIterator[TitleToFind], work: Work, step: Step) -> Summary:
        """Do the work for each title, 20 at a time; what was answered is stored in any case."""
        guard = asyncio.Lock()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CONNECTIONS):
                    group.create_task(self._worker(titles, guard, work, step))
        except ExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        finally:
            await self.flush()
        return self.summary

    async def _worker(self, titles: AsyncIterator[TitleToFind], guard: asyncio.Lock, work: Work, step: Step) -> None:
        while not self.summary.stopped:
            async with guard:
                title = await anext(titles, None)
            if title is None:
                return
            await self._patiently(title, work)
            step.advance(1)

    async def _patiently(self, title: TitleToFind, work: Work) -> None:
        """Do the work for a title, sitting out the pauses of the circuit breaker."""
        while not self.summary.stopped:
            try:
                return self._count(await work(title))
            except WrongKey as error:
                self.summary.stopped = str(error)
            except NotAnswering as error:
                await self._sit_out(str(error))
            except UpstreamUnavailable as error:
                log.debug("title %d failed: %s", title.title_id, error)
                self.summary.failed += 1
                return None
        return None

    def _count(self, facts: Facts) -> None:
        # Only now: work that fails half-way says nothing of whether TMDB will ever answer the rest.
        self.silent_since = None
        self.summary.fetched += 1
        self.summary.unknown += facts.tmdb_id is None

    async def _sit_out(self, reason: str) -> None:
        """Wait until TMDB may be asked again; stop the run after a few pauses without an answer."""
        now = time.monotonic()
        self.silent_since = self.silent_since or now
        if now - self.silent_since > PAUSES_TO_GIVE_UP * self.client.pause:
            self.summary.stopped = reason
        else:
            await asyncio.sleep(self.client.seconds_to_wait)

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
        if facts.kind == "tv" and facts.tmdb_id:
            changed = await enrich_episodes(
                self.pool,
                self.client,
                title_id=title.title_id,
                tmdb_id=facts.tmdb_id,
                image_base_url=self.image_base_url,
            )
            self.summary.episodes += changed
        else:
            await self.pool.execute(EPISODES_CHECKED, title.title_id)
        return facts

    async def flush(self) -> None:
        """Store the answers collected so far."""
        answers, self.answers = self.answers, []
        if answers:
            await self._store(answers)

    async def _store(self, answers: list[Answer]) -> None:
        async with self.pool.acquire() as connection:
            changed = await store_facts(connection, answers, image_base_url=self.image_base_url)
        self.summary.changed += len(changed)


async def backfill(
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    image_base_url: str,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Fetch flagged titles, most voted first, at most `limit`; return what was done.

    A title's flag is cleared together with storing what TMDB said of it, and by nothing else, so an
    interrupted run is taken up by the next. Raises nothing because of TMDB.
    """
    await pool.execute(CLEAR_WITHOUT_IDS)
    total = await pool.fetchval(COUNT_FLAGGED)
    run = Run(pool, client, image_base_url)
    titles = _titles(pool, FLAGGED_TITLES, limit)
    with (progress or SilentProgress()).step(
        "TMDB", total=total if limit is None else min(total, limit), unit="titles"
    ) as step:
        return await run.over(titles, run.fetch_into_batch, step)


async def fetch_images(
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    image_base_url: str,
    limit: int | None = None,
    skip_synced: bool = True,
    progress: Progress | None = None,
) -> Summary:
    """Fetch posters and facts of shows and the stills of all their episodes; return what was done.

    With `skip_synced` only shows that, or whose episodes, were never looked for. Raises nothing because of TMDB.
    """
    run = Run(pool, client, image_base_url)
    titles = _titles(pool, SHOWS_TO_LOOK_FOR if skip_synced else SHOWS, limit)
    with (progress or SilentProgress()).step("TMDB", total=limit, unit="shows") as step:
        return await run.over(titles, run.fetch_with_episodes, step)


async def reset(pool: asyncpg.Pool) -> int:
    """Flag all titles to be fetched again; return how many were not flagged before."""
    status = await pool.execute(RESET, timeout=None)
    return int(status.split()[-1])


async def _titles(pool: asyncpg.Pool, sql: str, limit: int | None) -> AsyncIterator[TitleToFind]:
    """Yield titles page by page: no transaction stays open for the hours a run may take."""
    votes, last_id, left = LARGEST_INTEGER, 0, limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        rows = [dict(row) for row in await pool.fetch(sql, votes, last_id, size)]
        for row in rows:
            votes, last_id = row.pop("votes"), row["title_id"]
            yield TitleToFind(**row)
        if len(rows) < size:
            return
        left = left and left - size
