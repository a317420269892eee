"""A catalogue with collections, and a client of its pages."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.writes.collection import load_collections
from tests.conftest import create_database
from tests.serving import app_of, client_of


@pytest.fixture(scope="session")
def collected(cluster: str, demo_template: str) -> str:
    """Give the URL of a demo catalogue with our collections; tests may count views in it."""

    async def build() -> str:
        dsn = await create_database(cluster, template=demo_template)
        async with await open_pool(dsn, size=1) as pool:
            await load_collections(pool, search=partial(load_titles_by_rank, pool))
        return dsn

    return asyncio.run(build())


@pytest.fixture(scope="session")
async def collected_client(collected: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server over this catalogue."""
    async with client_of(app_of(collected)) as client:
        yield client
