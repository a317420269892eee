"""Discover: titles filtered and in one of seven sort orders.

A page takes two statements: a narrow one over one index finds its ids, the other reads its titles by id.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import asyncpg

from mediacanon.database.changes import ENGAGEMENT
from mediacanon.database.counts import IS_LISTED, Connection, select_counts, tags_of_sql
from mediacanon.database.pool import PLAN_FOR_THESE_VALUES
from mediacanon.loaders.batch import one_per_key
from mediacanon.loaders.title import HAS_POSTER, NOT_ADULT, IdsRow, as_day, as_written, real_image
from mediacanon.vocabulary import MAX_INTEGER, DiscoverSort, country_code, genres_named, language_code, title_status

# field of DiscoverFilter -> the function that returns the catalogue's spelling of a word
SPELLED = {"language_in": language_code, "country_in": country_code, "status_in": title_status}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverFilter:
    """A filter of titles; None and () do not restrict. Bounds are inclusive, and a title without the fact is outside.

    `genres_in` requires one of the genres, `genres_all` each of them, and so on. Languages and countries become codes
    as the catalogue spells them; genres are looked up by any spelling, keywords, companies and networks by name or
    TMDB's number. `certified_in` has certifications with their countries: US:PG-13. People are our ids.
    """

    type: str | None = None
    genres_in: tuple[str, ...] = ()
    genres_all: tuple[str, ...] = ()
    genres_not_in: tuple[str, ...] = ()
    keywords_all: tuple[str, ...] = ()
    companies_all: tuple[str, ...] = ()
    networks_all: tuple[str, ...] = ()
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
    keywords_in: tuple[str, ...] = ()
    companies_in: tuple[str, ...] = ()
    networks_in: tuple[str, ...] = ()
    certified_in: tuple[str, ...] = ()
    status_in: tuple[str, ...] = ()
    has_video: bool | None = None
    has_poster: bool | None = None
    has_imdb_id: bool | None = None
    has_tmdb_id: bool | None = None
    released_from: dt.date | None = None
    released_until: dt.date | None = None
    airs_within: tuple[dt.date, dt.date] | None = None
    changed_from: dt.datetime | None = None
    changed_until: dt.datetime | None = None
    people_in: tuple[int, ...] = ()
    cast_in: tuple[int, ...] = ()
    directed_by: tuple[int, ...] = ()
    written_by: tuple[int, ...] = ()
    hides_adult: bool = False

    def __post_init__(self) -> None:
        for name, spelled in SPELLED.items():
            if words := getattr(self, name):
                object.__setattr__(self, name, tuple(map(spelled, words)))


# Digits of the largest integer.
LONGEST_NUMBER = 10
DiscoverQuery = tuple[DiscoverFilter, DiscoverSort]


class DiscoverTitleRow(NamedTuple):
    """A title for a list; `engagement_count` is its views of the last 7 days."""

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
    origin_country: str | None
    imdb_id: str | None
    tmdb_id: int | None
    is_adult: bool
    genres: list[str]
    engagement_count: int

    @property
    def ids(self) -> IdsRow:
        """The title's ids in other catalogues."""
        return IdsRow(self.imdb_id, self.tmdb_id, self.title_id)


_HAS_GENRE = """EXISTS (SELECT FROM title_genres tg
                WHERE tg.title_id = t.id AND tg.genre_id = {})"""
_HAD_GENRE = "EXISTS (SELECT FROM unnest(c.genre_ids) AS tg (genre_id) WHERE tg.genre_id = {})"

# TMDB's further facts of a title.
_FACTS = "FROM title_facts f WHERE f.title_id = t.id AND"
_NOTED_FACTS = "FROM jsonb_populate_record(NULL::title_facts, c.facts) AS f WHERE"
# The few titles without an IMDb id are found first: the indexes of the orders lack it, so a condition on it would read
# every title.
_WITHOUT_IMDB_ID = "(t.id IN (SELECT t.id FROM titles t WHERE t.imdb_id IS NULL))"
# Credits change with imports alone, which invalidate every list.
_HAS_PERSON = """t.id IN (SELECT cr.title_id
            FROM credits cr JOIN credit_categories k ON k.id = cr.category
           WHERE cr.person_id = ANY({}::integer[])%s)"""

# field of DiscoverFilter -> its condition on a title; {} is the parameter, for genres the SQL of _of_genres
CONDITIONS = {
    "type": "t.type = {}::text",
    "genres_in": _HAS_GENRE,
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
    "keywords_in": f"EXISTS (SELECT {_FACTS} f.keyword_ids && {{}}::integer[])",
    "companies_in": f"EXISTS (SELECT {_FACTS} f.company_ids && {{}}::integer[])",
    "networks_in": f"EXISTS (SELECT {_FACTS} f.network_ids && {{}}::integer[])",
    "certified_in": f"EXISTS (SELECT {_FACTS} certified(f.certifications) && {{}}::text[])",
    "status_in": f"EXISTS (SELECT {_FACTS} f.status = ANY ({{}}::text[]))",
    "has_video": f"EXISTS (SELECT {_FACTS} f.videos IS NOT NULL) = {{}}::boolean",
    # The planner knows the parameter, so one side remains.
    "has_poster": f"({HAS_POSTER} AND {{0}}::boolean OR ({HAS_POSTER}) IS NOT TRUE AND NOT {{0}}::boolean)",
    "has_imdb_id": f"{_WITHOUT_IMDB_ID} <> {{}}::boolean",
    "has_tmdb_id": "(t.tmdb_id IS NOT NULL) = {}::boolean",
    "released_from": "t.release_date >= {}::date",
    "released_until": "t.release_date <= {}::date",
    "airs_within": """t.id IN (SELECT s.title_id
            FROM show_episodes e JOIN show_seasons ss ON ss.id = e.season_id JOIN shows s ON s.id = ss.show_id
           WHERE e.air_date BETWEEN ({0}::date[])[1] AND ({0}::date[])[2])""",
    "changed_from": "t.updated_at >= {}::timestamp",
    "changed_until": "t.updated_at <= {}::timestamp",
    "people_in": _HAS_PERSON % "",
    "cast_in": _HAS_PERSON % " AND k.department = 'acting'",
    "directed_by": _HAS_PERSON % " AND k.name = 'director'",
    "written_by": _HAS_PERSON % " AND k.name = 'writer'",
    "hides_adult": f"{NOT_ADULT} AND {{}}::boolean",
}
# SQL about a title -> the same about a title as it was noted (database/counts.py)
AS_NOTED = {_HAS_GENRE: _HAD_GENRE, _FACTS: _NOTED_FACTS, _WITHOUT_IMDB_ID: "(t.imdb_id IS NULL)"}
# field -> the kind of its names in tmdb_names
_NAME_FIELDS = {"keywords_in": "keyword", "companies_in": "company", "networks_in": "network"}
_GENRE_FIELDS = ("genres_in", "genres_not_in")
# field -> the field whose condition each of its entries is by itself
ALL_OF = {f"{noun}_all": f"{noun}_in" for noun in ("genres", "keywords", "companies", "networks")}

_BY_VOTES = "t.num_votes DESC NULLS LAST, t.id"
ORDERS = {
    DiscoverSort.MOST_RATED: _BY_VOTES,
    DiscoverSort.TRENDING: f"t.tmdb_popularity DESC NULLS LAST, {_BY_VOTES}",
    DiscoverSort.POPULAR: _BY_VOTES,
    DiscoverSort.TOP_RATED: f"t.average_rating DESC NULLS LAST, {_BY_VOTES}",
    DiscoverSort.NEWEST: f"t.start_year DESC NULLS LAST, t.release_date DESC NULLS LAST, {_BY_VOTES}",
    DiscoverSort.HIDDEN_GEMS: f"t.average_rating DESC NULLS LAST, {_BY_VOTES}",
    # By code point of the lower-case name: the same on every system.
    DiscoverSort.A_TO_Z: f'lower(t.display_name) COLLATE "C", {_BY_VOTES}',
}

GENRE_IDS = "SELECT name, id FROM genres WHERE name = ANY($1::text[])"
ALL_GENRE_IDS = "SELECT name, id FROM genres"
# By name in any case, or by TMDB's number.
TMDB_NAME_IDS = """
SELECT id FROM tmdb_names WHERE kind = $1::text AND lower(name) = ANY (SELECT lower(unnest($2::text[])))
 UNION
SELECT id FROM tmdb_names WHERE kind = $1::text AND id = ANY ($3::integer[])
"""

IDS_IN_ORDER = """
SELECT t.id
  FROM titles t
 WHERE {conditions}
 ORDER BY {order}
 LIMIT {limit}::integer
OFFSET {offset}::bigint
"""

# Recently viewed titles are sorted by views before they are joined, so that only the page's titles are looked up. If
# they do not fill the page (then `popular` has them all), the most voted titles follow. Twice the page's titles are
# read of these, which suffices to leave out the viewed ones.
IDS_BY_VIEWS = """
  WITH popular AS MATERIALIZED (
       SELECT t.id, t.num_votes, viewed.views
         FROM viewed_titles viewed
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

DISCOVER_TITLES_BY_ID = f"""
SELECT t.id, t.type, t.display_name, t.original_title, t.start_year, t.end_year,
       {as_day("t.release_date")}, {real_image("t.image_url")},
       (SELECT m.id FROM movies m WHERE m.title_id = t.id) AS movie_id,
       (SELECT s.id FROM shows s WHERE s.title_id = t.id) AS show_id,
       {as_written("t.average_rating")}, t.num_votes, {as_written("t.tmdb_popularity")}, t.original_language,
       t.origin_country, t.imdb_id, t.tmdb_id, t.is_adult,
       ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
              WHERE tg.title_id = t.id ORDER BY g.name) AS genres,
       COALESCE((SELECT v.views FROM viewed_titles v WHERE v.title_id = t.id), 0) AS engagement_count
  FROM titles t
 WHERE t.id = ANY($1::integer[])
"""


def with_sort_rules(filter_: DiscoverFilter, sort: DiscoverSort) -> DiscoverFilter:
    """Return the filter with the conditions of the sort order itself.

    Top rated titles have 1,000 votes unless the filter has a lower bound of votes or rating. Hidden gems are rated 7.5
    or better by more than 100 and fewer than 10,000 people.
    """
    if sort is DiscoverSort.TOP_RATED and filter_.votes_min is None and filter_.rating_min is None:
        return replace(filter_, votes_min=1000)
    if sort is DiscoverSort.HIDDEN_GEMS:
        return replace(
            filter_,
            rating_min=max(filter_.rating_min or 0, 7.5),
            votes_min=max(filter_.votes_min or 0, 101),
            votes_max=9_999 if filter_.votes_max is None else min(filter_.votes_max, 9_999),
        )
    return filter_


def _restrictions(filter_: DiscoverFilter) -> Iterator[tuple[str, Any]]:
    """Yield each condition of a filter that has a value; each entry of a list for all is a condition of its own."""
    for field in fields(filter_):
        value = getattr(filter_, field.name)
        if field.name in ALL_OF:
            yield from ((ALL_OF[field.name], (each,)) for each in dict.fromkeys(value))
        elif value not in (None, ()) and not (field.name == "hides_adult" and not value):
            yield field.name, value


async def compile_filter(
    connection: Connection, filter_: DiscoverFilter, *, is_noted: bool = False
) -> tuple[list[str], list[Any]]:
    """Return the conditions of a filter as SQL about a title `t`, and their parameters.

    Genres are passed as ids: PostgreSQL has statistics on the ids of genres, not on their names. `is_noted`: the title
    is one that `noted_changes c` holds.
    """
    ids = await genre_ids(connection, {*filter_.genres_in, *filter_.genres_all, *filter_.genres_not_in})
    conditions, parameters = list[str](), list[Any]()
    for name, value in _restrictions(filter_):
        place = f"${len(parameters) + 1}"
        if name in _GENRE_FIELDS:
            place, value = _of_genres(place, [id_ for word in value for id_ in ids[word]])  # noqa: PLW2901
        elif name in _NAME_FIELDS:
            value = await _name_ids(connection, _NAME_FIELDS[name], value)  # noqa: PLW2901
        parameters.append(value)
        condition = CONDITIONS[name]
        if is_noted:
            for text, noted in AS_NOTED.items():
                condition = condition.replace(text, noted)
        conditions.append(condition.format(place))
    return conditions, parameters


async def genre_ids(connection: Connection, words: AbstractSet[str]) -> Mapping[str, Sequence[int]]:
    """Return the ids of the genres that each word names. Only a word in another spelling takes the whole table."""
    if not words:
        return {}
    records = await connection.fetch(GENRE_IDS, list(words))
    if len(records) < len(words):
        records = await connection.fetch(ALL_GENRE_IDS)
    genres: dict[str, int] = {record["name"]: record["id"] for record in records}
    return {word: [genres[name] for name in genres_named(word, genres)] for word in words}


async def _name_ids(connection: Connection, kind: str, words: Sequence[str]) -> list[int]:
    """Return TMDB's numbers of the keywords, companies or networks that the words name."""
    numbers = [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) <= LONGEST_NUMBER]
    numbers = [number for number in numbers if number <= MAX_INTEGER]
    return [row[0] for row in await connection.fetch(TMDB_NAME_IDS, kind, words, numbers)]


def _of_genres(place: str, ids: list[int]) -> tuple[str, Any]:
    """Return SQL for any of these genres, and its parameter; for a single one PostgreSQL finds the titles in order."""
    return (f"{place}::integer", ids[0]) if len(ids) == 1 else (f"ANY({place}::integer[])", ids)


def all_of(*conditions: str) -> str:
    """Return the SQL conjunction of conditions."""
    return "\n   AND ".join(conditions)


async def load_discover_ids(
    pool: asyncpg.Pool, filter_: DiscoverFilter, sort: DiscoverSort, *, limit: int, offset: int = 0
) -> list[int]:
    """Return the ids of a page of titles; `load_discover_titles` loads the titles."""
    statement = IDS_BY_VIEWS if sort is DiscoverSort.POPULAR else IDS_IN_ORDER
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        conditions, parameters = await compile_filter(connection, with_sort_rules(filter_, sort))
        await connection.execute(PLAN_FOR_THESE_VALUES)
        sql = statement.format(
            conditions=all_of(IS_LISTED, *conditions),
            order=ORDERS[sort],
            limit=f"${len(parameters) + 1}",
            offset=f"${len(parameters) + 2}",
        )
        return [row[0] for row in await connection.fetch(sql, *parameters, limit, offset)]


def tags_of_filter(filter_: DiscoverFilter, among: str) -> frozenset[str]:
    """Return the tags of the titles that a filter finds among those of a condition."""
    return tags_of_sql(among, *(CONDITIONS[name] for name, _ in _restrictions(filter_)))


def tags_of_discover(filter_: DiscoverFilter, sort: DiscoverSort, *, limit: int, offset: int = 0) -> frozenset[str]:  # noqa: ARG001 - the loader's
    """Return the tags of a page of titles. Every row has its views."""
    return tags_of_filter(with_sort_rules(filter_, sort), IS_LISTED) | tags_of_sql(ORDERS[sort]) | {ENGAGEMENT}


async def load_discover_titles(
    pool: asyncpg.Pool, filter_: DiscoverFilter, sort: DiscoverSort, *, limit: int, offset: int = 0
) -> list[DiscoverTitleRow]:
    """Return a page of the titles that IMDb still lists; ties are ordered by votes, then by id."""
    ids = await load_discover_ids(pool, filter_, sort, limit=limit, offset=offset)
    rows = await load_discover_titles_by_id(pool, ids) if ids else []
    return [row for row in rows if row is not None]


@dataclass(frozen=True, slots=True)
class DiscoverCount:
    """The question how many titles are on all pages of a filter, which includes the conditions of the sort order."""

    filter: DiscoverFilter
    kept_as: None = None

    @property
    def tags(self) -> frozenset[str]:
        """The tags of its filter."""
        return tags_of_filter(self.filter, IS_LISTED)

    async def select(self, connection: Connection, snapshot: str | None) -> tuple[str, list[Any]]:
        """Return the SELECT of one number."""
        conditions, parameters = await compile_filter(connection, self.filter, is_noted=snapshot is not None)
        return select_counts((), [IS_LISTED, *conditions], parameters, snapshot)


async def load_discover_titles_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[DiscoverTitleRow | None]:
    """Return each id's title, also without a poster or withdrawn; None for an unknown id."""
    rows = map(DiscoverTitleRow._make, await pool.fetch(DISCOVER_TITLES_BY_ID, ids))
    return one_per_key(ids, rows, lambda row: row.title_id)
