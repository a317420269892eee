"""Views of titles, and clicks of the collections that led to them."""

import asyncio
import os
import random

import pytest

from mediacanon.errors import BadArgument, NotFound
from mediacanon.writes import engagement

SEED = int(os.environ.get("MEDIACANON_RANDOM_SEED", "7"))
SUMMED = "SELECT title_id, sum(views)::integer FROM title_views GROUP BY title_id ORDER BY title_id"
KEPT = "SELECT title_id, views FROM viewed_titles ORDER BY title_id"


@pytest.fixture
async def title_id(pool, writes):
    """Give the id of a title, and create a collection top-movies."""
    await pool.execute("INSERT INTO collections (name, slug) VALUES ('Top', 'top-movies')")
    return await writes.create_title("movie", {"display_name": "Seen"})


@pytest.mark.parametrize("source", [None, "search", "collection-unknown", "top-movies"])
async def test_a_view_is_counted(pool, writes, counts, title_id, source):
    """A source that names no collection is stored unchanged and counts no click."""
    await writes.record_view(title_id, source)
    assert tuple(await pool.fetchrow("SELECT title_id, source FROM title_views")) == (title_id, source)
    assert await counts() == {"titles": 1, "title_views": 1}


async def test_a_view_from_a_collection_counts_its_click(pool, writes, title_id):
    """The click counts for the collection, and the view's time is the database's clock in UTC."""
    await writes.record_view(title_id, "collection-top-movies")
    assert await pool.fetchval("SELECT source FROM title_views") == "collection-top-movies"
    assert await pool.fetchval(
        "SELECT c.slug FROM collection_clicks k JOIN collections c ON c.id = k.collection_id"
    ) == ("top-movies")
    assert await pool.fetchval("SELECT viewed_at <= timezone('UTC', clock_timestamp()) FROM title_views")


async def test_views_publish_no_change_of_a_title(writes, published, title_id):
    """A view invalidates counts, not the cached responses of the title."""
    await published()
    await writes.record_view(title_id, "search")
    assert await published() == [{"tags": []}]


@pytest.mark.parametrize("unknown", [404, -1, 2**31, 2**63 - 1])
async def test_an_unknown_title_is_not_found(writes, counts, title_id, unknown):
    """A view of an unknown title counts neither the view nor the click."""
    with pytest.raises(NotFound, match=f"There is no title {unknown}"):
        await writes.record_view(unknown, "collection-top-movies")
    assert await counts() == {"titles": 1}


@pytest.mark.parametrize("source", ["", "  ", "a\x00b", "a\nb", "\ud800", "x" * 101])
async def test_an_invalid_source_is_refused(writes, counts, title_id, source):
    """Blank, broken and overlong text never reaches the database."""
    with pytest.raises(BadArgument, match="source must be 1 to 100 characters"):
        await writes.record_view(title_id, source)
    assert await counts() == {"titles": 1}


async def test_old_views_are_deleted_in_batches_without_the_lock_of_counting(pool, writes, title_id, monkeypatch):
    """Each statement deletes a bounded number of rows, while another session holds the lock that counting needs."""
    monkeypatch.setattr(engagement, "DELETED_AT_ONCE", 100)
    old = "now() - interval '8 days'"
    await pool.execute(
        f"INSERT INTO title_views (title_id, viewed_at) SELECT $1, {old} FROM generate_series(1, 950)", title_id
    )
    await pool.execute(
        f"INSERT INTO collection_clicks (collection_id, clicked_at) SELECT id, {old} FROM collections,"
        " generate_series(1, 250)"
    )
    await writes.record_view(title_id)
    async with pool.acquire() as counting, counting.transaction():
        await counting.execute(engagement.LOCK, engagement.ENGAGEMENT_LOCK)
        cleaning = asyncio.create_task(engagement.clean_up_engagement(pool))
        async with asyncio.timeout(30):
            while await pool.fetchval("SELECT count(*) FROM title_views") > 1:
                await asyncio.sleep(0.01)
            while await pool.fetchval("SELECT count(*) FROM collection_clicks"):
                await asyncio.sleep(0.01)
    await cleaning
    assert await pool.fetchval("SELECT count(*) FROM title_views") == 1


async def test_views_are_kept_by_title(pool, writes):
    """Whoever adds, changes and deletes them, with however many others at once."""
    draw = random.Random(SEED)
    ids = [await writes.create_title("movie", {"display_name": f"Seen {number}"}) for number in range(12)]
    some = "(SELECT id FROM title_views ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED)"
    kinds = (
        f"UPDATE title_views SET views = views + 2 WHERE id IN {some}",
        "DELETE FROM title_views WHERE id IN (SELECT id FROM title_views LIMIT 5 FOR UPDATE SKIP LOCKED)",
        f"DELETE FROM titles WHERE id = (SELECT id FROM titles WHERE id > {ids[0]} ORDER BY random() LIMIT 1)",
        "TRUNCATE title_views",
    )

    async def write() -> None:
        for kind in draw.choices(kinds, weights=(4, 4, 0.2, 0.3), k=25):
            await pool.execute(kind)
            await engagement.write_engagement(pool, {(id_, None): 1 for id_ in draw.sample(ids, 4)}, {})

    for _ in range(3):
        await asyncio.gather(*(write() for _ in range(4)))
        assert await pool.fetch(KEPT) == await pool.fetch(SUMMED), f"MEDIACANON_RANDOM_SEED={SEED}"
    await engagement.write_engagement(pool, {(id_, None): 2 for id_ in ids}, {})
    assert await pool.fetch(KEPT) == await pool.fetch(SUMMED) != []


async def test_invented_sources_are_a_bounded_number_of_rows(pool, title_id):
    """A client that invents a source for each view counts every view, in few rows; known sources stay."""
    buffer = engagement.EngagementBuffer()
    buffer.record(title_id=title_id, source="collection-top-movies")
    for number in range(5000):
        buffer.record(title_id=title_id, source=f"invented-{number}")
    buffer.record(title_id=title_id, source="collection-top-movies")
    await buffer.write(pool)
    rows = await pool.fetch("SELECT source, views FROM title_views")
    assert len(rows) == engagement.MAX_SOURCES_OF_TITLE + 1
    assert sum(row["views"] for row in rows) == 5002
    assert {row["source"]: row["views"] for row in rows}["collection-top-movies"] == 2
    assert await pool.fetchval("SELECT sum(clicks) FROM collection_clicks") == 2


async def test_sources_are_bounded_for_all_titles_together(pool, writes):
    """The same holds for a client that spreads its sources over many titles."""
    titles = [await writes.create_title("movie", {"display_name": f"Seen {number}"}) for number in range(60)]
    buffer = engagement.EngagementBuffer()
    for number in range(600):
        buffer.record(title_id=titles[number % 60], source=f"invented-{number}")
    await buffer.write(pool)
    assert await pool.fetchval("SELECT count(DISTINCT source) FROM title_views") == engagement.MAX_SOURCES
    assert await pool.fetchval("SELECT sum(views) FROM title_views") == 600
    assert await pool.fetchval("SELECT count(*) FROM title_views") <= len(titles) + engagement.MAX_SOURCES
