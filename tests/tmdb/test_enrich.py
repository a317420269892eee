"""Lazy enrichment: waits, shared fetches, cool-downs, the queue of lists, and the refresh button."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mediacanon.database.changes import EVERYTHING, ChangeListener
from mediacanon.database.pool import open_pool
from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.settings import Settings
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.enrich import QUEUE_SIZE, Enrichment, open_enrichment
from tests.fakes.tmdb import KEY, Fault
from tests.fakes.tmdb_catalogue import film, show
from tests.serving import title_change
from tests.tmdb.conftest import IMAGES, POSTER
from tests.tmdb.rows import LOCKS, add_episodes, add_title, title_row


async def test_a_second_view_sends_no_request(enrichment, pool, tmdb):
    """Complete and fresh facts are not fetched again."""
    tmdb.catalogue.add_film(film(12, "tt9000012"))
    title_id = await add_title(pool, "tt9000012")
    await enrichment.title(title_id)
    tmdb.behave()
    await enrichment.title(title_id)
    assert tmdb.requests == []


async def test_a_removed_poster_is_not_fetched_at_every_view(enrichment, pool, tmdb):
    """A poster that is cleared and locked is no reason for a request."""
    title_id = await add_title(
        pool,
        "tt9000018",
        needs_backfill_tmdb=False,
        locked_fields=["image_url"],
        enriched_at=datetime.now(UTC).replace(tzinfo=None),
    )
    assert await enrichment.title(title_id) is False
    assert tmdb.requests == []


async def test_a_view_waits_no_longer_than_its_limit(enrichment, pool, tmdb):
    """The view returns before TMDB replies; the reply is stored all the same."""
    tmdb.catalogue.add_film(film(18, "tt9000018"))
    title_id = await add_title(pool, "tt9000018")
    with tmdb.thinking():
        await enrichment.title(title_id, wait=0)
        assert (await title_row(pool, title_id))["image_url"] is None
    await enrichment._fetches.join()
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(18)


async def test_stale_facts_are_fetched_in_the_background(enrichment, pool, tmdb):
    """A view of a stale title does not wait for the fetch."""
    tmdb.catalogue.add_film(film(19, "tt9000019"))
    long_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=40)
    title_id = await add_title(pool, "tt9000019", needs_backfill_tmdb=False, image_url="old", enriched_at=long_ago)
    with tmdb.thinking():
        await enrichment.title(title_id)
        assert (await title_row(pool, title_id))["image_url"] == "old"
    await enrichment._fetches.join()
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(19)


async def test_concurrent_views_share_one_fetch(enrichment, pool, tmdb):
    """Fifty concurrent views make two requests."""
    tmdb.catalogue.add_film(film(20, "tt9000020"))
    tmdb.latency = 0.05
    title_id = await add_title(pool, "tt9000020")
    await asyncio.gather(*(enrichment.title(title_id) for _ in range(50)))
    assert tmdb.requests == ["/3/find/tt9000020", "/3/movie/20"]


async def test_a_failed_title_has_a_cooldown(enrichment, pool, tmdb):
    """A failed title is not fetched again for a while; other titles are."""
    tmdb.catalogue.add_film(film(24, "tt9000024"))
    tmdb.misbehave(Fault.HTML, path="tt9000023")
    failing = await add_title(pool, "tt9000023")
    await enrichment.title(failing)
    await enrichment.title(failing)
    assert tmdb.requests == ["/3/find/tt9000023"]
    other = await add_title(pool, "tt9000024")
    await enrichment.title(other)
    assert (await title_row(pool, other))["tmdb_id"] == 24


async def test_a_cooldown_ends(database, pool, client, tmdb):
    """After its cool-down a failed title is fetched again."""
    title_id = await add_title(pool, "tt9000025")
    tmdb.misbehave(Fault.HTML)
    async with await open_pool(database, size=2) as locks:
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30, failure_cooldown=0)
        await enrichment.title(title_id)
        await enrichment.title(title_id)
    assert tmdb.requests == ["/3/find/tt9000025"] * 2


async def test_a_complete_title_has_a_cooldown_until_it_changes(enrichment, pool, tmdb):
    """Views cost no statement during the cool-down; a change of the title ends it."""
    tmdb.catalogue.add_film(film(38, "tt9000038"))
    title_id = await add_title(pool, "tt9000038")
    assert await enrichment.title(title_id) is True
    assert await enrichment.title(title_id) is False
    await pool.execute("UPDATE titles SET image_url = NULL WHERE id = $1", title_id)
    assert await enrichment.title(title_id) is False
    enrichment.forget(title_change(title_id))
    assert await enrichment.title(title_id) is True
    enrichment.forget(EVERYTHING)
    assert not len(enrichment._complete)


async def test_an_open_circuit_costs_readers_nothing(database, pool, tmdb):
    """While the circuit is open a view neither sends a request nor waits, and begins no cool-down."""
    tmdb.misbehave(Fault.SERVER_ERROR)
    ids = [await add_title(pool, f"tt91000{number}") for number in range(10, 15)]
    async with (
        TmdbClient(KEY, base_url=tmdb.url, per_second=0, backoff=0.001, failures_to_give_up=3) as client,
        await open_pool(database, size=1) as locks,
    ):
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30)
        await asyncio.gather(*(enrichment.title(title_id) for title_id in ids))
        assert len(tmdb.requests) == 3
        assert len(enrichment._failed) == 1


async def test_retry_after_costs_readers_nothing(enrichment, pool, client, tmdb):
    """The view that met the 429 ends and holds no lock; later views send nothing, and no cool-down begins."""
    tmdb.misbehave(Fault.BUSY_WITH_RETRY_AFTER, retry_after="60")
    first, second = await add_title(pool, "tt9100020"), await add_title(pool, "tt9100021")
    await enrichment.title(first)
    assert await enrichment.title(second) is False
    assert tmdb.requests == ["/3/find/tt9100020"]
    assert not len(enrichment._failed)
    assert await pool.fetchval(LOCKS) == 0


async def test_closing_cancels_every_fetch(enrichment, pool, tmdb):
    """A running fetch ends, its lock is free, and its title keeps its flag."""
    tmdb.misbehave(Fault.HANG)
    title_id = await add_title(pool, "tt9000028")
    await enrichment.title(title_id, wait=0)
    enrichment.queue([title_id])
    while not tmdb.requests:
        await asyncio.sleep(0.01)
    await enrichment.close()
    assert not len(enrichment._fetches)
    assert (await title_row(pool, title_id))["needs_backfill_tmdb"] is True
    assert await pool.fetchval(LOCKS) == 0


async def test_without_a_key_there_is_no_enrichment(database, pool):
    """Without a key no client exists and no connection is opened."""
    async with open_enrichment(Settings(), pool, database, ChangeListener()) as enrichment:
        assert enrichment is None


async def test_settings_reach_the_client(database, pool, tmdb):
    """Key, URL and limits come from the settings."""
    tmdb.catalogue.add_film(film(33, "tt9000033"))
    title_id = await add_title(pool, "tt9000033")
    settings = Settings.from_environment(
        {"TMDB_API_KEY": KEY, "TMDB_BASE_URL": tmdb.url, "TMDB_WAIT": "30", "TMDB_RATE": "0"}
    )
    async with open_enrichment(settings, pool, database, ChangeListener()) as enrichment:
        await enrichment.title(title_id)
    assert (await title_row(pool, title_id))["tmdb_id"] == 33


async def test_titles_of_lists_are_fetched_in_the_background(enrichment, pool, tmdb):
    """Queued titles get their posters, each once; shows without their episodes."""
    tmdb.catalogue.add_film(film(26, "tt9000026"))
    tmdb.catalogue.add_show(show(27), "tt9000027", episodes=2)
    first = await add_title(pool, "tt9000026")
    second = await add_title(pool, "tt9000027", type="show")
    await add_episodes(pool, second, seasons=1, episodes=2)
    enrichment.queue([first, second, first])
    enrichment.queue([second])
    while enrichment._queued:
        await asyncio.sleep(0.01)
    assert (await title_row(pool, first))["image_url"] == POSTER.format(26)
    assert (await title_row(pool, second))["image_url"] == POSTER.format(27)
    assert len(tmdb.requests) == 4


async def test_a_complete_title_of_a_list_is_queued_once(enrichment, pool, tmdb):
    """A title without a poster at TMDB is in many lists: the database is read once."""
    now = datetime.now(UTC).replace(tzinfo=None)
    title_id = await add_title(pool, "tt9000045", needs_backfill_tmdb=False, image_url="none", enriched_at=now)
    enrichment.queue([title_id])
    while enrichment._queued:
        await asyncio.sleep(0.01)
    enrichment.queue([title_id])
    assert not enrichment._queued
    assert tmdb.requests == []


async def test_the_queue_of_lists_is_bounded(enrichment, pool, tmdb):
    """Titles beyond its size are dropped without a wait or an error."""
    enrichment.queue(range(1, 10 * QUEUE_SIZE))
    assert len(enrichment._queued) == QUEUE_SIZE


async def test_a_refresh_fetches_fresh_titles(enrichment, pool, tmdb):
    """A change at TMDB is stored, with one request for a known id."""
    tmdb.catalogue.add_film(film(30, "tt9000030"))
    title_id = await add_title(pool, "tt9000030")
    await enrichment.title(title_id)
    tmdb.behave()
    tmdb.catalogue.add_film(film(30, "tt9000030", poster_path="/poster31.jpg"))
    await enrichment.refresh(title_id)
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(31)
    assert tmdb.requests == ["/3/movie/30"]


async def test_running_refreshes_are_bounded(enrichment, pool, tmdb, monkeypatch):
    """One too many raises at once; a second caller of a running refresh joins it."""
    monkeypatch.setattr("mediacanon.tmdb.enrich.MAX_PENDING", 2)
    tmdb.misbehave(Fault.HANG)
    first, second, third = [await add_title(pool, f"tt900005{number}") for number in range(3)]
    waiting = [asyncio.create_task(enrichment.refresh(title_id)) for title_id in (first, second, first)]
    while len(enrichment._refreshes) < 2:
        await asyncio.sleep(0.005)
    with pytest.raises(UpstreamUnavailable, match="Too many"):
        await enrichment.refresh(third)
    assert first in enrichment._refreshes
    assert second in enrichment._refreshes
    assert len(enrichment._refreshes) == 2
    await enrichment.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_failed_refresh_raises(enrichment, pool, tmdb):
    """An unknown title is NotFound, a failing TMDB UpstreamUnavailable, and the title is unchanged."""
    with pytest.raises(NotFound):
        await enrichment.refresh(404)
    title_id = await add_title(pool, "tt9000031", image_url="kept")
    before = await title_row(pool, title_id)
    tmdb.misbehave(Fault.SERVER_ERROR)
    with pytest.raises(UpstreamUnavailable):
        await enrichment.refresh(title_id)
    assert await title_row(pool, title_id) == before


async def test_a_refresh_outlives_its_caller(database, pool, client, tmdb):
    """After the limit the caller gets an error; the reply is stored all the same."""
    tmdb.catalogue.add_film(film(37, "tt9000037"))
    title_id = await add_title(pool, "tt9000037")
    async with await open_pool(database, size=1) as locks:
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, refresh_wait=0)
        with tmdb.thinking():
            for _ in range(2):
                with pytest.raises(UpstreamUnavailable, match="takes its time"):
                    await enrichment.refresh(title_id)
        await enrichment._refreshes.join()
    assert (await title_row(pool, title_id))["tmdb_id"] == 37
    assert tmdb.requests == ["/3/find/tt9000037", "/3/movie/37"]


async def test_refresh_names_the_failure_without_the_key(database, pool, client, tmdb):
    """The error names the failure and neither request nor key."""
    title_id = await add_title(pool, "tt9000065")
    tmdb.misbehave(Fault.SERVER_ERROR)
    async with await open_pool(database, size=1) as locks:
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES)
        with pytest.raises(UpstreamUnavailable, match="status 500") as failure:
            await enrichment.refresh(title_id)
    assert KEY not in failure.value.message
