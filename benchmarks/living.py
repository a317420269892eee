"""Measures readers of a catalogue that changes: `python -m benchmarks.living URL [--seconds 20] [--days FOLDER]`.

Eight readers ask one worker in a closed loop: 40 % random `/api/shows/{id}`, 30 % random `/movies/{id}`, the rest
spread over thirteen lists and pages. The same server is read in turns while nothing changes, and while other programs
change titles: edits by REST, facts stored as a backfill stores them, lazily or in batches, and imports of the other
day's files, one after the other. Rates are given as a share of the still catalogue's just before; times by kind of
request.

The catalogue at URL needs posters: `python -m benchmarks.discover URL --enrich`. FOLDER has the two days' files that
`benchmarks.importing --folder` makes, at the scale of the catalogue; without it there are no imports.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

import asyncpg
import click
import httpx

from benchmarks.http import program
from benchmarks.importing import bring
from mediacanon.database.pool import open_pool
from mediacanon.imdb import datasets
from mediacanon.tmdb.lookup import TitleFacts, TitleToFind
from mediacanon.tmdb.store import FetchedTitle, store_facts

READERS = 8
SHOWS, MOVIES = 0.4, 0.7
LISTS = (
    "/",
    "/titles",
    "/titles?q=th",
    "/titles?q=night",
    "/discover",
    "/discover?genre=Comedy&country=US&sort=newest",
    "/api/titles",
    "/api/titles?q=matrix&per_page=20",
    "/api/discover?sort=popular",
    "/api/discover?genre=Drama&type=movie&sort=top_rated&limit=50",
    "/api/discover/carousels",
    "/api/collections",
    "/api/search?q=wall-e",
)
IMAGES = "https://image.tmdb.org/t/p"
# Its name, what it does each time, how often a second at most.
Change = tuple[str, Callable[[], Awaitable[None]] | None, float]


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of shows and movies to read, of movies to edit, of titles to enrich."""

    shows: list[int]
    movies: list[int]
    titles: list[tuple[int, str | None]]


class Reader:
    """Reads in a closed loop and notes the seconds of each request by its kind."""

    def __init__(self, client: httpx.AsyncClient, ids: Ids, seed: int) -> None:
        self.client = client
        self.ids = ids
        self.draw = random.Random(seed)
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def request(self) -> tuple[str, str]:
        """Return the kind and the path of a request."""
        luck = self.draw.random()
        if luck < SHOWS:
            return "/api/shows/{id}", f"/api/shows/{self.draw.choice(self.ids.shows)}"
        if luck < MOVIES:
            return "/movies/{id}", f"/movies/{self.draw.choice(self.ids.movies)}"
        path = self.draw.choice(LISTS)
        return path, path

    async def read(self, until: float) -> None:
        """Read until a time; exit on an error of the server."""
        while (began := time.perf_counter()) < until:
            kind, path = self.request()
            response = await self.client.get(path)
            if response.status_code not in (200, 404):
                sys.exit(f"{path}: {response.status_code} {response.text[:200]}")
            self.seconds[kind].append(time.perf_counter() - began)


class Changer:
    """The programs that change the catalogue."""

    def __init__(self, client: httpx.AsyncClient, pool: asyncpg.Pool, ids: Ids) -> None:
        self.client = client
        self.pool = pool
        self.ids = ids
        self.draw = random.Random(1)
        self.number = 0

    async def edit(self) -> None:
        """Rename a movie by REST."""
        path = f"/api/movies/{self.draw.choice(self.ids.movies)}"
        stored = (await self.client.get(path)).json().get("title", {})
        facts = {name: stored[name] for name in ("imdb_id", "start_year", "image_url") if stored.get(name)}
        self.number += 1
        await self.client.put(path, json={**facts, "display_name": f"The night of thing {self.number}"})

    async def enrich(self, *, titles: int = 1) -> None:
        """Store TMDB's facts about titles in one transaction."""
        fetched = []
        for title_id, imdb_id in self.draw.sample(self.ids.titles, titles):
            self.number += 1
            asked = TitleToFind(
                title_id=title_id, type="movie", imdb_id=imdb_id, tmdb_id=None, is_tmdb_id_locked=False, has_image=False
            )
            facts = TitleFacts(
                media_type="movie",
                tmdb_id=None,
                poster_path=f"/{self.number}.jpg",
                original_language=self.draw.choice(("en", "fr", "ko", "ja")),
                popularity=self.draw.random() * 50,
                origin_country=self.draw.choice(("US", "FR", "KR", "JP")),
            )
            fetched.append(FetchedTitle(asked, facts))
        async with self.pool.acquire() as connection:
            await store_facts(connection, fetched, image_base_url=IMAGES)

    @asynccontextmanager
    async def changing(self, change: Callable[[], Awaitable[None]] | None, per_second: float) -> AsyncIterator[None]:
        """Change the catalogue at a rate while the block runs."""
        task = asyncio.create_task(self._keep_changing(change, per_second)) if change else None
        try:
            yield
        finally:
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _keep_changing(self, change: Callable[[], Awaitable[None]], per_second: float) -> None:
        due = time.perf_counter()
        while True:
            due += 1 / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await change()


class Imports:
    """Imports of two days' three files in turns, each in a process of its own; `seconds`: of those that finished."""

    def __init__(self, days: Path, folder: Path, dsn: str) -> None:
        self.days = cycle((days / "next-day", days / "today"))
        self.folder = folder
        self.options = ("--offline", "--no-tmdb", "--dir", str(folder), "--db", dsn)
        self.seconds: list[float] = []

    async def run(self) -> None:
        """Import the other day; exit if it fails."""
        bring(next(self.days), self.folder, datasets.ALL)
        began = time.perf_counter()
        command = (sys.executable, "-m", "cli", "sync", *self.options)
        process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
        try:
            _, log = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        if process.returncode:
            sys.exit(f"The import failed:\n{log.decode()}")
        self.seconds.append(time.perf_counter() - began)


async def load_ids(pool: asyncpg.Pool) -> Ids:
    """Return random ids of the catalogue."""
    some = "ORDER BY random() LIMIT 20000"
    shows = await pool.fetch(f"SELECT id FROM shows {some}")
    movies = await pool.fetch(f"SELECT id FROM movies {some}")
    titles = await pool.fetch(
        f"SELECT id, imdb_id FROM titles WHERE type = 'movie' AND tmdb_id IS NULL AND imdb_id IS NOT NULL {some}"
    )
    return Ids([row[0] for row in shows], [row[0] for row in movies], [(row[0], row[1]) for row in titles])


def percentile(seconds: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return 1000 * sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)]


async def measure(address: str, dsn: str, *, seconds: float, only: str, imports: Imports | None) -> None:
    """Print one line per kind of change, and below it the lists it makes slowest."""
    limits = httpx.Limits(max_connections=READERS + 2, max_keepalive_connections=READERS + 2)
    async with (
        await open_pool(dsn, size=2) as pool,
        httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client,
        httpx.AsyncClient(base_url=address, timeout=60) as writing,
    ):
        ids = await load_ids(pool)
        changer = Changer(writing, pool, ids)
        began = time.perf_counter()
        await client.get("/")
        print(f"first / after the start: {1000 * (time.perf_counter() - began):.0f} ms")
        still: Change = ("nothing changes", None, 0)
        kinds: list[Change] = [
            ("5 edits a second", changer.edit, 5),
            ("40 edits a second", changer.edit, 40),
            ("40 enrichments a second", changer.enrich, 40),
            ("backfill, 200 in 5 seconds", partial(changer.enrich, titles=200), 0.2),
            *([("imports of the other day", imports.run, 1)] if imports else []),
        ]
        chosen = [kind for kind in kinds if only in kind[0]]
        if imports and any(change == imports.run for _, change, _ in chosen):
            # Twice: the first may find nothing new and keep no files. The next ones import the difference to the last.
            await imports.run()
            await imports.run()
            imports.seconds.clear()
        for path in LISTS:
            await client.get(path)
        rates: list[float] = []
        print(f"{'':28}{'req/s':>8}{'share':>7}{'median':>8}{'p99':>8}  milliseconds; the slowest lists by p99")
        changes = [still, *(line for kind in chosen for line in (kind, still))]
        for number, (name, change, per_second) in enumerate(changes):
            readers = [Reader(client, ids, 100 * number + reader) for reader in range(READERS)]
            async with changer.changing(change, per_second):
                await asyncio.gather(*(reader.read(time.perf_counter() + seconds) for reader in readers))
            found: dict[str, list[float]] = defaultdict(list)
            for reader in readers:
                for kind, times in reader.seconds.items():
                    found[kind] += times
            times = [each for kind in found.values() for each in kind]
            rate = len(times) / seconds
            share = "" if change is None else f"{rate / statistics.mean(rates[-1:]):.0%}"
            if change is None:
                rates.append(rate)
            slowest = sorted(found, key=lambda kind: -percentile(found[kind], 0.99))[:4]
            told = ", ".join(
                f"{kind} {percentile(found[kind], 0.5):.0f}/{percentile(found[kind], 0.99):.0f}" for kind in slowest
            )
            print(
                f"{name:28}{rate:8.0f}{share:>7}{percentile(times, 0.5):8.1f}{percentile(times, 0.99):8.1f}  {told}",
                flush=True,
            )
        if imports:
            print(f"seconds of the finished imports: {', '.join(f'{each:.1f}' for each in imports.seconds)}")
        began = time.perf_counter()
        await changer.edit()
        edited = time.perf_counter()
        await client.get("/")
        print(
            f"/ after an edit: {1000 * (time.perf_counter() - edited):.0f} ms (the edit {1000 * (edited - began):.0f})"
        )


@click.command()
@click.argument("url")
@click.option("--seconds", default=20.0, show_default=True, help="Seconds for each line.")
@click.option("--only", default="", help="Only changes whose name contains this.")
@click.option(
    "--days",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with today and next-day, for imports.",
)
def main(url: str, *, seconds: float, only: str, days: Path | None) -> None:
    """Measure readers of the living catalogue at URL."""
    serve = [sys.executable, "-m", "cli", "serve", "--port", "0", "--db", url]
    with (
        program(serve, r"serves (http://\S+)") as (_, address),
        tempfile.TemporaryDirectory(prefix="files-", dir=days) as folder,
    ):
        imports = Imports(days, Path(folder), url) if days else None
        asyncio.run(measure(address, url, seconds=seconds, only=only, imports=imports))


if __name__ == "__main__":
    main()
