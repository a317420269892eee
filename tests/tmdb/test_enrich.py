"""What someone who looks at a title sets in motion, and what the database holds afterwards."""

import asyncio
from datetime import date

import asyncpg

from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.enrich import Enrichment
from tests.fakes.tmdb import Fault, FakeTmdb
from tests.fakes.tmdb_catalogue import film, show
from tests.tmdb.rows import add_episodes, add_title, episode_rows, title_row


async def test_a_film_gets_its_facts_and_loses_its_flag(enrichment, pool, tmdb):
    """Poster, id, language, date, popularity, country and runtime come from two requests."""
    tmdb.catalogue.add_film(film(11, "tt9000011"))
    title_id = await add_title(pool, "tt9000011")
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert stored["image_url"] == "https://image.tmdb.org/t/p/w500/poster11.jpg"
    assert (stored["tmdb_id"], stored["original_language"]) == (11, "da")
    assert (stored["release_date"], stored["origin_country"]) == (date(2011, 3, 4), "DK")
    assert (stored["tmdb_popularity"], stored["runtime_minutes"]) == (12.5, 97)
    assert stored["needs_backfill_tmdb"] is False
    assert stored["enriched_at"] is not None
    assert tmdb.requests == ["/3/find/tt9000011", "/3/movie/11"]


async def test_a_second_look_asks_nothing(enrichment, pool, tmdb):
    """What is there and fresh is not fetched again."""
    tmdb.catalogue.add_film(film(12, "tt9000012"))
    title_id = await add_title(pool, "tt9000012")
    await enrichment.title(title_id)
    tmdb.behave()
    await enrichment.title(title_id)
    assert tmdb.requests == []
