"""Fixtures of the import's tests."""

import asyncpg
import pytest

from tests.imdb.catalogue import Catalogue


@pytest.fixture
def catalogue(pool: asyncpg.Pool) -> Catalogue:
    """Give eyes on the fresh database of the test."""
    return Catalogue(pool)
