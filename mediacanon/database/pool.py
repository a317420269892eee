"""Connection pools with the session settings and codecs every query of MediaCanon relies on."""

import logging

import asyncpg
import orjson

from mediacanon.errors import BadArgument, DatabaseUnavailable, MediaCanonError

log = logging.getLogger(__name__)

SESSION_SETTINGS = {
    "application_name": "mediacanon",
    "timezone": "UTC",
    # Days come as text, written so.
    "datestyle": "ISO",
    # Short queries by key dominate: planning for JIT costs them more than it ever saves.
    "jit": "off",
    # Of keys in an array PostgreSQL expects ten, so it would plan anew for the one that comes, which takes longer than
    # to answer. Where the values decide, the transaction says so: PLAN_FOR_THESE_VALUES.
    "plan_cache_mode": "force_generic_plan",
}
# A plan for any language suits no rare one. And for one process each: to halve the time on an idle machine, parallel
# plans cost several times the work, which is what others wait for.
PLAN_FOR_THESE_VALUES = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL max_parallel_workers_per_gather = 0"
# PgBouncer passes on those it knows and refuses all others.
POOLED_SETTINGS = {name: SESSION_SETTINGS[name] for name in ("application_name", "timezone", "datestyle")}
# Statements a connection keeps prepared: asyncpg's own default.
STATEMENTS = 100
# Seconds; a host that is gone does not even refuse.
CONNECT_TIMEOUT = 10


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """Teach a new connection our types: jsonb comes and goes as Python objects."""
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
        schema="pg_catalog",
    )


async def skip_reset(_: asyncpg.Connection) -> None:
    """Spare the round trip that resets a connection after each use: what we set, we set for one transaction."""


async def open_pool(
    dsn: str, *, size: int = 10, at_least: int = 1, command_timeout: float = 30, is_pooled: bool = False
) -> asyncpg.Pool:
    """Return a pool of up to `size` connections, the first `at_least` of them open.

    A query longer than `command_timeout` seconds fails. `is_pooled` says that `dsn` leads to PgBouncer in transaction
    mode: each transaction may meet another session, so no statement is prepared for later.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=at_least,
        max_size=size,
        timeout=CONNECT_TIMEOUT,
        command_timeout=command_timeout,
        init=prepare_connection,
        reset=skip_reset,
        server_settings=POOLED_SETTINGS if is_pooled else SESSION_SETTINGS,
        statement_cache_size=0 if is_pooled else STATEMENTS,
    )


# asyncpg calls it an internal error when a connection is used between the server's farewell and its end.
UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    OSError,
)


def translate_error(error: Exception) -> MediaCanonError | None:
    """Return our exception for an error of the database that has a known reason, None for any other.

    What says that the database cannot be reached is logged: the client is not told more.
    """
    if isinstance(error, UNREACHABLE):
        log.warning("The database cannot be reached: %s: %s", type(error).__name__, error)
        return DatabaseUnavailable()
    return BadArgument("A text holds characters that no text here can have") if _is_impossible_text(error) else None


def _is_impossible_text(error: Exception) -> bool:
    """Return whether a text held U+0000, which PostgreSQL refuses, or half a character, which asyncpg does."""
    return isinstance(error, asyncpg.CharacterNotInRepertoireError) or (
        isinstance(error, asyncpg.DataError) and isinstance(error.__cause__, UnicodeEncodeError)
    )
