"""The merge of each dataset, read from its SQL file, and the counts of the report.

A file `sql/{noun}.sql` has sections that begin with a comment line:

    -- before            statements that run before the first step of any dataset (at most once)
    -- whole             the same, where the whole files are staged (at most once)
    -- difference        the same, where the lines of `imdb_staging.compared` are staged (at most once)
    -- step: NAME        statements of a step, in the order of the file; its seconds are reported under NAME
    -- first step: NAME  the same: these steps take the place of the others on an empty catalogue, if there are any
    -- report            one query: rows of `ChangeCounts` without `skipped`, read from the staging tables
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from mediacanon import paths
from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import Dataset

_SECTION = re.compile(r"^-- (before|whole|difference|step|first step|report)(?:: (.+))?$", re.MULTILINE)


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
    whole: str
    difference: str
    steps: tuple[tuple[str, str], ...]
    first_steps: tuple[tuple[str, str], ...]
    report: str

    def preparation(self, *, is_difference: bool) -> list[str]:
        """Return the statements to run before the first step of any dataset."""
        return [sql for sql in (self.before, self.difference if is_difference else self.whole) if sql]

    def steps_of(self, *, is_first: bool) -> tuple[tuple[str, str], ...]:
        """Return the steps of an import; `is_first`: into an empty catalogue."""
        return (is_first and self.first_steps) or self.steps


def read_merge(dataset: Dataset) -> Merge:
    """Return the sections of the dataset's SQL file."""
    _, *parts = _SECTION.split((paths.IMPORT_SQL / f"{dataset.noun}.sql").read_text())
    sections = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    texts = {section: sql for section, _, sql in sections}
    return Merge(
        before=texts.get("before", ""),
        whole=texts.get("whole", ""),
        difference=texts.get("difference", ""),
        steps=tuple((name, sql) for section, name, sql in sections if section == "step"),
        first_steps=tuple((name, sql) for section, name, sql in sections if section == "first step"),
        report=texts.get("report", ""),
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
