"""Refreshing: TMDB is asked however fresh a title is, and who asked is told what became of it."""

import asyncio

import pytest

from mediacanon.database.pool import open_pool
from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.tmdb.enrich import Enrichment
from tests.fakes.tmdb import Fault
from tests.fakes.tmdb_catalogue import film
from tests.tmdb.announcements import heard_from
from tests.tmdb.conftest import IMAGES, POSTER
from tests.tmdb.rows import add_title, title_row


async def test_a_refresh_is_announced_even_if_it_brings_nothing(enrichment, pool, database, tmdb):
    """Pages tell when TMDB was last asked, and who pressed the button looks for it."""
    tmdb.catalogue.add_film(film(29, "tt9000029"))
    title_id = await add_title(pool, "tt9000029")
    await enrichment.title(title_id)
    before = await title_row(pool, title_id)
    async with heard_from(database) as heard:
        await enrichment.refresh(title_id)
        assert await heard() == [{"tags": ["lists", f"title:{title_id}"]}]
    after = await title_row(pool, title_id)
    assert after["enriched_at"] > before["enriched_at"]
    assert after["updated_at"] == before["updated_at"]


async def test_refresh_asks_however_fresh(enrichment, pool, tmdb):
    """What changed at TMDB is there afterwards, one request where the id is known."""
    tmdb.catalogue.add_film(film(30, "tt9000030"))
    title_id = await add_title(pool, "tt9000030")
    await enrichment.title(title_id)
    tmdb.behave()
    tmdb.catalogue.add_film(film(30, "tt9000030", poster_path="/poster31.jpg"))
    await enrichment.refresh(title_id)
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(31)
    assert tmdb.requests == ["/3/movie/30"]


async def test_refreshes_under_way_are_bounded(enrichment, pool, tmdb, monkeypatch):
    """One too many is refused at once; whoever asks for a title under way waits with the others."""
    monkeypatch.setattr("mediacanon.tmdb.enrich.MOST_PENDING", 2)
    tmdb.misbehave(Fault.HANG)
    first, second, third = [await add_title(pool, f"tt900005{number}") for number in range(3)]
    waiting = [asyncio.create_task(enrichment.refresh(title_id)) for title_id in (first, second, first)]
    while len(enrichment._refreshing) < 2:
        await asyncio.sleep(0.005)
    with pytest.raises(UpstreamUnavailable, match="Too many"):
        await enrichment.refresh(third)
    assert enrichment._refreshing.keys() == {first, second}
    await enrichment.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_refresh_says_what_went_wrong(enrichment, pool, tmdb):
    """An unknown title is NotFound, a silent TMDB UpstreamUnavailable, and the title as it was."""
    with pytest.raises(NotFound):
        await enrichment.refresh(404)
    title_id = await add_title(pool, "tt9000031", image_url="kept")
    before = await title_row(pool, title_id)
    tmdb.misbehave(Fault.SERVER_ERROR)
    with pytest.raises(UpstreamUnavailable):
        await enrichment.refresh(title_id)
    assert await title_row(pool, title_id) == before


async def test_a_refresh_outlives_who_asked_for_it(database, pool, client, tmdb):
    """Too slow for the person at the button: they are told, and what TMDB says is stored all the same."""
    tmdb.catalogue.add_film(film(37, "tt9000037"))
    title_id = await add_title(pool, "tt9000037")
    async with await open_pool(database, size=1) as locks:
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, refresh_wait=0)
        with tmdb.thinking():
            for _ in range(2):
                with pytest.raises(UpstreamUnavailable, match="takes its time"):
                    await enrichment.refresh(title_id)
        await asyncio.wait(list(enrichment._refreshing.values()))
    assert (await title_row(pool, title_id))["tmdb_id"] == 37
    assert tmdb.requests == ["/3/find/tt9000037", "/3/movie/37"]
