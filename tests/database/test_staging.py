"""The staging tables of a killed import are dropped at the next start, those of a running import are not."""

from mediacanon.database.migrate import connected, migrate
from mediacanon.database.staging import IMPORT_LOCK
from mediacanon.imdb.datasets import STAGING_SCHEMA

IS_LEFT = f"SELECT to_regnamespace('{STAGING_SCHEMA}') IS NOT NULL"


async def test_staging_of_a_killed_import_is_dropped_at_the_next_start(database: str):
    """The import lock tells a running import from a killed one."""
    async with connected(database) as connection:
        await connection.execute(f"CREATE SCHEMA {STAGING_SCHEMA}; CREATE TABLE {STAGING_SCHEMA}.basics ()")
        async with connected(database) as running:
            await running.execute(f"SELECT pg_advisory_lock({IMPORT_LOCK})")
            await migrate(database)
            assert await connection.fetchval(IS_LEFT)
        await migrate(database)
        assert not await connection.fetchval(IS_LEFT)
