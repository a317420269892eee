"""Fixtures: the database of the original, and the folder of its recorded answers."""

import asyncio
import gzip
import os
import subprocess
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.migrate import migrate
from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.writes.collection import load_collections
from tests.conftest import own_database

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[4] / "shared")
CONTRACT = SHARED / "contract"
SHIFT = """
UPDATE title_views SET viewed_at = viewed_at + (now() - (SELECT max(viewed_at) FROM title_views));
UPDATE collection_clicks SET clicked_at = clicked_at + (now() - (SELECT max(clicked_at) FROM collection_clicks));
"""


@pytest.fixture
async def original(cluster: str) -> AsyncIterator[str]:
    """Give the URL of the original's database, upgraded as by `serve`."""
    if not CONTRACT.is_dir():
        pytest.skip("the original's database is not here")
    async with own_database(cluster) as dsn:
        psql = find_binaries(server_account(None)).folder / "psql"
        script = gzip.decompress((CONTRACT / "catalog.sql.gz").read_bytes())
        command = [psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", dsn]
        await asyncio.to_thread(subprocess.run, command, input=script, capture_output=True, check=True)
        await migrate(dsn)
        async with await open_pool(dsn, size=1) as pool:
            await pool.execute(SHIFT)
            await load_collections(pool, search=partial(load_titles_by_rank, pool))
        yield dsn
