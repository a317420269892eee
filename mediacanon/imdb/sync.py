"""The import: downloads IMDb's files, stages them raw, merges them into the catalogue in one transaction.

Until that transaction commits nothing has changed, whatever dies and whenever; readers see the old catalogue
or the new one. The order of the merge is the order of the steps in `sql/titles.sql` and `sql/episodes.sql`.
"""

import asyncio
import dataclasses
import hashlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import orjson

from mediacanon import paths
from mediacanon.database.changes import notify_everything
from mediacanon.database.pool import SESSION_SETTINGS
from mediacanon.errors import DatabaseUnavailable, ImportRefused
from mediacanon.imdb import datasets
from mediacanon.imdb.bulk import TABLES, set_indexes_aside
from mediacanon.imdb.download import download
from mediacanon.imdb.stage import MalformedRow, Staged, stage
from mediacanon.progress import Progress, SilentProgress

# The bytes of "mcimport": whoever holds this advisory lock is the one import that runs.
IMPORT_LOCK = 0x6D63696D706F7274
# A file with less than half the rows of the last import is a broken download, not a bad day.
SMALLEST_SHARE = 1 / 2
ALL_THE_SAME = "--force imports it all the same"

IMPORT_SETTINGS = SESSION_SETTINGS | {
    "application_name": "mediacanon sync",
    # Without it the server would go on for a minute for a client that was killed, and hold the lock.
    "client_connection_check_interval": "1s",
    # Larger hash tables measured no faster (they leave the CPU's caches) and take memory from others.
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
FILE_ROWS = "imdb_file_rows"
LAST_IMPORT = "last_import"

# A catalogue that another program filled tells no rows; then its titles stand for them.
TITLES_BEFORE_AND_STAGED = f"""
SELECT (SELECT count(*) FROM titles WHERE imdb_id IS NOT NULL AND withdrawn_at IS NULL) AS before,
       (SELECT count(*) FROM {datasets.STAGING_SCHEMA}.basics WHERE titletype <> 'tvEpisode') AS staged
"""
DROP_STAGING = f"DROP SCHEMA IF EXISTS {datasets.STAGING_SCHEMA} CASCADE"
# Ids that a file names twice: the first row stands. The files are sorted, so this is never needed for sound ones.
DROP_REPEATED_IDS = """
DELETE FROM {table} again
 USING {table} first
 WHERE again.tconst = first.tconst AND again.ctid > first.ctid
"""

_STEP = re.compile(r"^-- step: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Changes:
    """What the import did to one kind: counts of rows."""

    kind: str
    inserted: int
    updated: int
    unchanged: int
    withdrawn: int  # titles marked withdrawn; episodes, seasons and ratings removed
    moved: int  # titles that changed type, episodes that changed place
    duplicates: int  # episodes that lost their place to a lower IMDb id
    skipped: int = 0  # rows of the file that came to nothing: no such show, no number, duplicates


@dataclass(slots=True)
class Report:
    """What an import came to; `changes` is empty when the files were those of the last import."""

    is_unchanged: bool = False
    changes: list[Changes] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    examples: list[MalformedRow] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time the block takes to the seconds of `step`."""
        started = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0) + time.perf_counter() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """How to import: from where, and how eagerly."""

    folder: Path
    base_url: str | None  # None: use the files as they are
    is_forced: bool = False
    workers: int = 2


async def sync(dsn: str, options: SyncOptions, progress: Progress | None = None) -> Report:
    """Import IMDb's files into the database at `dsn`, whose schema is up to date; return what happened.

    Raises ImportRefused, before anything changed, when a file is not what it should be or another import
    runs; UpstreamUnavailable when IMDb cannot be reached; DatabaseUnavailable when the database is lost.
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
            if not options.is_forced and await connection.fetchval(STATE_BY_KEY, FILES_HASH) == files_hash:
                report.is_unchanged = True
                return report
            await _import(connection, dsn, options, files_hash=files_hash, progress=progress, report=report)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise DatabaseUnavailable(f"The database stopped the import, nothing changed: {error}") from error
    return report


def hash_files(folder: Path) -> str:
    """Return the SHA-256 over the three files' own hashes, in hexadecimal. Raises ImportRefused for a missing one."""
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
    """Give a connection that holds the import lock, which ends with the connection."""
    async with _connection(dsn) as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", IMPORT_LOCK):
            raise ImportRefused("Another import is running on this database; nothing to do")
        yield connection


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn, server_settings=IMPORT_SETTINGS)
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
        state = {FILES_HASH: files_hash, FILE_ROWS: orjson.dumps(report.rows).decode()}
        try:
            await _merge(connection, state, progress, report)
        except asyncpg.UniqueViolationError:
            await _drop_repeated_ids(connection, report)
            await _merge(connection, state, progress, report)
    finally:
        if not connection.is_closed():
            await connection.execute(DROP_STAGING)


async def _stage_all(
    connection: asyncpg.Connection, dsn: str, options: SyncOptions, progress: Progress
) -> list[Staged]:
    """Stage the files over as many connections as there are workers."""
    await connection.execute(DROP_STAGING)
    await connection.execute(f"CREATE SCHEMA {datasets.STAGING_SCHEMA}")
    for dataset in datasets.ALL:
        await connection.execute(dataset.create_table)
    async with AsyncExitStack() as opened:
        connections = [await opened.enter_async_context(_connection(dsn)) for _ in range(options.workers)]
        staged = await stage(connections, options.folder, progress)
    for dataset in datasets.ALL:
        await connection.execute(f"ANALYZE {datasets.STAGING_SCHEMA}.{dataset.table}")
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


async def _drop_repeated_ids(connection: asyncpg.Connection, report: Report) -> None:
    for dataset in datasets.ALL:
        table = f"{datasets.STAGING_SCHEMA}.{dataset.table}"
        status = await connection.execute(DROP_REPEATED_IDS.format(table=table))
        report.skipped[dataset.file] += int(status.split()[-1])


def merge_steps() -> Iterator[tuple[str, str]]:
    """Yield the steps of the merge in order: a name and its SQL statements."""
    for name in ("titles.sql", "episodes.sql"):
        _, *parts = _STEP.split((paths.IMPORT_SQL / name).read_text())
        yield from zip(parts[::2], parts[1::2], strict=True)


def _with_skipped(changes: Changes, rows: dict[str, int]) -> Changes:
    file = {"episodes": datasets.EPISODE.file, "ratings": datasets.RATINGS.file}.get(changes.kind)
    if file is None:
        return changes
    kept = changes.inserted + changes.updated + changes.unchanged + changes.moved
    return dataclasses.replace(changes, skipped=max(0, rows[file] - kept))


async def _merge(connection: asyncpg.Connection, state: dict[str, str], progress: Progress, report: Report) -> None:
    steps = list(merge_steps())
    with progress.step("Merging", total=len(steps) + 1, unit="steps") as bar:
        async with connection.transaction():
            seasons_before = await connection.fetchval("SELECT count(*) FROM show_seasons")
            set_aside = await set_indexes_aside(connection)
            for name, statements in steps:
                with report.timed(name):
                    await connection.execute(statements)
                bar.advance(1)
            with report.timed("building indexes"):
                for statement in set_aside:
                    await connection.execute(statement)
                if set_aside:
                    await connection.execute(f"ANALYZE {', '.join(TABLES)}")
            with report.timed("reporting"):
                counted = await connection.fetch((paths.IMPORT_SQL / "report.sql").read_text(), seasons_before)
                report.changes = [_with_skipped(Changes(**row), report.rows) for row in counted]
            for key, value in state.items():
                await connection.execute(SAVE_STATE, key, value)
            await connection.execute(SAVE_STATE, LAST_IMPORT, orjson.dumps(report).decode())
            await notify_everything(connection)
        bar.advance(1)
