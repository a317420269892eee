"""Two thousand real films against the stand-in: every stored field equals the source."""

import gzip
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from mediacanon.tmdb.backfill import backfill
from mediacanon.tmdb.client import TmdbClient
from tests.fakes.tmdb import KEY
from tests.tmdb.conftest import IMAGES

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("MEDIACANON_SHARED", ROOT.parent / "shared"))
FILMS = SHARED / "data" / "tmdb" / "movies.jsonl.gz"
COUNT = 2000

STORED = """
SELECT imdb_id, tmdb_id, image_url, original_language, release_date, tmdb_popularity,
       runtime_minutes, origin_country, needs_backfill_tmdb, enriched_at IS NOT NULL AS is_enriched
  FROM titles
"""

pytestmark = pytest.mark.skipif(not FILMS.is_file(), reason="no real films at hand")


@contextmanager
def serving(films: Path) -> Iterator[str]:
    """Give the URL of a stand-in in a process of its own that knows the films."""
    command = [sys.executable, "-m", "tests.fakes.tmdb", "--port", "0", "--movies", str(films)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.terminate()


def expected(answer: dict) -> dict:
    """Return the row a film's answer must become, by the rules: empty, 0 and absent are unknown."""
    countries = answer.get("origin_country") or [country["iso_3166_1"] for country in answer["production_countries"]]
    poster = answer["poster_path"]
    return {
        "imdb_id": answer["imdb_id"],
        "tmdb_id": answer["id"],
        "image_url": f"{IMAGES}/w500{poster}" if poster else "none",
        "original_language": answer["original_language"] or None,
        "release_date": answer["release_date"] or None,
        "tmdb_popularity": answer["popularity"] or None,
        "runtime_minutes": answer["runtime"] or None,
        "origin_country": countries[0] if countries else None,
        "needs_backfill_tmdb": False,
        "is_enriched": True,
    }


async def test_every_stored_field_equals_the_source(pool):
    """Backfilled with no rate limit, each film's row says what TMDB's answer says."""
    with gzip.open(FILMS) as lines:
        films = [orjson.loads(line) for line in itertools.islice(lines, COUNT)]
    await pool.execute(
        "INSERT INTO titles (type, display_name, imdb_id)"
        " SELECT 'movie', name, id FROM unnest($1::text[], $2::text[]) AS films (name, id)",
        [film["title"] for film in films],
        [film["imdb_id"] for film in films],
    )
    with serving(FILMS) as url:
        async with TmdbClient(KEY, base_url=url, per_second=0) as client:
            summary = await backfill(pool, client, image_base_url=IMAGES)
    assert (summary.fetched, summary.changed, summary.failed) == (COUNT, COUNT, 0)
    stored = {row["imdb_id"]: dict(row) for row in await pool.fetch(STORED)}
    for film in films:
        row = stored[film["imdb_id"]]
        row["release_date"] = row["release_date"] and str(row["release_date"])
        wanted = expected(film)
        assert row.pop("tmdb_popularity") == pytest.approx(wanted.pop("tmdb_popularity"))
        assert row == wanted
