"""Staging of a difference: the lines of the ids that may have changed, instead of whole files.

These ids are compared: those of the lines that differ from the files of the last import, those in `imdb_unsettled`,
and the episodes of a show that arrives or was edited, since its seasons follow from all of its lines. Of each id the
lines of every file are staged, so the merge finds what it would find in the whole files.
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg

from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import Dataset
from mediacanon.imdb.difference import Chosen, NotSorted, SortedKeys, ahead, differing_keys, lines_of
from mediacanon.imdb.stage import QUOTE, LineChunks, Staged, copy_lines, stage
from mediacanon.progress import Progress

# They are a list in Python, of 60 bytes each. A day changes about a third of it.
MOST_COMPARED = 400_000

CREATE_DIFFERING = "CREATE UNLOGGED TABLE imdb_staging.differing (imdb_id TEXT NOT NULL, noun TEXT NOT NULL)"
COMPARED = """
CREATE UNLOGGED TABLE imdb_staging.compared AS
SELECT imdb_id FROM imdb_staging.differing
 UNION
SELECT imdb_id FROM imdb_staging.unsettled
"""
# The ids whose episodes are compared, all of them: edited ones, and those that are no listed show yet. An id that is no
# show at all is no episode's parent, and costs nothing.
COMPARED_SHOWS = """
CREATE UNLOGGED TABLE imdb_staging.compared_shows AS
SELECT DISTINCT c.imdb_id, s.id AS show_id
  FROM (SELECT imdb_id, true AS is_edited FROM imdb_staging.unsettled
         UNION ALL
        SELECT imdb_id, false FROM imdb_staging.differing WHERE noun = 'titles') AS c
  LEFT JOIN titles t ON t.imdb_id = c.imdb_id
  LEFT JOIN shows s ON s.title_id = t.id
 WHERE c.is_edited OR s.id IS NULL OR t.withdrawn_at IS NOT NULL
"""
COMPARE_EPISODES = """
INSERT INTO imdb_staging.compared
SELECT e.imdb_id
  FROM imdb_staging.compared_shows c
  JOIN show_seasons ss ON ss.show_id = c.show_id
  JOIN show_episodes e ON e.season_id = ss.id
 WHERE e.imdb_id IS NOT NULL
EXCEPT
SELECT imdb_id FROM imdb_staging.compared
"""
COMPARE_STAGED = """
INSERT INTO imdb_staging.compared
SELECT tconst FROM {table} EXCEPT SELECT imdb_id FROM imdb_staging.compared
"""
COUNT_COMPARED = "SELECT count(*) FROM imdb_staging.compared"
# In the order of bytes, which is that of the files. No line has an id of two lines, which SQL by hand may store.
IDS = """
SELECT string_agg(DISTINCT imdb_id COLLATE "C", E'\\n' ORDER BY imdb_id COLLATE "C")
  FROM imdb_staging.{table}
 WHERE strpos(imdb_id, E'\\n') = 0
"""


class Doubt(Exception):  # noqa: N818 - the finding that ends a shortcut, not an error
    """The difference is uncertain or too large: the whole files are to be compared."""


async def stage_difference(
    connections: Sequence[asyncpg.Connection], folder: Path, kept: Path, progress: Progress
) -> list[Staged]:
    """Fill the staging tables with the lines that may differ from the files in `kept`, and `compared` with their ids.

    Raises Doubt, and as `stage` does.
    """
    connection = connections[0]
    await connection.execute(CREATE_DIFFERING)
    try:
        differing = _Differing(connection, folder, kept, progress)
        await differing.copy_all()
        await connection.execute(COMPARED)
        await connection.execute(COMPARED_SHOWS)
        await connection.execute(COMPARE_EPISODES)
        _refuse_many(await connection.fetchval(COUNT_COMPARED))
        staged = []
        for files in ([one for one in datasets.ALL if one.parent], [one for one in datasets.ALL if not one.parent]):
            choice = _Choice(await _ids(connection, "compared"), frozenset(await _ids(connection, "compared_shows")))
            staged += await stage(connections, folder, progress, files, choice)
            for dataset in files:
                if dataset.parent:
                    await connection.execute(COMPARE_STAGED.format(table=dataset.staging_table))
    except NotSorted as error:
        raise Doubt(f"{error} is not sorted by id") from error
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise Doubt(f"a changed line has no id that can be stored: {error}") from error
    await connection.execute("ANALYZE imdb_staging.compared, imdb_staging.compared_shows")
    return sorted(staged, key=lambda file: datasets.ALL.index(file.dataset))


class _Differing:
    """Copies the keys of the lines that differ into the database."""

    def __init__(self, connection: asyncpg.Connection, folder: Path, kept: Path, progress: Progress) -> None:
        self._connection = connection
        self._folder = folder
        self._kept = kept
        self._progress = progress
        self._copying = asyncio.Lock()
        self._count = 0

    async def copy_all(self) -> None:
        """Copy the keys of all files, side by side. Raises Doubt if too many differ."""
        try:
            async with asyncio.TaskGroup() as group:
                for dataset in datasets.ALL:
                    group.create_task(self._copy(dataset))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _copy(self, dataset: Dataset) -> None:
        old, new = self._kept / dataset.file, self._folder / dataset.file
        if old.samefile(new):
            return
        lines = LineChunks(new, dataset)
        keys = differing_keys(ahead(iter(LineChunks(old, dataset))), ahead(iter(lines)))
        noun, reported = f"\t{dataset.noun}\n".encode(), 0
        with self._progress.step(f"Comparing {new.name}", total=new.stat().st_size) as step:
            while (batch := await asyncio.to_thread(next, keys, None)) is not None:
                self._count += len(batch)
                _refuse_many(self._count)
                if batch:
                    await self._copy_keys(noun.join(batch) + noun)
                step.advance(lines.position - reported)
                reported = lines.position
            step.advance(new.stat().st_size - reported)

    async def _copy_keys(self, lines: bytes) -> None:
        if QUOTE in lines:
            raise Doubt("the id of a changed line has a control character")
        async with self._copying:
            await copy_lines(self._connection, "differing", lines)


def _refuse_many(count: int) -> None:
    if count > MOST_COMPARED:
        raise Doubt(f"more than {MOST_COMPARED:,} ids may differ")


async def _ids(connection: asyncpg.Connection, table: str) -> list[bytes]:
    ids = await connection.fetchval(IDS.format(table=table))
    return ids.encode().split(b"\n") if ids else []


class _Choice:
    """The lines of ids, and of episodes by their show."""

    def __init__(self, ids: Sequence[bytes], shows: frozenset[bytes]) -> None:
        self._ids = ids
        self._shows = shows

    def __call__(self, dataset: Dataset, chunks: Iterator[bytes]) -> Iterator[Chosen]:
        """Yield the lines of one file. Raises NotSorted with its name."""
        shows = self._shows if dataset.parent else ()
        try:
            yield from lines_of(ahead(chunks), SortedKeys(self._ids), is_unique=dataset.is_unique, parents=shows)
        except NotSorted:
            raise NotSorted(dataset.file) from None
