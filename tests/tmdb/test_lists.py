"""Titles that a list showed: fetched when nobody waits for TMDB."""

import asyncio
from datetime import UTC, datetime

from mediacanon.tmdb.enrich import QUEUE_SIZE
from tests.fakes.tmdb_catalogue import film, show
from tests.tmdb.conftest import POSTER
from tests.tmdb.rows import add_episodes, add_title, title_row


async def test_titles_of_lists_are_fetched_when_nobody_waits(enrichment, pool, tmdb):
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


async def test_a_title_of_lists_that_needs_nothing_is_not_queued_again_and_again(enrichment, pool, tmdb):
    """TMDB has no poster of it, so every list has it queued: the database is asked once."""
    now = datetime.now(UTC).replace(tzinfo=None)
    title_id = await add_title(pool, "tt9000045", needs_backfill_tmdb=False, image_url="none", enriched_at=now)
    enrichment.queue([title_id])
    while enrichment._queued:
        await asyncio.sleep(0.01)
    enrichment.queue([title_id])
    assert not enrichment._queued
    assert tmdb.requests == []


async def test_the_queue_of_lists_is_bounded(enrichment, pool, tmdb):
    """More titles than it holds are dropped, and nobody waits or fails."""
    enrichment.queue(range(1, 10 * QUEUE_SIZE))
    assert len(enrichment._queued) == QUEUE_SIZE
