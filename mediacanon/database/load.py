"""The rows of a backup, loaded into a new database with the tables of schema.sql."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import asyncpg

from mediacanon.database.counts import keep_counts
from mediacanon.database.dump import Dump
from mediacanon.database.keys import drop_keys
from mediacanon.database.migrate import connected, migrate, translate_errors
from mediacanon.database.pool import reason_of
from mediacanon.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

Step = Callable[[asyncpg.Connection], Awaitable[object]]

TABLES = """
SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""
COLUMNS = (
    "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
)
# Each table's own sequence of ids.
SEQUENCES = """
SELECT t.relname::text AS table, s.relname::text AS sequence
  FROM pg_class s
  JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'a' AND d.classid = 'pg_class'::regclass
  JOIN pg_class t ON t.oid = d.refobjid
 WHERE s.relkind = 'S' AND t.relnamespace = current_schema()::regnamespace
"""
SET_SEQUENCE = "SELECT setval($1::text::regclass, $2::bigint, $3::boolean)"
# The version was checked before; other text in its place counts as no version.
FORGET_VERSION = "DELETE FROM sync_state WHERE key = 'schema_version' AND value !~ '^[0-9]{1,9}$'"
# The counts are made anew; the noted changes belong to transactions of the server that they were written by.
OF_ONE_SERVER = frozenset({"noted_changes", "kept_counts", "viewed_titles"})
RENEW_VIEWED = "SELECT renew_viewed_titles()"
# For the sessions of a restore.
BULK = "SET mediacanon.is_bulk = 'on'"
# The longest work begins first.
_LARGEST = ("titles", "show_episodes", "credits", "people")


async def load(dsn: str, dump: Dump, *, jobs: int) -> None:
    """Fill the new database at `dsn` with the rows of our tables in `dump`, `jobs` tables at a time.

    Only rows are taken: of a table's unknown columns and of unknown tables nothing comes in, which is logged. Raises
    DatabaseUnavailable when the rows do not fit.
    """
    await migrate(dsn)
    with translate_errors(dsn):
        async with connected(dsn) as connection:
            tables = [row[0] for row in await connection.fetch(TABLES)]
            # The rows that the schema begins with.
            await connection.execute(f"TRUNCATE {', '.join(tables)}")
            others, foreign_keys = await drop_keys(connection, tables)
    if left_out := sorted(dump.tables.keys() - set(tables)):
        log.warning("Not restored, since MediaCanon has no such tables: %s", ", ".join(map(ascii, left_out))[:500])
    present = sorted(dump.tables.keys() & set(tables) - OF_ONE_SERVER, key=lambda table: table not in _LARGEST)
    try:
        await _share_out(dsn, jobs, [partial(_copy, dump=dump, table=table) for table in present])
        await _share_out(dsn, jobs, [partial(_execute, statement=statement) for statement in others])
        # Foreign keys lock both of their tables.
        await _share_out(dsn, 1, [partial(_execute, statement=statement) for statement in foreign_keys])
        await _share_out(dsn, 1, [partial(_set_sequences, dump=dump), partial(_execute, statement=FORGET_VERSION)])
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise DatabaseUnavailable(
            f"{dump.file} cannot be restored, the database is as it was: {reason_of(error)}"
        ) from error
    await migrate(dsn)
    with translate_errors(dsn):
        async with connected(dsn) as connection, connection.transaction():
            await keep_counts(connection)
            await connection.execute(RENEW_VIEWED)


async def _share_out(dsn: str, jobs: int, steps: Iterable[Step]) -> None:
    """Run the steps over `jobs` connections and raise the first error."""
    waiting = deque(steps)

    async def work() -> None:
        async with connected(dsn) as connection:
            while waiting:
                await waiting.popleft()(connection)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(jobs, len(waiting))):
                group.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _execute(connection: asyncpg.Connection, *, statement: str) -> None:
    await connection.execute(statement)


async def _copy(connection: asyncpg.Connection, *, dump: Dump, table: str) -> None:
    """Copy a table's rows; columns that it lacks are there as text meanwhile."""
    await connection.execute(BULK)
    known = {row[0] for row in await connection.fetch(COLUMNS, table)}
    async with dump.rows(table) as rows:
        unknown = [column for column in rows.columns if column not in known]
        for column in unknown:
            await connection.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(column)} text")
        await connection.copy_to_table(table, source=rows.chunks, columns=rows.columns, encoding=rows.encoding)
    for column in unknown:
        await connection.execute(f"ALTER TABLE {table} DROP COLUMN {quoted(column)}")
    if unknown:
        log.warning("Not restored, since %s has no such columns: %s", table, ", ".join(map(ascii, unknown))[:500])


async def _set_sequences(connection: asyncpg.Connection, *, dump: Dump) -> None:
    """Set each sequence to its position in the backup, at least to the highest id."""
    own = {row["sequence"]: row["table"] for row in await connection.fetch(SEQUENCES)}
    positions = await dump.positions(own)
    for sequence, table in own.items():
        highest = await connection.fetchval(f"SELECT max(id) FROM {table}")
        last, is_used = positions.get(sequence, (0, False))
        if highest is not None and highest >= last:
            last, is_used = highest, True
        if last > 0:
            await connection.execute(SET_SEQUENCE, sequence, last, is_used)


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
