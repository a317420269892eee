"""Storing what TMDB said, many titles at a time."""

from mediacanon.tmdb.lookup import Facts
from mediacanon.tmdb.store import Answer, store_facts
from tests.tmdb.conftest import IMAGES
from tests.tmdb.rows import add_title, title_row


async def test_only_titles_that_differ_count_as_changed(pool):
    """Of two answers stored together only the one with news is reported; both lose their flag."""
    same = await add_title(pool, "tt9000001", image_url="kept", original_language="sv")
    news = await add_title(pool, "tt9000002", image_url="kept", original_language="sv")
    answers = [
        Answer(same, Facts(original_language="sv")),
        Answer(news, Facts(original_language="no")),
    ]
    async with pool.acquire() as connection:
        assert await store_facts(connection, answers, image_base_url=IMAGES) == [news]
    assert (await title_row(pool, same))["needs_backfill_tmdb"] is False
    assert (await title_row(pool, news))["original_language"] == "no"


async def test_a_title_deleted_meanwhile_is_no_failure(pool):
    """An answer for a title that is gone changes nothing."""
    async with pool.acquire() as connection:
        answers = [Answer(404, Facts(tmdb_id=1))]
        assert await store_facts(connection, answers, image_base_url=IMAGES) == []
