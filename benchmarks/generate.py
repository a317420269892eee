"""Writes IMDb-shaped files of any size: `python -m benchmarks.generate OUTDIR --scale 0.1`.

All seven files: `dump` describes the first three, `further` the others. `--next-day` gives the same catalogue a day
later.
"""

import time
from pathlib import Path

import click

from benchmarks.dump import build_catalogue
from benchmarks.further import FurtherDump


def generate(folder: Path, scale: float, *, seed: int = 7, next_day: bool = False) -> dict[str, int]:
    """Write the seven files of a day into `folder`, created if missing; return the number of rows by file."""
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = build_catalogue(scale, seed=seed, next_day=next_day)
    return FurtherDump(catalogue, seed=seed, scale=scale, next_day=next_day).write(folder)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--scale", default=0.1, show_default=True, help="1.0: as large as the public dump.")
@click.option("--seed", default=7, show_default=True, help="Another number, another catalogue.")
@click.option("--next-day", is_flag=True, help="The same catalogue a day later.")
def main(folder: Path, scale: float, seed: int, *, next_day: bool) -> None:
    """Write IMDb-shaped files into FOLDER."""
    started = time.perf_counter()
    for name, rows in generate(folder, scale, seed=seed, next_day=next_day).items():
        print(f"{name:22} {rows:>12,} rows")
    print(f"{time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
