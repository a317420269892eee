"""Measures questions asked for the first time: `python -m benchmarks.first postgresql://... [--questions 500]`.

One worker gets 500 different searches, lists of titles and discovers over 16 connections, right after its start, so
neither a response nor a list is stored. Counts that the database keeps are kept. The floor of the same run is the page
of a movie by its id, each asked for the first time, too.
"""

import asyncio
import random
import sys
import time

import click
import httpx

from benchmarks.discover import COUNTRIES, LANGUAGES
from benchmarks.http import processor_seconds, program
from benchmarks.living import percentile
from benchmarks.search import KINDS, NAMES
from mediacanon.database.pool import open_pool
from mediacanon.vocabulary import DiscoverSort

CONNECTIONS = 16
GENRES = ("Action", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Horror", "Romance", "Thriller", "Western")
Path = tuple[str, dict[str, str]]


def discover_parameters(chance: random.Random) -> dict[str, str]:
    """Return one to four filters and an order."""
    found = {
        "genre": chance.choice(GENRES),
        "lang": chance.choice(LANGUAGES.split()),
        "country": chance.choice(COUNTRIES.split()),
        "year_min": str(chance.randrange(1920, 2025)),
        "rating_min": str(chance.randrange(3, 9)),
        "type": chance.choice(("movie", "show")),
        "min_votes": str(chance.choice((50, 500, 5000))),
    }
    some = chance.sample(sorted(found), chance.randrange(1, 5))
    return {name: found[name] for name in some} | {"sort": chance.choice(list(DiscoverSort)).value, "limit": "25"}


async def ask(address: str, paths: list[Path]) -> list[float]:
    """Return the seconds of each request, sent over all connections."""
    seconds, waiting = list[float](), iter(paths)
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:

        async def work() -> None:
            for path, parameters in waiting:
                began = time.perf_counter()
                response = await client.get(path, params=parameters)
                if response.status_code not in (200, 404):
                    sys.exit(f"{path} {parameters}: {response.status_code} {response.text[:200]}")
                seconds.append(time.perf_counter() - began)

        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return seconds


async def questions(dsn: str, count: int, chance: random.Random) -> dict[str, list[Path]]:
    """Return the requests of each kind, no two alike."""
    async with await open_pool(dsn, size=1) as pool:
        names = chance.sample(await pool.fetch(NAMES), 3 * count)
        movies = [row[0] for row in await pool.fetch("SELECT id FROM movies ORDER BY random() LIMIT $1", count)]
    typed = (KINDS[list(KINDS)[n % len(KINDS)]](*name, chance) for n, name in enumerate(names[: 2 * count]))
    searches = dict.fromkeys(filter(None, typed))
    texts = dict.fromkeys(name[: chance.randrange(2, 9)].strip() for name, _ in names)
    filters = dict.fromkeys(tuple(sorted(discover_parameters(chance).items())) for _ in range(3 * count))
    return {
        "floor: /movies/{id}": [(f"/movies/{id_}", {}) for id_ in movies],
        "search": [("/api/search", {"q": text}) for text in searches][:count],
        "titles": [("/api/titles", {"q": text}) for text in texts if text][:count],
        "discover": [("/api/discover", dict(each)) for each in filters][:count],
    }


@click.command()
@click.argument("dsn")
@click.option("--questions", "count", default=500, show_default=True, help="Questions of each kind.")
def main(dsn: str, count: int) -> None:
    """Measure first questions over the catalogue at DSN."""
    print(f"{'':22}{'req/s':>8}{'median':>8}{'95 %':>8}{'p99':>8}{'worst':>8}{'server':>8}  milliseconds")
    for name, paths in asyncio.run(questions(dsn, count, random.Random(7))).items():
        serve = [sys.executable, "-m", "cli", "serve", "--port", "0", "--db", dsn]
        with program(serve, r"serves (http://\S+)", MEDIACANON_RESPONSE_CACHE_MB="0") as (pid, address):
            before, began = processor_seconds(pid), time.perf_counter()
            seconds = asyncio.run(ask(address, paths))
            took, used = time.perf_counter() - began, 1000 * (processor_seconds(pid) - before) / len(paths)
        shares = "".join(f"{percentile(seconds, share):8.1f}" for share in (0.5, 0.95, 0.99, 1))
        print(f"{name:22}{len(paths) / took:8.0f}{shares}{used:8.1f}", flush=True)


if __name__ == "__main__":
    main()
