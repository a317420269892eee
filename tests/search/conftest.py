"""The real catalogue without episodes, which no search answers, imported once for all tests of a session."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.imdb.datasets import ALL, FURTHER
from tests.conftest import own_database
from tests.imdb.catalogue import run_import, without_episodes

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[3] / "shared")
REAL_FILES = SHARED / "data" / "imdb" / "real"


@pytest.fixture(scope="session")
async def real_pool(
    cluster: str, schema_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on the catalogue of the real files, with all names and people."""
    if not REAL_FILES.is_dir():
        pytest.skip("the real dumps are not here")
    folder = tmp_path_factory.mktemp("real")
    without_episodes(REAL_FILES, folder, (*ALL, *FURTHER))
    async with own_database(cluster, template=schema_template) as dsn:
        await run_import(dsn, folder)
        async with await open_pool(dsn, size=2) as pool:
            yield pool
