"""The further files of an import: which of them are due, from when on, and the room that they take."""

import asyncio
import datetime as dt
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from mediacanon.errors import ImportRefused
from mediacanon.imdb.datasets import EVERY_FURTHER, FurtherDataset
from mediacanon.imdb.imported_files import hash_file

log = logging.getLogger(__name__)

# Increase it for a new fact: the files are imported again then.
VERSION = 3
MEGABYTE = 1_000_000

STATE = "SELECT value FROM sync_state WHERE key = $1::text"
KEY_PREFIX, KEY_SUFFIX = "imdb_file:", ".tsv.gz"
IMPORTED_AT = f"""
SELECT key, updated_at
  FROM sync_state
 WHERE starts_with(key, '{KEY_PREFIX}') AND ($1::integer IS NULL OR value::jsonb -> 'version' = to_jsonb($1))
"""
NOW = "SELECT LOCALTIMESTAMP"
# A timer runs at much the same time of the day, and a file may have taken hours.
SLACK = dt.timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Due:
    """A file to be imported; `hash` is that of its bytes."""

    dataset: FurtherDataset
    hash: str
    rows_before: int
    is_forced: bool


async def due_files(
    connection: asyncpg.Connection, folder: Path, chosen: Sequence[FurtherDataset], *, is_forced: bool
) -> list[Due]:
    """Return the chosen files of the folder that differ from those of their last import, in order."""
    due: list[Due] = []
    for dataset in EVERY_FURTHER:
        if dataset not in chosen or not (folder / dataset.file).exists():
            continue
        hash_ = (await asyncio.to_thread(hash_file, folder / dataset.file)).hex()
        known = await read_state(connection, dataset)
        is_known = (known.get("hash"), known.get("version")) == (hash_, VERSION)
        if is_forced or not is_known or any(one.dataset.noun in dataset.reads for one in due):
            due.append(Due(dataset, hash_, 0 if is_forced else known.get("rows", 0), is_forced))
    return due


async def without_resting(
    connection: asyncpg.Connection, chosen: Sequence[FurtherDataset], days: float
) -> list[FurtherDataset]:
    """Return the chosen files that were last imported `days` ago or never, and those that read one of them.

    An import by an earlier version counts as none: a fact of the present one is missing.
    """
    imported = await last_imports(connection, VERSION)
    awake: list[FurtherDataset] = []
    for dataset in EVERY_FURTHER:
        if dataset in chosen:
            at = imported.get(dataset.name)
            is_due = at is None or due_from(at, days) <= await connection.fetchval(NOW)
            if is_due or any(one.noun in dataset.reads for one in awake):
                awake.append(dataset)
    return awake


async def last_imports(connection: asyncpg.Connection, version: int | None = None) -> dict[str, dt.datetime]:
    """Return the time of the last import, of a version or any, by name of the file, UTC without a zone."""
    rows = await connection.fetch(IMPORTED_AT, version)
    return {row["key"].removeprefix(KEY_PREFIX).removesuffix(KEY_SUFFIX): row["updated_at"] for row in rows}


def due_from(imported_at: dt.datetime, days: float) -> dt.datetime:
    """Return the time from which on a file is imported again."""
    return imported_at + max(dt.timedelta(days=days) - SLACK, dt.timedelta())


def state_key(dataset: FurtherDataset) -> str:
    """Return the key of a file's last import in `sync_state`."""
    return f"{KEY_PREFIX}{dataset.name}{KEY_SUFFIX}"


async def read_state(connection: asyncpg.Connection, dataset: FurtherDataset) -> dict[str, Any]:
    """Return the state that the last import of a file left for the next one; empty if there was none."""
    known: dict[str, Any] = orjson.loads(await connection.fetchval(STATE, state_key(dataset)) or "{}")
    return known


def refuse_without_room(due: Sequence[Due], folder: Path, database: Path | None) -> None:
    """Log the room that the files take in the database; raise ImportRefused if the disk at `database` has less.

    Without a path the database is on another machine, or a server of its own: nothing is known of its disk.
    """
    sizes = [((folder / one.dataset.file).stat().st_size, *one.dataset.disk) for one in due]
    stays = sum(size * kept for size, _, kept in sizes)
    needed = stays + max(size * meanwhile for size, meanwhile, _ in sizes)
    free = shutil.disk_usage(database).free if database else None
    told = f"{' and '.join(one.dataset.name for one in due)} take up to {needed / MEGABYTE:,.0f} MB in the database"
    log.info("%s while they are imported, %.0f MB afterwards", told, stays / MEGABYTE)
    if free is not None and free < needed:
        remedy = "make room, or select fewer files in MEDIACANON_IMDB_FILES"
        raise ImportRefused(f"{told}; {free / MEGABYTE:,.0f} MB are free at {database}: {remedy}")
