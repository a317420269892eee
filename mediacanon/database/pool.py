"""Connection pools with the session settings and codecs every query of MediaCanon relies on."""

import asyncpg
import orjson

from mediacanon.errors import BadArgument, DatabaseUnavailable, MediaCanonError

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


async def leave_as_it_is(_: asyncpg.Connection) -> None:
    """Spare the round trip that resets a connection after each use: what we set, we set for one transaction."""


async def open_pool(dsn: str, *, size: int = 10, command_timeout: float = 30) -> asyncpg.Pool:
    """Return an open pool of up to `size` connections; a query longer than `command_timeout` seconds fails."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        command_timeout=command_timeout,
        init=prepare_connection,
        reset=leave_as_it_is,
        server_settings=SESSION_SETTINGS,
    )


UNREACHABLE = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError, OSError)
# No text of the database holds U+0000 or half a character.
IMPOSSIBLE_TEXT = (asyncpg.CharacterNotInRepertoireError, UnicodeEncodeError)


def explained(error: Exception) -> MediaCanonError | None:
    """Return our exception for an error of the database that has a known reason, None for any other."""
    if isinstance(error, UNREACHABLE):
        return DatabaseUnavailable()
    return (
        BadArgument("A text holds characters that no text here can have")
        if isinstance(error, IMPOSSIBLE_TEXT)
        else None
    )
