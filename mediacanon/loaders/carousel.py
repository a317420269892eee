"""Carousels: the best titles of each collection with the strategy filter, shows and movies in turns."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

import asyncpg

from mediacanon.database.counts import IS_LISTED, load_counts
from mediacanon.loaders.collection import COLLECTION_ORDER, FILTER, FURTHER, IS_ACTIVE, query_of
from mediacanon.loaders.discover import (
    DiscoverCount,
    DiscoverTitleRow,
    load_discover_ids,
    load_discover_titles_by_id,
)
from mediacanon.loaders.title import and_has_poster
from mediacanon.vocabulary import DiscoverSort

FEWEST_VOTES = 5000
MOST_TITLES = 30


@dataclass(frozen=True, slots=True)
class CarouselRow:
    """A collection with its best titles, and the number of titles that qualify, adult ones among them.

    The titles are the best of all and the best of the others than adult ones: `shown_carousels` chooses. `has_poster`:
    each of them has one, or they are with and without.
    """

    name: str
    slug: str
    description: str | None
    collection_id: int
    engagement_count: float
    total_count: int
    adult_count: int
    titles: list[DiscoverTitleRow]
    has_poster: bool


# One pass over the titles with enough votes fills every bucket. A title is listed once under each of its genres, and
# once under '', the key of buckets without a genre: so buckets and titles meet in a hash join. Without MATERIALIZED
# PostgreSQL expects few rows and repeats the pass for each collection: 1.9 s instead of 0.4 s.
def buckets(*, has_poster: bool | None) -> str:
    """Return the statement of all buckets, of titles with a poster or of all."""
    return f"""
  WITH rated AS MATERIALIZED (
       SELECT t.id, t.type, t.original_language, t.average_rating, t.num_votes, t.is_adult
         FROM titles t
        WHERE t.num_votes >= {FEWEST_VOTES}
          AND t.average_rating IS NOT NULL
          AND {IS_LISTED} {and_has_poster(has_poster=has_poster)}),
       by_genre AS (
       SELECT r.*, g.name AS genre
         FROM rated r
         JOIN title_genres tg ON tg.title_id = r.id
         JOIN genres g ON g.id = tg.genre_id
        UNION ALL
       SELECT r.*, '' FROM rated r),
       bucket AS (
       SELECT c.id, COALESCE(c.filter_params ->> 'genre', '') AS genre, NULLIF(c.filter_params ->> 'type', '') AS type,
              NULLIF(c.filter_params ->> 'lang', '') AS language,
              COALESCE(c.filter_params ?| ARRAY[{", ".join(map(repr, FURTHER))}], false) AS is_narrowed
         FROM collections c
        WHERE c.strategy = '{FILTER}' AND {IS_ACTIVE}),
       placed AS (
       SELECT b.id AS collection_id, t.id AS title_id,
              row_number() OVER best AS place,
              t.is_adult,
              count(*) FILTER (WHERE t.is_adult) OVER best AS adult_before,
              count(*) OVER (PARTITION BY b.id) AS total_count,
              count(*) FILTER (WHERE t.is_adult) OVER (PARTITION BY b.id) AS adult_count
         FROM bucket b
         JOIN by_genre t ON NOT b.is_narrowed
                        AND t.genre = b.genre
                        AND (b.type IS NULL OR b.type = t.type)
                        AND (b.language IS NULL OR b.language = t.original_language)
       WINDOW best AS (PARTITION BY b.id ORDER BY t.average_rating DESC, t.num_votes DESC, t.id)),
       filled AS MATERIALIZED (
       SELECT collection_id, total_count, adult_count, array_agg(title_id ORDER BY place) AS title_ids
         FROM placed
        WHERE place <= {MOST_TITLES} OR (NOT is_adult AND place - adult_before <= {MOST_TITLES})
        GROUP BY collection_id, total_count, adult_count)
SELECT c.name, c.slug, NULLIF(c.description, '') AS description, c.id AS collection_id,
       COALESCE(c.engagement_count, 0) AS engagement_count, COALESCE(f.total_count, 0)::integer AS total_count,
       COALESCE(f.adult_count, 0)::integer AS adult_count,
       COALESCE(f.title_ids, '{{}}') AS title_ids, b.type IS NOT DISTINCT FROM 'show' AS is_of_shows,
       b.is_narrowed, c.filter_params
  FROM bucket b
  JOIN collections c ON c.id = b.id
  LEFT JOIN filled f ON f.collection_id = b.id
 ORDER BY {COLLECTION_ORDER}
"""


async def load_carousels(pool: asyncpg.Pool, *, has_poster: bool | None = True) -> list[CarouselRow]:
    """Return all carousels in order: show, movie, show, movie ... each type pinned first, then by engagement.

    A bucket without titles is left out, but takes its turn. `has_poster` None: titles without a poster are among them.
    """
    filled = [dict(bucket) for bucket in await pool.fetch(buckets(has_poster=has_poster))]
    for bucket in filled:
        if bucket["is_narrowed"]:
            bucket.update(await _best(pool, bucket["filter_params"], has_poster=has_poster))
    ids = list({title_id for bucket in filled for title_id in bucket["title_ids"]})
    found = dict(zip(ids, await load_discover_titles_by_id(pool, ids), strict=True))
    shows = (bucket for bucket in filled if bucket["is_of_shows"])
    movies = (bucket for bucket in filled if not bucket["is_of_shows"])
    turns = chain.from_iterable(zip_longest(shows, movies))
    return [_carousel(bucket, found, has_poster=bool(has_poster)) for bucket in turns if bucket and bucket["title_ids"]]


async def _best(pool: asyncpg.Pool, params: Mapping[str, Any], *, has_poster: bool | None) -> dict[str, Any]:
    """Return the best titles of a filter that concerns TMDB's further facts, and their numbers."""
    asked, _ = query_of(params)
    votes_min, rating_min = max(asked.votes_min or 0, FEWEST_VOTES), asked.rating_min or 0
    each = replace(asked, votes_min=votes_min, rating_min=rating_min, has_poster=has_poster)
    filters = each, replace(each, hides_adult=True)
    ids = [await load_discover_ids(pool, one, DiscoverSort.TOP_RATED, limit=MOST_TITLES) for one in filters]
    total, others = (counts.total for counts in await load_counts(pool, [DiscoverCount(one) for one in filters]))
    title_ids = list(dict.fromkeys(chain.from_iterable(ids)))
    return {"title_ids": title_ids, "total_count": total, "adult_count": total - others}


def shown_carousels(carousels: Sequence[CarouselRow], *, hides_adult: bool) -> Sequence[CarouselRow]:
    """Return the carousels that have titles, at most 30 each, without adult ones where these are hidden."""
    shown = (_shown(each, hides_adult=hides_adult) for each in carousels)
    return [each for each in shown if each.titles]


def _shown(carousel: CarouselRow, *, hides_adult: bool) -> CarouselRow:
    if not any(title.is_adult for title in carousel.titles):
        return carousel
    if not hides_adult:
        return replace(carousel, titles=carousel.titles[:MOST_TITLES])
    titles = [title for title in carousel.titles if not title.is_adult]
    return replace(carousel, titles=titles, total_count=carousel.total_count - carousel.adult_count)


def _carousel(bucket: Mapping[str, Any], found: dict[int, DiscoverTitleRow | None], *, has_poster: bool) -> CarouselRow:
    titles = (found[title_id] for title_id in bucket["title_ids"])
    facts = {name: bucket[name] for name in CarouselRow.__slots__ if name in bucket}
    return CarouselRow(**facts, titles=[title for title in titles if title is not None], has_poster=has_poster)


async def renew_carousels(
    pool: asyncpg.Pool, carousels: Sequence[CarouselRow], title_ids: AbstractSet[int] | None
) -> Sequence[CarouselRow]:
    """Return carousels with the current facts of these titles, None being all of theirs; deleted ones are left out.

    Carousels with none of the titles are returned unchanged.
    """
    shown = {title.title_id for carousel in carousels for title in carousel.titles}
    ids = list(shown if title_ids is None else shown & title_ids)
    if not ids:
        return carousels
    found = dict(zip(ids, await load_discover_titles_by_id(pool, ids), strict=True))
    renewed = (_renewed(carousel, found) for carousel in carousels)
    return [carousel for carousel in renewed if carousel.titles]


def _renewed(carousel: CarouselRow, found: dict[int, DiscoverTitleRow | None]) -> CarouselRow:
    now = (found.get(title.title_id, title) for title in carousel.titles)
    titles = [title for title in now if title is not None and (title.image_url or not carousel.has_poster)]
    gone = len(carousel.titles) - len(titles)
    return replace(carousel, titles=titles, total_count=carousel.total_count - gone)
