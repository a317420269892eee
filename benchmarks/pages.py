"""Measures pages made anew: `python -m benchmarks.pages [--data-dir FOLDER] [--seconds 10]`.

The response cache is off. Each page is requested in turns with the REST endpoint of the same show or of a movie, which
is its floor: rates of one run are compared, so other programs on the machine disturb the ratio little.
"""

import asyncio
import sys
from pathlib import Path

import click

from benchmarks.http import Server, database, ids, measure_in_turns, program

CONNECTIONS = 16


@click.command()
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="A catalogue [a new demo].")
@click.option("--seconds", default=10.0, show_default=True, help="Seconds for each page.")
def main(*, data_dir: Path | None, seconds: float) -> None:
    """Measure every kind of page against the REST endpoint of its floor."""
    serve = [sys.executable, "-m", "cli", "serve", "--port", "0", "--db"]
    with (
        database(data_dir) as dsn,
        program([*serve, dsn], r"serves (http://\S+)", MEDIACANON_RESPONSE_CACHE_MB="0") as (pid, address),
    ):
        shows, movies, _ = asyncio.run(ids(dsn))
        show, movie = f"/api/shows/{shows[0]}", f"/api/movies/{movies[0]}"
        print(f"{'page':20}{'bytes':>9}{'req/s':>9}{'p99 ms':>9}{'cpu us':>9}{'of':>20}{'rate':>7}{'by cpu':>8}")
        for page, floor in (
            (f"/shows/{shows[0]}", show),
            (f"/movies/{movies[0]}", movie),
            ("/", movie),
            ("/titles", movie),
            ("/titles?q=night", movie),
            ("/discover?genre=Drama", movie),
        ):
            servers = [Server(pid, address, (path,)) for path in (page, floor)]
            found, of = measure_in_turns(servers, seconds=seconds, connections=CONNECTIONS)
            print(
                f"{page:20.20}{found.size:>9,.0f}{found.per_second:>9,.0f}{found.p99:>9.1f}{found.microseconds:>9,.0f}"
                f"{floor:>20}{found.per_second / of.per_second:>7.2f}{of.microseconds / found.microseconds:>8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
