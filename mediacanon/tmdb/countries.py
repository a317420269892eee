"""Countries of titles that people are about to look at in bulk, where TMDB was not asked yet."""

import asyncio
from collections.abc import Sequence

import asyncpg

from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.client import CONNECTIONS, TmdbClient
from mediacanon.tmdb.lookup import TITLE_TO_FIND, TitleToFind, look_up
from mediacanon.tmdb.store import Answer, store_facts

# Where TMDB was asked and knew no country it would say so again.
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
    """Fetch and store what TMDB says of those of these titles without a country; return the reasons of failures."""
    titles = [TitleToFind(**record) for record in await pool.fetch(TITLES_WITHOUT_COUNTRY, title_ids)]
    at_once = asyncio.Semaphore(CONNECTIONS)
    outcomes = await asyncio.gather(*(_ask(client, title, at_once) for title in titles))
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    if answers:
        async with pool.acquire() as connection:
            await store_facts(connection, answers, image_base_url=image_base_url)
    return [outcome for outcome in outcomes if isinstance(outcome, str)]


async def _ask(client: TmdbClient, title: TitleToFind, at_once: asyncio.Semaphore) -> Answer | str:
    async with at_once:
        try:
            return Answer(title.title_id, await look_up(client, title))
        except UpstreamUnavailable as error:
            return error.message
