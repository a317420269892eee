"""Stores TMDB's facts about titles, and notifies every worker of the titles that changed."""

from collections.abc import Sequence

from mediacanon.database.changes import Connection, notify_titles
from mediacanon.tmdb.further_store import store_further_facts
from mediacanon.tmdb.lookup import FetchedTitle
from mediacanon.vocabulary import NO_POSTER

POSTER_SIZE = "w500"


def unless_locked(row: str, column: str, value: str) -> str:
    """Return the SQL of a column's next value in `row`, the table's alias: a locked column keeps its value."""
    return f"CASE WHEN '{column}' = ANY ({row}.locked_fields) THEN {row}.{column} ELSE {value} END AS {column}"


def _known_or_kept(column: str) -> str:
    return unless_locked("t", column, f"COALESCE(f.{column}, t.{column})")


# The sentinel says that TMDB was asked; a title without an IMDb id is not looked up.
IMAGE = f"""COALESCE(f.image_url, NULLIF(t.image_url, ''),
                    CASE WHEN t.imdb_id IS NOT NULL THEN '{NO_POSTER}' END)"""
# IMDb's value comes first: the next import would write it again.
RUNTIME = "COALESCE(t.runtime_minutes, f.runtime_minutes)"

STORE_FACTS = f"""
WITH next AS (
    SELECT t.id,
           {_known_or_kept("tmdb_id")},
           {unless_locked("t", "image_url", IMAGE)},
           {_known_or_kept("original_language")},
           {_known_or_kept("release_date")},
           {_known_or_kept("tmdb_popularity")},
           {_known_or_kept("origin_country")},
           {unless_locked("t", "runtime_minutes", RUNTIME)},
           f.has_more_changes
      FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::date[], $6::real[],
                  $7::text[], $8::integer[], $9::text[], $10::integer[], $11::boolean[])
           AS f (title_id, tmdb_id, image_url, original_language, release_date, tmdb_popularity,
                 origin_country, runtime_minutes, asked_imdb_id, asked_tmdb_id, has_more_changes)
      -- Another id since the request is another film: its facts, and its flag, wait for the next request.
      JOIN titles t ON t.id = f.title_id
                   AND (t.imdb_id, t.tmdb_id) IS NOT DISTINCT FROM (f.asked_imdb_id, f.asked_tmdb_id)
     ORDER BY t.id
       FOR UPDATE OF t
), compared AS (
    SELECT next.*,
           (t.tmdb_id, t.image_url, t.original_language, t.release_date, t.tmdb_popularity,
            t.origin_country, t.runtime_minutes)
           IS DISTINCT FROM
           (next.tmdb_id, next.image_url, next.original_language, next.release_date,
            next.tmdb_popularity, next.origin_country, next.runtime_minutes)
           OR next.has_more_changes AS differs
      FROM next JOIN titles t ON t.id = next.id
)
UPDATE titles t
   SET tmdb_id = c.tmdb_id, image_url = c.image_url, original_language = c.original_language,
       release_date = c.release_date, tmdb_popularity = c.tmdb_popularity,
       origin_country = c.origin_country, runtime_minutes = c.runtime_minutes,
       needs_backfill_tmdb = false, enriched_at = now(),
       updated_at = CASE WHEN c.differs THEN now() ELSE t.updated_at END
  FROM compared c
 WHERE t.id = c.id
RETURNING t.id AS title_id, c.differs
"""


async def store_facts(connection: Connection, fetched: Sequence[FetchedTitle], *, image_base_url: str) -> list[int]:
    """Store the facts in a few statements, notify the workers, and return the ids of titles that changed.

    Locked fields, and fields that TMDB does not know, keep their values; a title without a poster gets the sentinel;
    the flag is cleared. A title whose ids have changed since the request is left as it is. All or nothing.
    """
    async with connection.transaction():
        news = await store_further_facts(connection, fetched, image_base_url=image_base_url)
        columns = zip(*((*_columns(one, image_base_url), one.title.title_id in news) for one in fetched), strict=True)
        rows = await connection.fetch(STORE_FACTS, *columns)
        changed = [row["title_id"] for row in rows if row["differs"]]
        await notify_titles(connection, news.union(changed), is_stale=True)
    return changed


def _columns(fetched: FetchedTitle, image_base_url: str) -> tuple[object, ...]:
    facts = fetched.facts
    poster = facts.poster_path and f"{image_base_url}/{POSTER_SIZE}{facts.poster_path}"
    return (
        fetched.title.title_id,
        facts.tmdb_id,
        poster,
        facts.original_language,
        facts.release_date,
        facts.popularity,
        facts.origin_country,
        facts.runtime_minutes,
        fetched.title.imdb_id,
        fetched.title.tmdb_id,
    )
