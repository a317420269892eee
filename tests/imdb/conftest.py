"""Fixtures of the import's tests."""

from pathlib import Path

import asyncpg
import pytest

from tests.imdb.catalogue import Catalogue, run_import
from tests.imdb.files import MANY, write


@pytest.fixture
def catalogue(pool: asyncpg.Pool) -> Catalogue:
    """Return a reader of the test's fresh database."""
    return Catalogue(pool)


@pytest.fixture
async def yesterday(database: str, tmp_path: Path) -> Path:
    """Return a folder of three thousand titles that have been imported."""
    write(tmp_path, titles=MANY)
    await run_import(database, tmp_path)
    return tmp_path
