"""The import: downloads IMDb's files, stages them raw, and merges them into the catalogue in one transaction.

Nothing changes before that transaction commits, whatever fails and whenever; readers see the old catalogue or the new
one. The merge runs the steps of the datasets' SQL files in the order of `datasets.ALL`.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import orjson

from mediacanon.database.changes import IS_BULK, notify_everything
from mediacanon.database.connection_url import connect_options
from mediacanon.database.counts import keep_counts
from mediacanon.database.pool import SESSION_SETTINGS, reason_of
from mediacanon.database.staging import IMPORT_LOCK
from mediacanon.errors import DatabaseUnavailable, ImportRefused
from mediacanon.imdb import datasets
from mediacanon.imdb.bulk import build_indexes, drop_indexes
from mediacanon.imdb.download import download
from mediacanon.imdb.merge import ChangeCounts, count_changes, read_merge
from mediacanon.imdb.stage import MALFORMED_SHOWN, MalformedRow, Staged, stage
from mediacanon.progress import Progress, SilentProgress

log = logging.getLogger(__name__)

# A file with less than half the rows of the last import is a broken download, not a day of deletions.
SMALLEST_SHARE = 1 / 2
ALL_THE_SAME = "--force imports it all the same"
# Errors of a merge that a new comparison mends: edits meanwhile, other writers' locks, rows that cannot be stored.
CONFLICTS = (
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ProgramLimitExceededError,
)
# Bytes: an index entry holds 2,704 once compressed.
LONGEST_NAMES = 2000
DROP_OVERLONG_NAMES = """
DELETE FROM imdb_staging.basics
 WHERE octet_length(primarytitle) + octet_length(COALESCE(originaltitle, '')) > $1::integer
    OR octet_length(fold(primarytitle)) + octet_length(COALESCE(fold(originaltitle), '')) > $1::integer
RETURNING tconst, left(primarytitle, 60) AS name
"""

IMPORT_SETTINGS = SESSION_SETTINGS | {
    "application_name": "mediacanon sync",
    # Without it the server would work on for a minute after its client was killed, and hold the lock.
    "client_connection_check_interval": "1s",
    # Larger hash tables measured no faster, since they exceed the CPU's caches, and take memory from others.
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "lock_timeout": "5min",
}

STATE_BY_KEY = "SELECT value FROM sync_state WHERE key = $1::text"
SAVE_STATE = """
INSERT INTO sync_state (key, value, updated_at)
VALUES ($1::text, $2::text, now())
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, updated_at = EXCLUDED.updated_at
"""
# The keys in sync_state.
FILES_HASH = "imdb_files_hash"
# The facts that an import takes out of the files: a catalogue of another mapping is imported again, also from the same
# files. Increase it for a new fact. 2: the mark of adult titles.
MAPPING, MAPPING_VERSION = "imdb_mapping", "2"
FILE_ROWS = "imdb_file_rows"
LAST_IMPORT = "last_import"

# A catalogue that another program filled has no row counts in sync_state: its titles stand in for them.
TITLES_BEFORE_AND_STAGED = f"""
SELECT (SELECT count(*) FROM titles WHERE imdb_id IS NOT NULL AND withdrawn_at IS NULL) AS before,
       (SELECT count(*) FROM {datasets.BASICS.staging_table} WHERE titletype <> 'tvEpisode') AS staged
"""
DROP_STAGING = f"DROP SCHEMA IF EXISTS {datasets.STAGING_SCHEMA} CASCADE"


@dataclass(slots=True)
class Report:
    """The result of an import; `changes` is empty if the files were those of the last import."""

    is_unchanged: bool = False
    changes: list[ChangeCounts] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    examples: list[MalformedRow] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the duration of the block to the seconds of `step`."""
        started = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0) + time.perf_counter() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """Options of an import: the files, and how they are imported."""

    folder: Path
    base_url: str | None  # None: no download, the files as they are
    is_forced: bool = False
    workers: int = 2


async def sync(dsn: str, options: SyncOptions, progress: Progress | None = None) -> Report:
    """Import IMDb's files into the database at `dsn`, whose schema is up to date; return the report.

    Raises ImportRefused, before anything changed, if a file is malformed or another import runs; UpstreamUnavailable if
    IMDb cannot be reached; DatabaseUnavailable if the database is lost.
    """
    progress = progress or SilentProgress()
    report = Report()
    try:
        async with _only_import(dsn) as connection:
            if options.base_url:
                with report.timed("downloading"):
                    await download(options.folder, base_url=options.base_url, progress=progress)
            with report.timed("hashing"):
                files_hash = await asyncio.to_thread(hash_files, options.folder)
            if not options.is_forced and await _is_imported(connection, files_hash):
                report.is_unchanged = True
                return report
            await _import(connection, dsn, options, files_hash=files_hash, progress=progress, report=report)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise DatabaseUnavailable(f"The database stopped the import, nothing changed: {reason_of(error)}") from error
    return report


async def _is_imported(connection: asyncpg.Connection, files_hash: str) -> bool:
    """Return whether the catalogue is that of these files, by the present mapping."""
    known = [await connection.fetchval(STATE_BY_KEY, key) for key in (FILES_HASH, MAPPING)]
    return known == [files_hash, MAPPING_VERSION]


def hash_files(folder: Path) -> str:
    """Return the SHA-256 over the files' own hashes, in hexadecimal. Raises ImportRefused for a missing file."""
    total = hashlib.sha256()
    for dataset in datasets.ALL:
        try:
            with (folder / dataset.file).open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        except FileNotFoundError:
            raise ImportRefused(f"{folder / dataset.file} is missing") from None
        except OSError as error:
            raise ImportRefused(f"{folder / dataset.file} cannot be read: {error.strerror}") from None
    return total.hexdigest()


@asynccontextmanager
async def _only_import(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection that holds the import lock; the lock ends with the connection."""
    async with _connection(dsn) as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", IMPORT_LOCK):
            raise ImportRefused("Another import is running on this database; nothing to do")
        yield connection


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**connect_options(dsn, IMPORT_SETTINGS))
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def _import(
    connection: asyncpg.Connection,
    dsn: str,
    options: SyncOptions,
    *,
    files_hash: str,
    progress: Progress,
    report: Report,
) -> None:
    try:
        with report.timed("staging"):
            staged = await _stage_all(connection, dsn, options, progress)
            await _check_rows(connection, staged, options)
        report.rows = {file.dataset.file: file.rows for file in staged}
        report.skipped = {file.dataset.file: file.skipped for file in staged}
        report.examples = [row for file in staged for row in file.examples]
        state = {FILES_HASH: files_hash, MAPPING: MAPPING_VERSION, FILE_ROWS: orjson.dumps(report.rows).decode()}
        for is_last in (False, False, True):
            try:
                return await _merge(connection, state, progress, report)
            except CONFLICTS as error:
                if is_last:
                    raise ImportRefused(f"The import met the same conflict three times: {_conflict(error)}") from error
                await _prepare_again(connection, error, report)
    finally:
        if not connection.is_closed():
            await connection.execute(DROP_STAGING)


async def _stage_all(
    connection: asyncpg.Connection, dsn: str, options: SyncOptions, progress: Progress
) -> list[Staged]:
    """Stage the files over one connection per worker."""
    await connection.execute(DROP_STAGING)
    await connection.execute(f"CREATE SCHEMA {datasets.STAGING_SCHEMA}")
    for dataset in datasets.ALL:
        await connection.execute(dataset.create_table)
    async with AsyncExitStack() as opened:
        connections = [await opened.enter_async_context(_connection(dsn)) for _ in range(options.workers)]
        staged = await stage(connections, options.folder, progress)
    for dataset in datasets.ALL:
        await connection.execute(f"ANALYZE {dataset.staging_table}")
    return staged


async def _check_rows(connection: asyncpg.Connection, staged: list[Staged], options: SyncOptions) -> None:
    if options.is_forced:
        return
    known = orjson.loads(await connection.fetchval(STATE_BY_KEY, FILE_ROWS) or "{}")
    for file in staged:
        before = known.get(file.dataset.file, 0)
        if file.rows < before * SMALLEST_SHARE:
            found = f"{file.dataset.file} has {file.rows:,} rows; the last import had {before:,}"
            raise ImportRefused(f"{found} ({ALL_THE_SAME})")
    if not known:
        [titles] = await connection.fetch(TITLES_BEFORE_AND_STAGED)
        if titles["staged"] < titles["before"] * SMALLEST_SHARE:
            found = f"{datasets.BASICS.file} has {titles['staged']:,} titles; the catalogue has {titles['before']:,}"
            raise ImportRefused(f"{found} ({ALL_THE_SAME})")


async def _prepare_again(connection: asyncpg.Connection, error: asyncpg.PostgresError, report: Report) -> None:
    """Take the rows that no merge can store out of the staging tables; an edit needs only a new comparison."""
    log.warning("The merge begins again: %s", _conflict(error))
    if isinstance(error, asyncpg.UniqueViolationError):
        # IMDb's files are sorted and name no key twice: a damaged file, or an edit.
        await _drop_repeated_keys(connection, report)
    elif isinstance(error, asyncpg.ProgramLimitExceededError):
        await _drop_overlong_names(connection, report)


def _conflict(error: asyncpg.PostgresError) -> str:
    """Return the message of PostgreSQL with the row it names."""
    return f"{error}{f' ({detail})' if (detail := getattr(error, 'detail', None)) else ''}"


async def _drop_overlong_names(connection: asyncpg.Connection, report: Report) -> None:
    """Skip the titles with a name that no index entry can hold."""
    rows = await connection.fetch(DROP_OVERLONG_NAMES, LONGEST_NAMES)
    report.skipped[datasets.BASICS.file] += len(rows)
    report.examples += [
        MalformedRow(datasets.BASICS.file, 0, "its names are too long for an index", f"{row['tconst']} {row['name']}…")
        for row in rows[:MALFORMED_SHOWN]
    ]


async def _drop_repeated_keys(connection: asyncpg.Connection, report: Report) -> None:
    for dataset in datasets.ALL:
        status = await connection.execute(dataset.drop_repeated)
        report.skipped[dataset.file] += int(status.split()[-1])


async def _merge(connection: asyncpg.Connection, state: dict[str, str], progress: Progress, report: Report) -> None:
    merges = [read_merge(dataset) for dataset in datasets.ALL]
    steps = [step for merge in merges for step in merge.steps]
    with progress.step("Merging", total=len(steps) + 1, unit="steps") as bar:
        async with connection.transaction():
            await connection.execute(IS_BULK)
            for statements in [merge.before for merge in merges if merge.before]:
                await connection.execute(statements)
            dropped = await drop_indexes(connection)
            for name, statements in steps:
                with report.timed(name):
                    await connection.execute(statements)
                bar.advance(1)
            with report.timed("building indexes"):
                await build_indexes(connection, dropped)
            with report.timed("reporting"):
                report.changes = [
                    counts for merge in merges for counts in await count_changes(connection, merge, report.rows)
                ]
            with report.timed("counting"):
                await keep_counts(connection)
            for key, value in state.items():
                await connection.execute(SAVE_STATE, key, value)
            await connection.execute(SAVE_STATE, LAST_IMPORT, orjson.dumps(report).decode())
            await notify_everything(connection)
        bar.advance(1)
