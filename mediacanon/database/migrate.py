"""Upgrades a database to schema.sql in one transaction; a lock makes concurrent starts queue up."""

import asyncio
import contextlib
import hashlib
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from urllib.parse import unquote, urlsplit

import asyncpg

from mediacanon import paths
from mediacanon.database.binaries import OLDEST_MAJOR
from mediacanon.database.connection_url import connect_options, url_parameters
from mediacanon.database.pool import SESSION_SETTINGS, reason_of
from mediacanon.database.staging import drop_leftover_staging
from mediacanon.database.suitability import (
    missing_extension,
    refuse_unsuitable,
    refuse_without_rights,
    shortcomings,
)
from mediacanon.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

# Increase it when an older MediaCanon could no longer work with the schema.
SCHEMA_VERSION = 1
# Seconds until a wait for a lock is told.
PATIENCE = 3.0
# Any constant works as long as every MediaCanon uses the same one: the bytes of "mcschema".
SCHEMA_LOCK = 0x6D63736368656D61

HAS_SYNC_STATE = "SELECT to_regclass('sync_state') IS NOT NULL"
RECORDED = "SELECT key, value FROM sync_state WHERE key IN ('schema_version', 'schema_hash')"
RECORD = """
    INSERT INTO sync_state (key, value) VALUES ($1::text, $2::text)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
     WHERE sync_state.value <> excluded.value"""


async def migrate(dsn: str, *, is_forced: bool = False) -> None:
    """Apply schema.sql to the database at `dsn` unless the recorded hash is this file's.

    `is_forced` applies it in any case, which restores dropped tables and indexes. Raises DatabaseUnavailable, in one
    line without the password, when the database cannot be reached or changed, when its server or its encoding is
    unsuitable, or when a newer MediaCanon has upgraded it.
    """
    with translate_errors(dsn):
        async with connected(dsn) as connection:
            _refuse_old_server(connection, dsn)
            await refuse_unsuitable(connection)
            with said_after(PATIENCE, "Upgrading %s, or waiting for another session's lock, such as an import's", dsn):
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA_LOCK)
                    await _apply_schema(connection, dsn, is_forced=is_forced)
                await drop_leftover_staging(connection)


async def _apply_schema(connection: asyncpg.Connection, dsn: str, *, is_forced: bool) -> None:
    schema = paths.SCHEMA_SQL.read_bytes()
    schema_hash = hashlib.sha256(schema).hexdigest()
    recorded: dict[str, str] = {}
    if await connection.fetchval(HAS_SYNC_STATE):
        recorded |= {row["key"]: row["value"] for row in await connection.fetch(RECORDED)}
    _refuse_newer_schema(int(recorded.get("schema_version", 0)), dsn)
    # ALTER TABLE locks readers out even without a change, and while it waits for an import.
    if recorded.get("schema_hash") == schema_hash and not is_forced:
        return
    await refuse_without_rights(connection)
    await connection.execute("SET LOCAL client_min_messages = warning")
    try:
        await connection.execute(schema.decode())
    except asyncpg.PostgresError as error:
        if remedy := missing_extension(error):
            raise DatabaseUnavailable(f"Cannot use {address(dsn)}: {remedy}.") from error
        raise
    for sentence in await shortcomings(connection):
        log.warning("%s", sentence)
    await connection.executemany(RECORD, [("schema_version", str(SCHEMA_VERSION)), ("schema_hash", schema_hash)])


@contextlib.contextmanager
def said_after(seconds: float, message: str, dsn: str) -> Iterator[None]:
    """Log a message with the database's address if the block takes longer than this."""
    timer = asyncio.get_running_loop().call_later(seconds, log.warning, message, address(dsn))
    try:
        yield
    finally:
        timer.cancel()


def address(dsn: str) -> str:
    """Return the target of a database URL in words: database and host, never the password."""
    parts = urlsplit(dsn)
    query = dict(url_parameters(dsn))
    host = parts.netloc.rpartition("@")[2] or query.get("host", query.get("hostaddr", "the default host"))
    name = unquote(parts.path[1:]) or query.get("dbname", query.get("database", "default"))
    return f"the database {name} on {unquote(host)}"


async def connect(dsn: str) -> asyncpg.Connection:
    """Open a connection. Raises the driver's errors, and DatabaseUnavailable for a malformed URL."""
    try:
        return await asyncpg.connect(**connect_options(dsn, SESSION_SETTINGS))
    except ssl.SSLCertVerificationError as error:
        raise DatabaseUnavailable(
            f"The certificate of {address(dsn)} is not accepted: {error.verify_message or error}."
            " sslrootcert=FILE in the database URL names its authority, sslrootcert=system those of this system."
        ) from None
    except (ssl.SSLError, asyncpg.ClientConfigurationError) as error:
        raise DatabaseUnavailable(f"Cannot use {address(dsn)}: {error}") from None
    except ValueError:
        # The parser's message may contain a piece of the password.
        raise DatabaseUnavailable("The database URL is malformed; wanted: postgresql://user@host/database") from None


@contextlib.asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection for the block. Raises as `connect` does."""
    connection = await connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def _refuse_old_server(connection: asyncpg.Connection, dsn: str) -> None:
    version = connection.get_server_version()
    if version.major < OLDEST_MAJOR:
        raise DatabaseUnavailable(
            f"PostgreSQL {version.major} is too old: {address(dsn)} needs PostgreSQL {OLDEST_MAJOR} or newer."
        )


def _refuse_newer_schema(recorded: int, dsn: str) -> None:
    if recorded > SCHEMA_VERSION:
        raise DatabaseUnavailable(
            f"A newer MediaCanon has upgraded {address(dsn)} to schema version {recorded};"
            f" this one knows version {SCHEMA_VERSION}. Install the newer MediaCanon."
        )


@contextlib.contextmanager
def translate_errors(dsn: str) -> Iterator[None]:
    """Turn the driver's errors into one line that names the database and the reason."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(f"Cannot use {address(dsn)}: {reason_of(error)}") from error
