"""The merge of each dataset, read from its SQL file, and the counts of the report.

A file `sql/{noun}.sql` has sections that begin with a comment line:

    -- before          statements that run before the first step of any dataset (at most once)
    -- step: NAME      statements of a step, in the order of the file; its seconds are reported under NAME
    -- report          one query: rows of `ChangeCounts` without `skipped`, read from the staging tables
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from mediacanon import paths
from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import Dataset

_SECTION = re.compile(r"^-- (before|step|report)(?:: (.+))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """The changes of the import to one kind of row, as counts of rows."""

    kind: str
    inserted: int
    updated: int
    unchanged: int
    withdrawn: int  # titles marked withdrawn; episodes, seasons and ratings removed
    moved: int  # titles that changed type, episodes that changed place
    duplicates: int  # episodes that lost their place to a lower IMDb id
    skipped: int = 0  # rows of the file without effect: no such show, no number, duplicates


@dataclass(frozen=True, slots=True)
class Merge:
    """The SQL of one dataset's merge."""

    before: str
    steps: tuple[tuple[str, str], ...]
    report: str


def read_merge(dataset: Dataset) -> Merge:
    """Return the sections of the dataset's SQL file."""
    _, *parts = _SECTION.split((paths.IMPORT_SQL / f"{dataset.noun}.sql").read_text())
    sections = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    return Merge(
        before="".join(sql for section, _, sql in sections if section == "before"),
        steps=tuple((name, sql) for section, name, sql in sections if section == "step"),
        report="".join(sql for section, _, sql in sections if section == "report"),
    )


async def count_changes(connection: asyncpg.Connection, merge: Merge, rows: Mapping[str, int]) -> list[ChangeCounts]:
    """Return the counts of one dataset's report; `rows` are the staged rows by file."""
    return [_with_skipped(ChangeCounts(**row), rows) for row in await connection.fetch(merge.report)]


def _with_skipped(counts: ChangeCounts, rows: Mapping[str, int]) -> ChangeCounts:
    """Return the counts with the rows of the file that had no effect, if a dataset has this kind's name."""
    file = next((dataset.file for dataset in datasets.ALL if dataset.noun == counts.kind), None)
    if file is None:
        return counts
    effective = counts.inserted + counts.updated + counts.unchanged + counts.moved
    return dataclasses.replace(counts, skipped=max(0, rows[file] - effective))
