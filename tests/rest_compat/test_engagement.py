"""Views and clicks are counted after the answer, in batches, and never in its way."""

import asyncio

import asyncpg
import httpx
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.writes.engagement import EngagementBuffer, clean_up_engagement
from tests.rest_compat.conftest import with_collections
from tests.serving import app_of, client_of

VIEWS = """
SELECT title_id, source FROM title_views, generate_series(1, views) WHERE title_id IN (1, 601) ORDER BY id"""
CLICKS = """
SELECT c.slug
  FROM collection_clicks k JOIN collections c ON c.id = k.collection_id, generate_series(1, k.clicks) ORDER BY k.id"""
COUNT = "SELECT engagement_count FROM collections WHERE slug = 'top-crime-movies'"


@pytest.fixture
async def empty(demo_database: str) -> asyncpg.Connection:
    """Give a connection to a demo catalogue with collections that nobody has looked at."""
    await with_collections(demo_database)
    connection = await asyncpg.connect(demo_database)
    await connection.execute("TRUNCATE title_views, collection_clicks; UPDATE collections SET engagement_count = 0")
    yield connection
    await connection.close()


async def test_views_and_clicks_are_written_when_the_server_stops(demo_database: str, empty: asyncpg.Connection):
    """Of titles, movies and shows with their source; of collections by source and by looking at them."""
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
    """Within a second or so, and lists show it."""
    async with client_of(app_of(demo_database)) as client:
        await client.get("/api/collections/top-crime-movies")
        async with asyncio.timeout(20):
            while await empty.fetchval(COUNT) != 1:
                await asyncio.sleep(0.05)
        collections = (await client.get("/api/collections")).json()
    assert collections[0]["slug"] == "top-crime-movies"
    assert collections[0]["engagement_count"] == 1


async def test_a_view_that_cannot_be_written_fails_no_answer(demo_database: str, empty: asyncpg.Connection, caplog):
    """It waits, the log says so, and it is written later."""
    async with client_of(app_of(demo_database)) as client:
        await empty.execute("ALTER TABLE title_views RENAME TO hidden")
        assert (await client.get("/api/titles/1")).status_code == 200
        async with asyncio.timeout(20):
            while "could not be counted yet" not in caplog.text:
                await asyncio.sleep(0.05)
        await empty.execute("ALTER TABLE hidden RENAME TO title_views")
    assert len(await empty.fetch(VIEWS)) == 1


async def test_too_many_waiting_views_are_dropped_and_the_log_says_so(pool: asyncpg.Pool, caplog):
    """Memory is bounded."""
    buffer = EngagementBuffer(most=3)
    for number in range(5):
        buffer.record(title_id=number)
    assert buffer.waiting == 3
    await buffer.write(pool)
    assert "2 were not counted" in caplog.text
    assert buffer.waiting == 0


async def test_what_cannot_be_written_stays_within_bounds(demo_database: str, empty: asyncpg.Connection, caplog):
    """What came first waits on, what came meanwhile is dropped where both are too many; each is written once."""
    buffer = EngagementBuffer(most=3)
    async with await open_pool(demo_database, size=1) as pool:
        await empty.execute("ALTER TABLE title_views RENAME TO hidden")
        for meanwhile in (1, 2):
            for _ in range(3 - buffer.waiting):
                buffer.record(title_id=601)
            writing = asyncio.create_task(buffer.write(pool))
            while buffer.waiting:
                await asyncio.sleep(0)
            for _ in range(meanwhile):
                buffer.record(title_id=1)
            await writing
            assert buffer.waiting == 3
        await empty.execute("ALTER TABLE hidden RENAME TO title_views")
        await buffer.write(pool)
    assert [title_id for title_id, _ in await empty.fetch(VIEWS)] == [601] * 3
    assert [each for each in (1, 2, 3) if f"{each} were not counted" in caplog.text] == [1, 2]


async def test_engagement_is_that_of_seven_days(demo_database: str, empty: asyncpg.Connection):
    """Older views and clicks go, and the count follows; two workers at once do it once."""
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
    """A title deleted before its view is written is no error."""
    await client.get("/api/titles/1")
    assert (await client.delete("/api/titles/1")).status_code == 204
