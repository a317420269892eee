"""Brings a database up to schema.sql: one transaction, under a lock that makes concurrent starts queue up."""

import asyncpg

from mediacanon import paths
from mediacanon.database.pool import SESSION_SETTINGS

# Any constant works as long as every MediaCanon uses the same one; these are the bytes of "mcschema".
SCHEMA_LOCK = 0x6D63736368656D61


async def migrate(dsn: str) -> None:
    """Apply schema.sql to the database at `dsn`; running it again changes nothing."""
    connection = await asyncpg.connect(dsn, server_settings=SESSION_SETTINGS)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA_LOCK)
            await connection.execute("SET LOCAL client_min_messages = warning")
            await connection.execute(paths.SCHEMA_SQL.read_text())
    finally:
        await connection.close()
