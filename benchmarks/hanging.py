"""Measures what a TMDB that never answers costs: `python -m benchmarks.hanging [--seconds 4] [--cold]`.

Two servers over the same demo, one without a key, one whose TMDB accepts requests and is silent. Pages that need
nothing of TMDB are asked for over 16 connections, while somebody looks at titles that do; what these wait is the other
figure. Kept answers come from memory; with `--cold` none are kept, so that the way through the database is measured.
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
# Those that lack everything, none of which is the movie that is measured.
FORGET = """
UPDATE titles SET image_url = NULL, tmdb_id = NULL, enriched_at = NULL, needs_backfill_tmdb = true
 WHERE id IN (SELECT title_id FROM movies WHERE id <> $1 ORDER BY id DESC LIMIT 200)
RETURNING (SELECT id FROM movies WHERE title_id = titles.id)
"""
PAGES = ("/movies/{movie}", "/titles?q=night", "/api/movies/{movie}", "/api/discover?limit=20")


@contextmanager
def silent_tmdb() -> Iterator[str]:
    """Give the URL of a stand-in for TMDB that does not answer."""
    command = [sys.executable, "-m", "tests.fakes.tmdb", "--port", "0", "--latency", str(SILENCE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.kill()


async def forget(dsn: str, movie: int) -> list[int]:
    """Return the movies that lack everything now."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(FORGET, movie)]
    finally:
        await connection.close()


class Visitor(threading.Thread):
    """Looks at one movie after the other, and knows what waiting for each took, in seconds."""

    def __init__(self, address: str, movies: list[int]) -> None:
        super().__init__(daemon=True)
        self._pages = [f"{address}/movies/{movie}" for movie in movies]
        self.waits: list[float] = []
        self.has_enough = threading.Event()

    def run(self) -> None:
        """Look at all of them, ten a second at most."""
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
    """Return requests a second of each page of a server with these settings, and what a visitor waited meanwhile."""
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
@click.option("--seconds", default=4.0, show_default=True, help="How long each page is asked for.")
@click.option("--cold", is_flag=True, help="Without kept answers: each is made anew.")
def main(seconds: float, *, cold: bool) -> None:
    """Measure pages beside a TMDB that is silent, as a ratio to the same pages without TMDB."""
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
