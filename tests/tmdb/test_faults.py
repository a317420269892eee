"""Every way TMDB can fail: what somebody who looks gets, and what the database holds afterwards."""

import pytest

from mediacanon.database.pool import open_pool
from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.backfill import backfill
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.enrich import Enrichment
from tests.fakes.tmdb import KEY, Fault
from tests.fakes.tmdb_catalogue import film, show
from tests.tmdb.conftest import IMAGES
from tests.tmdb.rows import add_episodes, add_title, episode_rows, title_row

LASTING = [fault for fault in Fault if fault is not Fault.UNAUTHORIZED]


@pytest.fixture
async def looked_at(database, pool, tmdb):
    """Give a function that looks at a title as a freshly started server would."""

    async def look(title_id: int, *, patience: float = 0.3) -> None:
        async with (
            TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=patience, backoff=0.001) as client,
            await open_pool(database, size=1) as locks,
        ):
            await Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30).title(title_id)

    return look


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_failing_tmdb_changes_nothing_and_breaks_nothing(looked_at, pool, tmdb, fault):
    """The reader gets the title as it is, the row is untouched, and it is whole once TMDB is back."""
    tmdb.catalogue.add_film(film(60, "tt9000060"))
    title_id = await add_title(pool, "tt9000060", original_language="fi")
    before = await title_row(pool, title_id)
    tmdb.misbehave(fault, retry_after="0")
    await looked_at(title_id)
    assert await title_row(pool, title_id) == before
    tmdb.behave()
    await looked_at(title_id, patience=30)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["original_language"], stored["runtime_minutes"]) == (60, "da", 97)
    assert stored["needs_backfill_tmdb"] is False


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NOT_FOUND])
async def test_half_of_an_enrichment_is_never_stored(looked_at, pool, tmdb, fault):
    """Found but without details: nothing is stored, the flag stays."""
    tmdb.catalogue.add_film(film(61, "tt9000061"))
    title_id = await add_title(pool, "tt9000061")
    before = await title_row(pool, title_id)
    tmdb.misbehave(fault, path="/3/movie/", retry_after="0")
    await looked_at(title_id)
    assert await title_row(pool, title_id) == before


async def test_details_that_are_gone_leave_what_find_says(looked_at, pool, tmdb):
    """A 404 on details is TMDB's answer: what find says is stored and the flag is cleared."""
    tmdb.catalogue.add_film(film(62, "tt9000062"))
    title_id = await add_title(pool, "tt9000062", runtime_minutes=5)
    tmdb.misbehave(Fault.NOT_FOUND, path="/3/movie/")
    await looked_at(title_id)
    stored = await title_row(pool, title_id)
    assert stored["image_url"] == "https://image.tmdb.org/t/p/w500/poster62.jpg"
    assert (stored["runtime_minutes"], stored["needs_backfill_tmdb"]) == (5, False)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NOT_FOUND])
async def test_episodes_that_fail_cost_the_show_nothing(looked_at, pool, tmdb, fault):
    """The show has its facts, its episodes are as they were and not marked as checked."""
    tmdb.catalogue.add_show(show(63, seasons=2), "tt9000063", episodes=2)
    title_id = await add_title(pool, "tt9000063", type="show")
    await add_episodes(pool, title_id, seasons=2, episodes=2)
    before = await episode_rows(pool, title_id)
    tmdb.misbehave(fault, path="/season/", retry_after="0")
    await looked_at(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["episodes_checked_at"]) == (63, None)
    assert await episode_rows(pool, title_id) == before


@pytest.mark.parametrize("fault", list(Fault))
async def test_no_failure_clears_a_flag_in_bulk(pool, tmdb, fault):
    """A backfill against a failing TMDB ends, says so, and leaves each title for the next run."""
    for number in range(30):
        tmdb.catalogue.add_film(film(100 + number, f"tt90001{number:02}"))
        await add_title(pool, f"tt90001{number:02}")
    tmdb.misbehave(fault, retry_after="0")
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=0.1, backoff=0.001, pause=0.01) as client:
        summary = await backfill(pool, client, image_base_url=IMAGES)
    flagged = "SELECT count(*) FROM titles WHERE needs_backfill_tmdb AND enriched_at IS NULL"
    assert await pool.fetchval(flagged) == 30
    assert summary.fetched == summary.changed == 0
    assert summary.failed or summary.stopped


@pytest.mark.parametrize("fault", LASTING)
async def test_a_failure_that_passes_leaves_no_trace(looked_at, pool, tmdb, fault):
    """One bad answer: retried where that helps, else the title keeps its flag for the next look."""
    tmdb.catalogue.add_film(film(64, "tt9000064"))
    title_id = await add_title(pool, "tt9000064")
    tmdb.misbehave(fault, times=1, retry_after="0")
    await looked_at(title_id)
    await looked_at(title_id, patience=30)
    assert (await title_row(pool, title_id))["tmdb_id"] == 64


async def test_refresh_names_the_failure_without_the_key(database, pool, client, tmdb):
    """The person who pressed the button reads what happened, not what was asked."""
    title_id = await add_title(pool, "tt9000065")
    tmdb.misbehave(Fault.SERVER_ERROR)
    async with await open_pool(database, size=1) as locks:
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES)
        with pytest.raises(UpstreamUnavailable, match="status 500") as failure:
            await enrichment.refresh(title_id)
    assert KEY not in failure.value.message
