"""Discover: every filter in every sort order, compared with a plain computation over rows with ties and gaps."""

import datetime as dt
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import Loaders
from mediacanon.loaders.discover import (
    ALL_OF,
    CONDITIONS,
    DiscoverFilter,
    DiscoverTitleRow,
    load_discover_titles,
    load_discover_titles_by_id,
    with_sort_rules,
)
from mediacanon.vocabulary import NO_IMAGE, DiscoverSort, certified_at_most
from mediacanon.writes.engagement import clean_up_engagement
from tests.conftest import own_database
from tests.serving import NO_FURTHER_FACTS

ALL = 10_000

# Ties in votes, years, popularity and names; titles without them; sentinels; withdrawn titles.
MESS = """
UPDATE titles SET num_votes = num_votes / 1000 * 1000 WHERE id % 3 = 0;
UPDATE titles SET num_votes = NULL, average_rating = NULL WHERE id % 31 = 0;
UPDATE titles SET tmdb_popularity = round(tmdb_popularity) WHERE id % 2 = 0;
UPDATE titles SET tmdb_popularity = NULL WHERE id % 17 = 0;
UPDATE titles SET release_date = NULL WHERE id % 7 = 0;
UPDATE titles SET start_year = NULL WHERE id % 29 = 0;
UPDATE titles SET display_name = lower(display_name) WHERE id % 5 = 0;
UPDATE titles SET display_name = 'Same Name' WHERE id % 23 = 0;
UPDATE titles SET num_votes = 100 + id % 3, average_rating = 8 WHERE id % 13 = 0;
UPDATE titles SET num_votes = 9998 + id % 3, average_rating = 7.4 + (id % 2) * 0.1 WHERE id % 19 = 0;
UPDATE titles SET image_url = '' WHERE id % 37 = 0;
UPDATE titles SET image_url = 'TMDB_NOT_FOUND_DO_NOT_RETRY' WHERE id % 41 = 0;
UPDATE titles SET is_adult = true WHERE id % 9 = 0;
UPDATE titles SET imdb_id = NULL WHERE id % 16 = 0;
UPDATE titles SET withdrawn_at = now() WHERE id % 43 = 0;
UPDATE titles SET tmdb_id = NULL WHERE id % 8 = 0;
UPDATE titles SET updated_at = '2020-05-17 12:30:00'::timestamp + (id % 3 - 1) * interval '1 second' WHERE id % 2 = 0;
UPDATE title_views SET viewed_at = now() - interval '8 days' WHERE id % 3 = 0;
UPDATE title_views SET views = 5 WHERE id % 11 = 0;
"""

# Further facts of three titles in four: the numbers 1 to 5 are names of each kind, and no fact is every title's.
FACTS = """
INSERT INTO tmdb_names (kind, id, name)
SELECT kind, id, (ARRAY['Time Travel', 'Heist', '1917', 'heist', 'Robot'])[id]
  FROM unnest(ARRAY['keyword', 'company', 'network']) AS kind, generate_series(1, 5) AS id;
INSERT INTO title_facts (title_id, source, fetched_at, tmdb_type, tmdb_id, version, status, keyword_ids, company_ids,
                         network_ids, certifications, videos)
SELECT id, 'tmdb', now(), 'movie', id, 1, (ARRAY['Released', 'Ended', 'Canceled', NULL])[1 + id % 4],
       CASE WHEN id % 5 > 0 THEN ARRAY[1 + id % 5, 1 + id % 3] END, CASE WHEN id % 3 > 0 THEN ARRAY[1 + id % 4] END,
       CASE WHEN id % 7 > 0 THEN ARRAY[1 + id % 5] END,
       CASE WHEN id % 6 > 0 THEN jsonb_build_object('US', (ARRAY['G', 'PG-13', 'TV-MA', 'NC-17', '?'])[id % 6],
                                                    'XX', (ARRAY['low', 'high'])[1 + id % 2]) END,
       CASE WHEN id % 2 > 0 THEN '[]'::jsonb END
  FROM titles WHERE id % 4 > 0;
"""
TITLES = """
SELECT t.*, f.status, f.keyword_ids, f.company_ids, f.network_ids, f.certifications, f.videos, ARRAY(SELECT g.name FROM genres g JOIN title_genres tg ON tg.genre_id = g.id WHERE tg.title_id = t.id) AS genres,
       ARRAY(SELECT e.air_date FROM show_episodes e JOIN show_seasons ss ON ss.id = e.season_id
               JOIN shows s ON s.id = ss.show_id WHERE s.title_id = t.id AND e.air_date IS NOT NULL) AS air_dates,
       ARRAY(SELECT (k.department = 'acting')::text || k.name || c.person_id
               FROM credits c JOIN credit_categories k ON k.id = c.category WHERE c.title_id = t.id) AS credits
  FROM titles t
  LEFT JOIN title_facts f ON f.title_id = t.id
"""
VIEWS = "SELECT title_id, viewed_at FROM title_views, generate_series(1, views)"

# Titles with an even id have changed before, see MESS.
CHANGED = dt.datetime(2020, 5, 17, 12, 30)  # noqa: DTZ001 - as rows have it, in UTC
FILTERS = [
    DiscoverFilter(),
    DiscoverFilter(type="movie"),
    DiscoverFilter(type="show"),
    DiscoverFilter(genres_in=("Comedy",)),
    DiscoverFilter(genres_in=("Comedy", "Horror", "Horror", "Unheard-Of")),
    DiscoverFilter(genres_in=("Unheard-Of",)),
    DiscoverFilter(genres_in=("Dating",)),
    DiscoverFilter(genres_all=("Comedy", "Drama")),
    DiscoverFilter(genres_all=("Comedy", "Comedy")),
    DiscoverFilter(genres_all=("Comedy", "Unheard-Of")),
    DiscoverFilter(genres_not_in=("Comedy", "Unheard-Of")),
    DiscoverFilter(genres_in=("Action", "Comedy"), genres_all=("Drama",), genres_not_in=("Horror",)),
    DiscoverFilter(language_in=("ko",)),
    DiscoverFilter(language_in=("ko", "fr", "xx")),
    DiscoverFilter(country_in=("KR", "US")),
    DiscoverFilter(language_in=("en",), type="show"),
    DiscoverFilter(year_min=2000),
    DiscoverFilter(year_max=1980),
    DiscoverFilter(year_min=1999, year_max=1999),
    DiscoverFilter(year_min=2010, year_max=2000),
    DiscoverFilter(rating_min=7.4),
    DiscoverFilter(rating_max=5.3),
    DiscoverFilter(rating_min=0, rating_max=10),
    DiscoverFilter(votes_min=500),
    DiscoverFilter(votes_max=9_000),
    DiscoverFilter(votes_min=0),
    DiscoverFilter(runtime_min=120),
    DiscoverFilter(runtime_max=90),
    DiscoverFilter(type="movie", genres_in=("Drama",), year_min=1990, rating_min=6.5, votes_min=100, runtime_max=150),
    DiscoverFilter(year_min=-(2**31), year_max=2**31 - 1),
    DiscoverFilter(hides_adult=True),
    DiscoverFilter(hides_adult=True, type="movie", genres_in=("Drama",)),
    DiscoverFilter(keywords_in=("time travel",)),
    DiscoverFilter(keywords_in=("HEIST", "Unheard-Of")),
    DiscoverFilter(keywords_in=("1917",), companies_in=("5", "Heist"), has_poster=True),
    DiscoverFilter(companies_in=("2",), networks_in=("Robot", "1917", "99999999999")),
    DiscoverFilter(networks_in=("Unheard-Of",)),
    DiscoverFilter(certified_in=certified_at_most("us", "pg-13")),
    DiscoverFilter(certified_in=certified_at_most("US", "R"), genres_in=("Drama",), year_min=1980),
    DiscoverFilter(certified_in=certified_at_most("XX", "high")),
    DiscoverFilter(status_in=("canceled", "ENDED")),
    DiscoverFilter(status_in=("Released",), type="show"),
    DiscoverFilter(has_video=True),
    DiscoverFilter(has_video=False, hides_adult=True),
    DiscoverFilter(has_imdb_id=True),
    DiscoverFilter(has_imdb_id=False, type="movie"),
    DiscoverFilter(people_in=(99_000_001, 99_000_002)),
    DiscoverFilter(cast_in=(99_000_001,), people_in=(99_000_005, 99_000_008, 99_000_014)),
    DiscoverFilter(directed_by=(99_000_003, 99_000_013), year_min=1950),
    DiscoverFilter(written_by=tuple(range(99_000_001, 99_000_050))),
    DiscoverFilter(people_in=(1,)),
    DiscoverFilter(keywords_all=("heist", "1917"), companies_all=("5",)),
    DiscoverFilter(companies_all=("2", "Heist")),
    DiscoverFilter(networks_all=("5", "2", "Unheard-Of")),
    DiscoverFilter(networks_all=("5", "2")),
    DiscoverFilter(has_tmdb_id=True, type="show"),
    DiscoverFilter(has_tmdb_id=False),
    DiscoverFilter(released_from=dt.date(1990, 2, 3), released_until=dt.date(2010, 5, 1)),
    DiscoverFilter(airs_within=(dt.date(2008, 1, 1), dt.date(2012, 1, 1))),
    DiscoverFilter(airs_within=(dt.date.min, dt.date(1960, 1, 1)), genres_in=("Drama",)),
    DiscoverFilter(changed_from=CHANGED),
    DiscoverFilter(changed_until=CHANGED, type="movie"),
    DiscoverFilter(has_poster=False),
    DiscoverFilter(has_poster=False, genres_in=("Comedy",), year_min=1990),
]
FILTERS += [replace(each, has_poster=True) for each in FILTERS[:-2:2]]


@dataclass
class Catalogue:
    """All rows, and the expected results of discover."""

    titles: list[asyncpg.Record]
    views: dict[int, int]

    def expected(self, filter_: DiscoverFilter, sort: DiscoverSort) -> list[int]:
        """Return the ids of all pages."""
        found = [
            title
            for title in self.titles
            if title["withdrawn_at"] is None and matches(title, filter_) and rule(title, filter_, sort)
        ]
        orders = {**ORDERS, DiscoverSort.POPULAR: lambda title: (-self.views.get(title["id"], 0),)}
        return [title["id"] for title in sorted(found, key=lambda title: (*orders[sort](title), *by_votes(title)))]


def falling(value: float | dt.date | None) -> tuple[int, float]:
    number = value.toordinal() if isinstance(value, dt.date) else value
    return (1, 0) if number is None else (0, -number)


def by_votes(title: asyncpg.Record) -> tuple[Any, ...]:
    return falling(title["num_votes"]), title["id"]


ORDERS: dict[DiscoverSort, Callable[[asyncpg.Record], tuple[Any, ...]]] = {
    DiscoverSort.MOST_RATED: by_votes,
    DiscoverSort.TRENDING: lambda title: (falling(title["tmdb_popularity"]),),
    DiscoverSort.TOP_RATED: lambda title: (falling(title["average_rating"]),),
    DiscoverSort.HIDDEN_GEMS: lambda title: (falling(title["average_rating"]),),
    DiscoverSort.NEWEST: lambda title: (falling(title["start_year"]), falling(title["release_date"])),
    DiscoverSort.A_TO_Z: lambda title: (title["display_name"].lower(),),
}


NAMED = {"keywords_in": "keyword", "companies_in": "company", "networks_in": "network"}
ALL_NAMED = {"keywords_all": "keyword", "companies_all": "company", "networks_all": "network"}


def has_name(ids: list[int] | None, words: tuple[str, ...]) -> bool:
    names = {1: "time travel", 2: "heist", 3: "1917", 4: "heist", 5: "robot"}
    return not words or any(word.lower() in (names[id_], str(id_)) for word in words for id_ in ids or ())


def certified(title: asyncpg.Record) -> set[str]:
    return {f"{country}:{word}" for country, word in (title["certifications"] or {}).items()}


def has_poster(title: asyncpg.Record) -> bool:
    return title["image_url"] is not None and title["image_url"] not in NO_IMAGE


def rule(title: asyncpg.Record, filter_: DiscoverFilter, sort: DiscoverSort) -> bool:
    votes, rating = title["num_votes"] or 0, title["average_rating"] or 0
    if sort is DiscoverSort.TOP_RATED and filter_.votes_min is None and filter_.rating_min is None:
        return votes >= 1000
    return sort is not DiscoverSort.HIDDEN_GEMS or (rating >= 7.5 and 100 < votes < 10_000)


def within(value: float | None, least: float | None, most: float | None) -> bool:
    if least is None and most is None:
        return True
    # A rating is stored in single precision.
    return (
        value is not None and (least is None or round(value, 5) >= least) and (most is None or round(value, 5) <= most)
    )


def between(value: dt.date | None, least: dt.date | None, most: dt.date | None) -> bool:
    if least is None and most is None:
        return True
    return value is not None and (least is None or value >= least) and (most is None or value <= most)


def has_credit(title: asyncpg.Record, people: tuple[int, ...], kind: str) -> bool:
    pattern = re.compile(f"{kind}({'|'.join(map(str, people))})")
    return not people or any(map(pattern.fullmatch, title["credits"]))


def matches(title: asyncpg.Record, filter_: DiscoverFilter) -> bool:
    genres = set(title["genres"])
    return (
        filter_.type in (None, title["type"])
        and (not filter_.genres_in or bool(genres & set(filter_.genres_in)))
        and genres >= set(filter_.genres_all)
        and not genres & set(filter_.genres_not_in)
        and (not filter_.language_in or title["original_language"] in filter_.language_in)
        and (not filter_.country_in or title["origin_country"] in filter_.country_in)
        and all(has_name(title[f"{kind}_ids"], getattr(filter_, name)) for name, kind in NAMED.items())
        and all(
            has_name(title[f"{kind}_ids"], (word,))
            for name, kind in ALL_NAMED.items()
            for word in getattr(filter_, name)
        )
        and filter_.has_tmdb_id in (None, title["tmdb_id"] is not None)
        and between(title["release_date"], filter_.released_from, filter_.released_until)
        and between(title["updated_at"], filter_.changed_from, filter_.changed_until)
        and (not filter_.airs_within or any(between(day, *filter_.airs_within) for day in title["air_dates"]))
        and (not filter_.certified_in or bool(certified(title) & set(filter_.certified_in)))
        and (not filter_.status_in or title["status"] in filter_.status_in)
        and filter_.has_video in (None, title["videos"] is not None)
        and filter_.has_poster in (None, has_poster(title))
        and filter_.has_imdb_id in (None, title["imdb_id"] is not None)
        and not (filter_.hides_adult and title["is_adult"])
        and has_credit(title, filter_.people_in, r"(true|false)[a-z_]+")
        and has_credit(title, filter_.cast_in, r"true[a-z_]+")
        and has_credit(title, filter_.directed_by, "falsedirector")
        and has_credit(title, filter_.written_by, "falsewriter")
        and within(title["start_year"], filter_.year_min, filter_.year_max)
        and within(title["average_rating"], filter_.rating_min, filter_.rating_max)
        and within(title["num_votes"], filter_.votes_min, filter_.votes_max)
        and within(title["runtime_minutes"], filter_.runtime_min, filter_.runtime_max)
    )


@pytest.fixture(scope="module")
async def messy(cluster: str, demo_template: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on a demo catalogue with every difficult case of sorting and filtering."""
    async with own_database(cluster, template=demo_template) as dsn, await open_pool(dsn, size=2) as pool:
        await pool.execute(MESS)
        # The views of MESS that are older than a week.
        await clean_up_engagement(pool)
        await pool.execute(f"{NO_FURTHER_FACTS}; {FACTS}")
        yield pool


@pytest.fixture(scope="module")
async def catalogue(messy: asyncpg.Pool) -> Catalogue:
    """Give all rows of the messy catalogue."""
    week_ago = await messy.fetchval("SELECT now()::timestamp") - dt.timedelta(days=7)
    views: dict[int, int] = {}
    for title_id, viewed_at in await messy.fetch(VIEWS):
        views[title_id] = views.get(title_id, 0) + (viewed_at > week_ago)
    return Catalogue(list(await messy.fetch(TITLES)), views)


async def all_ids(pool: asyncpg.Pool, filter_: DiscoverFilter, sort: DiscoverSort) -> list[int]:
    return [row.title_id for row in await load_discover_titles(pool, filter_, sort, limit=ALL)]


@pytest.mark.parametrize("sort", DiscoverSort)
async def test_every_filter_in_every_order_agrees_with_a_plain_computation(
    messy: asyncpg.Pool, catalogue: Catalogue, sort: DiscoverSort
) -> None:
    """Ids, their order and their count are those computed in Python over all rows, for each filter."""
    for filter_ in FILTERS:
        expected = catalogue.expected(filter_, sort)
        assert await all_ids(messy, filter_, sort) == expected, filter_
        assert await Loaders(messy).discover_total(with_sort_rules(filter_, sort)) == len(expected), filter_


def test_filters_under_test_use_every_condition() -> None:
    """Every field of the filter is compared, and each has a condition."""
    names = {field.name for field in fields(DiscoverFilter)}
    used = {name for filter_ in FILTERS for name in names if getattr(filter_, name) not in (None, (), False)}
    assert names == used == CONDITIONS.keys() | ALL_OF.keys()


async def test_comparison_has_something_to_compare(catalogue: Catalogue) -> None:
    """Most filters match titles in most sort orders; some are tied, some lack the sorted fact."""
    found = [len(catalogue.expected(filter_, sort)) for filter_ in FILTERS for sort in DiscoverSort]
    assert sum(bool(count) for count in found) > len(found) * 0.8
    assert max(found) > 400
    shown = [title for title in catalogue.titles if title["withdrawn_at"] is None and has_poster(title)]
    for name in ("num_votes", "start_year", "release_date", "tmdb_popularity", "display_name"):
        values = [title[name] for title in shown]
        assert len(set(values)) < len(values) - 10
        assert name == "display_name" or None in values


@pytest.mark.parametrize("sort", DiscoverSort)
async def test_page_after_page_has_every_title_once(
    messy: asyncpg.Pool, catalogue: Catalogue, sort: DiscoverSort
) -> None:
    """Pages of seven make up the whole list without repeats or gaps; the page after the last is empty."""
    filter_ = DiscoverFilter(type="movie", votes_max=30_000)
    expected = catalogue.expected(filter_, sort)
    pages = [
        [row.title_id for row in await load_discover_titles(messy, filter_, sort, limit=7, offset=offset)]
        for offset in range(0, len(expected) + 7, 7)
    ]
    assert [title_id for page in pages for title_id in page] == expected
    assert pages[-1] == []


async def test_offsets_behind_all_titles_are_empty(messy: asyncpg.Pool) -> None:
    """An offset beyond 32 bits is no error, in every sort order."""
    for sort in DiscoverSort:
        assert await load_discover_titles(messy, DiscoverFilter(), sort, limit=100, offset=2**40) == []


async def test_titles_have_the_facts_of_their_rows(messy: asyncpg.Pool, catalogue: Catalogue) -> None:
    """Facts, genres, the id of the movie or show, and the views of seven days are those of the tables."""
    rows = {title["id"]: title for title in catalogue.titles}
    movies = dict(await messy.fetch("SELECT title_id, id FROM movies"))
    shows = dict(await messy.fetch("SELECT title_id, id FROM shows"))
    same = set(DiscoverTitleRow._fields) & set(catalogue.titles[0].keys()) - {"genres"}
    assert len(same) > 10
    for found in await load_discover_titles(messy, DiscoverFilter(has_poster=True), DiscoverSort.POPULAR, limit=ALL):
        row = rows[found.title_id]
        for name in same:
            value = row[name].isoformat() if isinstance(row[name], dt.date) else row[name]
            assert getattr(found, name) == (pytest.approx(value) if isinstance(value, float) else value)
        assert found.genres == sorted(row["genres"])
        assert found.engagement_count == catalogue.views.get(found.title_id, 0)
        assert (found.movie_id, found.show_id) == (movies.get(found.title_id), shows.get(found.title_id))
        assert (found.movie_id is None) == (found.type == "show")


async def test_ratings_are_the_shortest_decimals(messy: asyncpg.Pool) -> None:
    """A rating has one decimal, not the digits of single precision."""
    rows = await load_discover_titles(messy, DiscoverFilter(), DiscoverSort.MOST_RATED, limit=ALL)
    assert all(row.average_rating is None or len(repr(row.average_rating)) <= 4 for row in rows)


async def test_popular_is_by_views_of_seven_days_then_by_votes(messy: asyncpg.Pool) -> None:
    """Views decrease through the list; titles without views follow by votes."""
    rows = await load_discover_titles(messy, DiscoverFilter(), DiscoverSort.POPULAR, limit=ALL)
    assert rows[0].engagement_count > 1
    assert rows[-1].engagement_count == 0
    assert all(one.engagement_count >= two.engagement_count for one, two in pairwise(rows))


@pytest.mark.parametrize("bound", [{"votes_min": 5}, {"rating_min": 1.0}])
async def test_top_rated_requires_a_thousand_votes_unless_the_filter_has_a_bound(
    messy: asyncpg.Pool, bound: dict[str, Any]
) -> None:
    """Titles with fewer votes are listed only if the filter has a lower bound of votes or rating."""
    rows = await load_discover_titles(messy, DiscoverFilter(), DiscoverSort.TOP_RATED, limit=ALL)
    assert rows
    assert min(row.num_votes or 0 for row in rows) >= 1000
    bounded = await load_discover_titles(messy, DiscoverFilter(**bound), DiscoverSort.TOP_RATED, limit=ALL)
    assert any((row.num_votes or 0) < 1000 for row in bounded)


async def test_titles_by_id_keep_the_order_of_the_ids_and_show_no_sentinel(
    messy: asyncpg.Pool, catalogue: Catalogue
) -> None:
    """Collections load titles by rank: a title without a poster is loaded as well, an unknown id is None."""
    bare = next(title["id"] for title in catalogue.titles if title["image_url"] in NO_IMAGE)
    withdrawn = next(title["id"] for title in catalogue.titles if title["withdrawn_at"])
    rows = await load_discover_titles_by_id(messy, [withdrawn, -1, bare, withdrawn])
    assert [row and row.title_id for row in rows] == [withdrawn, None, bare, withdrawn]
    assert rows[2] is not None
    assert rows[2].image_url is None


async def test_values_are_parameters(messy: asyncpg.Pool) -> None:
    """Quotes, comments, placeholders and braces find nothing and break nothing."""
    for text in ("'; DROP TABLE titles; --", "$1", "{}", "{0}", "%", "\\", "NULL", "' OR '1'='1", "🎬" * 30):
        for name in (*("genres_in", "genres_all", "language_in", "country_in", "certified_in", "status_in"), *NAMED):
            assert await Loaders(messy).discover_total(DiscoverFilter(**{name: (text,)})) == 0
    assert await Loaders(messy).discover_total(DiscoverFilter()) > 0


async def test_planning_for_values_ends_with_the_transaction(messy: asyncpg.Pool) -> None:
    """A connection returns to the pool with generic plans."""
    async with messy.acquire() as one, messy.acquire() as two:
        modes = [await connection.fetchval("SHOW plan_cache_mode") for connection in (one, two)]
    assert modes == ["force_generic_plan"] * 2
