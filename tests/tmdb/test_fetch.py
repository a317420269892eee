"""Fetches of single titles: facts, locks and notifications, and the database after every kind of failure."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime

import pytest

from mediacanon.database.pool import open_pool
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.enrich import Enrichment
from mediacanon.tmdb.fetch import LOCK_CLASS, FetchedElsewhere
from mediacanon.writes.title import update_title
from tests.fakes.tmdb import FAILURES, KEY, Fault
from tests.fakes.tmdb_catalogue import film, show
from tests.serving import title_change
from tests.tmdb.conftest import IMAGES, POSTER
from tests.tmdb.notifications import heard_from
from tests.tmdb.rows import add_episodes, add_title, episode_rows, title_row

View = Callable[..., Awaitable[None]]
LASTING = [fault for fault in Fault if fault is not Fault.UNAUTHORIZED]


@pytest.fixture
async def view(database, pool, tmdb) -> View:
    """Return a function that views a title as a freshly started server would."""

    async def run(title_id: int, *, patience: float = 0.3) -> None:
        async with (
            TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=patience, backoff=0.001) as client,
            await open_pool(database, size=1) as locks,
        ):
            await Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30).title(title_id)

    return run


async def test_a_film_gets_its_facts_and_loses_its_flag(enrichment, pool, tmdb):
    """Poster, id, language, date, popularity, country and running time come with two requests."""
    tmdb.catalogue.add_film(film(11, "tt9000011"))
    title_id = await add_title(pool, "tt9000011")
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert stored["image_url"] == POSTER.format(11)
    assert (stored["tmdb_id"], stored["original_language"]) == (11, "da")
    assert (stored["release_date"], stored["origin_country"]) == (date(2011, 3, 4), "DK")
    assert (stored["tmdb_popularity"], stored["runtime_minutes"]) == (12.5, 97)
    assert stored["needs_backfill_tmdb"] is False
    assert stored["enriched_at"] is not None
    assert tmdb.requests == ["/3/find/tt9000011", "/3/movie/11"]


async def test_a_missing_image_is_fetched_without_a_flag(enrichment, pool, tmdb):
    """Null and the empty string mean never fetched; a known TMDB id costs one request."""
    tmdb.catalogue.add_film(film(13, "tt9000013"))
    title_id = await add_title(pool, "tt9000013", needs_backfill_tmdb=False, image_url="", tmdb_id=13)
    await enrichment.title(title_id)
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(13)
    assert tmdb.requests == ["/3/movie/13"]


async def test_a_missing_poster_is_stored_as_a_sentinel(enrichment, pool, tmdb):
    """The database holds 'none', and the next view sends no request."""
    tmdb.catalogue.add_film(film(14, "tt9000014", poster_path=None))
    title_id = await add_title(pool, "tt9000014")
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["image_url"], stored["tmdb_id"]) == ("none", 14)
    tmdb.behave()
    await enrichment.title(title_id)
    assert tmdb.requests == []


async def test_a_title_unknown_to_tmdb_gets_the_sentinel(enrichment, pool, tmdb):
    """An empty find reply is a result: sentinel, no id, no flag, and all other facts unchanged."""
    title_id = await add_title(pool, "tt9000015", runtime_minutes=80, origin_country="FI")
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["image_url"], stored["tmdb_id"]) == ("none", None)
    assert (stored["runtime_minutes"], stored["origin_country"]) == (80, "FI")
    assert stored["needs_backfill_tmdb"] is False


async def test_facts_that_tmdb_lacks_stay(enrichment, pool, tmdb):
    """Empty and zero never overwrite a value, a poster included."""
    silent = film(
        16,
        "tt9000016",
        poster_path=None,
        release_date="",
        runtime=0,
        popularity=0,
        original_language="",
        origin_country=[],
        production_countries=[],
    )
    tmdb.catalogue.add_film(silent)
    known = {
        "image_url": "https://image.example/own.jpg",
        "release_date": date(1999, 1, 2),
        "runtime_minutes": 80,
        "tmdb_popularity": 3.5,
        "original_language": "fi",
        "origin_country": "FI",
    }
    title_id = await add_title(pool, "tt9000016", **known)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert {key: stored[key] for key in known} == known
    assert stored["needs_backfill_tmdb"] is False


async def test_fields_edited_by_hand_stay(enrichment, pool, tmdb):
    """Locked columns keep their values in a refresh, too; the others are filled."""
    tmdb.catalogue.add_film(film(17, "tt9000017"))
    locked = ["image_url", "release_date", "runtime_minutes", "origin_country"]
    title_id = await add_title(
        pool, "tt9000017", runtime_minutes=1, release_date=date(2000, 1, 1), locked_fields=locked
    )
    await enrichment.title(title_id)
    await enrichment.refresh(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["image_url"], stored["origin_country"]) == (None, None)
    assert (stored["runtime_minutes"], stored["release_date"]) == (1, date(2000, 1, 1))
    assert (stored["tmdb_id"], stored["original_language"]) == (17, "da")


async def test_facts_of_another_title_are_not_stored(enrichment, pool, tmdb):
    """The show with the film's number is another title, and TMDB links it to no IMDb id."""
    tmdb.catalogue.add_show(show(39), "")
    right = {"image_url": "right", "original_language": "fi", "tmdb_popularity": 3.5}
    title_id = await add_title(pool, "tt9000039", type="show", tmdb_id=39, **right)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert {key: stored[key] for key in right} == right
    assert stored["needs_backfill_tmdb"] is False


async def test_an_edited_tmdb_id_is_fetched_at_the_next_view(enrichment, pool, tmdb):
    """The edited id counts, even if TMDB links it to another IMDb id."""
    tmdb.catalogue.add_film(film(42, "tt9000042"))
    tmdb.catalogue.add_film(film(43, "tt9999999"))
    title_id = await add_title(pool, "tt9000042")
    await enrichment.title(title_id)
    await update_title(pool, title_id, {"tmdb_id": 43})
    enrichment.forget(title_change(title_id))
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["image_url"]) == (43, POSTER.format(43))


async def test_a_title_made_by_hand_only_loses_its_flag(enrichment, pool, tmdb):
    """Without an IMDb id there is no look-up and no sentinel."""
    title_id = await add_title(pool, None)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["needs_backfill_tmdb"], stored["image_url"]) == (False, None)
    assert tmdb.requests == []


@pytest.mark.parametrize("ids", [{"imdb_id": "tt9000044"}, {"imdb_id": None, "tmdb_id": 44}], ids=["imdb", "tmdb"])
@pytest.mark.parametrize("asked_at", [None, datetime(2020, 1, 1)], ids=["never", "long-ago"])  # noqa: DTZ001 - the column has no zone
async def test_facts_not_fetched_lately_are_stale(enrichment, pool, tmdb, ids, asked_at):
    """Facts known by either id are stale, whenever an import touched the title; the view does not wait."""
    tmdb.catalogue.add_film(film(44, "tt9000044"))
    title_id = await add_title(pool, **ids, needs_backfill_tmdb=False, image_url="old", enriched_at=asked_at)
    assert await enrichment.title(title_id) is False
    await enrichment._fetches.join()
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(44)


async def test_a_show_gets_its_facts_and_its_episodes(enrichment, pool, tmdb):
    """One view of a show with two seasons: find, show, two seasons."""
    tmdb.catalogue.add_show(show(34, seasons=2), "tt9000034", episodes=3)
    title_id = await add_title(pool, "tt9000034", type="show")
    await add_episodes(pool, title_id, seasons=2, episodes=3)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["runtime_minutes"]) == (34, 42)
    assert stored["episodes_checked_at"] is not None
    episodes = await episode_rows(pool, title_id)
    assert episodes[5]["image_url"] == "https://image.tmdb.org/t/p/w400/still34s2e3.jpg"
    assert len(tmdb.requests) == 4


async def test_a_show_that_tmdb_lists_as_a_film_gets_no_episodes(enrichment, pool, tmdb):
    """The film's poster and facts are stored, and no episodes of the show with the film's number."""
    tmdb.catalogue.add_film(film(35, "tt9000035"))
    tmdb.catalogue.add_show(show(35), "tt9000036", episodes=1)
    title_id = await add_title(pool, "tt9000035", type="show")
    await add_episodes(pool, title_id, seasons=1, episodes=1)
    for _ in range(2):
        await enrichment.title(title_id)
    await enrichment.refresh(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["original_language"]) == (35, "da")
    assert (await episode_rows(pool, title_id))[0]["image_url"] is None
    assert not any("season" in path for path in tmdb.requests)


async def test_concurrent_workers_share_one_fetch(database, pool, client, tmdb):
    """Concurrent views in four workers make two requests, and all four see the result."""
    tmdb.catalogue.add_film(film(21, "tt9000021"))
    tmdb.latency = 0.05
    title_id = await add_title(pool, "tt9000021")

    async def worker() -> str:
        async with await open_pool(database, size=2) as own, await open_pool(database) as locks:
            enrichment = Enrichment(own, client, locks=locks, image_base_url=IMAGES, wait=30)
            await enrichment.title(title_id)
            return (await title_row(own, title_id))["image_url"]

    seen = await asyncio.gather(*(worker() for _ in range(4)))
    assert seen == [POSTER.format(21)] * 4
    assert tmdb.requests == ["/3/find/tt9000021", "/3/movie/21"]


async def test_a_title_locked_elsewhere_is_left_to_the_other_worker(enrichment, pool, tmdb, monkeypatch):
    """Views end without the facts and without a cool-down, a refresh raises; the next view fetches."""
    monkeypatch.setattr("mediacanon.tmdb.fetch.LOCK_TIMEOUT", "50ms")
    tmdb.catalogue.add_film(film(46, "tt9000046"))
    title_id = await add_title(pool, "tt9000046")
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1, $2)", LOCK_CLASS, title_id)
        await enrichment.title(title_id)
        with pytest.raises(FetchedElsewhere, match="fetched already"):
            await enrichment.refresh(title_id)
    assert tmdb.requests == []
    assert (await title_row(pool, title_id))["needs_backfill_tmdb"] is True
    await enrichment.title(title_id)
    assert (await title_row(pool, title_id))["tmdb_id"] == 46


async def test_no_connection_of_the_pool_is_held_during_a_request(database, client, pool, tmdb):
    """While TMDB hangs, a pool of one connection still answers."""
    tmdb.misbehave(Fault.HANG)
    title_id = await add_title(pool, "tt9000022")
    async with await open_pool(database, size=1) as only, await open_pool(database) as locks:
        enrichment = Enrichment(only, client, locks=locks, image_base_url=IMAGES)
        await enrichment.title(title_id, wait=0)
        while not tmdb.requests:
            await asyncio.sleep(0.01)
        assert await only.fetchval("SELECT 1", timeout=60) == 1
        await enrichment.close()


async def test_only_a_change_is_notified(enrichment, pool, database, tmdb):
    """Every worker hears of the changed title once; unchanged facts move `enriched_at` without a notification."""
    tmdb.catalogue.add_film(film(29, "tt9000029"))
    title_id = await add_title(pool, "tt9000029")
    async with heard_from(database) as heard:
        await enrichment.title(title_id)
        await pool.execute("UPDATE titles SET enriched_at = enriched_at - interval '1 year'")
        before = await title_row(pool, title_id)
        await enrichment.title(title_id)
        await enrichment._fetches.join()
        after = await title_row(pool, title_id)
        [told] = await heard()
    assert told["tags"] == ["lists", f"title:{title_id}"]
    # Lists may be served as they are while they are made anew.
    assert {"titles.image_url", "titles.original_language"} <= set(told["stale"])
    assert after["enriched_at"] > before["enriched_at"]
    assert after["updated_at"] == before["updated_at"]


async def test_a_refresh_is_notified_even_without_a_change(enrichment, pool, database, tmdb):
    """Pages show the date of the last fetch, and the person at the button looks for it."""
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


@pytest.mark.parametrize("fault", FAILURES)
async def test_a_failing_tmdb_changes_nothing_and_breaks_nothing(view, pool, tmdb, fault):
    """The view returns, the row is unchanged, and it is complete once TMDB works again."""
    tmdb.catalogue.add_film(film(60, "tt9000060"))
    title_id = await add_title(pool, "tt9000060", original_language="fi")
    before = await title_row(pool, title_id)
    tmdb.misbehave(fault, retry_after="0")
    await view(title_id)
    assert await title_row(pool, title_id) == before
    tmdb.behave()
    await view(title_id, patience=30)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["original_language"], stored["runtime_minutes"]) == (60, "da", 97)
    assert stored["needs_backfill_tmdb"] is False


@pytest.mark.parametrize("fault", [fault for fault in FAILURES if fault is not Fault.NOT_FOUND])
async def test_partial_facts_are_never_stored(view, pool, tmdb, fault):
    """Found without details: nothing is stored, the flag stays."""
    tmdb.catalogue.add_film(film(61, "tt9000061"))
    title_id = await add_title(pool, "tt9000061")
    before = await title_row(pool, title_id)
    tmdb.misbehave(fault, path="/3/movie/", retry_after="0")
    await view(title_id)
    assert await title_row(pool, title_id) == before


async def test_deleted_details_leave_the_find_result(view, pool, tmdb):
    """A 404 on details is TMDB's reply: the find result is stored and the flag is cleared."""
    tmdb.catalogue.add_film(film(62, "tt9000062"))
    title_id = await add_title(pool, "tt9000062", runtime_minutes=5)
    tmdb.misbehave(Fault.NOT_FOUND, path="/3/movie/")
    await view(title_id, patience=30)
    stored = await title_row(pool, title_id)
    assert stored["image_url"] == "https://image.tmdb.org/t/p/w500/poster62.jpg"
    assert (stored["runtime_minutes"], stored["needs_backfill_tmdb"]) == (5, False)


@pytest.mark.parametrize("fault", [fault for fault in FAILURES if fault is not Fault.NOT_FOUND])
async def test_failing_episodes_cost_the_show_nothing(view, pool, tmdb, fault):
    """The show has its facts; its episodes are unchanged and not marked as checked."""
    tmdb.catalogue.add_show(show(63, seasons=2), "tt9000063", episodes=2)
    title_id = await add_title(pool, "tt9000063", type="show")
    await add_episodes(pool, title_id, seasons=2, episodes=2)
    before = await episode_rows(pool, title_id)
    tmdb.misbehave(fault, path="/season/", retry_after="0")
    await view(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["episodes_checked_at"]) == (63, None)
    assert await episode_rows(pool, title_id) == before


@pytest.mark.parametrize("fault", LASTING)
async def test_a_transient_failure_leaves_no_trace(view, pool, tmdb, fault):
    """One bad reply is retried, or leaves the flag for the next view."""
    tmdb.catalogue.add_film(film(64, "tt9000064"))
    title_id = await add_title(pool, "tt9000064")
    tmdb.misbehave(fault, times=1, retry_after="0")
    await view(title_id)
    await view(title_id, patience=30)
    assert (await title_row(pool, title_id))["tmdb_id"] == 64
