"""Fixtures: a fake of TMDB, a client of it, and the enrichment of a fresh database."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.enrich import Enrichment
from tests.fakes.tmdb import KEY, FakeTmdb

IMAGES = "https://image.tmdb.org/t/p"
POSTER = f"{IMAGES}/w500/poster{{}}.jpg"


@pytest.fixture
def tmdb() -> Iterator[FakeTmdb]:
    """Yield a fake of TMDB with an empty catalogue and no faults."""
    with FakeTmdb() as fake:
        yield fake


@pytest.fixture
async def client(tmdb: FakeTmdb) -> AsyncIterator[TmdbClient]:
    """Yield a client without a rate limit, with short pauses and a long timeout for slow machines."""
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=60, backoff=0.001) as opened:
        yield opened


@pytest.fixture
async def enrichment(database: str, pool: asyncpg.Pool, client: TmdbClient) -> AsyncIterator[Enrichment]:
    """Yield the enrichment of a fresh database; callers wait for the end of the fetch."""
    async with await open_pool(database, size=4) as locks:
        opened = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30)
        yield opened
        await opened.close()
