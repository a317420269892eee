"""Storing TMDB's facts about many titles in one statement, and real films as the proof."""

import gzip
import itertools
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from mediacanon.imdb.datasets import ALL
from mediacanon.tmdb.backfill import Summary, backfill
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.facts import MAX_NAMES
from mediacanon.tmdb.languages import NO_LANGUAGE
from mediacanon.tmdb.lookup import TITLE_TO_FIND, FetchedTitle, TitleFacts, TitleToFind
from mediacanon.tmdb.store import store_facts
from mediacanon.vocabulary import HTTP_ADDRESS
from tests.fakes.tmdb import KEY
from tests.imdb.catalogue import run_import, without_episodes
from tests.tmdb.conftest import IMAGES
from tests.tmdb.rows import add_title, title_row

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
FURTHER = """
SELECT t.imdb_id, f.native_title, f.status, f.homepage, f.backdrop_url, f.countries, f.languages, f.franchise_id,
       f.company_ids, x.overview, x.tagline
  FROM titles t
  JOIN title_facts f ON f.title_id = t.id
  LEFT JOIN title_texts x ON x.title_id = t.id AND x.language = 'en'
"""
NAMES = """
SELECT 'company' AS kind, id, name FROM tmdb_names WHERE kind = 'company' UNION SELECT 'franchise', id, name FROM franchises
"""
# Set before the import: clearing a hundred thousand flags afterwards would take most of the test's time.
FLAG_NOTHING_NEW = "ALTER TABLE titles ALTER needs_backfill_tmdb SET DEFAULT false"
FLAG = "UPDATE titles SET needs_backfill_tmdb = true WHERE imdb_id = ANY ($1::text[])"

has_films = pytest.mark.skipif(not FILMS.is_file(), reason="no real films at hand")


async def test_only_titles_that_differ_count_as_changed(pool):
    """Of two titles stored together only the one with new facts is reported; both lose their flag."""
    same = await add_title(pool, "tt9000001", image_url="kept", original_language="sv")
    news = await add_title(pool, "tt9000002", image_url="kept", original_language="sv")
    fetched = [
        FetchedTitle(await to_find(pool, same), TitleFacts(original_language="sv")),
        FetchedTitle(await to_find(pool, news), TitleFacts(original_language="no")),
    ]
    async with pool.acquire() as connection:
        assert await store_facts(connection, fetched, image_base_url=IMAGES) == [news]
    assert (await title_row(pool, same))["needs_backfill_tmdb"] is False
    assert (await title_row(pool, news))["original_language"] == "no"


@pytest.mark.parametrize("title_type", ["movie", "show"])
async def test_tmdb_s_running_time_fills_a_gap_only(pool, title_type):
    """IMDb's stays for both types: an import and TMDB would else write two values in turns."""
    known = await add_title(pool, "tt9000003", type=title_type, runtime_minutes=80)
    unknown = await add_title(pool, "tt9000004", type=title_type)
    async with pool.acquire() as connection:
        fetched = [
            FetchedTitle(await to_find(pool, title_id), TitleFacts(runtime_minutes=97)) for title_id in (known, unknown)
        ]
        await store_facts(connection, fetched, image_base_url=IMAGES)
    assert [(await title_row(pool, one))["runtime_minutes"] for one in (known, unknown)] == [80, 97]


async def test_a_title_deleted_meanwhile_is_no_failure(pool):
    """Facts for a deleted title change nothing."""
    title_id = await add_title(pool, "tt9000005")
    fetched = [FetchedTitle(await to_find(pool, title_id), TitleFacts(tmdb_id=1))]
    await pool.execute("DELETE FROM titles WHERE id = $1", title_id)
    async with pool.acquire() as connection:
        assert await store_facts(connection, fetched, image_base_url=IMAGES) == []


async def to_find(pool, title_id: int) -> TitleToFind:
    """Return the title as a look-up gets it."""
    return TitleToFind(**await pool.fetchrow(f"SELECT {TITLE_TO_FIND} FROM titles t WHERE id = $1", title_id))


@pytest.mark.parametrize("column", ["imdb_id", "tmdb_id"])
async def test_a_reply_about_an_old_id_is_not_stored_under_a_new_one(pool, column):
    """The facts of the film that the title was are not those of the film it is, and its flag stays for the next run."""
    title_id = await add_title(pool, "tt9000006", tmdb_id=6)
    fetched = [FetchedTitle(await to_find(pool, title_id), TitleFacts(tmdb_id=6, original_language="sv"))]
    await pool.execute(
        f"UPDATE titles SET {column} = $1 WHERE id = $2", {"imdb_id": "tt9000007", "tmdb_id": 7}[column], title_id
    )
    before = await title_row(pool, title_id)
    async with pool.acquire() as connection:
        assert await store_facts(connection, fetched, image_base_url=IMAGES) == []
    assert await title_row(pool, title_id) == before


@contextmanager
def serving(films: Path) -> Iterator[str]:
    """Yield the URL of a fake of TMDB, in a process of its own, with the films of a file."""
    command = [sys.executable, "-m", "tests.fakes.tmdb", "--port", "0", "--movies", str(films)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def read_films(count: int, imdb_ids: Iterable[str] | None = None) -> dict[str, dict]:
    """Return TMDB's replies for the first `count` films, of the given ids if any, by IMDb id."""
    with gzip.open(FILMS) as lines:
        films = (film for film in map(orjson.loads, lines) if imdb_ids is None or film["imdb_id"] in imdb_ids)
        return {film["imdb_id"]: film for film in itertools.islice(films, count)}


def read_imdb(file: str) -> dict[str, list[str | None]]:
    """Return the rows of one of IMDb's files by tconst, with None for null."""
    with gzip.open(IMDB / file, "rt", encoding="utf-8", newline="\n") as lines:
        rows = (line.rstrip("\n").split("\t") for line in lines)
        return {row[0]: [None if value == r"\N" else value for value in row] for row in rows}


def number(text: str | None) -> int | None:
    return None if text is None else int(text)


def expected(reply: dict, imdb_minutes: int | None = None) -> dict:
    """Return the row of a film's reply: empty, 0 and absent are unknown, and IMDb's running time comes first."""
    countries = reply.get("origin_country") or [country["iso_3166_1"] for country in reply["production_countries"]]
    poster = reply["poster_path"]
    return {
        "imdb_id": reply["imdb_id"],
        "tmdb_id": reply["id"],
        "image_url": f"{IMAGES}/w500{poster}" if poster else "none",
        "original_language": reply["original_language"] or None,
        "release_date": reply["release_date"] or None,
        "tmdb_popularity": pytest.approx(reply["popularity"]) if reply["popularity"] else None,
        "runtime_minutes": imdb_minutes or reply["runtime"] or None,
        "origin_country": countries[0] if countries else None,
        "needs_backfill_tmdb": False,
        "is_enriched": True,
    }


def line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def expected_further(reply: dict) -> dict:
    """Return the further facts of a film's reply; a homepage that is no address is none, and NO_LANGUAGE is none."""
    languages = [language["iso_639_1"] for language in reply["spoken_languages"]]
    collection = reply["belongs_to_collection"]
    companies = [company["id"] for company in reply["production_companies"]]
    return {
        "imdb_id": reply["imdb_id"],
        "native_title": line(reply["original_title"]),
        "status": reply["status"],
        "homepage": reply["homepage"] if re.fullmatch(HTTP_ADDRESS, reply["homepage"] or "") else None,
        "backdrop_url": reply["backdrop_path"] and f"{IMAGES}/w1280{reply['backdrop_path']}",
        "countries": [country["iso_3166_1"] for country in reply["production_countries"]] or None,
        "languages": [language for language in languages if language != NO_LANGUAGE] or None,
        "franchise_id": collection and collection["id"],
        "company_ids": list(dict.fromkeys(companies))[: MAX_NAMES["company"]] or None,
        "overview": (reply["overview"] or "").strip() or None,
        "tagline": line(reply["tagline"]),
    }


async def assert_further_facts(pool, films: dict[str, dict]) -> None:
    """Each further fact of the films equals TMDB's reply."""
    stored = {row["imdb_id"]: dict(row) for row in await pool.fetch(FURTHER)}
    assert stored.keys() == films.keys()
    for imdb_id, film in films.items():
        assert stored[imdb_id] == expected_further(film)
    # The replies are of several years, and some names have changed meanwhile.
    names: dict[tuple[str, int], set[str | None]] = defaultdict(set)
    for film in films.values():
        for kind, named in (
            *(("company", company) for company in film["production_companies"]),
            *([("franchise", film["belongs_to_collection"])] if film["belongs_to_collection"] else []),
        ):
            names[kind, named["id"]].add(line(named["name"]))
    found = {(row["kind"], row["id"]): row["name"] for row in await pool.fetch(NAMES)}
    assert len(found) > 100
    assert all(name in names[key] for key, name in found.items())


async def backfill_all(pool) -> Summary:
    """Backfill the flagged titles without a rate limit; return the summary."""
    with serving(FILMS) as url:
        async with TmdbClient(KEY, base_url=url, per_second=0) as client:
            return await backfill(pool, client, image_base_url=IMAGES)


@has_films
async def test_every_stored_field_equals_the_source(pool):
    """After the backfill each film's row equals TMDB's reply."""
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
    await assert_further_facts(pool, films)


@has_films
@pytest.mark.skipif(not IMDB.is_dir(), reason="no real dump at hand")
async def test_on_top_of_the_real_import_every_field_equals_its_source(database, pool, tmp_path):
    """IMDb's and TMDB's facts stand side by side; a title without a flag is not fetched."""
    await pool.execute(FLAG_NOTHING_NEW)
    without_episodes(IMDB, tmp_path, ALL)
    await run_import(database, tmp_path)
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
    await assert_further_facts(pool, films)
