"""Carousels: the best titles of each collection with the strategy filter, shows and movies in turns."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

import asyncpg

from mediacanon.loaders.collection import COLLECTION_ORDER, FILTER, IS_ACTIVE
from mediacanon.loaders.discover import IS_DISCOVERABLE, DiscoverTitleRow, load_discover_titles_by_id

FEWEST_VOTES = 5000
MOST_TITLES = 30


@dataclass(frozen=True, slots=True)
class CarouselRow:
    """A collection with its best titles, and the number of titles that qualify, adult ones among them.

    The titles are the best of all and the best of the others than adult ones: `shown_carousels` chooses.
    """

    name: str
    slug: str
    description: str | None
    collection_id: int
    engagement_count: float
    total_count: int
    adult_count: int
    titles: list[DiscoverTitleRow]


# One pass over the titles with enough votes fills every bucket. A title is listed once under each of its genres, and
# once under '', the key of buckets without a genre: so buckets and titles meet in a hash join. Without MATERIALIZED
# PostgreSQL expects few rows and repeats the pass for each collection: 1.9 s instead of 0.4 s.
BUCKETS = f"""
  WITH rated AS MATERIALIZED (
       SELECT t.id, t.type, t.original_language, t.average_rating, t.num_votes, t.is_adult
         FROM titles t
        WHERE t.num_votes >= {FEWEST_VOTES}
          AND t.average_rating IS NOT NULL
          AND {IS_DISCOVERABLE}),
       by_genre AS (
       SELECT r.*, g.name AS genre
         FROM rated r
         JOIN title_genres tg ON tg.title_id = r.id
         JOIN genres g ON g.id = tg.genre_id
        UNION ALL
       SELECT r.*, '' FROM rated r),
       bucket AS (
       SELECT c.id, COALESCE(c.filter_params ->> 'genre', '') AS genre, NULLIF(c.filter_params ->> 'type', '') AS type,
              NULLIF(c.filter_params ->> 'lang', '') AS language
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
         JOIN by_genre t ON t.genre = b.genre
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
       COALESCE(f.title_ids, '{{}}') AS title_ids, b.type IS NOT DISTINCT FROM 'show' AS is_of_shows
  FROM bucket b
  JOIN collections c ON c.id = b.id
  LEFT JOIN filled f ON f.collection_id = b.id
 ORDER BY {COLLECTION_ORDER}
"""


async def load_carousels(pool: asyncpg.Pool) -> list[CarouselRow]:
    """Return all carousels in order: show, movie, show, movie ... each type pinned first, then by engagement.

    A bucket without titles is left out, but takes its turn.
    """
    buckets = await pool.fetch(BUCKETS)
    ids = list({title_id for bucket in buckets for title_id in bucket["title_ids"]})
    found = dict(zip(ids, await load_discover_titles_by_id(pool, ids), strict=True))
    shows = (bucket for bucket in buckets if bucket["is_of_shows"])
    movies = (bucket for bucket in buckets if not bucket["is_of_shows"])
    turns = chain.from_iterable(zip_longest(shows, movies))
    return [_carousel(bucket, found) for bucket in turns if bucket and bucket["title_ids"]]


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


def _carousel(bucket: asyncpg.Record, found: dict[int, DiscoverTitleRow | None]) -> CarouselRow:
    titles = (found[title_id] for title_id in bucket["title_ids"])
    facts = {name: bucket[name] for name in CarouselRow.__slots__ if name != "titles"}
    return CarouselRow(**facts, titles=[title for title in titles if title is not None])


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
    titles = [title for title in now if title is not None and title.image_url]
    gone = len(carousel.titles) - len(titles)
    return replace(carousel, titles=titles, total_count=carousel.total_count - gone)
