"""Collections: their order, look-up by slug or id, and their titles by each strategy."""

from dataclasses import replace
from functools import partial

import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders.collection import (
    load_active_collections,
    load_collection,
    load_collection_title_count,
    load_collection_titles,
)
from mediacanon.loaders.discover import DiscoverFilter, load_discover_titles
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.vocabulary import DiscoverSort
from mediacanon.writes.collection import load_collections
from tests.conftest import own_database

OTHERS = """
UPDATE collections SET engagement_count = id % 5;
UPDATE collections SET active = false WHERE slug = 'top-war-shows';
INSERT INTO collections (id, slug, name, strategy, filter_params, pinned, engagement_count) VALUES
    (901, 'hand', 'By Hand', 'static', NULL, true, NULL),
    (902, 'model', 'By a Model', 'llm', NULL, false, 99),
    (903, 'odd', 'Odd', 'filter', '{"lang": "", "sort": "best", "type": "", "genre": "", "limit": 0, "min_votes": 0}',
     NULL, NULL),
    (904, 'rich', 'Rich', 'filter', '{"country": "KR", "year_min": 1990, "rating_min": 5, "sort": "a-z", "limit": 3}',
     false, 0),
    (905, '901', 'Named Like an Id', 'filter', NULL, false, 0);
INSERT INTO collection_titles (collection_id, title_id, rank)
SELECT 901 + id % 2, id, 1000 - id FROM titles WHERE id <= 200;
UPDATE titles SET image_url = 'none' WHERE id % 10 = 0;
UPDATE titles SET withdrawn_at = now() WHERE id % 7 = 0;
"""


@pytest.fixture(scope="module")
async def catalogue(cluster, demo_template):
    """Give a pool on the demo catalogue with collections of every strategy."""
    async with own_database(cluster, template=demo_template) as dsn, await open_pool(dsn, size=2) as pool:
        await load_collections(pool, search=partial(load_titles_by_rank, pool))
        await pool.execute(OTHERS)
        yield pool


async def by_slug(pool, slug):
    """Return the collection with a slug."""
    return await load_collection(pool, slug=slug, collection_id=None)


async def test_active_collections_are_in_order(catalogue):
    """Pinned first, then by clicks, then by id; nulls of old databases are false, zero and empty."""
    rows = await load_active_collections(catalogue)
    assert [row.slug for row in rows][:2] == ["hand", "model"]
    assert [(not row.pinned, -row.engagement_count, row.id) for row in rows] == sorted(
        (not row.pinned, -row.engagement_count, row.id) for row in rows
    )
    assert len(rows) == 46 - 1 + 5
    hand = rows[0]
    assert (hand.description, hand.languages, hand.regions, hand.engagement_count) == (None, [], [], 0)


@pytest.mark.parametrize(
    ("slug", "collection_id", "found"),
    [
        ("hand", None, 901),
        (None, 901, 901),
        ("901", 901, 905),  # the slug first
        ("nope", 902, 902),
        ("nope", None, None),
        (None, -1, None),
        (None, 2**63 - 1, None),
        ("top-war-shows", None, None),  # inactive
        ("Hand", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
async def test_a_collection_is_found_by_slug_or_else_by_id(catalogue, slug, collection_id, found):
    """The slug takes precedence; an inactive collection is not found."""
    row = await load_collection(catalogue, slug=slug, collection_id=collection_id)
    assert (row and row.id) == found


@pytest.mark.parametrize(
    ("slug", "filter_", "sort", "most"),
    [
        (
            "top-crime-movies",
            DiscoverFilter(type="movie", genres_in=("Crime",), votes_min=5000),
            DiscoverSort.TOP_RATED,
            100,
        ),
        (
            "top-korean-shows",
            DiscoverFilter(type="show", language_in=("ko",), votes_min=5000),
            DiscoverSort.TOP_RATED,
            100,
        ),
        ("odd", DiscoverFilter(), DiscoverSort.MOST_RATED, 100),
        ("901", DiscoverFilter(), DiscoverSort.TOP_RATED, 100),
        ("rich", DiscoverFilter(country_in=("KR",), year_min=1990, rating_min=5), DiscoverSort.A_TO_Z, 3),
    ],
)
async def test_a_filter_is_a_query_of_discover(catalogue, slug, filter_, sort, most):
    """Its titles are the matches of discover, in its sort order, with its limit; empty values do not restrict."""
    row = await by_slug(catalogue, slug)
    assert row.discover_query == (filter_, sort)
    assert row.most_titles == most
    titles = await load_collection_titles(catalogue, row, limit=10, offset=2)
    assert titles == await load_discover_titles(catalogue, replace(filter_, has_poster=True), sort, limit=10, offset=2)


@pytest.mark.parametrize("slug", ["hand", "model"])
async def test_a_list_is_in_order_of_rank(catalogue, slug):
    """Titles without a poster are listed as well, page by page; withdrawn ones are not."""
    row = await by_slug(catalogue, slug)
    expected = [number for number in range(200, 0, -1) if number % 2 == row.id - 901 and number % 7]
    pages = [await load_collection_titles(catalogue, row, limit=30, offset=at) for at in range(0, 120, 30)]
    titles = [title for page in pages for title in page]
    assert [title.title_id for title in titles] == expected
    assert await load_collection_title_count(catalogue, row) == len(expected)
    assert {title.image_url is None for title in titles} == {True, False}
