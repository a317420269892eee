"""Storing what TMDB said, many titles at a time."""

import pytest

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


@pytest.mark.parametrize("title_type", ["movie", "show"])
async def test_imdb_s_running_time_stays_and_tmdb_s_fills_its_place(pool, title_type):
    """Whatever the type: an import and TMDB would else write two figures in turns."""
    known = await add_title(pool, "tt9000003", type=title_type, runtime_minutes=80)
    unknown = await add_title(pool, "tt9000004", type=title_type)
    async with pool.acquire() as connection:
        answers = [Answer(title_id, Facts(runtime_minutes=97)) for title_id in (known, unknown)]
        await store_facts(connection, answers, image_base_url=IMAGES)
    assert [(await title_row(pool, one))["runtime_minutes"] for one in (known, unknown)] == [80, 97]


async def test_a_title_deleted_meanwhile_is_no_failure(pool):
    """An answer for a title that is gone changes nothing."""
    async with pool.acquire() as connection:
        answers = [Answer(404, Facts(tmdb_id=1))]
        assert await store_facts(connection, answers, image_base_url=IMAGES) == []
