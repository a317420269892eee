"""Runs imports of a test's files, and reads the imported catalogue."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from isal import igzip

from mediacanon.errors import ImportRefused
from mediacanon.imdb.datasets import BASICS, EPISODE, Dataset
from mediacanon.imdb.merge import ChangeCounts
from mediacanon.imdb.report import Report
from mediacanon.imdb.sync import SyncOptions, sync


def without_episodes(source: Path, target: Path, datasets: Sequence[Dataset]) -> None:
    """Write files of `source` into `target`, nine in ten rows of the first one less."""
    for dataset in datasets:
        if dataset not in (BASICS, EPISODE):
            (target / dataset.file).symlink_to(source / dataset.file)
            continue
        with (
            igzip.open(source / dataset.file) as rows,
            igzip.open(target / dataset.file, "wb", compresslevel=0) as kept,
        ):
            if dataset is BASICS:
                kept.writelines(row for row in rows if b"\ttvEpisode\t" not in row)
            else:
                # An import refuses a file without rows.
                kept.write(rows.readline() + rows.readline())


async def run_import(dsn: str, folder: Path, *, force: bool = False) -> Report:
    """Import the files in `folder` as they are."""
    return await sync(dsn, SyncOptions(folder=folder, base_url=None, is_forced=force))


def changes(report: Report, kind: str) -> ChangeCounts:
    """Return the report's counts of one kind."""
    return next(counts for counts in report.changes if counts.kind == kind)


class Catalogue:
    """Reads rows of the catalogue under test."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def title(self, imdb_id: str) -> dict[str, Any]:
        """Return the title's row with its genres in order."""
        row = await self._pool.fetchrow(
            """SELECT t.*, ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
                                  WHERE tg.title_id = t.id ORDER BY 1) AS genres,
                      (SELECT id FROM movies WHERE title_id = t.id) AS movie_id,
                      (SELECT id FROM shows WHERE title_id = t.id) AS show_id
                 FROM titles t WHERE imdb_id = $1""",
            imdb_id,
        )
        assert row is not None, f"{imdb_id} is not in the catalogue"
        return dict(row)

    async def episodes(self, show: str) -> dict[str, tuple[int, int, str | None]]:
        """Return the show's episodes: IMDb id -> season, number, name."""
        rows = await self._pool.fetch(
            """SELECT e.imdb_id, ss.season, e.episode, e.display_name
                 FROM show_episodes e JOIN show_seasons ss ON ss.id = e.season_id
                 JOIN shows s ON s.id = ss.show_id JOIN titles t ON t.id = s.title_id
                WHERE t.imdb_id = $1 ORDER BY 2, 3""",
            show,
        )
        return {row[0]: tuple(row)[1:] for row in rows}

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of the catalogue's tables, for a comparison of before and after."""
        tables = ["titles", "movies", "shows", "show_seasons", "show_episodes", "genres", "title_genres", "sync_state"]
        return {
            table: [tuple(row) for row in await self._pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]
            for table in tables
        }


async def denial(database: str, catalogue: Catalogue, folder: Path, *, force: bool = False) -> str:
    """Expect that the import is refused and changes nothing; return the message."""
    before = await catalogue.dump()
    with pytest.raises(ImportRefused) as refused:
        await run_import(database, folder, force=force)
    assert await catalogue.dump() == before
    return str(refused.value)
