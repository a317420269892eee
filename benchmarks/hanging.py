"""Measures the cost of a TMDB that never responds: `python -m benchmarks.hanging [--seconds 4] [--cold]`.

Two servers run over the same demo catalogue: one without a key, one whose TMDB accepts requests and never responds. 16
connections request pages that need nothing of TMDB, while a visitor requests titles that do. The second figure is the
time that the visitor waits. Cached responses come from memory; `--cold` turns the response cache off, so that the way
through the database is measured.
"""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import asyncpg
import click

from benchmarks.http import Server, database, ids, measure, program
from tests.fakes.tmdb import KEY

SILENCE = 600
# Clears the facts of TMDB of 200 movies other than the measured one.
FORGET = """
UPDATE titles SET image_url = NULL, tmdb_id = NULL, enriched_at = NULL, needs_backfill_tmdb = true
 WHERE id IN (SELECT title_id FROM movies WHERE id <> $1 ORDER BY id DESC LIMIT 200)
RETURNING (SELECT id FROM movies WHERE title_id = titles.id)
"""
PAGES = ("/movies/{movie}", "/titles?q=night", "/api/movies/{movie}", "/api/discover?limit=20")


@contextmanager
def silent_tmdb() -> Iterator[str]:
    """Yield the URL of a stand-in for TMDB that does not respond."""
    command = [sys.executable, "-m", "tests.fakes.tmdb", "--port", "0", "--latency", str(SILENCE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.kill()


async def forget(dsn: str, movie: int) -> list[int]:
    """Clear the facts of TMDB of some movies and return their ids."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(FORGET, movie)]
    finally:
        await connection.close()


class Visitor(threading.Thread):
    """Requests one movie after the other and records the seconds that each took."""

    def __init__(self, address: str, movies: list[int]) -> None:
        super().__init__(daemon=True)
        self._pages = [f"{address}/movies/{movie}" for movie in movies]
        self.waits: list[float] = []
        self.has_enough = threading.Event()

    def run(self) -> None:
        """Request all movies, ten a second at most."""
        for page in self._pages:
            if self.has_enough.wait(0.1):
                return
            started = time.perf_counter()
            with urlopen(page) as answer:  # noqa: S310 - our own server
                answer.read()
            self.waits.append(time.perf_counter() - started)


def rates(
    dsn: str, pages: list[str], seconds: float, lacking: list[int], **settings: str
) -> tuple[list[float], list[float]]:
    """Return the requests a second of each page of a server with these settings, and a visitor's waits in seconds."""
    with program(
        [sys.executable, "-m", "cli", "serve", "--port", "0", "--db", dsn], r"serves (http://\S+)", **settings
    ) as (
        pid,
        address,
    ):
        visitor = Visitor(address, lacking)
        visitor.start()
        found = [measure(Server(pid, address, (page,)), seconds=seconds, connections=16).per_second for page in pages]
        visitor.has_enough.set()
        visitor.join()
        return found, visitor.waits


@click.command()
@click.option("--seconds", default=4.0, show_default=True, help="Seconds for each page.")
@click.option("--cold", is_flag=True, help="Turn the response cache off.")
def main(seconds: float, *, cold: bool) -> None:
    """Measure pages beside a TMDB that never responds, as a ratio to the same pages without TMDB."""
    environment = {"MEDIACANON_RESPONSE_CACHE_MB": "0"} if cold else {}
    with database(None) as dsn, silent_tmdb() as tmdb:
        _, [movie, *_], _ = asyncio.run(ids(dsn))
        lacking = asyncio.run(forget(dsn, movie))
        pages = [page.format(movie=movie) for page in PAGES]
        without, _ = rates(dsn, pages, seconds, lacking, **environment)
        beside, waits = rates(dsn, pages, seconds, lacking, TMDB_API_KEY=KEY, TMDB_BASE_URL=tmdb, **environment)
    print(f"{'page':28}{'no TMDB':>10}{'silent':>10}{'ratio':>8}")
    for page, floor, found in zip(pages, without, beside, strict=True):
        print(f"{page:28}{floor:>8,.0f}/s{found:>8,.0f}/s{found / floor:>8.2f}")
    print(f"{len(waits)} pages that need TMDB waited {max(waits):.2f} s at most")


if __name__ == "__main__":
    main()
