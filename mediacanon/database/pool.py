"""Connection pools with the session settings and codecs that every query relies on."""

import logging

import asyncpg
import orjson

from mediacanon.database.connection_url import connect_options
from mediacanon.errors import BadArgument, DatabaseUnavailable, MediaCanonError

log = logging.getLogger(__name__)

SESSION_SETTINGS = {
    "application_name": "mediacanon",
    "timezone": "UTC",
    # Loaders select dates as text, which must be ISO 8601.
    "datestyle": "ISO",
    # Short queries by key dominate: JIT planning costs them more than it ever saves.
    "jit": "off",
    # PostgreSQL estimates ten keys for an array, so it would replan for each array of one key, which takes longer than
    # the query. A query whose plan depends on its values sets PLAN_FOR_THESE_VALUES in its transaction.
    "plan_cache_mode": "force_generic_plan",
    # Parallel workers halve the time of a long query on an idle machine. They take milliseconds to start and do several
    # times the work, which delays the other requests.
    "max_parallel_workers_per_gather": "0",
}
# A generic plan suits no rare language. PgBouncer passes on neither setting.
PLAN_FOR_THESE_VALUES = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL max_parallel_workers_per_gather = 0"
# PgBouncer passes on the settings that it knows and refuses all others.
POOLED_SETTINGS = {name: SESSION_SETTINGS[name] for name in ("application_name", "timezone", "datestyle")}
# Prepared statements cached per connection: asyncpg's own default.
STATEMENTS = 100
# Seconds. A host that is down does not refuse a connection, so only a timeout ends the attempt.
CONNECT_TIMEOUT = 10


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """Set the codecs of a new connection: jsonb is encoded from and decoded to Python objects."""
    await connection.set_type_codec(
        "jsonb",
        # Its binary form is a byte for the version, then the text: records hold values in binary form alone.
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda value: orjson.loads(value[1:]),
        schema="pg_catalog",
        format="binary",
    )


async def skip_reset(_: asyncpg.Connection) -> None:
    """Skip the round trip that resets a connection after each use: our settings are all local to a transaction."""


async def open_pool(
    dsn: str, *, size: int = 10, at_least: int = 1, command_timeout: float = 30, is_pooled: bool = False
) -> asyncpg.Pool:
    """Return a pool of up to `size` connections, `at_least` of them open from the start.

    A query longer than `command_timeout` seconds fails. `is_pooled` means that `dsn` leads to PgBouncer in transaction
    mode: each transaction may run in another session, so prepared statements are not cached.
    """
    settings = POOLED_SETTINGS if is_pooled else SESSION_SETTINGS
    return await asyncpg.create_pool(
        **{"timeout": CONNECT_TIMEOUT, **connect_options(dsn, settings)},
        min_size=at_least,
        max_size=size,
        command_timeout=command_timeout,
        init=prepare_connection,
        reset=skip_reset,
        statement_cache_size=0 if is_pooled else STATEMENTS,
    )


# asyncpg raises InternalClientError for a connection in use between the server's termination message and its close.
UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    OSError,
)


# A connection that was open and is gone.
LOST = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    ConnectionResetError,
    BrokenPipeError,
)


def reason_of(error: BaseException) -> str:
    """Return the reason of a database error in one line.

    After a lost connection the driver fails again at the end of the transaction; the first failure is the reason.
    """
    while isinstance(error.__context__, (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        error = error.__context__
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    if isinstance(error, asyncpg.DiskFullError):
        return f"the disk of the database is full ({line})"
    if isinstance(error, LOST):
        return f"the connection to the database was lost ({line})"
    return line


def translate_error(error: Exception) -> MediaCanonError | None:
    """Return our exception for a database error with a known reason, None for any other error.

    The reason of an unreachable database is logged, since the client learns only the fact.
    """
    if isinstance(error, UNREACHABLE):
        log.warning("The database cannot be reached: %s: %s", type(error).__name__, error)
        return DatabaseUnavailable()
    return BadArgument("A text holds characters that cannot be stored") if _is_impossible_text(error) else None


def _is_impossible_text(error: Exception) -> bool:
    """Return whether a text held U+0000, which PostgreSQL refuses, or a lone surrogate, which asyncpg refuses."""
    return isinstance(error, asyncpg.CharacterNotInRepertoireError) or (
        isinstance(error, asyncpg.DataError) and isinstance(error.__cause__, UnicodeEncodeError)
    )
