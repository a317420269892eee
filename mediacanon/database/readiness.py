"""The readiness of the database: it responds, it has the schema, it holds titles."""

from typing import Any

import asyncpg

TABLES = "SELECT to_regclass('titles') IS NOT NULL AND to_regclass('sync_state') IS NOT NULL"
HAS_TITLES = "SELECT EXISTS (SELECT FROM titles)"


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
