"""Views of titles, and clicks of the collections that led to them."""

import pytest

from mediacanon.errors import BadArgument, NotFound


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
    assert await published() == [{"tags": ["engagement"]}]


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
