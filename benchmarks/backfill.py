"""Measures the backfill against a stand-in for TMDB: `python -m benchmarks.backfill [--films 2000] [--rate 40]`.

It fetches invented films with two requests each (find and details) and stores them in a throwaway cluster with the
usual settings; the stand-in is a process of its own. The first run has no rate limit, the second one has. The floor of
the second run is the time that the limit itself takes.
"""

import asyncio
import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import click
import orjson

from benchmarks.importing import throwaway_cluster
from mediacanon.database.migrate import migrate
from mediacanon.database.pool import open_pool
from mediacanon.tmdb.backfill import backfill, reset
from mediacanon.tmdb.client import TmdbClient
from tests.fakes.tmdb import KEY
from tests.fakes.tmdb_catalogue import film

ROOT = Path(__file__).parents[1]
REQUESTS_PER_FILM = 2
COUNTRIES = ("AU", "BR", "CA", "DE", "DK", "ES", "FR", "GB", "HU", "NL", "SE", "US")
ADD_FILMS = """
INSERT INTO titles (type, display_name, imdb_id)
SELECT 'movie', id, id FROM unnest($1::text[]) AS id
"""
FORGET = "UPDATE titles SET tmdb_id = NULL, image_url = NULL"
FORGET_FACTS = "TRUNCATE title_facts, title_texts, tmdb_names, franchises"


@contextmanager
def stand_in(films: list[dict[str, object]]) -> Iterator[str]:
    """Yield the URL of a stand-in for TMDB with these films."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl.gz") as file:
        file.write(gzip.compress(b"\n".join(orjson.dumps(one) for one in films)))
        file.flush()
        command = [sys.executable, "-m", "tests.fakes.tmdb", "--port", "0", "--movies", file.name]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
            try:
                yield server.stdout.readline().strip() if server.stdout else ""
            finally:
                server.terminate()


def further(number: int) -> dict[str, object]:
    """Return further facts as films have them: keywords and companies shared with others, a dozen certifications."""

    def some(most: int, among: int, **fields: object) -> list[dict[str, object]]:
        ids = {(number * (place + 7) * 31) % among + 1 for place in range(number % (most + 1))}
        return [{"id": id_, "name": f"Name {id_}", **fields} for id_ in ids]

    releases = [{"iso_3166_1": code, "release_dates": [{"certification": "12", "type": 3}]} for code in COUNTRIES]
    video = {"site": "YouTube", "type": "Trailer", "iso_639_1": "en", "official": True, "name": "Trailer"}
    return {
        "tagline": f"Film {number} is coming.",
        "backdrop_path": f"/backdrop{number}.jpg",
        "production_companies": some(4, 300, logo_path=None, origin_country="US"),
        "keywords": {"keywords": some(12, 500)},
        "release_dates": {"results": releases},
        "videos": {"results": [{**video, "key": f"k{number}-{place}"} for place in range(number % 4)]},
        "external_ids": {"wikidata_id": f"Q{number}", "facebook_id": f"film{number}"},
    }


async def seconds_of_backfill(pool: asyncpg.Pool, url: str, *, films: int, rate: float) -> tuple[float, float]:
    """Return the seconds for fetching and storing all films, and our own processor time; exit if a film is missing."""
    await pool.execute(FORGET)
    await pool.execute(FORGET_FACTS)
    await reset(pool)
    async with TmdbClient(KEY, base_url=url, per_second=rate) as client:
        started, worked = time.perf_counter(), time.process_time()
        summary = await backfill(pool, client, image_base_url="https://image.tmdb.org/t/p")
        seconds, work = time.perf_counter() - started, time.process_time() - worked
    if summary.changed != films:
        sys.exit(f"Only {summary.changed} of {films} films arrived: {summary}")
    return seconds, work


async def measure(dsn: str, url: str, imdb_ids: list[str], rate: float) -> None:
    """Print one line per run."""
    await migrate(dsn)
    async with await open_pool(dsn) as pool:
        await pool.execute(ADD_FILMS, imdb_ids)
        count = len(imdb_ids)
        await seconds_of_backfill(pool, url, films=count, rate=0)
        print(f"{'limit':>8}{'seconds':>10}{'titles/s':>10}{'CPU ms/title':>14}{'x floor':>10}")
        for limit in (0, rate):
            seconds, work = await seconds_of_backfill(pool, url, films=count, rate=limit)
            ratio = f"{seconds * limit / (REQUESTS_PER_FILM * count):.3f}" if limit else "-"
            print(
                f"{limit or 'none':>8}{seconds:>10.2f}{count / seconds:>10,.0f}{1000 * work / count:>14.2f}{ratio:>10}",
                flush=True,
            )


@click.command()
@click.option("--films", default=2000, show_default=True, help="Number of titles.")
@click.option("--rate", default=40.0, show_default=True, help="Requests a second of the limited run.")
def main(films: int, rate: float) -> None:
    """Measure the backfill of invented films, without and with a rate limit."""
    imdb_ids = [f"tt{9_000_000 + number}" for number in range(films)]
    known = [film(number, imdb_id, **further(number)) for number, imdb_id in enumerate(imdb_ids, start=1)]
    with stand_in(known) as url, throwaway_cluster() as dsn:
        asyncio.run(measure(dsn, url, imdb_ids, rate))


if __name__ == "__main__":
    main()
