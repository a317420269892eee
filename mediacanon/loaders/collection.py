"""Collections and their titles: the matches of a filter, or a list in order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from mediacanon.database.changes import COLLECTIONS as COLLECTIONS_TAG
from mediacanon.database.changes import ENGAGEMENT
from mediacanon.database.counts import IS_LISTED, tags_of_sql
from mediacanon.loaders.discover import (
    DiscoverFilter,
    DiscoverQuery,
    DiscoverTitleRow,
    load_discover_titles,
    load_discover_titles_by_id,
    tags_of_discover,
)
from mediacanon.loaders.person import imdb_number
from mediacanon.loaders.title import NOT_ADULT
from mediacanon.vocabulary import DEFAULT_COUNTRY, PEOPLE_PARAMETERS, DiscoverSort, certified_at_most

FILTER = "filter"
MOST_TITLES = 100
# The keys of a filter that concern TMDB's further facts and credits.
FURTHER = ("keyword", "company", "network", "status", "certification_max", "has_video", *PEOPLE_PARAMETERS)


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection; `engagement_count` is its clicks of the last 7 days, `filter_params` the filter of its file."""

    id: int
    slug: str
    name: str
    description: str | None
    strategy: str
    pinned: bool
    active: bool
    engagement_count: float
    languages: list[str]
    regions: list[str]
    filter_params: Mapping[str, Any]

    @property
    def discover_query(self) -> DiscoverQuery:
        """The query of a collection whose strategy is filter."""
        return query_of(self.filter_params)

    def query_hiding(self, *, is_adult: bool, has_poster: bool | None = True) -> DiscoverQuery:
        """Return `discover_query`, which leaves out adult titles if they are hidden, and titles without a poster."""
        filter_, sort = self.discover_query
        return replace(filter_, hides_adult=is_adult, has_poster=has_poster), sort

    @property
    def most_titles(self) -> int:
        """The maximum number of titles on a page."""
        limit = self.filter_params.get("limit") or MOST_TITLES
        return min(max(limit, 1), MOST_TITLES)


def query_of(given: Mapping[str, Any]) -> DiscoverQuery:
    """Return the query of a filter as files of collections have it; empty texts and zeros do not restrict."""
    sort = given.get("sort") or DiscoverSort.TOP_RATED.value
    most = given.get("certification_max")
    filter_ = DiscoverFilter(
        type=given.get("type") or None,
        genres_in=_if_any(given.get("genre")),
        language_in=_if_any(given.get("lang")),
        country_in=_if_any(given.get("country")),
        year_min=given.get("year_min") or None,
        rating_min=given.get("rating_min") or None,
        votes_min=given.get("min_votes") or None,
        keywords_in=_if_any(given.get("keyword")),
        companies_in=_if_any(given.get("company")),
        networks_in=_if_any(given.get("network")),
        status_in=_if_any(given.get("status")),
        certified_in=certified_at_most(given.get("certification_country") or DEFAULT_COUNTRY, most) if most else (),
        has_video=given.get("has_video"),
        people_in=_people(given.get("people")),
        cast_in=_people(given.get("cast")),
        directed_by=_people(given.get("directed_by")),
        written_by=_people(given.get("written_by")),
    )
    known = {one.value for one in DiscoverSort}
    return filter_, DiscoverSort(sort) if sort in known else DiscoverSort.MOST_RATED


def _if_any(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _people(imdb_ids: list[str] | None) -> tuple[int, ...]:
    return tuple(map(imdb_number, imdb_ids or ()))


# These columns may be null in a database of the Go server.
COLLECTION_COLUMNS = """
       c.id, c.slug, c.name, NULLIF(c.description, '') AS description, c.strategy,
       COALESCE(c.pinned, false) AS pinned, COALESCE(c.active, true) AS active,
       COALESCE(c.engagement_count, 0) AS engagement_count,
       COALESCE(c.languages, '{}') AS languages, COALESCE(c.regions, '{}') AS regions,
       COALESCE(c.filter_params, '{}') AS filter_params"""
IS_ACTIVE = "c.active IS NOT FALSE"
COLLECTION_ORDER = "COALESCE(c.pinned, false) DESC, COALESCE(c.engagement_count, 0) DESC, c.id"

COLLECTIONS = f"""
SELECT {COLLECTION_COLUMNS}
  FROM collections c
 WHERE {IS_ACTIVE}
 ORDER BY {COLLECTION_ORDER}
"""

COLLECTION_BY_SLUG_OR_ID = f"""
SELECT {COLLECTION_COLUMNS}
  FROM collections c
 WHERE (c.slug = $1::text OR c.id = $2::bigint)
   AND {IS_ACTIVE}
 ORDER BY c.slug IS NOT DISTINCT FROM $1 DESC
 LIMIT 1
"""

# Titles without a poster are listed too, withdrawn ones are not.
LISTED_TITLE_IDS = """
SELECT ct.title_id
  FROM collection_titles ct
  JOIN titles t ON t.id = ct.title_id
 WHERE ct.collection_id = $1::integer
   AND t.withdrawn_at IS NULL
   AND NOT (t.is_adult AND $4::boolean)
 ORDER BY ct.rank, ct.title_id
 LIMIT $2::integer
OFFSET $3::bigint
"""

LISTED_TITLE_COUNT = """
SELECT count(*)
  FROM collection_titles ct
  JOIN titles t ON t.id = ct.title_id
 WHERE ct.collection_id = $1::integer
   AND t.withdrawn_at IS NULL
   AND NOT (t.is_adult AND $2::boolean)
"""


async def load_active_collections(pool: asyncpg.Pool) -> list[CollectionRow]:
    """Return the active collections: pinned first, then by engagement, then by id."""
    return [CollectionRow(*record) for record in await pool.fetch(COLLECTIONS)]


async def load_collection(pool: asyncpg.Pool, *, slug: str | None, collection_id: int | None) -> CollectionRow | None:
    """Return the active collection with a slug, or else the one with an id; None if there is neither."""
    found = await pool.fetchrow(COLLECTION_BY_SLUG_OR_ID, slug, collection_id)
    return CollectionRow(*found) if found else None


def tags_of_collections(**_: object) -> frozenset[str]:
    """Return the tags of collections, whose order depends on clicks."""
    return frozenset({COLLECTIONS_TAG, ENGAGEMENT})


def tags_of_collection_titles(
    collection: CollectionRow,
    *,
    limit: int,
    offset: int = 0,
    hides_adult: bool = False,
    has_poster: bool | None = True,
) -> frozenset[str]:
    """Return the tags of a page of a collection's titles."""
    if collection.strategy == FILTER:
        query = collection.query_hiding(is_adult=hides_adult, has_poster=has_poster)
        return tags_of_discover(*query, limit=limit, offset=offset)
    return tags_of_listed(collection, hides_adult=hides_adult)


def tags_of_listed(_: CollectionRow, *, hides_adult: bool = False) -> frozenset[str]:  # noqa: ARG001 - the loader's
    """Return the tags of the titles in a collection's list."""
    return tags_of_sql(IS_LISTED, NOT_ADULT) | {COLLECTIONS_TAG, ENGAGEMENT}


async def load_collection_titles(
    pool: asyncpg.Pool,
    collection: CollectionRow,
    *,
    limit: int,
    offset: int = 0,
    hides_adult: bool = False,
    has_poster: bool | None = True,
) -> list[DiscoverTitleRow]:
    """Return titles of a collection: the matches of its filter in its sort order, or its list by rank.

    `has_poster` restricts the matches of a filter; a list has its titles without a poster too.
    """
    if collection.strategy == FILTER:
        query = collection.query_hiding(is_adult=hides_adult, has_poster=has_poster)
        return await load_discover_titles(pool, *query, limit=limit, offset=offset)
    ids = [row[0] for row in await pool.fetch(LISTED_TITLE_IDS, collection.id, limit, offset, hides_adult)]
    rows = await load_discover_titles_by_id(pool, ids) if ids else []
    return [row for row in rows if row is not None]


async def load_collection_title_count(
    pool: asyncpg.Pool, collection: CollectionRow, *, hides_adult: bool = False
) -> int:
    """Return the number of titles that a collection lists; discover counts the matches of a filter."""
    count: int = await pool.fetchval(LISTED_TITLE_COUNT, collection.id, hides_adult)
    return count
