"""The staging tables of imports: one that a killed import left behind is dropped at the next start."""

import asyncpg

# The bytes of "mcimport": the holder of this advisory lock is the one import that runs.
IMPORT_LOCK = 0x6D63696D706F7274
STAGING_SCHEMA = "imdb_staging"

IS_LEFT = """
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text AND pg_has_role(nspowner, 'MEMBER'))
"""
# The server notices the death of a client within a second.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1)"


async def drop_leftover_staging(connection: asyncpg.Connection) -> None:
    """Drop the staging tables of a killed import, unless an import runs."""
    if not await connection.fetchval(IS_LEFT, STAGING_SCHEMA):
        return
    async with connection.transaction():
        if await connection.fetchval(TRY_LOCK, IMPORT_LOCK):
            await connection.execute(f"SET LOCAL client_min_messages = warning; DROP SCHEMA {STAGING_SCHEMA} CASCADE")
