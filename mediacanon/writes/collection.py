"""Collections: the rows of the YAML files, and the titles of static and llm collections.

    report = await load_collections(pool, search=partial(load_titles_by_rank, pool))

Files are upserted by slug in one transaction. Ids, `engagement_count` and `active`, the operator's choice, stay as the
database has them. A collection whose file vanished since the last loading is deactivated, and reactivated when the
file returns. Collections that never had a file stay unchanged.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import asyncpg
import orjson

from mediacanon.curation.collection_files import CollectionFile, CollectionFiles, NamedTitle, read_collection_files
from mediacanon.database.changes import Connection, notify_collections
from mediacanon.paths import COLLECTIONS
from mediacanon.writes.genre import GENRES
from mediacanon.writes.transaction import change

# Matches on the whole name. Their number is bounded by the number of hits that a search can rank.
EXACT = ("NAME", "ORIGINAL_TITLE")
MOST_HITS = 300

# Loadings queue up and readers continue; clicks wait for the few milliseconds of the transaction.
LOCK = "LOCK TABLE collections IN SHARE ROW EXCLUSIVE MODE"

UPSERT_COLLECTIONS = """
  WITH file AS (
       SELECT *
         FROM jsonb_to_recordset($1::jsonb)
              AS file (slug text, name text, description text, strategy text, filter jsonb, languages text[],
                       regions text[], pinned boolean)),
       updated AS (
       UPDATE collections c
          SET name = f.name, description = f.description, strategy = f.strategy, filter_params = f.filter,
              languages = f.languages, regions = f.regions, pinned = f.pinned, updated_at = now()
         FROM file f
        WHERE c.slug = f.slug
          AND (c.name, c.description, c.strategy, c.filter_params, c.languages, c.regions, c.pinned)
              IS DISTINCT FROM
              (f.name, f.description, f.strategy, f.filter, f.languages, f.regions, f.pinned)
       RETURNING c.slug),
       created AS (
       INSERT INTO collections (slug, name, description, strategy, filter_params, languages, regions, pinned)
       SELECT f.slug, f.name, f.description, f.strategy, f.filter, f.languages, f.regions, f.pinned
         FROM file f
        WHERE f.slug NOT IN (SELECT c.slug FROM collections c)
        ORDER BY f.slug
       RETURNING slug)
SELECT slug, 'created' AS done FROM created
 UNION ALL
SELECT slug, 'updated' FROM updated
 ORDER BY slug
"""

TITLE_IDS = "SELECT imdb_id, id FROM titles WHERE imdb_id = ANY($1::text[])"

REMOVE_COLLECTION_TITLES = """
DELETE FROM collection_titles ct
 USING collections c
 WHERE c.id = ct.collection_id
   AND c.slug = ANY($1::text[])
   AND (c.slug, ct.title_id) NOT IN (SELECT * FROM unnest($2::text[], $3::integer[]))
RETURNING c.slug
"""

UPSERT_COLLECTION_TITLES = """
INSERT INTO collection_titles AS ct (collection_id, title_id, rank)
SELECT c.id, t.id, listed.rank
  FROM unnest($1::text[], $2::integer[], $3::integer[]) AS listed (slug, title_id, rank)
  JOIN collections c ON c.slug = listed.slug
  JOIN titles t ON t.id = listed.title_id
    ON CONFLICT (collection_id, title_id) DO UPDATE SET rank = EXCLUDED.rank WHERE ct.rank <> EXCLUDED.rank
RETURNING (SELECT slug FROM collections c WHERE c.id = ct.collection_id)
"""

SET_ACTIVE = """
UPDATE collections
   SET active = $2::boolean, updated_at = now()
 WHERE slug = ANY($1::text[]) AND active IS DISTINCT FROM $2
RETURNING slug
"""

# The state after the last loading: {"files": [slugs], "deactivated": [slugs whose file had vanished]}.
STATE_KEY = "collection_files"
STATE = "SELECT value FROM sync_state WHERE key = $1::text"
RECORD_STATE = """
INSERT INTO sync_state AS s (key, value) VALUES ($1::text, $2::text)
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, updated_at = now() WHERE s.value <> EXCLUDED.value
"""


class _Title(Protocol):
    @property
    def title_id(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def start_year(self) -> int | None: ...


class _Hit(Protocol):
    @property
    def title(self) -> _Title: ...
    @property
    def matched_on(self) -> str: ...


class Search(Protocol):
    """The ranked search: the best titles for a query, each with the name that it matched on."""

    async def __call__(self, query: str, *, limit: int) -> Sequence[_Hit]:
        """Return at most `limit` hits, best first."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The outcome of a loading, by slug; `problems` are sentences about unusable files and titles."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deactivated: list[str] = field(default_factory=list)
    reactivated: list[str] = field(default_factory=list)
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A title of a collection at its rank, from 1."""

    slug: str
    title_id: int
    rank: int


async def load_collections(pool: asyncpg.Pool, *, search: Search, folder: Path = COLLECTIONS) -> LoadReport:
    """Bring the collections in line with the files of a folder; return the changes and the problems.

    An unusable file leaves its collection unchanged; a malformed entry of a list is left out.
    Without any usable file nothing changes.
    """
    genres = [name for _, name, _ in await pool.fetch(GENRES)]
    files = read_collection_files(folder, genres=genres)
    problems = [str(problem) for problem in files.problems]
    if not files.collections:
        return LoadReport(problems=problems or [f"{folder}: holds no collection"])
    listed, unusable = await _resolve(pool, files.collections, search)
    async with change(pool) as connection:
        await connection.execute(LOCK)
        done = {"created": list[str](), "updated": list[str]()}
        for slug, outcome in await connection.fetch(UPSERT_COLLECTIONS, [asdict(one) for one in files.collections]):
            done[outcome].append(slug)
        relisted = await _list_titles(connection, files.collections, listed)
        done["updated"] = sorted({*done["updated"], *relisted} - {*done["created"]})
        deactivated, reactivated = await _follow_files(connection, files)
        if any(done.values()) or deactivated or reactivated:
            await notify_collections(connection)
    return LoadReport(
        **done,
        deactivated=deactivated,
        reactivated=reactivated,
        unchanged=len(files.collections) - sum(map(len, done.values())),
        problems=problems + unusable,
    )


async def _resolve(
    pool: asyncpg.Pool, collections: Iterable[CollectionFile], search: Search
) -> tuple[list[_Listed], list[str]]:
    """Return the listed titles with their ids, and sentences about unknown, repeated and ambiguous ones."""
    imdb_ids = {title for one in collections for title in one.titles if isinstance(title, str)}
    known: dict[str, int] = dict(await pool.fetch(TITLE_IDS, imdb_ids)) if imdb_ids else {}  # type: ignore[arg-type]
    listed, unusable = list[_Listed](), list[str]()
    seen = defaultdict[str, set[int]](set)
    for one in collections:
        for rank, title in enumerate(one.titles, 1):
            found = await _find(title, search) if isinstance(title, NamedTitle) else _one_of(known.get(title))
            trouble = _trouble(found, seen[one.slug])
            if trouble:
                unusable.append(f"{one.slug}: titles: {title} {trouble}")
            else:
                seen[one.slug].add(found[0])
                listed.append(_Listed(one.slug, found[0], rank))
    return listed, unusable


def _trouble(found: Sequence[int], seen: set[int]) -> str:
    match found:
        case []:
            return "is unknown"
        case [title_id]:
            return "is listed above" if title_id in seen else ""
    return f"could be any of {len(found)} titles"


def _one_of(title_id: int | None) -> list[int]:
    return [] if title_id is None else [title_id]


async def _find(named: NamedTitle, search: Search) -> list[int]:
    """Return the ids of all titles with this name, and with its year and type if given."""
    query = f"{named.title} {named.year}" if named.year else named.title
    hits = await search(query, limit=MOST_HITS)
    return [
        hit.title.title_id
        for hit in hits
        if hit.matched_on in EXACT
        and named.year in (None, hit.title.start_year)
        and named.type in (None, hit.title.type)
    ]


async def _list_titles(
    connection: Connection, collections: Iterable[CollectionFile], listed: Sequence[_Listed]
) -> set[str]:
    """Replace the titles of the collections by the listed ones; return the slugs of the changed collections."""
    slugs, title_ids, ranks = ([getattr(one, column) for one in listed] for column in ("slug", "title_id", "rank"))
    loaded = [one.slug for one in collections]
    removed = await connection.fetch(REMOVE_COLLECTION_TITLES, loaded, slugs, title_ids)
    added = await connection.fetch(UPSERT_COLLECTION_TITLES, slugs, title_ids, ranks)
    return {slug for (slug,) in (*removed, *added)}


async def _follow_files(connection: Connection, files: CollectionFiles) -> tuple[list[str], list[str]]:
    """Deactivate collections without their file, reactivate those whose file returned; return the slugs of both."""
    state: dict[str, list[str]] = orjson.loads(await connection.fetchval(STATE, STATE_KEY) or "{}")
    resting = set(state.get("deactivated", ()))
    returned = resting & {one.slug for one in files.collections}
    reactivated = await _set_active(connection, returned, active=True)
    deactivated = await _set_active(connection, set(state.get("files", ())) - files.names, active=False)
    seen = {"files": sorted(files.names), "deactivated": sorted(resting - returned | set(deactivated))}
    await connection.execute(RECORD_STATE, STATE_KEY, orjson.dumps(seen).decode())
    return deactivated, reactivated


async def _set_active(connection: Connection, slugs: set[str], *, active: bool) -> list[str]:
    return sorted(slug for (slug,) in await connection.fetch(SET_ACTIVE, sorted(slugs), active))
