"""The readiness of the database: it responds, it has the schema, it holds titles."""

from typing import Any

import asyncpg

TABLES = "SELECT to_regclass('titles') IS NOT NULL AND to_regclass('sync_state') IS NOT NULL"
HAS_TITLES = "SELECT EXISTS (SELECT FROM titles)"
EXTENSIONS = "SELECT extname FROM pg_extension"
SCHEMA_VERSION = "SELECT value::integer FROM sync_state WHERE key = 'schema_version'"


async def check_readiness(pool: asyncpg.Pool) -> tuple[bool, dict[str, Any]]:
    """Return whether the server can serve, and the state of database, schema and catalogue.

    An empty catalogue counts as ready: the start page says how to fill it.
    """
    found = {"database": "ok", "schema": "ok", "catalogue": "ok"}
    try:
        if not await pool.fetchval(TABLES, timeout=2):
            return False, found | {"schema": "missing", "catalogue": "unknown"}
        if not await pool.fetchval(HAS_TITLES, timeout=2):
            found["catalogue"] = "empty"
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False, {"database": "unreachable", "schema": "unknown", "catalogue": "unknown"}
    return True, found


async def has_schema(connection: asyncpg.Connection) -> bool:
    """Return whether the database has MediaCanon's tables."""
    return bool(await connection.fetchval(TABLES))


async def load_schema_version(connection: asyncpg.Connection) -> int:
    """Return the recorded version of the schema, 0 for a database of the original, which recorded none."""
    return int(await connection.fetchval(SCHEMA_VERSION) or 0)


async def load_extensions(connection: asyncpg.Connection) -> set[str]:
    """Return the names of the extensions that are installed in the database."""
    return {record["extname"] for record in await connection.fetch(EXTENSIONS)}
