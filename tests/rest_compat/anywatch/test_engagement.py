"""Views and clicks are counted after the answer, in batches, and never delay it."""

import asyncio
import logging

import asyncpg
import httpx
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.writes import engagement
from mediacanon.writes.engagement import EngagementBuffer, _keep_cleaning, clean_up_engagement
from tests.serving import app_of, client_of, with_collections

VIEWS = """
SELECT title_id, source FROM title_views, generate_series(1, views) WHERE title_id IN (1, 601) ORDER BY title_id, source"""
CLICKS = """
SELECT c.slug
  FROM collection_clicks k JOIN collections c ON c.id = k.collection_id, generate_series(1, k.clicks) ORDER BY k.id"""
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'title_views'::regclass"
COUNT = "SELECT engagement_count FROM collections WHERE slug = 'top-crime-movies'"


@pytest.fixture
async def empty(demo_database: str) -> asyncpg.Connection:
    """Give a connection to a demo catalogue with collections, without views and clicks."""
    await with_collections(demo_database)
    connection = await asyncpg.connect(demo_database)
    await connection.execute("TRUNCATE title_views, collection_clicks; UPDATE collections SET engagement_count = 0")
    yield connection
    await connection.close()


async def test_views_and_clicks_are_written_when_the_server_stops(demo_database: str, empty: asyncpg.Connection):
    """Titles, movies and shows have views with their source; a collection has clicks by source and by its own requests."""
    async with client_of(app_of(demo_database)) as client:
        for path in (
            "/api/titles/1?source=anywatch",
            "/api/movies/1",
            "/api/shows/1?source=collection-top-crime-movies",
            "/api/titles/1?source=" + "x" * 101,
            "/api/collections/top-crime-movies",
            "/api/collections/nope",
            "/api/titles/999999",
        ):
            await client.get(path)
        await client.head("/api/titles/1")
        await client.get("/api/shows/1/seasons")
    assert [tuple(row) for row in await empty.fetch(VIEWS)] == [
        (1, "anywatch"),
        (1, None),
        (1, None),
        (601, "collection-top-crime-movies"),
    ]
    assert [slug for (slug,) in await empty.fetch(CLICKS)] == ["top-crime-movies"] * 2
    assert await empty.fetchval(COUNT) == 2


async def test_views_are_written_while_the_server_runs(demo_database: str, empty: asyncpg.Connection):
    """Within a second or so they are written, and lists show them."""
    async with client_of(app_of(demo_database)) as client:
        await client.get("/api/collections/top-crime-movies")
        async with asyncio.timeout(60):
            while await empty.fetchval(COUNT) != 1:
                await asyncio.sleep(0.05)
        collections = (await client.get("/api/collections")).json()
    assert collections[0]["slug"] == "top-crime-movies"
    assert collections[0]["engagement_count"] == 1


async def test_a_view_that_cannot_be_written_fails_no_answer(demo_database: str, empty: asyncpg.Connection, caplog):
    """The view waits, the log says so, and it is written later."""
    async with client_of(app_of(demo_database)) as client:
        await empty.execute("ALTER TABLE title_views RENAME TO hidden")
        assert (await client.get("/api/titles/1")).status_code == 200
        async with asyncio.timeout(60):
            # A server of another test over a read-only catalogue logs another reason.
            while 'could not be counted yet: relation "title_views" does not exist' not in caplog.text:
                await asyncio.sleep(0.05)
        await empty.execute("ALTER TABLE hidden RENAME TO title_views")
    assert len(await empty.fetch(VIEWS)) == 1


async def test_the_log_says_once_why_views_wait(demo_database: str, empty: asyncpg.Connection, caplog):
    """The end of the fault is logged as well, and the next fault again."""
    caplog.set_level(logging.INFO, logger=engagement.__name__)
    buffer = EngagementBuffer()
    async with await open_pool(demo_database, size=1) as pool:
        for _ in range(2):
            await empty.execute("ALTER TABLE title_views RENAME TO hidden")
            buffer.record(title_id=1)
            for _ in range(3):
                await buffer.write(pool)
            await empty.execute("ALTER TABLE hidden RENAME TO title_views")
            await buffer.write(pool)
    # Servers of other tests over a read-only catalogue may log meanwhile.
    lines = [record.getMessage() for record in caplog.records if record.name == engagement.__name__]
    said = [line for line in lines if "read-only" not in line]
    failed = 'Views could not be counted yet: relation "title_views" does not exist'
    assert said == [failed, "Views are counted again"] * 2
    assert len(await empty.fetch(VIEWS)) == 2


async def test_views_lost_at_the_end_are_logged(demo_database: str, empty: asyncpg.Connection, caplog):
    """Waiting views and dropped ones are counted in one line, at the end alone."""
    buffer = EngagementBuffer(pause=0.01, most=2)
    async with await open_pool(demo_database, size=1) as pool, buffer.writing_to(pool):
        await empty.execute("ALTER TABLE title_views RENAME TO hidden")
        for title_id in (1, 601, 602, 603, 604):
            buffer.record(title_id=title_id)
        async with asyncio.timeout(60):
            while 'could not be counted yet: relation "title_views" does not exist' not in caplog.text:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
    assert "were not counted" not in caplog.text
    assert "5 views and clicks could not be counted before the end" in caplog.text


async def test_too_many_waiting_views_are_dropped_and_the_log_says_so(pool: asyncpg.Pool, caplog):
    """Different views fill the buffer; the thousandth of the same title does not."""
    buffer = EngagementBuffer(most=3)
    for number in range(5):
        buffer.record(title_id=number)
    assert buffer.waiting == 3
    for _ in range(1000):
        buffer.record(title_id=2)
    assert buffer.waiting == 1003
    await buffer.write(pool)
    assert "2 were not counted" in caplog.text
    assert buffer.waiting == 0


async def test_views_that_cannot_be_written_stay_within_bounds(demo_database: str, empty: asyncpg.Connection, caplog):
    """The first titles wait, more of their views are counted, and a later title beyond the bounds is dropped."""
    buffer = EngagementBuffer(most=2)
    async with await open_pool(demo_database, size=1) as pool:
        await empty.execute("ALTER TABLE title_views RENAME TO hidden")
        for title_id in (601, 602):
            buffer.record(title_id=title_id)
        writing = asyncio.create_task(buffer.write(pool))
        while buffer.waiting:
            await asyncio.sleep(0)
        for title_id in (1, 601):
            buffer.record(title_id=title_id)
        await writing
        assert buffer.waiting == 3
        await empty.execute("ALTER TABLE hidden RENAME TO title_views")
        await buffer.write(pool)
    assert [title_id for title_id, _ in await empty.fetch(VIEWS)] == [601, 601]
    assert "1 were not counted" in caplog.text


async def test_a_failed_clean_up_is_retried_soon(demo_database: str, empty: asyncpg.Connection, caplog):
    """It does not wait for the next day: old views count until then."""
    await empty.execute("INSERT INTO title_views (title_id, viewed_at) VALUES (1, now() - interval '8 days')")
    await empty.execute("ALTER TABLE collection_clicks RENAME TO hidden")
    async with await open_pool(demo_database, size=1) as pool, asyncio.timeout(60):
        cleaning = asyncio.create_task(_keep_cleaning(pool, pause_after_failure=0.01))
        while "cleaned up yet" not in caplog.text:
            await asyncio.sleep(0.01)
        assert len(await empty.fetch(VIEWS)) == 1
        await empty.execute("ALTER TABLE hidden RENAME TO collection_clicks")
        while await empty.fetch(VIEWS):
            await asyncio.sleep(0.01)
        cleaning.cancel()


async def test_a_write_that_hangs_delays_no_request(demo_database: str, empty: asyncpg.Connection):
    """Requests are answered while the batch waits for a lock; the batch is written after it."""
    async with client_of(app_of(demo_database)) as client:
        transaction = empty.transaction()
        await transaction.start()
        await empty.execute("LOCK TABLE title_views IN SHARE MODE")
        async with asyncio.timeout(60):
            await client.get("/api/titles/1")
            while not await empty.fetchval(WAITS):
                await asyncio.sleep(0.01)
            for path in ("/api/titles/1", "/api/movies/1", "/api/titles?q=the", "/api/collections/top-crime-movies"):
                assert (await client.get(path)).status_code == 200
            # A batch that waits too long is written again a moment later.
            while not await empty.fetchval(WAITS):
                await asyncio.sleep(0.01)
        await transaction.rollback()
    assert len(await empty.fetch(VIEWS)) == 3


async def test_concurrent_workers_count_everything(demo_database: str, empty: asyncpg.Connection):
    """Workers with titles and collections in opposite orders have no deadlock, and lose no view."""
    slugs = [slug for (slug,) in await empty.fetch("SELECT slug FROM collections ORDER BY id LIMIT 20")]
    ids = [id_ for (id_,) in await empty.fetch("SELECT id FROM titles ORDER BY id LIMIT 20")]
    async with await open_pool(demo_database, size=4) as pool, asyncio.timeout(60):
        for _ in range(10):
            workers = [EngagementBuffer() for _ in range(2)]
            for worker, in_order in zip(workers, (1, -1), strict=True):
                for title_id, slug in list(zip(ids, slugs, strict=True))[::in_order]:
                    worker.record(title_id=title_id, source=f"collection-{slug}")
            await asyncio.gather(*(worker.write(pool) for worker in workers))
    assert await empty.fetchval("SELECT sum(views) FROM title_views") == 2 * 10 * 20
    assert await empty.fetchval("SELECT sum(clicks) FROM collection_clicks") == 2 * 10 * 20
    assert await empty.fetchval("SELECT sum(engagement_count) FROM collections") == 2 * 10 * 20


async def test_engagement_is_that_of_seven_days(demo_database: str, empty: asyncpg.Connection):
    """Older views and clicks are deleted with their count; two concurrent workers subtract them once."""
    await empty.execute("""
        INSERT INTO title_views (title_id, viewed_at) VALUES (1, now() - interval '8 days'), (1, now());
        INSERT INTO collection_clicks (collection_id, clicked_at)
        SELECT id, now() - age FROM collections, (VALUES (interval '8 days'), ('6 days')) AS clicks (age)
         WHERE slug = 'top-crime-movies';
        UPDATE collections SET engagement_count = 2""")
    async with await open_pool(demo_database, size=2) as pool:
        await asyncio.gather(clean_up_engagement(pool), clean_up_engagement(pool))
    assert len(await empty.fetch(VIEWS)) == 1
    assert await empty.fetchval(COUNT) == 1
    assert await empty.fetchval("SELECT sum(engagement_count) FROM collections") == 1


async def test_a_view_does_not_need_a_title(client: httpx.AsyncClient):
    """A title that is deleted before its view is written is no error."""
    await client.get("/api/titles/1")
    assert (await client.delete("/api/titles/1")).status_code == 204
