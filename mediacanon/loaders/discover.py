"""What there is to discover: titles with a poster, filtered and in one of seven orders.

A page is found in two steps: a narrow statement over one index gives its ids, then its titles are read by id.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from mediacanon.database.pool import PLAN_FOR_THESE_VALUES
from mediacanon.loaders.batch import one_per_key
from mediacanon.loaders.title import IdsRow, as_day, as_written, real_image
from mediacanon.vocabulary import DiscoverSort


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverFilter:
    """What titles are restricted to; None and () do not restrict. Bounds are inclusive, and unknown values outside.

    `genres_in` wants one of the genres, `genres_all` each of them, by their exact names.
    """

    type: str | None = None
    genres_in: tuple[str, ...] = ()
    genres_all: tuple[str, ...] = ()
    genres_not_in: tuple[str, ...] = ()
    language_in: tuple[str, ...] = ()
    country_in: tuple[str, ...] = ()
    year_min: int | None = None
    year_max: int | None = None
    rating_min: float | None = None
    rating_max: float | None = None
    votes_min: int | None = None
    votes_max: int | None = None
    runtime_min: int | None = None
    runtime_max: int | None = None


DiscoverQuery = tuple[DiscoverFilter, DiscoverSort]


@dataclass(frozen=True, slots=True)
class DiscoverTitleRow:
    """A title as discover shows it; `engagement_count` is its views of the last 7 days."""

    title_id: int
    type: str
    display_name: str
    original_title: str | None
    start_year: int | None
    end_year: int | None
    release_date: str | None
    image_url: str | None
    movie_id: int | None
    show_id: int | None
    average_rating: float | None
    num_votes: int | None
    tmdb_popularity: float | None
    original_language: str | None
    imdb_id: str | None
    tmdb_id: int | None
    genres: list[str]
    engagement_count: int

    @property
    def ids(self) -> IdsRow:
        """The title's ids elsewhere."""
        return IdsRow(self.imdb_id, self.tmdb_id)


# The words of the partial indexes in schema.sql: where they differ, PostgreSQL does not use those. No sentinel is an
# address, and of this one test PostgreSQL knows how many titles pass it; of three inequalities it guesses a fifth.
IS_DISCOVERABLE = "t.withdrawn_at IS NULL AND t.image_url LIKE 'http%'"

_HAS_GENRE = """EXISTS (SELECT FROM title_genres tg
                WHERE tg.title_id = t.id AND tg.genre_id = {})"""

# field of DiscoverFilter -> what it asks of a title, {} being its parameter, of genres what _of_genres makes of it
CONDITIONS = {
    "type": "t.type = {}::text",
    "genres_in": _HAS_GENRE,
    "genres_all": _HAS_GENRE,
    "genres_not_in": f"NOT {_HAS_GENRE}",
    "language_in": "t.original_language = ANY({}::text[])",
    "country_in": "t.origin_country = ANY({}::text[])",
    "year_min": "t.start_year >= {}::integer",
    "year_max": "t.start_year <= {}::integer",
    "rating_min": "t.average_rating >= {}::real",
    "rating_max": "t.average_rating <= {}::real",
    "votes_min": "t.num_votes >= {}::integer",
    "votes_max": "t.num_votes <= {}::integer",
    "runtime_min": "t.runtime_minutes >= {}::integer",
    "runtime_max": "t.runtime_minutes <= {}::integer",
}
_GENRE_FIELDS = ("genres_in", "genres_all", "genres_not_in")

_BY_VOTES = "t.num_votes DESC NULLS LAST, t.id"
ORDERS = {
    DiscoverSort.MOST_RATED: _BY_VOTES,
    DiscoverSort.TRENDING: f"t.tmdb_popularity DESC NULLS LAST, {_BY_VOTES}",
    DiscoverSort.POPULAR: _BY_VOTES,
    DiscoverSort.TOP_RATED: f"t.average_rating DESC NULLS LAST, {_BY_VOTES}",
    DiscoverSort.NEWEST: f"t.start_year DESC NULLS LAST, t.release_date DESC NULLS LAST, {_BY_VOTES}",
    DiscoverSort.HIDDEN_GEMS: f"t.average_rating DESC NULLS LAST, {_BY_VOTES}",
    # By code point once lower case: the same on every system.
    DiscoverSort.A_TO_Z: f'lower(t.display_name) COLLATE "C", {_BY_VOTES}',
}

GENRE_IDS = "SELECT name, id FROM genres WHERE name = ANY($1::text[])"

IDS_IN_ORDER = """
SELECT t.id
  FROM titles t
 WHERE {conditions}
 ORDER BY {order}
 LIMIT {limit}::integer
OFFSET {offset}::bigint
"""

# Those viewed of late, sorted by views before the titles are looked up so that only the ones the page needs are.
# Where they do not fill it (then `popular` has them all), the most voted follow; twice as many as the page needs are
# enough to leave out the viewed among them.
IDS_BY_VIEWS = """
  WITH popular AS MATERIALIZED (
       SELECT t.id, t.num_votes, viewed.views
         FROM (SELECT v.title_id, sum(v.views) AS views
                 FROM title_views v
                WHERE v.viewed_at > LOCALTIMESTAMP - interval '7 days'
                GROUP BY v.title_id
                ORDER BY views DESC) AS viewed
         JOIN titles t ON t.id = viewed.title_id
        WHERE {conditions}
        ORDER BY viewed.views DESC, {order}
        LIMIT {limit}::integer + {offset}::bigint),
       voted AS (
       SELECT t.id, t.num_votes
         FROM titles t
        WHERE {conditions}
          AND (SELECT count(*) FROM popular) < {limit}::integer + {offset}::bigint
        ORDER BY {order}
        LIMIT 2 * ({limit}::integer + {offset}::bigint))
SELECT t.id
  FROM (SELECT id, num_votes, views
          FROM popular
         UNION ALL
        SELECT id, num_votes, 0
          FROM voted
         WHERE id NOT IN (SELECT id FROM popular)) AS t
 ORDER BY t.views DESC, {order}
 LIMIT {limit}::integer
OFFSET {offset}::bigint
"""

COUNT = """
SELECT count(*)
  FROM titles t
 WHERE {conditions}
"""

DISCOVER_TITLES_BY_ID = f"""
SELECT t.id, t.type, t.display_name, t.original_title, t.start_year, t.end_year,
       {as_day("t.release_date")}, {real_image("t.image_url")},
       (SELECT m.id FROM movies m WHERE m.title_id = t.id) AS movie_id,
       (SELECT s.id FROM shows s WHERE s.title_id = t.id) AS show_id,
       {as_written("t.average_rating")}, t.num_votes, {as_written("t.tmdb_popularity")}, t.original_language,
       t.imdb_id, t.tmdb_id,
       ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
              WHERE tg.title_id = t.id ORDER BY g.name) AS genres,
       (SELECT COALESCE(sum(v.views), 0) FROM title_views v
         WHERE v.title_id = t.id AND v.viewed_at > LOCALTIMESTAMP - interval '7 days')::integer AS engagement_count
  FROM titles t
 WHERE t.id = ANY($1::integer[])
"""


def with_sort_rules(asked: DiscoverFilter, sort: DiscoverSort) -> DiscoverFilter:
    """Return the filter with what the order itself asks for.

    The best rated have 1,000 votes unless votes or rating are bounded below; hidden gems are rated 7.5 or better
    by more than 100 and fewer than 10,000 people.
    """
    if sort is DiscoverSort.TOP_RATED and asked.votes_min is None and asked.rating_min is None:
        return replace(asked, votes_min=1000)
    if sort is DiscoverSort.HIDDEN_GEMS:
        return replace(
            asked,
            rating_min=max(asked.rating_min or 0, 7.5),
            votes_min=max(asked.votes_min or 0, 101),
            votes_max=9_999 if asked.votes_max is None else min(asked.votes_max, 9_999),
        )
    return asked


def _restrictions(asked: DiscoverFilter) -> Iterator[tuple[str, Any]]:
    """Yield each condition of a filter with its value; a genre that all must have is a condition of its own."""
    for field in fields(asked):
        value = getattr(asked, field.name)
        if field.name == "genres_all":
            yield from ((field.name, (genre,)) for genre in dict.fromkeys(value))
        elif value is not None and value != ():
            yield field.name, value


async def compile_filter(connection: PoolConnectionProxy, asked: DiscoverFilter) -> tuple[list[str], list[Any]]:
    """Return the conditions of a filter as SQL about a title `t`, and their parameters.

    Genres go in as ids: of an id PostgreSQL knows how frequent it is, of a name it does not.
    """
    names = {*asked.genres_in, *asked.genres_all, *asked.genres_not_in}
    genres = await connection.fetch(GENRE_IDS, list(names)) if names else []
    ids = {genre["name"]: genre["id"] for genre in genres}
    conditions, parameters = list[str](), list[Any]()
    for name, value in _restrictions(asked):
        place = f"${len(parameters) + 1}"
        if name in _GENRE_FIELDS:
            place, value = _of_genres(place, [ids[genre] for genre in value if genre in ids])  # noqa: PLW2901
        parameters.append(value)
        conditions.append(CONDITIONS[name].format(place))
    return conditions, parameters


def _of_genres(place: str, ids: list[int]) -> tuple[str, Any]:
    """Return SQL for any of these genres, and its parameter; of a single one PostgreSQL finds the titles in order."""
    return (f"{place}::integer", ids[0]) if len(ids) == 1 else (f"ANY({place}::integer[])", ids)


def all_of(*conditions: str) -> str:
    """Return SQL that asks for every condition."""
    return "\n   AND ".join(conditions)


async def load_discover_ids(
    pool: asyncpg.Pool, asked: DiscoverFilter, sort: DiscoverSort, *, limit: int, offset: int = 0
) -> list[int]:
    """Return the ids of the titles that `load_discover_titles` gives."""
    statement = IDS_BY_VIEWS if sort is DiscoverSort.POPULAR else IDS_IN_ORDER
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        conditions, parameters = await compile_filter(connection, with_sort_rules(asked, sort))
        await connection.execute(PLAN_FOR_THESE_VALUES)
        sql = statement.format(
            conditions=all_of(IS_DISCOVERABLE, *conditions),
            order=ORDERS[sort],
            limit=f"${len(parameters) + 1}",
            offset=f"${len(parameters) + 2}",
        )
        return [row[0] for row in await connection.fetch(sql, *parameters, limit, offset)]


async def load_discover_titles(
    pool: asyncpg.Pool, asked: DiscoverFilter, sort: DiscoverSort, *, limit: int, offset: int = 0
) -> list[DiscoverTitleRow]:
    """Return a page of the titles with a poster that IMDb still lists; ties by votes, then by id."""
    ids = await load_discover_ids(pool, asked, sort, limit=limit, offset=offset)
    rows = await load_discover_titles_by_id(pool, ids) if ids else []
    return [row for row in rows if row is not None]


async def load_discover_count(pool: asyncpg.Pool, asked: DiscoverFilter) -> int:
    """Return how many titles `load_discover_titles` has on all pages, for a filter with what the order asks for."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        conditions, parameters = await compile_filter(connection, asked)
        await connection.execute(PLAN_FOR_THESE_VALUES)
        count: int = await connection.fetchval(
            COUNT.format(conditions=all_of(IS_DISCOVERABLE, *conditions)), *parameters
        )
        return count


async def load_discover_counts_by_filter(pool: asyncpg.Pool, filters: Sequence[DiscoverFilter]) -> list[int]:
    """Return the count of each filter: one serves all orders that ask for nothing else."""
    return [await load_discover_count(pool, asked) for asked in filters]


async def load_discover_titles_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[DiscoverTitleRow | None]:
    """Return each id's title, with a poster or without, None where there is none; withdrawn ones too."""
    rows = [DiscoverTitleRow(*record) for record in await pool.fetch(DISCOVER_TITLES_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.title_id)
