"""Fills an empty database with the demo: the import, then the facts that TMDB would add, and traces of people."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import orjson

from mediacanon.database.changes import IS_BULK, notify_everything
from mediacanon.database.connection_url import connect_options
from mediacanon.database.counts import keep_counts
from mediacanon.database.load import RENEW_VIEWED
from mediacanon.database.pool import SESSION_SETTINGS
from mediacanon.errors import Conflict
from mediacanon.imdb.demo.catalogue import DemoEpisode, DemoTitle
from mediacanon.imdb.demo.facts import DemoFacts, DemoTmdbName, demo_facts, demo_names
from mediacanon.imdb.demo.files import DEMO_SEED, write_demo_files
from mediacanon.imdb.demo.titles import build_demo_catalogue
from mediacanon.imdb.sync import SyncOptions, sync

HAS_TITLES = "SELECT EXISTS (SELECT FROM titles)"

FILL_TITLES = """
UPDATE titles
   SET original_language = known.original_language,
       origin_country = known.origin_country,
       release_date = known.release_date,
       tmdb_popularity = known.tmdb_popularity,
       tmdb_id = known.tmdb_id,
       image_url = known.image_url,
       needs_backfill_tmdb = false,
       enriched_at = now(),
       episodes_checked_at = now()
  FROM jsonb_to_recordset($1::jsonb) AS known (
           imdb_id text, original_language text, origin_country text, release_date date,
           tmdb_popularity real, tmdb_id integer, image_url text)
 WHERE titles.imdb_id = known.imdb_id
"""

FILL_EPISODES = """
UPDATE show_episodes
   SET synopsis = known.synopsis,
       air_date = known.air_date,
       runtime_minutes = known.runtime_minutes,
       image_url = known.image_url
  FROM jsonb_to_recordset($1::jsonb) AS known (
           imdb_id text, synopsis text, air_date date, runtime_minutes integer, image_url text)
 WHERE show_episodes.imdb_id = known.imdb_id
"""

ASSIGN_CUSTOM_GENRES = """
WITH known AS (
    SELECT titles.id AS title_id, genres.id AS genre_id
      FROM jsonb_to_recordset($1::jsonb) AS known (imdb_id text, custom_genre text)
      JOIN titles ON titles.imdb_id = known.imdb_id
      JOIN genres ON genres.name = known.custom_genre
), reviewed AS (
    INSERT INTO custom_genre_reviews (title_id) SELECT title_id FROM known
)
INSERT INTO title_genres (title_id, genre_id) SELECT title_id, genre_id FROM known
"""

# The version is that of no program, so that no fetch replaces them.
FILL_FACTS = """
WITH known AS (
    SELECT t.id AS title_id, known.*
      FROM jsonb_to_recordset($1::jsonb) AS known (
               imdb_id text, tmdb_type text, tmdb_id integer, native_title text, status text, overview text,
               tagline text, certifications jsonb, countries text[], languages text[], keyword_ids integer[],
               company_ids integer[], network_ids integer[])
      JOIN titles t ON t.imdb_id = known.imdb_id
), told AS (
    INSERT INTO title_texts (title_id, language, source, overview, tagline)
    SELECT title_id, 'en', 'tmdb', overview, tagline FROM known
)
INSERT INTO title_facts (title_id, source, fetched_at, version, tmdb_type, tmdb_id, native_title, status,
                         certifications, countries, languages, keyword_ids, company_ids, network_ids)
SELECT title_id, 'tmdb', now(), 32767, tmdb_type, tmdb_id, native_title, status, certifications,
       countries, languages, keyword_ids, company_ids, network_ids
  FROM known
"""
FILL_NAMES = """
INSERT INTO tmdb_names (kind, id, name)
SELECT * FROM jsonb_to_recordset($1::jsonb) AS known (kind text, id integer, name text)
"""

# Spread over the last six days: views older than seven days are cleaned up.
ADD_VIEWS = """
INSERT INTO title_views (title_id, viewed_at, source)
SELECT titles.id, now() - interval '6 days' * ((number * 37 + titles.id) % 100) / 100, 'demo'
  FROM jsonb_to_recordset($1::jsonb) AS known (imdb_id text, views integer)
  JOIN titles ON titles.imdb_id = known.imdb_id
 CROSS JOIN generate_series(1, known.views) AS number
"""


async def load_demo(dsn: str, *, seed: int = DEMO_SEED) -> None:
    """Fill the database at `dsn`, which has the schema, with the demo catalogue.

    Raises Conflict, and changes nothing, if the database has titles already.
    """
    connection = await asyncpg.connect(**connect_options(dsn, SESSION_SETTINGS))
    try:
        if await connection.fetchval(HAS_TITLES):
            raise Conflict("The database holds titles already; the demo is for an empty one.")
        with tempfile.TemporaryDirectory(prefix="mediacanon-demo-") as folder:
            write_demo_files(Path(folder), seed=seed)
            await sync(dsn, SyncOptions(folder=Path(folder), base_url=None))
        catalogue = build_demo_catalogue(seed)
        async with connection.transaction():
            await connection.execute(IS_BULK)
            titles, episodes = _as_json(catalogue.titles), _as_json(catalogue.episodes)
            await connection.execute(FILL_TITLES, titles)
            await connection.execute(FILL_EPISODES, episodes)
            await connection.execute(FILL_NAMES, _as_json(demo_names()))
            await connection.execute(FILL_FACTS, _as_json(demo_facts(catalogue.titles)))
            await connection.execute(ASSIGN_CUSTOM_GENRES, titles)
            await connection.execute(ADD_VIEWS, titles)
            await connection.execute(RENEW_VIEWED)
            await keep_counts(connection)
            await notify_everything(connection)
        # The import gathered the planner's statistics before these facts were added.
        await connection.execute("ANALYZE titles, show_episodes, title_genres, title_views, title_facts")
    finally:
        await connection.close()


def _as_json(rows: Sequence[DemoTitle | DemoEpisode | DemoFacts | DemoTmdbName]) -> str:
    return orjson.dumps(rows, default=list).decode()  # a Name as a list
