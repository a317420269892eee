"""Countries before a genre review: fetched for titles never fetched before, and for no others."""

from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.countries import fill_countries
from tests.fakes.tmdb import KEY, Fault
from tests.fakes.tmdb_catalogue import film
from tests.tmdb.conftest import IMAGES
from tests.tmdb.rows import add_title, title_row


async def test_unknown_countries_are_fetched_and_stored(pool, client, tmdb):
    """A title whose country is known, was fetched before or cannot be fetched costs no request."""
    tmdb.catalogue.add_film(film(11, "tt0000011", origin_country=["KR"]))
    unknown = await add_title(pool, "tt0000011")
    others = [
        await add_title(pool, "tt0000012", origin_country="GB"),
        await add_title(
            pool, "tt0000013", needs_backfill_tmdb=False, enriched_at=await pool.fetchval("SELECT now()::timestamp")
        ),
        await add_title(pool, None),
    ]
    assert await fill_countries(pool, client, [unknown, *others], image_base_url=IMAGES) == []
    assert (await title_row(pool, unknown))["origin_country"] == "KR"
    assert all("tt0000011" in path or "/11" in path for path in tmdb.requests)


async def test_concurrent_requests_are_bounded(pool, tmdb):
    """Sixty titles and a client of sixty connections make at most twenty concurrent requests."""
    tmdb.latency = 0.05
    ids = [await add_title(pool, f"tt00001{number:02}") for number in range(60)]
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, connections=60) as client:
        assert await fill_countries(pool, client, ids, image_base_url=IMAGES) == []
    assert 1 < tmdb.max_concurrency <= 20


async def test_failures_are_returned_and_the_other_titles_stored(pool, client, tmdb):
    """Each failed title has one reason in the result; the facts of the others are stored."""
    tmdb.catalogue.add_film(film(11, "tt0000011", origin_country=["KR"]))
    tmdb.misbehave(Fault.TRUNCATED_JSON, path="tt0000012")
    ids = [await add_title(pool, "tt0000011"), await add_title(pool, "tt0000012")]
    [reason] = await fill_countries(pool, client, ids, image_base_url=IMAGES)
    assert reason
    assert [(await title_row(pool, one))["origin_country"] for one in ids] == ["KR", None]
