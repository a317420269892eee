"""Measures the import against its floor: `python -m benchmarks.importing [--scale 0.1] [--three]`.

The floor is the minimum work of any import: the standard library decompresses the files, and they are copied raw, one
after the other, into unlogged tables of text. It is measured before and after the imports in the same cluster. The
files are all seven, or with `--three` those of titles, episodes and ratings alone.
"""

import asyncio
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import click
import orjson

from mediacanon.database.cluster import SUPERUSER
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.own_database import OWNER
from mediacanon.database.programs import with_database
from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import Dataset
from mediacanon.settings import default_data_dir

CHUNK_BYTES = 1 << 20
MEBI = 1 << 20
# The unit of getrusage's memory in bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1 << 10


@dataclass(frozen=True, slots=True)
class Run:
    """One import in a process of its own, or one floor, which has no process and no steps."""

    name: str
    seconds: float
    rows: int
    peak_bytes: int | None = None
    steps: dict[str, float] | None = None


@contextmanager
def throwaway_cluster() -> Iterator[str]:
    """Yield the URL of a new cluster with the usual settings; it is removed after the block."""
    # PostgreSQL does not run as root, and its account cannot enter root's temporary folder.
    parent = default_data_dir() if os.geteuid() == 0 else None
    if parent:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        Path(folder).chmod(0o755)
        cluster = EmbeddedPostgres(Path(folder))
        dsn = cluster.start()
        try:
            yield dsn
        finally:
            cluster.stop()


async def _run_sql(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _checkpoint(cluster: str) -> None:
    await _run_sql(cluster.replace(f"//{OWNER}@", f"//{SUPERUSER}@"), "CHECKPOINT")


def _database(cluster: str, name: str) -> str:
    """Create a database and return its URL."""
    asyncio.run(_run_sql(cluster, f"CREATE DATABASE {name} TEMPLATE template0"))
    return with_database(cluster, name)


async def _raw_copy(dsn: str, folder: Path, files: Sequence[Dataset]) -> int:
    """Copy files of `folder` unchanged; return the number of rows."""
    rows = 0
    connection = await asyncpg.connect(dsn)
    try:
        for dataset in files:
            columns = ", ".join(f"{column} text" for column in dataset.columns)
            await connection.execute(f"CREATE UNLOGGED TABLE raw_{dataset.table} ({columns})")
            status = await connection.copy_to_table(f"raw_{dataset.table}", source=_decompressed(folder, dataset))
            rows += int(status.split()[-1])
    finally:
        await connection.close()
    return rows


async def _decompressed(folder: Path, dataset: Dataset) -> AsyncIterator[bytes]:
    with gzip.open(folder / dataset.file) as file:
        file.readline()
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def measure_floor(cluster: str, folder: Path, files: Sequence[Dataset]) -> Run:
    """Copy the files raw into a temporary database."""
    dsn = _database(cluster, "floor")
    asyncio.run(_checkpoint(cluster))
    started = time.perf_counter()
    rows = asyncio.run(_raw_copy(dsn, folder, files))
    seconds = time.perf_counter() - started
    asyncio.run(_run_sql(cluster, "DROP DATABASE floor"))
    return Run("floor", seconds, rows)


def measure_import(name: str, cluster: str, dsn: str, folder: Path) -> Run:
    """Run `mediacanon sync` on the files of `folder`; exit if it fails."""
    asyncio.run(_checkpoint(cluster))
    command = Path(sys.executable).with_name("mediacanon")
    arguments = ["sync", "--offline", "--json", "--dir", str(folder), "--db", dsn]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen([command, *arguments], stdout=output, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        log.seek(0)
        if process.returncode:
            sys.exit(f"{name} failed:\n{log.read().decode()}")
        report = orjson.loads(output.read())
    return Run(
        name=name,
        seconds=seconds,
        rows=sum(report["rows"].values()),
        peak_bytes=usage.ru_maxrss * MAXRSS_UNIT,
        steps=report["seconds"],
    )


def days(folder: Path, scale: float) -> tuple[Path, Path]:
    """Return the folders of both days below `folder`; missing ones are generated.

    The generator runs in processes of its own, since the peak memory of a child starts at its parent's size.
    """
    for day, options in (("today", []), ("next-day", ["--next-day"])):
        if not (folder / day).exists():
            print(f"Generating {day} at scale {scale} ...", flush=True)
            command = [sys.executable, "-m", "benchmarks.generate", str(folder / day)]
            subprocess.run([*command, "--scale", str(scale), *options], check=True)
    return folder / "today", folder / "next-day"


def bring(day: Path, folder: Path, files: Sequence[Dataset]) -> Path:
    """Put the files of a day in the place of the last ones, as a download does."""
    folder.mkdir(exist_ok=True)
    for dataset in files:
        part = folder / f"{dataset.file}.part"
        part.unlink(missing_ok=True)
        os.link(day / dataset.file, part)
        part.replace(folder / dataset.file)
        part.unlink(missing_ok=True)
    return folder


def measure(folder: Path, scale: float, files: Sequence[Dataset]) -> list[Run]:
    """Return all runs: floor, first import, next day's dump, the same dump again, and the floor again."""
    today, next_day = days(folder, scale)
    with throwaway_cluster() as cluster, tempfile.TemporaryDirectory(prefix="files-", dir=folder) as place:
        print("Warming up ...", flush=True)
        measure_floor(cluster, today, files)
        runs = [measure_floor(cluster, today, files)]
        dsn = _database(cluster, "catalogue")
        for name, day in (("first", today), ("next day", next_day), ("unchanged", next_day)):
            print(f"Measuring: {name} ...", flush=True)
            runs.append(measure_import(name, cluster, dsn, bring(day, Path(place), files)))
        runs.append(measure_floor(cluster, today, files))
    return runs


def print_table(runs: list[Run]) -> None:
    """Print one line per run with its ratio to the mean of the floors, then the seconds of its steps."""
    floors = [run.seconds for run in runs if run.peak_bytes is None]
    floor = sum(floors) / len(floors)
    print(f"\n{'run':12}{'seconds':>9}{'x floor':>9}{'rows/s':>12}{'peak MiB':>10}")
    for run in runs:
        speed = f"{run.rows / run.seconds:,.0f}" if run.rows else "-"
        peak = f"{run.peak_bytes / MEBI:.0f}" if run.peak_bytes else "-"
        ratio = run.seconds / floor
        print(f"{run.name:12}{run.seconds:>9.2f}{ratio:>9.2f}{speed:>12}{peak:>10}")
    for run in runs:
        if run.steps and run.rows:
            print(f"\n{run.name}:")
            for step, seconds in run.steps.items():
                print(f"  {seconds:>8.2f} s  {step}")


@click.command()
@click.option("--scale", default=0.1, show_default=True, help="1.0: as large as the public dump.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the generated files here and reuse them.",
)
@click.option("--three", "only_three", is_flag=True, help="Without names, credits and people.")
def main(scale: float, folder: Path | None, *, only_three: bool) -> None:
    """Measure the import of generated files, each run as a ratio to the floor."""
    files = datasets.ALL if only_three else (*datasets.ALL, *datasets.FURTHER)
    if folder:
        print_table(measure(folder, scale, files))
    else:
        with tempfile.TemporaryDirectory(prefix="bench-") as made:
            print_table(measure(Path(made), scale, files))


if __name__ == "__main__":
    main()
