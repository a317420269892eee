"""Carousels against a plain computation over all rows: buckets, order and turns."""

from functools import partial
from itertools import zip_longest

import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders.carousel import load_carousels, renew_carousels
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.vocabulary import NO_IMAGE
from mediacanon.writes.collection import load_collections
from tests.conftest import own_database

# Ties in rating and votes, votes around the limit, no rating, no poster, withdrawn titles; collections like those of
# the Go server's databases, in an order by pins and clicks.
MESS = """
UPDATE titles SET num_votes = num_votes * 20;
UPDATE titles SET num_votes = 4999 + id % 2 WHERE id % 9 = 0;
UPDATE titles SET average_rating = 8.5 WHERE id % 4 = 0;
UPDATE titles SET num_votes = 70000 WHERE id % 8 = 0;
UPDATE titles SET average_rating = NULL WHERE id % 11 = 0;
UPDATE titles SET image_url = 'none' WHERE id % 13 = 0;
UPDATE titles SET image_url = '' WHERE id % 17 = 0;
UPDATE titles SET image_url = NULL WHERE id % 19 = 0;
UPDATE titles SET withdrawn_at = now() WHERE id % 23 = 0;
UPDATE collections SET engagement_count = id * 7 % 10;
UPDATE collections SET pinned = true WHERE id % 10 = 1;
UPDATE collections SET active = false WHERE slug LIKE 'top-w%';
UPDATE collections SET engagement_count = NULL, pinned = NULL, active = NULL, description = '' WHERE id = 5;
INSERT INTO collections (slug, name, strategy, filter_params, engagement_count) VALUES
    ('anything', 'Anything', 'filter', NULL, 5),
    ('no-such', 'No Such', 'filter', '{"lang": "", "sort": "top_rated", "type": "show", "genre": "None Such"}', 99),
    ('every-show', 'Every Show', 'filter', '{"lang": "", "genre": "", "type": "show"}', 50),
    ('by-hand', 'By Hand', 'static', NULL, 60);
"""
TITLES = """
SELECT t.id, t.type, t.original_language, t.average_rating, t.num_votes, t.image_url, t.withdrawn_at,
       ARRAY(SELECT g.name FROM genres g JOIN title_genres tg ON tg.genre_id = g.id WHERE tg.title_id = t.id) AS genres
  FROM titles t
"""


@pytest.fixture(scope="module")
async def catalogue(cluster, demo_template):
    """Give a pool on the demo catalogue with every odd case."""
    async with own_database(cluster, template=demo_template) as dsn, await open_pool(dsn, size=2) as pool:
        await load_collections(pool, search=partial(load_titles_by_rank, pool))
        await pool.execute(MESS)
        yield pool


def qualifies(title, given):
    """Return whether a title belongs in the bucket of a filter."""
    return (
        title["image_url"] not in (None, *NO_IMAGE)
        and title["withdrawn_at"] is None
        and title["average_rating"] is not None
        and (title["num_votes"] or 0) >= 5000
        and given.get("type") in (None, "", title["type"])
        and given.get("lang") in (None, "", title["original_language"])
        and (not given.get("genre") or given["genre"] in title["genres"])
    )


async def expected_carousels(pool):
    """Return slug, total and title ids of the carousels, computed from the documented rules."""
    titles = await pool.fetch(TITLES)
    titles.sort(key=lambda title: (-(title["average_rating"] or 0), -(title["num_votes"] or 0), title["id"]))
    collections = [
        row
        for row in await pool.fetch("SELECT * FROM collections")
        if row["active"] is not False and row["strategy"] == "filter"
    ]
    collections.sort(key=lambda row: (not row["pinned"], -(row["engagement_count"] or 0), row["id"]))
    shows, movies = [], []
    for row in collections:
        given = row["filter_params"] or {}
        (shows if given.get("type") == "show" else movies).append((row["slug"], given))
    found = []
    for turn in zip_longest(shows, movies):
        for slug, given in filter(None, turn):
            ids = [title["id"] for title in titles if qualifies(title, given)]
            if ids:
                found.append((slug, len(ids), ids[:30]))
    return found


async def test_carousels_follow_their_rules(catalogue):
    """Every bucket, its total and its order are computed again; shows and movies take turns."""
    carousels = await load_carousels(catalogue)
    found = [(one.slug, one.total_count, [title.title_id for title in one.titles]) for one in carousels]
    expected = await expected_carousels(catalogue)
    assert found == expected
    assert len(expected) > 40
    assert any(total > 30 for _, total, _ in expected)
    assert {"anything", "every-show", "top-korean-shows"} <= {slug for slug, _, _ in expected}
    assert {"no-such", "by-hand", "top-war-shows"}.isdisjoint(slug for slug, _, _ in expected)


async def test_a_carousel_has_the_facts_of_its_collection(catalogue):
    """Name, id, clicks and description are those of the collection; only a missing description is null."""
    rows = {row["id"]: row for row in await catalogue.fetch("SELECT * FROM collections")}
    for carousel in await load_carousels(catalogue):
        row = rows[carousel.collection_id]
        assert (carousel.name, carousel.slug) == (row["name"], row["slug"])
        assert carousel.description == (row["description"] or None)
        assert carousel.engagement_count == (row["engagement_count"] or 0)


async def test_without_collections_there_are_no_carousels(demo_database):
    """A catalogue without collections has an empty list."""
    async with await open_pool(demo_database, size=1) as pool:
        assert await load_carousels(pool) == []


async def test_renewed_carousels_have_the_current_facts_of_their_titles(demo_database):
    """A changed title is read again, a deleted one or one without a poster is left out and not counted, others stay."""
    async with await open_pool(demo_database, size=1) as pool:
        await load_collections(pool, search=partial(load_titles_by_rank, pool))
        carousels = await load_carousels(pool)
        renamed, gone, bare = (title.title_id for title in carousels[0].titles[:3])
        await pool.execute("UPDATE titles SET display_name = 'Renamed' WHERE id = $1", renamed)
        await pool.execute("DELETE FROM titles WHERE id = $1", gone)
        await pool.execute("UPDATE titles SET image_url = 'none' WHERE id = $1", bare)
        found = await renew_carousels(pool, carousels, {renamed, gone, bare, 999_999})
        assert found == await renew_carousels(pool, carousels, None)
        assert await renew_carousels(pool, carousels, {999_999}) is carousels
    assert found[0].titles[0].display_name == "Renamed"
    assert found[0].titles[1:] == carousels[0].titles[3:]
    assert found[0].total_count == carousels[0].total_count - 2
    assert {gone, bare}.isdisjoint(title.title_id for carousel in found for title in carousel.titles)


async def test_a_carousel_without_titles_left_is_left_out(demo_database):
    """It is treated like a carousel that never had titles."""
    async with await open_pool(demo_database, size=1) as pool:
        await load_collections(pool, search=partial(load_titles_by_rank, pool))
        carousels = await load_carousels(pool)
        ids = {title.title_id for title in carousels[0].titles}
        await pool.execute("DELETE FROM titles WHERE id = ANY($1::integer[])", list(ids))
        found = await renew_carousels(pool, carousels, ids)
    assert carousels[0].slug not in {carousel.slug for carousel in found}
