"""Staging of a further file: its lines of the titles or people that are compared, or those of all titles we hold.

Compared are the titles whose lines or whose line of the listing differ from those of the last import, and the titles
and people that are noted in `imdb_unmerged`. Their ids are in the table `compared`; all lines of each are staged.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from mediacanon.database.staging import STAGING_SCHEMA
from mediacanon.imdb.datasets import Dataset, FurtherDataset
from mediacanon.imdb.difference import Chosen, NotSorted, SortedKeys, ahead, all_lines, differing_lines, lines_of
from mediacanon.imdb.listing import listing_lines
from mediacanon.imdb.stage import Choice, LineChunks, Staged, copy_lines, stage
from mediacanon.imdb.stage_difference import MOST_COMPARED, Doubt
from mediacanon.progress import Progress

NOTES = "CREATE UNLOGGED TABLE {schema}.notes AS SELECT id, about FROM imdb_unmerged WHERE noun = '{noun}'"
# Lines of the listing that one of the two days has; titles whose columns of interest are the same on both are out. Two
# files that were last imported on one day share the table.
IS_LISTED = "SELECT to_regclass('{schema}.{listed}') IS NOT NULL"
DIFFERING_LISTED = """
CREATE UNLOGGED TABLE {schema}.{listed} (imdb_id TEXT, title_id INTEGER, fame SMALLINT, names BIGINT)
"""
CHANGED_TITLES = """
CREATE UNLOGGED TABLE {schema}.changed_titles AS
SELECT DISTINCT title_id
  FROM (SELECT title_id FROM {schema}.{listed} GROUP BY imdb_id, {columns} HAVING count(*) = 1) AS differing
"""
KEY_TABLES = "CREATE UNLOGGED TABLE {schema}.differing (key TEXT); CREATE UNLOGGED TABLE {schema}.malformed (key TEXT)"
COPY_KEYS = "INSERT INTO {schema}.{keys} SELECT unnest($1::text[])"
# In the order of bytes, which is that of the files.
KEYS = """
SELECT string_agg(key, E'\\n' ORDER BY key COLLATE "C") FROM (SELECT DISTINCT key FROM {schema}.{keys}) AS each
"""
COUNT = "SELECT count(*) FROM {schema}.compared"

# By what a file is about: the table `compared` before and after its lines are staged, and the keys of those lines.
# A person whose titles became better known is told apart: no line is needed for it.
ABOUT_TITLES = (
    """
CREATE UNLOGGED TABLE {schema}.compared AS
SELECT about AS id FROM {schema}.notes UNION SELECT title_id FROM {schema}.changed_titles;
CREATE VIEW {schema}.wanted AS
SELECT imdb_id AS key
  FROM {schema}.listed
 WHERE title_id IN (SELECT id FROM {schema}.compared) OR imdb_id IN (SELECT key FROM {schema}.malformed)
""",
    """
INSERT INTO {schema}.compared
SELECT title_id
  FROM {schema}.listed
 WHERE imdb_id IN (SELECT key FROM {schema}.differing UNION SELECT {key} FROM {staged})
EXCEPT
SELECT id FROM {schema}.compared
""",
)
ABOUT_PEOPLE = (
    """
CREATE UNLOGGED TABLE {schema}.compared AS SELECT DISTINCT about AS id FROM {schema}.notes;
CREATE VIEW {schema}.wanted AS
SELECT 'nm' || lpad(id::text, GREATEST(length(id::text), 7), '0') AS key FROM {schema}.compared
 UNION
SELECT key FROM {schema}.malformed
""",
    """
INSERT INTO {schema}.compared
SELECT substr(key, 3)::integer
  FROM (SELECT key FROM {schema}.differing UNION SELECT {key} FROM {staged}) AS keys
 WHERE key ~ '^nm[0-9]{{7,9}}$'
EXCEPT
SELECT id FROM {schema}.compared
""",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the last import with its listing and the new one; `malformed`: the keys of its malformed rows."""

    file: Path
    listing: Path
    listing_hash: str
    new_listing: Path
    malformed: Sequence[str]


@dataclass(slots=True)
class FurtherStage:
    """The staging of one file, over connections of which the first makes the tables."""

    connections: Sequence[asyncpg.Connection]
    folder: Path
    dataset: FurtherDataset
    listing: Path | None  # None: the folder cannot be written
    progress: Progress
    is_sorted: bool = field(default=True, init=False)

    async def stage_whole(self) -> Staged:
        """Stage the lines of listed titles, or all lines of a file that is not sorted or about people."""
        await self._execute(NOTES)
        try:
            return await self._stage(self._listed_lines)
        except NotSorted:
            self.is_sorted = False
            await self.connections[0].execute(f"TRUNCATE {self.dataset.staging_table}")
            return await self._stage(lambda _, chunks: all_lines(chunks))

    async def stage_difference(self, kept: Kept) -> Staged:
        """Stage the lines of the titles or people that may differ. Raises Doubt."""
        connection = self.connections[0]
        before, after = ABOUT_PEOPLE if self.dataset.about == "people" else ABOUT_TITLES
        for statement in (NOTES, KEY_TABLES):
            await self._execute(statement)
        await connection.execute(self._sql(COPY_KEYS, keys="malformed"), kept.malformed)
        await self._compare_listings(kept)
        await self._execute(before)
        await self._refuse_many()
        wanted = await connection.fetchval(self._sql(KEYS, keys="wanted"))
        differing = _Differing(kept.file, wanted.encode().split(b"\n") if wanted else [], self._among())
        try:
            staged = await self._stage(differing)
        except NotSorted:
            raise Doubt(f"{self.dataset.file} is not sorted by id") from None
        found = [key.decode(errors="replace").replace("\0", "\ufffd") for key in differing.keys]
        await connection.execute(self._sql(COPY_KEYS, keys="differing"), found)
        await self._execute(after)
        await self._refuse_many()
        await connection.execute(self._sql("ANALYZE {schema}.compared, {schema}.changed_titles"))
        return staged

    async def _refuse_many(self) -> None:
        if await self.connections[0].fetchval(self._sql(COUNT)) > MOST_COMPARED:
            raise Doubt(f"more than {MOST_COMPARED:,} ids may differ in {self.dataset.file}")

    async def _stage(self, choice: Choice) -> Staged:
        [staged] = await stage(self.connections, self.folder, self.progress, [self.dataset], choice)
        return staged

    def _among(self) -> SortedKeys | None:
        return SortedKeys([], listing_lines(self.listing)) if self.listing and self.dataset.about == "titles" else None

    def _listed_lines(self, _: Dataset, chunks: Iterator[bytes]) -> Iterator[Chosen]:
        return lines_of(ahead(chunks), self._among(), is_unique=False)

    async def _compare_listings(self, kept: Kept) -> None:
        listed = f"differing_listed_{kept.listing_hash[:16]}"
        if not await self.connections[0].fetchval(self._sql(IS_LISTED, listed=listed)):
            await self.connections[0].execute(self._sql(DIFFERING_LISTED, listed=listed))
            for one, other in ((kept.listing, kept.new_listing), (kept.new_listing, kept.listing)):
                await self._copy_differing_listed(one, other, listed)
        await self.connections[0].execute(self._sql(CHANGED_TITLES, listed=listed))

    async def _copy_differing_listed(self, old: Path, new: Path, table: str) -> None:
        """Copy the lines of the listing `new` that `old` lacks."""
        count, differing = 0, differing_lines(listing_lines(old), listing_lines(new), SortedKeys([]))
        while found := await asyncio.to_thread(next, differing, None):
            count += len(found[1].numbers)
            if count > MOST_COMPARED:
                raise Doubt(f"more than {MOST_COMPARED:,} titles differ")
            if found[1].lines:
                await copy_lines(self.connections[0], table, found[1].lines)

    async def _execute(self, statement: str) -> None:
        await self.connections[0].execute(self._sql(statement))

    def _sql(self, statement: str, **names: str) -> str:
        dataset = self.dataset
        return statement.format(
            schema=STAGING_SCHEMA,
            noun=dataset.noun,
            columns=dataset.listed_columns,
            key=dataset.columns[0],
            staged=dataset.staging_table,
            **names,
        )


class _Differing:
    """The lines of keys that differ from those of a kept file, and of further keys; collects the keys that differ."""

    def __init__(self, kept: Path, wanted: Sequence[bytes], among: SortedKeys | None) -> None:
        self._kept = kept
        self._wanted = wanted
        self._among = among
        self.keys: list[bytes] = []

    def __call__(self, dataset: Dataset, chunks: Iterator[bytes]) -> Iterator[Chosen]:
        """Yield the lines of the file. Raises NotSorted, Doubt."""
        old = ahead(iter(LineChunks(self._kept, dataset)))
        for keys, chosen in differing_lines(old, ahead(chunks), SortedKeys(self._wanted), self._among):
            self.keys += keys
            if len(self.keys) > MOST_COMPARED:
                raise Doubt(f"more than {MOST_COMPARED:,} ids differ in {dataset.file}")
            yield chosen
