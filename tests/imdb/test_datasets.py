"""The list of datasets: download, staging, merge, bulk load and report follow from it."""

import gzip
import shutil
from pathlib import Path

import asyncpg
import pytest

from mediacanon import paths
from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import Dataset
from mediacanon.imdb.merge import read_merge
from mediacanon.imdb.sync import SyncOptions, sync
from tests.fakes.imdb import FakeImdb
from tests.imdb.catalogue import changes
from tests.imdb.files import text, title, write

STILLS = Dataset(
    file="title.stills.tsv.gz",
    noun="stills",
    table="stills",
    types={"titleId": "TEXT NOT NULL", "ordering": "INTEGER", "title": "TEXT NOT NULL", "region": "TEXT"},
    key=("titleid", "ordering"),
    fills=("title_stills",),
    wanted="region IS NOT NULL",
)
STILLS_TABLE = """
CREATE TABLE title_stills (
    title_id integer REFERENCES titles ON DELETE CASCADE,
    ordering integer,
    name text,
    PRIMARY KEY (title_id, ordering)
);
CREATE INDEX title_stills_name ON title_stills (name)
"""
STILLS_SQL = """
-- before
CREATE UNLOGGED TABLE imdb_staging.stills_before AS SELECT count(*) AS count FROM title_stills;

-- step: inserting stills
INSERT INTO title_stills (title_id, ordering, name)
SELECT t.id, a.ordering, a.title FROM imdb_staging.stills a JOIN titles t ON t.imdb_id = a.titleid
 WHERE NOT EXISTS (SELECT FROM title_stills known WHERE (known.title_id, known.ordering) = (t.id, a.ordering));

-- report
SELECT 'stills' AS kind, (SELECT count(*) FROM title_stills) - count AS inserted, 0 AS updated, count AS unchanged,
       0 AS withdrawn, 0 AS moved, 0 AS duplicates
  FROM imdb_staging.stills_before;
"""


@pytest.fixture
def with_stills(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Add a dataset with its SQL file."""
    sql = tmp_path / "sql"
    shutil.copytree(paths.IMPORT_SQL, sql)
    (sql / "stills.sql").write_text(STILLS_SQL)
    monkeypatch.setattr(paths, "IMPORT_SQL", sql)
    monkeypatch.setattr(datasets, "ALL", (*datasets.ALL, STILLS))


@pytest.mark.usefixtures("with_stills")
async def test_a_further_dataset_needs_its_row_and_its_sql_file_alone(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    """It is downloaded, staged, merged, loaded in bulk and reported, and repeated keys of its own count once."""
    await pool.execute(STILLS_TABLE)
    indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'title_stills' ORDER BY 1"
    before = await pool.fetch(indexes)
    source = write(tmp_path / "source", titles=[title("tt0100000"), title("tt0100001")])
    stills = [
        ("tt0100000", 1, "Un film", "FR"), ("tt0100000", 2, "Una película", "ES"), ("tt0100001", 1, "Ein Film", "DE"),
        ("tt0100001", 1, "Noch ein Film", "DE"), ("tt0100001", 2, "A Film", None), ("tt0999999", 1, "Stray", "GB"),
    ]  # fmt: skip
    (source / STILLS.file).write_bytes(gzip.compress(text(STILLS, stills)))
    with FakeImdb({file.name: file.read_bytes() for file in source.iterdir()}) as imdb:
        options = SyncOptions(folder=tmp_path / "folder", base_url=imdb.url)
        report = await sync(database, options)
    assert [row[0] for row in await pool.fetch("SELECT name FROM title_stills ORDER BY title_id, ordering")] == [
        "Un film", "Una película", "Ein Film"
    ]  # fmt: skip
    assert (changes(report, "stills").inserted, changes(report, "stills").skipped) == (3, 3)
    assert (report.rows[STILLS.file], report.skipped[STILLS.file]) == (6, 1)
    assert "inserting stills" in report.seconds
    assert await pool.fetch(indexes) == before
    again = await sync(database, SyncOptions(folder=tmp_path / "folder", base_url=None, is_forced=True))
    assert (changes(again, "stills").inserted, changes(again, "stills").unchanged) == (0, 3)


def test_every_dataset_has_its_sql_file() -> None:
    """Each file has a query for the report, and each table is filled by one dataset."""
    assert all(read_merge(dataset).report.strip() for dataset in datasets.ALL)
    tables = [table for dataset in datasets.ALL for table in dataset.fills]
    assert len(tables) == len(set(tables))
