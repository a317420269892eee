"""The import: downloads IMDb's files, stages them raw, and merges them into the catalogue in one transaction.

The files of the last import are kept: of the next ones only the lines of ids that may differ are staged and compared
(`stage_difference`). Any doubt stages and compares the whole files.

Nothing changes before that transaction commits, whatever fails and whenever; readers see the old catalogue or the new
one. The merge runs the steps of the datasets' SQL files in the order of `datasets.ALL`. The further files follow, each
in a transaction of its own (`further`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
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
from mediacanon.imdb.bulk import IS_EMPTY, build_indexes, drop_indexes
from mediacanon.imdb.datasets import FURTHER, FurtherDataset
from mediacanon.imdb.download import download
from mediacanon.imdb.further import Due, due_files, refuse_without_room, without_resting
from mediacanon.imdb.import_further import FurtherImport
from mediacanon.imdb.imported_files import forget_files, hash_files, keep_files, kept_files
from mediacanon.imdb.merge import count_changes, read_merge
from mediacanon.imdb.report import Report
from mediacanon.imdb.stage import MALFORMED_SHOWN, SHOWN_CHARACTERS, MalformedRow, Staged, stage
from mediacanon.imdb.stage_difference import Doubt, stage_difference
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
# The ids as they were before the staging: an edit meanwhile is compared by the next import.
RECALL_UNSETTLED = "CREATE UNLOGGED TABLE imdb_staging.unsettled AS SELECT id, imdb_id FROM imdb_unsettled"
SETTLE = "DELETE FROM imdb_unsettled u USING imdb_staging.unsettled seen WHERE u.id = seen.id"
LEAVE_UNSETTLED = "INSERT INTO imdb_unsettled (imdb_id) SELECT unnest($1::text[])"

IMPORT_SETTINGS = SESSION_SETTINGS | {
    "application_name": "mediacanon sync",
    # Without it the server would work on for a minute after its client was killed, and hold the lock.
    "client_connection_check_interval": "1s",
    # Larger hash tables measured no faster, since they exceed the CPU's caches, and take memory from others.
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "lock_timeout": "5min",
    # An import reads whole tables, and runs alone: PostgreSQL's own default.
    "max_parallel_workers_per_gather": "2",
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
# files. Increase it for a new fact. 2: the mark of adult titles; 3: edits are noted in imdb_unsettled.
MAPPING, MAPPING_VERSION = "imdb_mapping", "3"
FILE_ROWS = "imdb_file_rows"
LAST_IMPORT = "last_import"

# A catalogue that another program filled has no row counts in sync_state: its titles stand in for them.
TITLES_BEFORE_AND_STAGED = f"""
SELECT (SELECT count(*) FROM titles WHERE imdb_id IS NOT NULL AND withdrawn_at IS NULL) AS before,
       (SELECT count(*) FROM {datasets.BASICS.staging_table} WHERE titletype <> 'tvEpisode') AS staged
"""
# The words that search corrects by. Readers see them at once, and lists show nothing of them.
RENEW_WORDS = "SELECT renew_name_words()"
DROP_STAGING = f"DROP SCHEMA IF EXISTS {datasets.STAGING_SCHEMA} CASCADE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """Options of an import: the files, and how they are imported."""

    folder: Path
    base_url: str | None  # None: no download, the files as they are
    is_forced: bool = False
    workers: int = 2
    # The further files that are imported where the folder has them.
    further: Sequence[FurtherDataset] = FURTHER
    # Days for which each of them rests after its import; 0: not at all.
    rests_for: float = 0
    # Where MediaCanon's own database lies: its disk must have the room. None: another server's, whose disk is unknown.
    database: Path | None = None


async def sync(dsn: str, options: SyncOptions, progress: Progress | None = None) -> Report:
    """Import IMDb's files into the database at `dsn`, whose schema is up to date; return the report.

    Raises ImportRefused, before anything changed, if a file is malformed or another import runs; UpstreamUnavailable if
    IMDb cannot be reached; DatabaseUnavailable if the database is lost. A further file that fails leaves the files
    before it imported.
    """
    progress = progress or SilentProgress()
    report, result = Report(), "nothing changed"
    try:
        async with _only_import(dsn) as connection:
            further = options.further
            if options.rests_for and not options.is_forced:
                further = await without_resting(connection, further, options.rests_for)
                report.resting = [one.name for one in options.further if one not in further]
            if options.base_url:
                with report.timed("downloading"):
                    files = list({one.file: one for one in further}.values())
                    await download(options.folder, base_url=options.base_url, further=files, progress=progress)
            with report.timed("hashing"):
                files_hash = await asyncio.to_thread(hash_files, options.folder)
                due = await due_files(connection, options.folder, further, is_forced=options.is_forced)
            known = None if options.is_forced else await _known_files(connection)
            report.is_unchanged = known == files_hash and not due
            if due:
                refuse_without_room(due, options.folder, options.database)
            if known != files_hash:
                await _Import(connection, dsn, options, files_hash, progress, report).run(known)
                result = "titles, episodes and ratings are imported"
            try:
                await _import_further(connection, dsn, options, due, progress=progress, report=report)
            except ImportRefused:
                # The next import may find the same titles and the same refused file: it would renew nothing.
                await connection.execute(RENEW_WORDS)
                raise
            if not report.is_unchanged:
                with report.timed("words"):
                    await connection.execute(RENEW_WORDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise DatabaseUnavailable(f"The database stopped the import, {result}: {reason_of(error)}") from error
    return report


async def _import_further(
    connection: asyncpg.Connection,
    dsn: str,
    options: SyncOptions,
    due: Sequence[Due],
    *,
    progress: Progress,
    report: Report,
) -> None:
    """Import the files that are due, and save the report with them."""
    if due:
        connect = partial(_connection, dsn)
        await FurtherImport(connection, connect, options.folder, options.workers, progress, report).run(due)
        await connection.execute(SAVE_STATE, LAST_IMPORT, orjson.dumps(report).decode())


async def _known_files(connection: asyncpg.Connection) -> str | None:
    """Return the hash of the files that the catalogue is of, by the present mapping."""
    known = [await connection.fetchval(STATE_BY_KEY, key) for key in (FILES_HASH, MAPPING)]
    return known[0] if known[1] == MAPPING_VERSION else None


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


@dataclass(slots=True)
class _Import:
    """One import of files that are not those of the catalogue, or of any files with --force."""

    connection: asyncpg.Connection
    dsn: str
    options: SyncOptions
    files_hash: str
    progress: Progress
    report: Report
    unsettled: list[bytes] = field(default_factory=list)  # keys of skipped rows
    is_repeatable: bool = True  # whether the next import may start from the files of this one

    async def run(self, known: str | None) -> None:
        """Import the difference to the files of the hash `known`, or the whole files for None."""
        try:
            kept = None
            if not await self.connection.fetchval(IS_EMPTY):
                with self.report.timed("hashing"):
                    kept = await asyncio.to_thread(kept_files, self.options.folder, known)
            try:
                await self._run(kept)
            except Doubt as doubt:
                log.warning("The whole files are compared: %s", doubt)
                await self._run(None)
        finally:
            if not self.connection.is_closed():
                await self.connection.execute(DROP_STAGING)
        keep = keep_files if self.is_repeatable else forget_files
        await asyncio.to_thread(keep, self.options.folder)

    async def _run(self, kept: Path | None) -> None:
        """Stage and merge the difference to the files in `kept`, or the whole files. Raises Doubt in the first case."""
        report = self.report
        with report.timed("staging"):
            staged = await self._stage(kept)
            await _check_rows(self.connection, staged, self.options)
        report.rows = {file.dataset.file: file.rows for file in staged}
        report.skipped = {file.dataset.file: file.skipped for file in staged}
        report.examples = [row for file in staged for row in file.examples]
        self.unsettled = [key for file in staged for key in file.keys]
        for is_last in (False, False, True):
            try:
                await self._merge(is_difference=kept is not None)
            except CONFLICTS as error:
                if is_last:
                    met = f"The import met the same conflict three times: {_conflict(error)}"
                    raise (Doubt(met) if kept else ImportRefused(met)) from error
                await self._prepare_again(error)
            else:
                return

    async def _stage(self, kept: Path | None) -> list[Staged]:
        """Stage the files over one connection per worker."""
        connection, options = self.connection, self.options
        await connection.execute(DROP_STAGING)
        await connection.execute(f"CREATE SCHEMA {datasets.STAGING_SCHEMA}")
        await connection.execute(RECALL_UNSETTLED)
        for dataset in datasets.ALL:
            await connection.execute(dataset.create_table)
        async with AsyncExitStack() as opened:
            connections = [await opened.enter_async_context(_connection(self.dsn)) for _ in range(options.workers)]
            if kept:
                staged = await stage_difference(connections, options.folder, kept, self.progress)
            else:
                staged = await stage(connections, options.folder, self.progress, datasets.ALL)
        for dataset in datasets.ALL:
            await connection.execute(f"ANALYZE {dataset.staging_table}")
        return staged

    async def _prepare_again(self, error: asyncpg.PostgresError) -> None:
        """Take the rows that no merge can store out of the staging tables; an edit needs only a new comparison."""
        log.warning("The merge begins again: %s", _conflict(error))
        if isinstance(error, asyncpg.UniqueViolationError):
            # IMDb's files are sorted and name no key twice: a damaged file, or an edit.
            await self._drop_repeated_keys()
        elif isinstance(error, asyncpg.ProgramLimitExceededError):
            await self._drop_overlong_names()

    async def _drop_overlong_names(self) -> None:
        """Skip the titles with a name that no index entry can hold."""
        rows = await self.connection.fetch(DROP_OVERLONG_NAMES, LONGEST_NAMES)
        self.unsettled += [row["tconst"].encode() for row in rows]
        self.report.skipped[datasets.BASICS.file] += len(rows)
        self.report.examples += [
            MalformedRow(
                datasets.BASICS.file, 0, "its names are too long for an index", f"{row['tconst']} {row['name']}…"
            )
            for row in rows[:MALFORMED_SHOWN]
        ]

    async def _drop_repeated_keys(self) -> None:
        for dataset in datasets.ALL:
            dropped = int((await self.connection.execute(dataset.drop_repeated)).split()[-1])
            self.report.skipped[dataset.file] += dropped
            self.is_repeatable &= not dropped

    async def _merge(self, *, is_difference: bool) -> None:
        connection, report = self.connection, self.report
        merges = [read_merge(dataset) for dataset in datasets.ALL]
        async with connection.transaction():
            await connection.execute(IS_BULK)
            dropped = await drop_indexes(connection)
            steps = [step for merge in merges for step in merge.steps_of(is_first=bool(dropped))]
            with self.progress.step("Merging", total=len(steps) + 1, unit="steps") as bar:
                await connection.execute(SETTLE)
                for statements in [part for merge in merges for part in merge.preparation(is_difference=is_difference)]:
                    await connection.execute(statements)
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
                await connection.execute(LEAVE_UNSETTLED, self._unsettled_keys())
                await self._save_state()
                await notify_everything(connection)
                # Its views keep the catalogue's columns from changing.
                await connection.execute(DROP_STAGING)
                bar.advance(1)

    def _unsettled_keys(self) -> list[str]:
        """Return the keys of the skipped rows, which the next import looks at again to count them."""
        keys = [key.decode(errors="replace").replace("\0", "\ufffd") for key in self.unsettled]
        # A key that cannot be found again: the next import reads the whole files.
        self.is_repeatable &= not any("\ufffd" in key or len(key) >= SHOWN_CHARACTERS for key in keys)
        return keys

    async def _save_state(self) -> None:
        state = {
            FILES_HASH: self.files_hash,
            MAPPING: MAPPING_VERSION,
            FILE_ROWS: orjson.dumps(self.report.rows).decode(),
            LAST_IMPORT: orjson.dumps(self.report).decode(),
        }
        for key, value in state.items():
            await self.connection.execute(SAVE_STATE, key, value)


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


def _conflict(error: asyncpg.PostgresError) -> str:
    """Return the message of PostgreSQL with the row it names."""
    return f"{error}{f' ({detail})' if (detail := getattr(error, 'detail', None)) else ''}"
