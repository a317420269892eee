"""Engagement: views of titles, and clicks of the collections that led to them.

A view that a client reports is written at once (`record_view`). Views of the server's own responses are buffered and
written in one batch twice a second, after the response and never before it:

    buffer = EngagementBuffer()
    async with buffer.writing_to(pool):      # also deletes rows older than 7 days, now and hourly
        buffer.record(title_id=47, source="collection-top-crime-shows")
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from mediacanon.database.changes import notify_engagement
from mediacanon.errors import NotFound
from mediacanon.writes.facts import Fact, short_line
from mediacanon.writes.transaction import change

log = logging.getLogger(__name__)

# A title's id and the source that its visitor came from.
View = tuple[int, str | None]
SOURCE = Fact("source", short_line(100))
# Clients send source=collection-{slug} for a title opened from a collection.
COLLECTION = "collection-"

# Seconds between two batches, between two clean-ups, and after a failed clean-up.
PAUSE = 0.5
HOUR = 3_600.0
MINUTE = 60.0
# The bound on distinct entries, which is the number of rows; repeated views only raise a counter.
MAX_ENTRIES = 10_000
# The bounds on distinct sources in a batch, in all and for one title; the views of more count without a source.
MAX_SOURCES, MAX_SOURCES_OF_TITLE = 100, 10
# An arbitrary number that no other lock uses: it serializes the writers of engagement and the clean-up.
ENGAGEMENT_LOCK = 7_305_000

INSERT_VIEW = """
WITH viewed AS (
    INSERT INTO title_views (title_id, source)
    SELECT id, $2::text FROM titles WHERE id = $1::bigint FOR KEY SHARE
    RETURNING title_id
), clicked AS (
    INSERT INTO collection_clicks (collection_id)
    SELECT c.id FROM collections c WHERE c.slug = $3::text AND EXISTS (SELECT FROM viewed)
    RETURNING collection_id
), counted AS (
    UPDATE collections c SET engagement_count = COALESCE(c.engagement_count, 0) + 1
      FROM clicked WHERE c.id = clicked.collection_id
)
SELECT title_id FROM viewed
"""

# Titles and collections deleted in the meantime are left out.
INSERT_VIEWS = """
INSERT INTO title_views (title_id, source, views)
SELECT t.id, seen.source, seen.times
  FROM unnest($1::bigint[], $2::text[], $3::int[]) AS seen (title_id, source, times)
  JOIN titles t ON t.id = seen.title_id
   FOR KEY SHARE OF t
"""
INSERT_CLICKS = """
WITH clicked AS (
    INSERT INTO collection_clicks (collection_id, clicks)
    SELECT c.id, seen.times
      FROM unnest($1::text[], $2::int[]) AS seen (slug, times)
      JOIN collections c ON c.slug = seen.slug
       FOR KEY SHARE OF c
    RETURNING collection_id, clicks)
UPDATE collections c
   SET engagement_count = COALESCE(c.engagement_count, 0) + clicked.clicks
  FROM clicked
 WHERE c.id = clicked.collection_id
"""

LOCK = "SELECT pg_advisory_xact_lock($1::bigint)"
# Rows of one statement: deleting 20 million at once takes 19 seconds.
DELETED_AT_ONCE = 10_000
# Without ENGAGEMENT_LOCK, which every batch of views needs; rows that another worker deletes are skipped.
DELETE_OLD_VIEWS = """
DELETE FROM title_views
 WHERE id = ANY (ARRAY(SELECT id FROM title_views WHERE viewed_at < now() - interval '7 days'
                        ORDER BY viewed_at LIMIT $1::integer FOR UPDATE SKIP LOCKED))
"""
DELETE_OLD_CLICKS = """
DELETE FROM collection_clicks
 WHERE id = ANY (ARRAY(SELECT id FROM collection_clicks WHERE clicked_at < now() - interval '7 days'
                        ORDER BY clicked_at LIMIT $1::integer FOR UPDATE SKIP LOCKED))
"""
COUNT_CLICKS = """
UPDATE collections c
   SET engagement_count = counted.clicks
  FROM (SELECT c.id, COALESCE(sum(k.clicks), 0) AS clicks
          FROM collections c
          LEFT JOIN collection_clicks k ON k.collection_id = c.id
         GROUP BY c.id) AS counted
 WHERE c.id = counted.id
   AND c.engagement_count IS DISTINCT FROM counted.clicks
"""


async def record_view(pool: asyncpg.Pool, title_id: int, source: str | None) -> None:
    """Count a view of a title, and a click of the collection that `source` names.

    Raises NotFound for an unknown title, BadArgument for an invalid source.
    """
    SOURCE.check(source)
    async with change(pool) as connection:
        await connection.execute(LOCK, ENGAGEMENT_LOCK)
        if await connection.fetchval(INSERT_VIEW, title_id, source, slug_in(source)) is None:
            raise NotFound(f"There is no title {title_id}")
        await notify_engagement(connection)


def slug_in(source: str | None) -> str | None:
    """Return the slug of the collection that a source names, None if it names none."""
    return source.removeprefix(COLLECTION) if source and source.startswith(COLLECTION) else None


async def write_engagement(pool: asyncpg.Pool, views: Mapping[View, int], clicks: Mapping[str, int]) -> None:
    """Add the counted views, by title and source, and the counted clicks, by the slug of the collection."""
    title_ids, sources = [title_id for title_id, _ in views], [source for _, source in views]
    async with change(pool) as connection:
        await connection.execute(LOCK, ENGAGEMENT_LOCK)
        await connection.execute(INSERT_VIEWS, title_ids, sources, list(views.values()))
        await connection.execute(INSERT_CLICKS, list(clicks), list(clicks.values()))
        await notify_engagement(connection)


async def clean_up_engagement(pool: asyncpg.Pool) -> None:
    """Delete rows older than 7 days in batches, then recount the clicks, while views are counted."""
    deleted = [await _delete_in_batches(pool, sql) for sql in (DELETE_OLD_CLICKS, DELETE_OLD_VIEWS)]
    async with change(pool) as connection:
        await connection.execute(LOCK, ENGAGEMENT_LOCK)
        recounted = await connection.execute(COUNT_CLICKS)
        if any(deleted) or not recounted.endswith(" 0"):
            await notify_engagement(connection)


async def _delete_in_batches(pool: asyncpg.Pool, statement: str) -> int:
    """Run a DELETE in transactions of bounded size until it finds no more; return the number of rows."""
    total = 0
    while True:
        async with change(pool) as connection:
            deleted = int((await connection.execute(statement, DELETED_AT_ONCE)).split()[-1])
        total += deleted
        if deleted < DELETED_AT_ONCE:
            return total


class EngagementBuffer:
    """Views and clicks that wait to be written, as counters by title and source, and by slug.

    A full buffer drops new entries and logs their number.
    """

    def __init__(self, *, pause: float = PAUSE, most: int = MAX_ENTRIES) -> None:
        self._pause = pause
        self._most = most
        self._views = Counter[View]()
        self._clicks = Counter[str]()
        self._sources: set[str] = set()
        self._sources_of_title = Counter[int]()
        self._dropped = 0
        self._turn = asyncio.Lock()
        # The failure logged last: at two batches a second the log would repeat it.
        self._failure = ""

    @property
    def waiting(self) -> int:
        """The number of views and clicks in the buffer."""
        return self._views.total() + self._clicks.total()

    def record(self, *, title_id: int | None = None, source: str | None = None, slug: str | None = None) -> None:
        """Count a view of a title, with the click that its source names, or a click of the collection `slug`."""
        if title_id is not None:
            known = source if source and SOURCE.rule.is_met(source) else None
            self._count(self._views, (title_id, self._bounded(title_id, known)))
            slug = slug_in(known)
        if slug is not None:
            self._count(self._clicks, slug)

    def _bounded(self, title_id: int, source: str | None) -> str | None:
        """Return the source, or None if the batch holds too many: clients invent sources, and each one is a row."""
        if source is None or (title_id, source) in self._views:
            return source
        of_title = self._sources_of_title[title_id]
        is_full = source not in self._sources and len(self._sources) >= MAX_SOURCES
        if is_full or of_title >= MAX_SOURCES_OF_TITLE:
            return None
        self._sources.add(source)
        self._sources_of_title[title_id] += 1
        return source

    def _count(self, counted: Counter[Any], key: object, times: int = 1) -> None:
        if key in counted or len(self._views) + len(self._clicks) < self._most:
            counted[key] += times
        else:
            self._dropped += times

    async def write(self, pool: asyncpg.Pool) -> None:
        """Write the buffer after any batch in progress; a failed batch goes back into the buffer."""
        async with self._turn:
            if self._views or self._clicks:
                await self._write_all(pool)
            # During a failure the number still grows, so it is logged afterwards.
            if self._dropped and not self._failure:
                log.warning("Too many views at once: %s were not counted", f"{self._dropped:,}")
                self._dropped = 0

    async def _write_all(self, pool: asyncpg.Pool) -> None:
        views, clicks = self._views, self._clicks
        self._views, self._clicks = Counter(), Counter()
        self._sources, self._sources_of_title = set(), Counter()
        try:
            await write_engagement(pool, views, clicks)
        except Exception as error:  # noqa: BLE001 - after any failure the next batch may succeed
            if self._failure != str(error):
                self._failure = str(error)
                log.warning("Views could not be counted yet: %s", error)
            self._put_back(views, clicks)
        else:
            if self._failure:
                self._failure = ""
                log.info("Views are counted again")

    def _put_back(self, views: Counter[View], clicks: Counter[str]) -> None:
        """Restore a failed batch; it precedes the entries recorded in the meantime."""
        new = ((self._views, views), (self._clicks, clicks))
        self._views, self._clicks = views, clicks
        for recorded, counted in new:
            for key, times in recorded.items():
                self._count(counted, key, times)

    @asynccontextmanager
    async def writing_to(self, pool: asyncpg.Pool) -> AsyncIterator[None]:
        """Write batches while the block runs, and the last batch at its end."""
        tasks = [
            asyncio.create_task(self._keep_writing(pool), name="engagement"),
            asyncio.create_task(_keep_cleaning(pool), name="engagement clean-up"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self.write(pool)
            if lost := self.waiting + self._dropped:
                log.warning("%s views and clicks could not be counted before the end", f"{lost:,}")

    async def _keep_writing(self, pool: asyncpg.Pool) -> None:
        while True:
            await asyncio.sleep(self._pause)
            # A shutdown must not cancel a batch in progress.
            await asyncio.shield(self.write(pool))


async def _keep_cleaning(pool: asyncpg.Pool, *, pause: float = HOUR, pause_after_failure: float = MINUTE) -> None:
    while True:
        try:
            await clean_up_engagement(pool)
        except Exception as error:  # noqa: BLE001 - after any failure the next attempt may succeed
            log.warning("Old views could not be cleaned up yet: %s", error)
            await asyncio.sleep(pause_after_failure)
        else:
            await asyncio.sleep(pause)
