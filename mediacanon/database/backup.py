"""Backup and restore of the whole database; the old database stays until the new one is complete.

A restore creates a new database under another name, fills it and upgrades it to this version's schema. Then the two
databases trade names in one transaction. A kill at any moment leaves the old database or the new one in place.
"""

import asyncio
import contextlib
import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from mediacanon.database.migrate import SCHEMA_VERSION, address, connected, migrate, translate_errors
from mediacanon.database.programs import Programs, find_programs, with_database
from mediacanon.errors import BadArgument, Conflict, DatabaseUnavailable

# The bytes of "mcswap": the holder of this advisory lock is the one process that replaces databases.
REPLACE_LOCK = 0x6D6373776170
# Names hold 63 bytes.
_LONGEST_NAME = 50
_POLL_INTERVAL = 0.2
_MOST_JOBS = 4

_NEWER_FORMAT = "unsupported version"
_MADE_BY = re.compile(r"^; +Dumped from database version: (\d+)", re.MULTILINE)
_HAS_TITLES = re.compile(r"^\d+;.* TABLE DATA \S+ titles ", re.MULTILINE)
_SCHEMA_VERSION = re.compile(r"^schema_version\t(\d+)\t", re.MULTILINE)

NAME = "SELECT current_database()"
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
    """Replace the database at `dsn` by the content of `file`, upgraded to this version's schema.

    Raises BadArgument when `file` is no MediaCanon backup, or one of a newer MediaCanon or PostgreSQL; Conflict when
    another process is replacing the database; DatabaseUnavailable when the restore fails. A failure leaves the old
    database as it was.
    """
    _, major = await server_of(dsn)
    programs = await asyncio.to_thread(_check_file, file, major)
    jobs = min(os.cpu_count() or 1, _MOST_JOBS)
    async with _replacement(dsn) as new:
        options = ("--no-owner", "--no-privileges", "--exit-on-error", f"--jobs={jobs}")
        done = await asyncio.to_thread(programs.run, "pg_restore", *options, file, dsn=new)
        if done.returncode:
            raise DatabaseUnavailable(f"{file} cannot be restored, the database is as it was: {_reason(done)}")
        await migrate(new)
        with translate_errors(new):
            async with connected(new) as connection:
                # A dump has no planner statistics, and without them the first queries are slow.
                await connection.execute("ANALYZE")


async def reset(dsn: str) -> None:
    """Replace the database at `dsn` by an empty one with this version's schema. Raises as restore does."""
    async with _replacement(dsn) as new:
        await migrate(new)


def _check_file(file: Path, server: int) -> Programs:
    """Return the programs that can restore `file` into a server of a major version. Raises BadArgument."""
    for programs in find_programs(server=server):
        listed = programs.run("pg_restore", "--list", file)
        if not listed.returncode:
            break
        if _NEWER_FORMAT not in listed.stderr:
            raise BadArgument(f"{file} is no backup of `mediacanon db backup`: {_reason(listed)}")
    else:
        raise BadArgument(f"{file} was written by a newer PostgreSQL than {programs.major}, the newest one here.")
    made_by = _MADE_BY.search(listed.stdout)
    if made_by and int(made_by[1]) > server:
        raise BadArgument(
            f"{file} is a backup of PostgreSQL {made_by[1]}, and the database here is of {server}: use a newer server."
        )
    if not _HAS_TITLES.search(listed.stdout):
        raise BadArgument(f"{file} is a backup of something else: it has no titles.")
    _refuse_newer_schema(programs, file)
    return programs


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
                yield with_database(dsn, new)
                await _trade_names(connection, dsn, name=name, new=new, old=old)
            finally:
                await _drop(connection, new, old)


async def _create(connection: asyncpg.Connection, name: str, new: str) -> str:
    """Return the statement that creates the new database with the collation of the old one."""
    statement = f"CREATE DATABASE {_quoted(new)} TEMPLATE template0 ENCODING 'UTF8'"
    for collation, ctype in await connection.fetch(COLLATION, name):
        statement += f" LC_COLLATE {_literal(collation)} LC_CTYPE {_literal(ctype)}"
    return statement


async def _trade_names(connection: asyncpg.Connection, dsn: str, *, name: str, new: str, old: str) -> None:
    """Rename both databases in one transaction and end all sessions; clients reconnect to the new one."""
    ending = asyncio.create_task(_keep_ending_sessions(dsn, name, new))
    try:
        async with connection.transaction():
            # RENAME keeps new sessions out and waits up to 5 seconds for the open ones to end.
            await connection.execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(old)}")
            await connection.execute(f"ALTER DATABASE {_quoted(new)} RENAME TO {_quoted(name)}")
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
    for name in names:
        await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


async def server_of(dsn: str) -> tuple[str, int]:
    """Return the database's name and its server's major version."""
    with translate_errors(dsn):
        async with connected(dsn) as connection:
            return await connection.fetchval(NAME), connection.get_server_version().major


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Return the program's first error message."""
    lines = [line.partition("error: ")[2] or line for line in done.stderr.splitlines() if "error: " in line]
    return next(iter(lines), done.stderr.strip() or f"exit code {done.returncode}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
