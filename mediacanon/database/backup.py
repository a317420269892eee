"""Backup and restore of the whole database; the old database stays until the new one is complete.

A restore creates a new database under another name, with this version's schema, and loads the rows of the backup into
it. Then the two databases trade names in one transaction. A kill at any moment leaves the old database or the new one
in place.
"""

import asyncio
import contextlib
import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from mediacanon.database.dump import Dump, entries_of
from mediacanon.database.load import load, quoted
from mediacanon.database.migrate import SCHEMA_VERSION, address, connected, migrate, translate_errors
from mediacanon.database.programs import Programs, find_programs, reason_of_failure, with_database
from mediacanon.errors import BadArgument, Conflict, DatabaseUnavailable

# The bytes of "mcswap": the holder of this advisory lock is the one process that replaces databases.
REPLACE_LOCK = 0x6D6373776170
# Names hold 63 bytes.
_LONGEST_NAME = 50
_POLL_INTERVAL = 0.2
_MOST_JOBS = 4

_NEWER_FORMAT = "unsupported version"
_SCHEMA_VERSION = re.compile(r"^schema_version\t(\d+)\t", re.MULTILINE)

NAME = "SELECT current_database()"
SCHEMA = "SELECT current_schema()::text"
# Locale providers other than libc are the server's default, which template0 has.
COLLATION = "SELECT datcollate, datctype FROM pg_database WHERE datname = $1::text AND datlocprovider = 'c'"
# A session that we may not end would abort the statement before it reaches the others.
END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = ANY ($1::text[]) AND pg_has_role(usesysid, 'MEMBER')
"""


async def back_up(dsn: str, file: Path) -> int:
    """Write the database at `dsn` into `file`, which is replaced once the backup is complete; return its size in bytes.

    Raises DatabaseUnavailable or BadArgument with the reason.
    """
    _, major = await server_of(dsn)
    programs = find_programs(server=major)[0]
    part = file.with_name(f"{file.name}.part")
    options = ("--format=custom", "--no-owner", "--no-privileges", "--exclude-schema=imdb_staging")
    try:
        done = await asyncio.to_thread(programs.run, "pg_dump", *options, f"--file={part}", dsn=dsn)
        if done.returncode:
            raise DatabaseUnavailable(f"The backup failed: {_reason(done)}")
        size = part.stat().st_size
        part.replace(file)
    except OSError as error:
        raise BadArgument(f"{file} cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return size


async def restore(dsn: str, file: Path) -> None:
    """Replace the database at `dsn` by one with this version's schema and the rows of our tables in `file`.

    Nothing of `file` is executed.

    Raises BadArgument when `file` is no MediaCanon backup, or one of a newer MediaCanon or PostgreSQL; Conflict when
    another process is replacing the database; DatabaseUnavailable when the restore fails. A failure leaves the old
    database as it was.
    """
    _, major = await server_of(dsn)
    dump = await asyncio.to_thread(_open_file, file, major)
    async with _replacement(dsn) as new:
        await load(new, dump, jobs=min(os.cpu_count() or 1, _MOST_JOBS))
        with translate_errors(new):
            async with connected(new) as connection:
                # A dump has no planner statistics, and without them the first queries are slow.
                await connection.execute("ANALYZE")


async def reset(dsn: str) -> None:
    """Replace the database at `dsn` by an empty one with this version's schema. Raises as restore does."""
    async with _replacement(dsn) as new:
        await migrate(new)


def _open_file(file: Path, server: int) -> Dump:
    """Return a backup that a server of this major version can take. Raises BadArgument."""
    for programs in find_programs(server=server):
        listed = programs.run("pg_restore", "--list", file)
        if not listed.returncode:
            break
        if _NEWER_FORMAT not in listed.stderr:
            raise BadArgument(f"{file} is no backup of `mediacanon db backup`: {_reason(listed)}")
    else:
        raise BadArgument(f"{file} was written by a newer PostgreSQL than {programs.major}, the newest one here.")
    dump = Dump(file, programs, *entries_of(listed.stdout))
    if dump.made_by and dump.made_by > server:
        raise BadArgument(
            f"{file} is a backup of PostgreSQL {dump.made_by}, and the database here is of {server}:"
            " use a newer server."
        )
    if "titles" not in dump.tables:
        raise BadArgument(f"{file} is a backup of something else: it has no titles.")
    _refuse_newer_schema(programs, file)
    return dump


def _refuse_newer_schema(programs: Programs, file: Path) -> None:
    state = programs.run("pg_restore", "--data-only", "--table=sync_state", "--file=-", file)
    version = _SCHEMA_VERSION.search(state.stdout)
    # The original MediaCanon recorded no version.
    if version and int(version[1]) > SCHEMA_VERSION:
        raise BadArgument(
            f"{file} has schema version {version[1]}, this MediaCanon knows version {SCHEMA_VERSION}:"
            " install the newer MediaCanon it comes from."
        )


@contextlib.asynccontextmanager
async def _replacement(dsn: str) -> AsyncIterator[str]:
    """Yield the URL of a new empty database, which replaces the database at `dsn` when the block succeeds."""
    name, _ = await server_of(dsn)
    new, old = f"{name[:_LONGEST_NAME]}_unfinished", f"{name[:_LONGEST_NAME]}_replaced"
    # A database cannot be renamed over a connection to it.
    with translate_errors(dsn):
        async with connected(with_database(dsn, "postgres")) as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", REPLACE_LOCK):
                raise Conflict(f"Another process is replacing {address(dsn)}.")
            await _drop(connection, new, old)
            await connection.execute(await _create(connection, name, new))
            try:
                await _make_schema(dsn, with_database(dsn, new))
                yield with_database(dsn, new)
                await _trade_names(connection, dsn, name=name, new=new, old=old)
            finally:
                await _drop(connection, new, old)


async def _create(connection: asyncpg.Connection, name: str, new: str) -> str:
    """Return the statement that creates the new database with the collation of the old one."""
    statement = f"CREATE DATABASE {quoted(new)} TEMPLATE template0 ENCODING 'UTF8'"
    for collation, ctype in await connection.fetch(COLLATION, name):
        statement += f" LC_COLLATE {_literal(collation)} LC_CTYPE {_literal(ctype)}"
    return statement


async def _make_schema(old: str, new: str) -> None:
    """Create the schema that holds the tables of the old database in the new one."""
    async with connected(old) as connection:
        schema = await connection.fetchval(SCHEMA)
    async with connected(new) as connection:
        if schema and not await connection.fetchval(SCHEMA):
            await connection.execute(f"CREATE SCHEMA {quoted(schema)}")


async def _trade_names(connection: asyncpg.Connection, dsn: str, *, name: str, new: str, old: str) -> None:
    """Rename both databases in one transaction and end all sessions; clients reconnect to the new one."""
    ending = asyncio.create_task(_keep_ending_sessions(dsn, name, new))
    try:
        async with connection.transaction():
            # RENAME keeps new sessions out and waits up to 5 seconds for the open ones to end.
            await connection.execute(f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(old)}")
            await connection.execute(f"ALTER DATABASE {quoted(new)} RENAME TO {quoted(name)}")
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


async def _keep_ending_sessions(dsn: str, *names: str) -> None:
    async with connected(with_database(dsn, "postgres")) as connection:
        while True:
            await connection.execute(END_SESSIONS, names)
            await asyncio.sleep(_POLL_INTERVAL)


async def _drop(connection: asyncpg.Connection, *names: str) -> None:
    """Drop databases, including the leftovers of a killed run."""
    await connection.execute(END_SESSIONS, names)
    for name in names:
        # WITH (FORCE) would end autovacuum, too, which only a superuser may: without it the server does that by itself.
        await connection.execute(f"DROP DATABASE IF EXISTS {quoted(name)}")


async def server_of(dsn: str) -> tuple[str, int]:
    """Return the database's name and its server's major version."""
    with translate_errors(dsn):
        async with connected(dsn) as connection:
            return await connection.fetchval(NAME), connection.get_server_version().major


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    return reason_of_failure(done.stderr, done.returncode)


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
