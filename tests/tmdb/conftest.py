"""Fixtures: the stand-in for TMDB, a client of it, and the enrichment of a fresh database."""

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
    """Give a stand-in for TMDB that knows nothing yet and behaves."""
    with FakeTmdb() as fake:
        yield fake


@pytest.fixture
async def client(tmdb: FakeTmdb) -> AsyncIterator[TmdbClient]:
    """Give a client without a rate limit that tries again at once, and is patient: a machine may be slow."""
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=60, backoff=0.001) as opened:
        yield opened


@pytest.fixture
async def enrichment(database: str, pool: asyncpg.Pool, client: TmdbClient) -> AsyncIterator[Enrichment]:
    """Give the enrichment of a fresh database; callers wait until the fetch is over."""
    async with await open_pool(database, size=4) as locks:
        opened = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30)
        yield opened
        await opened.close()
