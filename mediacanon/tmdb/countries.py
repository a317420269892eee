"""Fills the countries of titles before a genre review, for titles that TMDB was never asked about."""

import asyncio
from collections.abc import Sequence

import asyncpg

from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.client import CONNECTIONS, TmdbClient
from mediacanon.tmdb.lookup import TITLE_TO_FIND, FetchedTitle, TitleToFind, look_up
from mediacanon.tmdb.store import store_facts

# A title that TMDB knew without a country is left out: the reply would be the same.
TITLES_WITHOUT_COUNTRY = f"""
SELECT {TITLE_TO_FIND}
  FROM titles t
 WHERE id = ANY ($1::integer[])
   AND origin_country IS NULL
   AND (imdb_id IS NOT NULL OR tmdb_id IS NOT NULL)
   AND (enriched_at IS NULL OR needs_backfill_tmdb)
"""


async def fill_countries(
    pool: asyncpg.Pool, client: TmdbClient, title_ids: Sequence[int], *, image_base_url: str
) -> list[str]:
    """Fetch and store TMDB's facts about the titles without a country; return the error of each failed title."""
    titles = [TitleToFind(**record) for record in await pool.fetch(TITLES_WITHOUT_COUNTRY, title_ids)]
    concurrency = asyncio.Semaphore(CONNECTIONS)
    outcomes = await asyncio.gather(*(_fetch(client, title, concurrency) for title in titles))
    fetched = [outcome for outcome in outcomes if isinstance(outcome, FetchedTitle)]
    if fetched:
        async with pool.acquire() as connection:
            await store_facts(connection, fetched, image_base_url=image_base_url)
    return [outcome for outcome in outcomes if isinstance(outcome, str)]


async def _fetch(client: TmdbClient, title: TitleToFind, concurrency: asyncio.Semaphore) -> FetchedTitle | str:
    async with concurrency:
        try:
            return FetchedTitle(title, await look_up(client, title))
        except UpstreamUnavailable as error:
            return error.message
