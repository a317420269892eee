"""Measures the dialects: `python -m benchmarks.dialects [--data-dir FOLDER] [--seconds 10] [--cold]`.

The details of a movie in each dialect are requested in turns with /api/movies/{id} of the same movies, and a page of
Stremio's catalogue with a hundred titles of /api/discover. The ratio of the processor time is the figure: other
programs on the machine disturb it little. `--cold` turns the response cache off.
"""

import asyncio
import sys
from pathlib import Path

import asyncpg
import click

from benchmarks.http import SPREAD, Server, database, measure_in_turns, program

CONNECTIONS = 16
MOVIES = """
SELECT m.id, t.imdb_id FROM movies m JOIN titles t ON t.id = m.title_id
 WHERE t.imdb_id IS NOT NULL ORDER BY t.num_votes DESC NULLS LAST LIMIT $1
"""
MOVIE, DISCOVER = "/api/movies/{id}", "/api/discover?limit=100&type=movie&sort=most_rated"
# The path in a dialect, its floor, and the most that its processor time may be as a multiple of the floor's: from the
# response cache, and without it.
DETAIL, PAGE = (1.2, 1.5), (1.2, 1.2)
TARGETS = (
    ("/stremio/meta/movie/{imdb}.json", MOVIE, DETAIL),
    ("/plex/movies/library/metadata/{imdb}", MOVIE, DETAIL),
    ("/omdb/?i={imdb}", MOVIE, DETAIL),
    ("/ratings/v1/ratings/{imdb}", MOVIE, DETAIL),
    ("/radarr/v1/movie/imdb/{imdb}", MOVIE, DETAIL),
    ("/tmdb/3/movie/{imdb}", MOVIE, DETAIL),
    ("/stremio/catalog/movie/top.json", DISCOVER, PAGE),
)


async def movies(dsn: str) -> list[dict[str, object]]:
    """Return the ids of the most voted movies, ours and IMDb's."""
    connection = await asyncpg.connect(dsn)
    try:
        return [{"id": row[0], "imdb": row[1]} for row in await connection.fetch(MOVIES, SPREAD)]
    finally:
        await connection.close()


@click.command()
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="A catalogue [a new demo].")
@click.option("--seconds", default=10.0, show_default=True, help="Seconds for each request.")
@click.option("--cold", is_flag=True, help="Turn the response cache off.")
@click.option("--only", default="", help="Only paths that contain this.")
def main(*, data_dir: Path | None, seconds: float, cold: bool, only: str) -> None:
    """Measure every dialect against the REST endpoint of its floor."""
    serve = [sys.executable, "-m", "cli", "serve", "--port", "0", "--db"]
    environment = {"MEDIACANON_RESPONSE_CACHE_MB": "0"} if cold else {}
    with (
        database(data_dir) as dsn,
        program([*serve, dsn], r"serves (http://\S+)", **environment) as (pid, address),
    ):
        ids = asyncio.run(movies(dsn))
        print(f"{'request':40}{'bytes':>9}{'req/s':>9}{'cpu us':>9}{'floor us':>9}{'ratio':>7}{'limit':>7}")
        for path, floor, limits in TARGETS:
            if only in path:
                servers = [Server(pid, address, tuple(each.format_map(one) for one in ids)) for each in (path, floor)]
                found, of = measure_in_turns(servers, seconds=seconds, connections=CONNECTIONS)
                print(
                    f"{path:40.40}{found.size:>9,.0f}{found.per_second:>9,.0f}{found.microseconds:>9,.0f}"
                    f"{of.microseconds:>9,.0f}{found.microseconds / of.microseconds:>7.2f}{limits[cold]:>7.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
