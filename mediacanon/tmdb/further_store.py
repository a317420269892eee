"""Stores TMDB's further facts of titles, in tables beside `titles`: a few statements for any number of titles.

Each statement takes JSON and fills rows with `jsonb_populate_record`: a key that the JSON lacks keeps the stored value.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from mediacanon.database.changes import Connection, notify_everything
from mediacanon.tmdb.facts import FACTS_VERSION, FurtherFacts
from mediacanon.tmdb.lookup import MEDIA_TYPES, FetchedTitle

SOURCE = "tmdb"
BACKDROP_SIZE = "w1280"
LOGO_SIZE = "w154"
POSTER_SIZE = "w500"

TITLE_FACTS = (
    "native_title",
    "status",
    "homepage",
    "backdrop_url",
    "tvdb_id",
    "wikidata_id",
    "social_ids",
    "franchise_id",
    "countries",
    "languages",
    "keyword_ids",
    "company_ids",
    "network_ids",
    "certifications",
    "videos",
)
_ALL = ("source", "tmdb_type", "tmdb_id", "version", *TITLE_FACTS)

# Locks the titles first, in the order of every other writer. Another id since the request is another film. So is
# another number at TMDB than before: nothing that is stored of the one before stays.
STORE_TITLE_FACTS = f"""
WITH asked AS (
    SELECT f.title_id, f.facts
      FROM unnest($1::integer[], $2::text[], $3::integer[], $4::text[])
           AS f (title_id, asked_imdb_id, asked_tmdb_id, facts)
      JOIN titles t ON t.id = f.title_id
                   AND (t.imdb_id, t.tmdb_id) IS NOT DISTINCT FROM (f.asked_imdb_id, f.asked_tmdb_id)
     ORDER BY t.id
       FOR UPDATE OF t
), next AS (
    SELECT new.*, same IS DISTINCT FROM new AS differs
      FROM asked
     CROSS JOIN LATERAL (SELECT asked.facts::jsonb AS fields) AS given
      LEFT JOIN title_facts same ON same.title_id = asked.title_id
                                AND same.tmdb_type = given.fields ->> 'tmdb_type'
                                AND same.tmdb_id = (given.fields ->> 'tmdb_id')::integer
     CROSS JOIN LATERAL jsonb_populate_record(same, given.fields) AS new
     WHERE asked.facts IS NOT NULL
), forgotten AS (
    DELETE FROM title_texts x
     USING title_facts old, next
     WHERE old.title_id = next.title_id
       AND (old.tmdb_type, old.tmdb_id) <> (next.tmdb_type, next.tmdb_id)
       AND x.title_id = old.title_id
       AND x.source = $5::text
), stored AS (
    INSERT INTO title_facts (title_id, fetched_at, {", ".join(_ALL)})
    SELECT title_id, now(), {", ".join(_ALL)} FROM next
    ON CONFLICT (title_id) DO UPDATE
       SET fetched_at = now(), {", ".join(f"{column} = excluded.{column}" for column in _ALL)}
)
SELECT asked.title_id, COALESCE(next.differs, false) AS differs
  FROM asked LEFT JOIN next ON next.title_id = asked.title_id
"""

# A text edited by hand is locked for every language, and stays when the title gets another number at TMDB.
STORE_TEXTS = """
WITH next AS (
    SELECT new.title_id, new.language,
           CASE WHEN old.source = 'edit' AND t.locked_fields && '{overview,tagline}' THEN old.source
                ELSE $2::text END AS source,
           CASE WHEN 'overview' = ANY (t.locked_fields) THEN old.overview ELSE new.overview END AS overview,
           CASE WHEN 'tagline' = ANY (t.locked_fields) THEN old.tagline ELSE new.tagline END AS tagline,
           old.title_id IS NULL AS is_new, old.overview AS old_overview, old.tagline AS old_tagline
      FROM jsonb_array_elements($1::text::jsonb) AS given (fields)
      LEFT JOIN title_texts old ON old.title_id = (given.fields ->> 'title_id')::integer
                               AND old.language = given.fields ->> 'language'
     CROSS JOIN LATERAL jsonb_populate_record(old, given.fields) AS new
      JOIN titles t ON t.id = new.title_id
)
INSERT INTO title_texts AS stored (title_id, language, source, overview, tagline)
SELECT title_id, language, source, overview, tagline
  FROM next
 WHERE (overview, tagline) IS DISTINCT FROM (old_overview, old_tagline)
ON CONFLICT (title_id, language) DO UPDATE
   SET source = excluded.source, overview = excluded.overview, tagline = excluded.tagline
RETURNING stored.title_id
"""

# Rows that are as they should be are not locked, and the others are in the order of every other writer.
STORE_NAMES = """
WITH next AS (
    SELECT new.*, old.id IS NOT NULL AS is_known, lower(old.name) <> lower(new.name) AS is_renamed
      FROM jsonb_to_recordset($1::text::jsonb) AS new (kind text, id integer, name text, logo_url text, country text)
      LEFT JOIN tmdb_names old ON (old.kind, old.id) = (new.kind, new.id)
     WHERE (old.name, old.logo_url, old.country) IS DISTINCT FROM (new.name, new.logo_url, new.country)
), stored AS (
    INSERT INTO tmdb_names (kind, id, name, logo_url, country)
    SELECT kind, id, name, logo_url, country FROM next ORDER BY kind, id
    ON CONFLICT (kind, id) DO UPDATE
       SET name = excluded.name, logo_url = excluded.logo_url, country = excluded.country
)
SELECT kind, array_agg(id) AS ids, bool_or(is_renamed) AS is_renamed FROM next WHERE is_known GROUP BY kind
"""

STORE_FRANCHISES = """
WITH next AS (
    SELECT new.*, old.id IS NOT NULL AS is_known
      FROM jsonb_to_recordset($1::text::jsonb) AS new (id integer, name text, poster_url text, backdrop_url text)
      LEFT JOIN franchises old ON old.id = new.id
     WHERE (old.name, old.poster_url, old.backdrop_url) IS DISTINCT FROM (new.name, new.poster_url, new.backdrop_url)
), stored AS (
    INSERT INTO franchises (id, name, poster_url, backdrop_url)
    SELECT id, name, poster_url, backdrop_url FROM next ORDER BY id
    ON CONFLICT (id) DO UPDATE
       SET name = excluded.name, poster_url = excluded.poster_url, backdrop_url = excluded.backdrop_url
)
SELECT 'franchise' AS kind, array_agg(id) AS ids, false AS is_renamed FROM next WHERE is_known HAVING count(*) > 0
"""

# Titles that show a name which has changed.
TITLES_WITH_NAMES = """
SELECT title_id
  FROM title_facts
 WHERE keyword_ids && $1::integer[] OR company_ids && $2::integer[] OR network_ids && $3::integer[]
    OR franchise_id = ANY ($4::integer[])
"""
# Titles with a number at TMDB whose facts were fetched to an earlier extent.
IS_OUTDATED = f"""(t.tmdb_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM title_facts f WHERE f.title_id = t.id AND f.version >= {FACTS_VERSION}))"""
KINDS = ("keyword", "company", "network", "franchise")


async def store_further_facts(
    connection: Connection, fetched: Sequence[FetchedTitle], *, image_base_url: str
) -> set[int]:
    """Store further facts and lock the titles; return the ids of titles that show something new.

    Nothing is stored of a title that TMDB does not know, or whose ids have changed since the request. The transaction
    is the caller's.
    """
    ids = zip(*((one.title.title_id, one.title.imdb_id, one.title.tmdb_id) for one in fetched), strict=True)
    records = [_record(one, image_base_url) for one in fetched]
    rows = await connection.fetch(STORE_TITLE_FACTS, *map(list, ids), records, SOURCE)
    stored = {row["title_id"] for row in rows}
    known = {one.title.title_id: one.facts.further for one in fetched if one.title.title_id in stored}
    changed = {row["title_id"] for row in rows if row["differs"]}
    changed |= await _store_texts(connection, known)
    return changed | await _store_names(connection, known.values(), image_base_url)


def _record(fetched: FetchedTitle, image_base_url: str) -> str | None:
    """Return the JSON of a title's row; None for a title without a number at TMDB.

    A number that TMDB does not know any more has a row too: it need not be requested again.
    """
    title, facts = fetched.title, fetched.facts
    tmdb_id = facts.tmdb_id or title.tmdb_id
    if not tmdb_id:
        return None
    columns = dict(facts.further.columns)
    if path := columns.get("backdrop_url"):
        columns["backdrop_url"] = f"{image_base_url}/{BACKDROP_SIZE}{path}"
    columns |= {"tmdb_type": facts.media_type or MEDIA_TYPES[title.type], "tmdb_id": tmdb_id}
    return _json({**columns, "title_id": title.title_id, "source": SOURCE, "version": FACTS_VERSION})


async def _store_texts(connection: Connection, known: Mapping[int, FurtherFacts]) -> set[int]:
    texts = [
        {**text, "title_id": title_id, "language": language}
        for title_id, further in known.items()
        for language, text in further.texts.items()
    ]
    if not texts:
        return set()
    return {row["title_id"] for row in await connection.fetch(STORE_TEXTS, _json(texts), SOURCE)}


async def _store_names(connection: Connection, known: Iterable[FurtherFacts], image_base_url: str) -> set[int]:
    """Store names and franchises; return the ids of all titles that show one which has changed."""
    names, franchises = dict[tuple[str, int], Any](), dict[int, Any]()
    for further in known:
        for name in further.names:
            logo_url = name.logo_path and f"{image_base_url}/{LOGO_SIZE}{name.logo_path}"
            fields = {"kind": name.kind, "id": name.id, "name": name.name}
            names[name.kind, name.id] = {**fields, "logo_url": logo_url, "country": name.country}
        if franchise := further.franchise:
            poster_url = franchise.poster_path and f"{image_base_url}/{POSTER_SIZE}{franchise.poster_path}"
            backdrop_url = franchise.backdrop_path and f"{image_base_url}/{BACKDROP_SIZE}{franchise.backdrop_path}"
            fields = {"id": franchise.id, "name": franchise.name}
            franchises[franchise.id] = {**fields, "poster_url": poster_url, "backdrop_url": backdrop_url}
    rows = await connection.fetch(STORE_NAMES, _json([*names.values()])) if names else []
    rows += await connection.fetch(STORE_FRANCHISES, _json([*franchises.values()])) if franchises else []
    renamed: dict[str, Sequence[int]] = {row["kind"]: row["ids"] for row in rows}
    if not renamed:
        return set()
    if any(row["is_renamed"] for row in rows):
        # Filters by name find other titles now, and no title has changed.
        await notify_everything(connection)
    titles = await connection.fetch(TITLES_WITH_NAMES, *(renamed.get(kind, ()) for kind in KINDS))
    return {row["title_id"] for row in titles}


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
