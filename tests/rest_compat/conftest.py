"""A demo catalogue with more films of one name than a search has hits, and a show of that name."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from tests.conftest import own_database
from tests.serving import app_of, client_of

# The older a film, the better it is known; TMDB's numbers are the years.
NAMESAKES = """
WITH films AS (INSERT INTO titles (type, display_name, start_year, num_votes, imdb_id, tmdb_id)
     SELECT 'movie', 'Homestead', year, 10 * (2010 - year), 'tt9998' || year, year
       FROM generate_series(1931, 2000) AS year RETURNING id),
     series AS (INSERT INTO titles (type, display_name, start_year, imdb_id, tmdb_id)
     VALUES ('show', 'Homestead', 1999, 'tt99971999', 1999) RETURNING id),
     movies AS (INSERT INTO movies (title_id) SELECT id FROM films)
INSERT INTO shows (title_id) SELECT id FROM series
"""


@pytest.fixture(scope="session")
async def namesakes(cluster: str, demo_template: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server over it."""
    async with own_database(cluster, template=demo_template) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute(NAMESAKES)
        await connection.close()
        async with client_of(app_of(dsn)) as client:
            yield client
