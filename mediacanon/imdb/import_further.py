"""The import of the further files: alternative titles, credits and people, of the titles that the catalogue holds.

One file after the other is staged and merged in a transaction of its own, so no more than one is in the staging tables.
A file that is not in the folder, is not selected, rests, or is that of its last import leaves its rows as they are. The
files of the last import are kept: only lines of titles and people that may differ are staged and compared
(`stage_further`). Any doubt reads and compares the whole file.

A file `sql/{noun}.sql` has sections that begin with a comment line:

    -- whole, -- difference                  statements before the first step: one where the whole file is compared
    -- step: NAME                            statements that gather the rows which the table shall have, as `next_TABLE`
    -- inserted, -- updated, -- withdrawn    one statement each, for a table that is not replaced title by title;
                                             its rows are counted under this name
    -- noted                                 one statement: the rows that other files compare next (`imdb_unmerged`)
    -- total                                 one query: the number of the file's rows in the table afterwards
    -- used                                  the same for rows of the file that are of use, where it is another number
"""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path

import asyncpg
import orjson

from mediacanon import paths
from mediacanon.database.changes import IS_BULK, notify_everything
from mediacanon.database.staging import STAGING_SCHEMA
from mediacanon.errors import ImportRefused
from mediacanon.imdb.datasets import CREW, EVERY_FURTHER, PRINCIPALS, FurtherDataset
from mediacanon.imdb.exchange import Exchanged, build_anew, exchange_titles, is_empty, rows_of, take_place
from mediacanon.imdb.further import VERSION, Due, read_state, state_key
from mediacanon.imdb.imported_files import forget_files, keep_files, kept_file, new_file
from mediacanon.imdb.letters import stage_letters
from mediacanon.imdb.listing import CREATE_LISTED, write_listing
from mediacanon.imdb.merge import ChangeCounts
from mediacanon.imdb.report import Report
from mediacanon.imdb.stage import SHOWN_CHARACTERS, Staged
from mediacanon.imdb.stage_difference import Doubt
from mediacanon.imdb.stage_further import FurtherStage, Kept
from mediacanon.progress import Progress

log = logging.getLogger(__name__)

_SECTION = re.compile(
    r"^-- (whole|difference|step|inserted|updated|withdrawn|noted|total|used)(?:: (.+))?$", re.MULTILINE
)
# A file with less than half the rows of its last import is a broken download.
SMALLEST_SHARE = 1 / 2
# Errors that a new comparison mends: a title was deleted meanwhile, or the file has a row twice.
CONFLICTS = (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError, asyncpg.DeadlockDetectedError)
MOST_CONFLICTS = 3
UNLIST_DELETED = f"""
DELETE FROM {STAGING_SCHEMA}.listed WHERE NOT EXISTS (SELECT FROM titles WHERE id = title_id)
"""
SAVE_STATE = """
INSERT INTO sync_state (key, value, updated_at)
VALUES ($1::text, $2::text, now())
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, updated_at = EXCLUDED.updated_at
"""
SETTLE = f"DELETE FROM imdb_unmerged u USING {STAGING_SCHEMA}.notes seen WHERE u.id = seen.id"
# A file that is no longer selected takes no notes away: one for each title and person is enough.
DROP_REPEATED_NOTES = """
DELETE FROM imdb_unmerged before
 USING imdb_unmerged again
 WHERE again.noun = before.noun AND again.about = before.about AND again.id > before.id
"""
# The next imports of these files compare whole files.
FORGET_LISTINGS = """
UPDATE sync_state SET value = (value::jsonb - 'listing')::text WHERE key = ANY ($1::text[])
"""
# Credits of people that name.basics lacks, or has without a name. First who they are, out of the two indexes.
DANGLING = """
SELECT count(*) FILTER (WHERE ordinal < 10000) AS principals, count(*) FILTER (WHERE ordinal >= 10000) AS crew
  FROM (SELECT DISTINCT person_id FROM credits) AS credited
  JOIN credits c USING (person_id)
 WHERE NOT EXISTS (SELECT FROM people p WHERE p.id = credited.person_id)
"""
DROP_STAGING = f"DROP SCHEMA IF EXISTS {STAGING_SCHEMA} CASCADE"
# Those of one file: the listing, and its difference to an earlier one, stay for the next.
DROP_TABLES = f"""
DO $$
DECLARE
    relation RECORD;
BEGIN
    FOR relation IN
        SELECT relname, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
          FROM pg_class
         WHERE relnamespace = '{STAGING_SCHEMA}'::regnamespace AND relkind IN ('r', 'v') AND relname !~ 'listed'
    LOOP
        EXECUTE format('DROP %s IF EXISTS {STAGING_SCHEMA}.%I CASCADE', relation.kind, relation.relname);
    END LOOP;
END
$$
"""
# The ending of the listings' names.
LISTING = ".listing"

Connect = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]


@dataclass(frozen=True, slots=True)
class Merge:
    """The sections of a dataset's SQL file."""

    steps: tuple[tuple[str, str], ...]
    changes: dict[str, str]
    whole: str
    difference: str
    noted: str
    total: str
    used: str


def read_merge(dataset: FurtherDataset) -> Merge:
    """Return the sections of the dataset's SQL file."""
    _, *parts = _SECTION.split((paths.IMPORT_SQL / f"{dataset.noun}.sql").read_text())
    sections = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    texts = {section: sql for section, _, sql in sections}
    return Merge(
        steps=tuple((name, sql) for section, name, sql in sections if section == "step"),
        changes={section: sql for section, sql in texts.items() if section in ("inserted", "updated", "withdrawn")},
        whole=texts.get("whole", ""),
        difference=texts.get("difference", ""),
        noted=texts.get("noted", ""),
        total=texts["total"],
        used=texts.get("used", texts["total"]),
    )


@dataclass(slots=True)
class FurtherImport:
    """The import of the files that are due: `connection` merges, `connect` opens those that stage."""

    connection: asyncpg.Connection
    connect: Connect
    folder: Path
    workers: int
    progress: Progress
    report: Report
    # The file of the listing and its hash; None: the folder cannot be written.
    listing: tuple[Path, str] | None = field(default=None, init=False)

    async def run(self, due: Sequence[Due]) -> None:
        """Import the files one after the other, and count the credits without a person.

        Raises ImportRefused for a malformed file; the files before it are imported.
        """
        try:
            with self.report.timed("listing"):
                await self._list_titles()
            for _, same_file in groupby(due, key=lambda one: one.dataset.file):
                await self._import(list(same_file))
            await self.connection.execute(DROP_REPEATED_NOTES)
        finally:
            if not self.connection.is_closed():
                await self.connection.execute(DROP_STAGING)
            if self.listing:
                forget_files(self.folder, [self.listing[0].name])
        if any(one.dataset.noun != "akas" for one in due) and not await is_empty(self.connection, "people"):
            with self.report.timed("counting dangling rows"):
                [found] = await self.connection.fetch(DANGLING)
            self.report.dangling = {PRINCIPALS.file: found["principals"], CREW.file: found["crew"]}

    async def _list_titles(self) -> None:
        await self.connection.execute(f"{DROP_STAGING}; CREATE SCHEMA {STAGING_SCHEMA}")
        await self.connection.execute(CREATE_LISTED)
        try:
            file = new_file(self.folder, LISTING)
            self.listing = file, await write_listing(self.connection, file)
        except OSError as error:
            log.warning("The listing of titles cannot be written, so whole files are read: %s", error)

    async def _import(self, same_file: Sequence[Due]) -> None:
        """Stage a file once, and merge it for each of its datasets."""
        kept = await self._kept(same_file)
        try:
            is_repeatable = await self._stage_and_merge(same_file, kept)
        except Doubt as doubt:
            log.warning("The whole file is compared: %s", doubt)
            is_repeatable = await self._stage_and_merge(same_file, None)
        if is_repeatable and self.listing:
            for due in same_file:
                files = {due.dataset.file: self.folder / due.dataset.file, _listing(due.dataset): self.listing[0]}
                await asyncio.to_thread(keep_files, self.folder, files)

    async def _kept(self, same_file: Sequence[Due]) -> Kept | None:
        """Return the file of the last import, if the difference to it can be imported."""
        [due, *others] = same_file
        dataset, known = due.dataset, await read_state(self.connection, due.dataset)
        if not self.listing or due.is_forced or others or known.get("version") != VERSION:
            return None
        # The fame of an episode's people follows from its votes, which are not listed.
        has_episodes = not await is_empty(self.connection, "episode_credits")
        if dataset.about == "episodes" or (dataset.about == "people" and has_episodes):
            return None
        if any([await is_empty(self.connection, table) for table in dataset.fills]):
            return None
        with self.report.timed("hashing"):
            file = await asyncio.to_thread(kept_file, self.folder, dataset.file, known["hash"])
            listing = await asyncio.to_thread(kept_file, self.folder, _listing(dataset), known.get("listing"))
        if not file or not listing:
            return None
        return Kept(file, listing, known["listing"], self.listing[0], known["malformed"])

    async def _stage_and_merge(self, same_file: Sequence[Due], kept: Kept | None) -> bool:
        """Import a file; return whether the next import may begin from it. Raises Doubt if one is `kept`."""
        try:
            with self.report.timed(f"staging {same_file[0].dataset.noun}"):
                staged, is_sorted = await self._stage(same_file, kept)
            for due in same_file:
                is_sorted &= await self._merge_until_done(due, staged, is_sorted=is_sorted, is_difference=bool(kept))
        finally:
            if not self.connection.is_closed():
                await self.connection.execute(DROP_TABLES)
        return is_sorted

    async def _stage(self, same_file: Sequence[Due], kept: Kept | None) -> tuple[Staged, bool]:
        """Stage a file; return whether it is sorted, too."""
        dataset, report = same_file[-1].dataset, self.report
        await self.connection.execute(dataset.create_table)
        if dataset.has_names:
            await stage_letters(self.connection)
        listing = self.listing[0] if self.listing else None
        async with AsyncExitStack() as opened:
            connections = [await opened.enter_async_context(self.connect()) for _ in range(self.workers)]
            stage = FurtherStage(connections, self.folder, dataset, listing, self.progress)
            staged = await (stage.stage_difference(kept) if kept else stage.stage_whole())
        if staged.rows < (before := same_file[0].rows_before) * SMALLEST_SHARE:
            found = f"{dataset.file} has {staged.rows:,} rows; the last import had {before:,}"
            raise ImportRefused(f"{found} (--force imports it all the same)")
        report.rows[dataset.file], report.skipped[dataset.file] = staged.rows, staged.skipped
        report.examples += staged.examples
        await self.connection.execute(f"ANALYZE {dataset.staging_table}")
        return staged, stage.is_sorted

    async def _merge_until_done(self, due: Due, staged: Staged, *, is_sorted: bool, is_difference: bool) -> bool:
        """Merge the staged rows for a dataset; return whether the next import may begin from them."""
        dataset, merge = due.dataset, read_merge(due.dataset)
        for statement in filter(None, [merge.difference if is_difference else merge.whole]):
            await self.connection.execute(statement)
        for conflicts in count(1):
            # A key that cannot be found again: the next import reads the whole file.
            keys = [key.decode(errors="replace").replace("\0", "\ufffd") for key in staged.keys]
            is_repeatable = is_sorted and not any("\ufffd" in key or len(key) >= SHOWN_CHARACTERS for key in keys)
            state = {"hash": due.hash, "version": VERSION, "rows": staged.rows, "malformed": sorted(set(keys))}
            if is_repeatable and self.listing:
                state["listing"] = self.listing[1]
            try:
                await self._merge(dataset, merge, state, is_difference=is_difference)
            except CONFLICTS as error:
                if conflicts == MOST_CONFLICTS:
                    raise ImportRefused(f"{dataset.file} met the same conflict three times: {error}") from error
                log.warning("The merge of %s begins again: %s", dataset.file, error)
                await self._prepare_again(dataset, staged)
            else:
                break
        return is_repeatable

    async def _prepare_again(self, dataset: FurtherDataset, staged: Staged) -> None:
        await self.connection.execute(UNLIST_DELETED)
        dropped = await self.connection.fetch(f"{dataset.drop_repeated} RETURNING again.{dataset.key[0]} AS key")
        staged.keys += [row["key"].encode() for row in dropped]
        self.report.skipped[dataset.file] += len(dropped)

    async def _merge(
        self, dataset: FurtherDataset, merge: Merge, state: dict[str, object], *, is_difference: bool
    ) -> None:
        report = self.report
        with self.progress.step(f"Merging {dataset.noun}", total=len(merge.steps) + 1, unit="steps") as bar:
            for name, statements in merge.steps:
                with report.timed(name):
                    await self.connection.execute(statements)
                bar.advance(1)
            for table in dataset.fills:
                await self.connection.execute(f"ANALYZE {STAGING_SCHEMA}.next_{table}")
            with report.timed(f"exchanging {dataset.noun}"):
                counts, updated = await self._exchange(dataset, merge, state, is_difference=is_difference)
            bar.advance(1)
        total = await self.connection.fetchval(merge.total)
        used = await self.connection.fetchval(merge.used)
        report.changes.append(
            ChangeCounts(
                kind=dataset.noun,
                inserted=counts.inserted,
                updated=updated,
                unchanged=total - counts.inserted - updated,
                withdrawn=counts.withdrawn,
                moved=0,
                duplicates=0,
                skipped=max(0, report.rows[dataset.file] - used),
            )
        )

    async def _exchange(
        self, dataset: FurtherDataset, merge: Merge, state: dict[str, object], *, is_difference: bool
    ) -> tuple[Exchanged, int]:
        """Bring the tables to the gathered rows in one transaction; return the counts of the first one's rows."""
        connection, updated = self.connection, 0
        exchanged = {
            table: await build_anew(connection, table, order=dataset.order)
            for table in dataset.fills
            if await is_empty(connection, table)
        }
        built = [*exchanged]
        async with connection.transaction():
            await connection.execute(IS_BULK)
            if merge.changes and not built:
                done = {name: rows_of(await connection.execute(sql)) for name, sql in merge.changes.items()}
                exchanged[dataset.table_filled] = Exchanged(done["inserted"], done["withdrawn"])
                updated = done["updated"]
            for table in dataset.fills:
                if table not in exchanged:
                    exchanged[table] = await exchange_titles(
                        connection, table, among=dataset.among, is_difference=is_difference, noted=merge.noted
                    )
            await connection.execute(SETTLE)
            if built:
                readers = [state_key(one) for one in EVERY_FURTHER if dataset.noun in one.reads]
                await connection.execute(FORGET_LISTINGS, readers)
            await connection.execute(SAVE_STATE, state_key(dataset), orjson.dumps(state).decode())
            await notify_everything(connection)
            # At the end: from here on readers wait for the commit.
            for table in built:
                await take_place(connection, table)
        return exchanged[dataset.table_filled], updated


def _listing(dataset: FurtherDataset) -> str:
    """Return the name of the file's kept listing."""
    return f"{dataset.name}{LISTING}"
