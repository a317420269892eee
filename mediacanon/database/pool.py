"""Connection pools with the session settings and codecs every query of MediaCanon relies on."""

import asyncpg
import orjson

from mediacanon.errors import DatabaseUnavailable

SESSION_SETTINGS = {
    "application_name": "mediacanon",
    "timezone": "UTC",
    # Short queries by key dominate: planning for JIT costs them more than it ever saves.
    "jit": "off",
}


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """Teach a new connection our types: jsonb comes and goes as Python objects."""
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
        schema="pg_catalog",
    )


async def open_pool(dsn: str, *, size: int = 10, command_timeout: float = 30) -> asyncpg.Pool:
    """Return an open pool of up to `size` connections; a query longer than `command_timeout` seconds fails."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        command_timeout=command_timeout,
        init=prepare_connection,
        server_settings=SESSION_SETTINGS,
    )


def connection_trouble(error: Exception) -> DatabaseUnavailable | None:
    """Return the exception for an error that means the database cannot be reached now, None for any other."""
    unreachable = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError, OSError)
    return DatabaseUnavailable() if isinstance(error, unreachable) else None
