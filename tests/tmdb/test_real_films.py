"""Real films against the stand-in, alone and on top of the real import: every stored field equals its source."""

import gzip
import itertools
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from mediacanon.tmdb.backfill import Summary, backfill
from mediacanon.tmdb.client import TmdbClient
from tests.fakes.tmdb import KEY
from tests.imdb.catalogue import run_import
from tests.tmdb.conftest import IMAGES

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("MEDIACANON_SHARED", ROOT.parent / "shared"))
FILMS = SHARED / "data" / "tmdb" / "movies.jsonl.gz"
IMDB = SHARED / "data" / "imdb" / "real"
COUNT = 2000
COUNT_IMPORTED = 5000

TMDB_FACTS = """
       imdb_id, tmdb_id, image_url, original_language, release_date::text, tmdb_popularity, runtime_minutes,
       origin_country, needs_backfill_tmdb, enriched_at IS NOT NULL AS is_enriched"""
STORED = f"SELECT {TMDB_FACTS} FROM titles"
STORED_OF_BOTH = f"""
SELECT {TMDB_FACTS}, display_name, start_year, average_rating, num_votes
  FROM titles
 WHERE imdb_id = ANY ($1::text[])
"""
# Before the import: to take the flag from a hundred thousand titles afterwards takes longer than all the rest.
FLAG_NOTHING_NEW = "ALTER TABLE titles ALTER needs_backfill_tmdb SET DEFAULT false"
FLAG = "UPDATE titles SET needs_backfill_tmdb = true WHERE imdb_id = ANY ($1::text[])"

pytestmark = pytest.mark.skipif(not FILMS.is_file(), reason="no real films at hand")


@contextmanager
def serving(films: Path) -> Iterator[str]:
    """Give the URL of a stand-in in a process of its own that knows the films."""
    command = [sys.executable, "-m", "tests.fakes.tmdb", "--port", "0", "--movies", str(films)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.terminate()


def read_films(count: int, imdb_ids: Iterable[str] | None = None) -> dict[str, dict]:
    """Return TMDB's answers for the first so many films, of those ids where some are given, by IMDb id."""
    with gzip.open(FILMS) as lines:
        films = (film for film in map(orjson.loads, lines) if imdb_ids is None or film["imdb_id"] in imdb_ids)
        return {film["imdb_id"]: film for film in itertools.islice(films, count)}


def read_imdb(file: str) -> dict[str, list[str | None]]:
    """Return the rows of one of IMDb's files by tconst, None for what it does not know."""
    with gzip.open(IMDB / file, "rt", encoding="utf-8", newline="\n") as lines:
        rows = (line.rstrip("\n").split("\t") for line in lines)
        return {row[0]: [None if value == r"\N" else value for value in row] for row in rows}


def number(text: str | None) -> int | None:
    return None if text is None else int(text)


def expected(answer: dict, imdb_minutes: int | None = None) -> dict:
    """Return the row a film's answer must become, by the rules: empty, 0 and absent are unknown, IMDb's time is first."""
    countries = answer.get("origin_country") or [country["iso_3166_1"] for country in answer["production_countries"]]
    poster = answer["poster_path"]
    return {
        "imdb_id": answer["imdb_id"],
        "tmdb_id": answer["id"],
        "image_url": f"{IMAGES}/w500{poster}" if poster else "none",
        "original_language": answer["original_language"] or None,
        "release_date": answer["release_date"] or None,
        "tmdb_popularity": pytest.approx(answer["popularity"]) if answer["popularity"] else None,
        "runtime_minutes": imdb_minutes or answer["runtime"] or None,
        "origin_country": countries[0] if countries else None,
        "needs_backfill_tmdb": False,
        "is_enriched": True,
    }


async def backfill_all(pool) -> Summary:
    """Backfill what is flagged with no rate limit; return what was done."""
    with serving(FILMS) as url:
        async with TmdbClient(KEY, base_url=url, per_second=0) as client:
            return await backfill(pool, client, image_base_url=IMAGES)


async def test_every_stored_field_equals_the_source(pool):
    """Backfilled, each film's row says what TMDB's answer says."""
    films = read_films(COUNT)
    await pool.execute(
        "INSERT INTO titles (type, display_name, imdb_id)"
        " SELECT 'movie', name, id FROM unnest($1::text[], $2::text[]) AS films (name, id)",
        [film["title"] for film in films.values()],
        list(films),
    )
    summary = await backfill_all(pool)
    assert (summary.fetched, summary.changed, summary.failed) == (COUNT, COUNT, 0)
    stored = {row["imdb_id"]: dict(row) for row in await pool.fetch(STORED)}
    for imdb_id, film in films.items():
        assert stored[imdb_id] == expected(film)


@pytest.mark.skipif(not IMDB.is_dir(), reason="no real dump at hand")
async def test_on_top_of_the_real_import_every_field_equals_its_source(database, pool):
    """IMDb's names, years, running times and ratings, and TMDB's facts; titles that were not flagged stay unasked."""
    await pool.execute(FLAG_NOTHING_NEW)
    await run_import(database, IMDB)
    basics, ratings = read_imdb("title.basics.tsv.gz"), read_imdb("title.ratings.tsv.gz")
    films = read_films(COUNT_IMPORTED, basics)
    await pool.execute(FLAG, list(films))
    summary = await backfill_all(pool)
    assert (summary.fetched, summary.failed) == (COUNT_IMPORTED, 0)
    assert await pool.fetchval("SELECT count(*) FROM titles WHERE enriched_at IS NOT NULL") == COUNT_IMPORTED
    for row in await pool.fetch(STORED_OF_BOTH, list(films)):
        _, _, name, _, _, year, _, minutes, *_ = basics[row["imdb_id"]]
        _, rating, votes = ratings.get(row["imdb_id"], (None, None, None))
        assert dict(row) == expected(films[row["imdb_id"]], number(minutes)) | {
            "display_name": name,
            "start_year": number(year),
            "average_rating": rating and pytest.approx(float(rating)),
            "num_votes": number(votes),
        }
