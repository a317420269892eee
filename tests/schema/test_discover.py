"""The root field `discover`."""

from collections.abc import Callable
from typing import Any

import pytest

from mediacanon import vocabulary
from mediacanon.database.pool import open_pool
from mediacanon.execution.executor import Execution
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.schema.costs import COSTS
from mediacanon.schema.discover import DiscoverSort
from mediacanon.schema.root import build_schema
from mediacanon.writes import Writes

EXECUTION = Execution(build_schema(), costs=COSTS)
Ask = Callable[..., Any]

PAGE = """
query ($filter: TitleFilter, $sort: DiscoverSort, $page: Int, $perPage: Int) {
  discover(filter: $filter, sort: $sort, page: $page, perPage: $perPage) {
    items { titleId type displayName originalTitle startYear endYear releaseDate imageUrl movieId showId averageRating
            numVotes tmdbPopularity originalLanguage genres engagementCount ids { imdb tmdb } imdbId tmdbId }
    page perPage total totalPages
  }
}
"""


@pytest.fixture
def ask(make_context: Callable[[], Context]) -> Ask:
    """Give a function that runs a document and returns its data and the messages of its errors."""

    async def run(text: str = PAGE, **variables: object) -> tuple[Any, list[str]]:
        answer = await EXECUTION.execute(EXECUTION.prepare(text), context=make_context(), variables=variables)
        return answer.data and answer.data["discover"], [error.message for error in answer.errors or ()]

    return run


async def test_default_is_the_most_voted_twenty(ask: Ask) -> None:
    """Without arguments the response is the first page of twenty, most votes first, with the total of all pages."""
    page, errors = await ask()
    assert not errors
    votes = [title["numVotes"] for title in page["items"]]
    assert len(votes) == page["perPage"] == 20
    assert votes == sorted(votes, reverse=True)
    assert page["total"] > 20
    assert page["totalPages"] == -(-page["total"] // 20)


async def test_titles_have_all_facts(ask: Ask) -> None:
    """Every title has its poster, the id of its movie or show, and its genres."""
    page, errors = await ask(perPage=100, sort="POPULAR")
    assert not errors
    assert page["items"][0]["engagementCount"] > 0
    for title in page["items"]:
        assert title["imageUrl"].startswith("https://")
        assert (title["movieId"] is None) == (title["type"] == "show")
        assert (title["showId"] is None) == (title["type"] == "movie")
        assert title["ids"] == {"imdb": title["imdbId"], "tmdb": title["tmdbId"]}
        assert title["genres"] == sorted(title["genres"])


async def test_filter_reaches_every_condition(ask: Ask) -> None:
    """All fields of the filter together give only titles that meet every condition."""
    given = {
        "type": "movie",
        "genresIn": ["Drama", "Comedy"],
        "genresNotIn": ["Horror"],
        "languageIn": ["en", "ko", "fr"],
        "countryIn": ["US", "GB", "KR", "FR"],
        "yearMin": 1950,
        "yearMax": 2024,
        "ratingMin": 4,
        "ratingMax": 9.5,
        "votesMin": 50,
        "votesMax": 2_000_000,
        "runtimeMin": 75,
        "runtimeMax": 180,
    }
    page, errors = await ask(filter=given, perPage=100)
    assert not errors
    assert page["items"]
    for title in page["items"]:
        assert title["type"] == "movie"
        assert {"Drama", "Comedy"} & set(title["genres"])
        assert "Horror" not in title["genres"]
        assert title["originalLanguage"] in given["languageIn"]
        assert 1950 <= title["startYear"] <= 2024
        assert 4 <= title["averageRating"] <= 9.5
        assert 50 <= title["numVotes"] <= 2_000_000


async def test_pages_of_every_sort_have_every_title_once(ask: Ask) -> None:
    """The pages of each sort order together have as many different titles as the total."""
    for sort in DiscoverSort:
        page, _ = await ask(sort=sort.name, perPage=100)
        pages = [await ask(sort=sort.name, perPage=100, page=number) for number in range(1, page["totalPages"] + 1)]
        ids = [title["titleId"] for found, _ in pages for title in found["items"]]
        assert len(ids) == len(set(ids)) == page["total"]


async def test_page_past_the_end_is_empty(ask: Ask) -> None:
    """The greatest page number has no titles and the same total."""
    page, errors = await ask(page=2**31 - 1, perPage=100)
    assert not errors
    assert page["items"] == []
    assert page["total"] > 0


async def test_empty_lists_and_an_empty_filter_restrict_nothing(ask: Ask) -> None:
    """An empty or null field is equal to an absent one."""
    everything, _ = await ask()
    lists = ("genresIn", "genresAll", "genresNotIn", "languageIn", "countryIn")
    for nothing in ({}, {name: [] for name in lists}, dict.fromkeys(lists), {"type": None, "ratingMin": None}, None):
        page, errors = await ask(filter=nothing)
        assert not errors
        assert page["total"] == everything["total"]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"page": 0}, "page must be 1 or more"),
        ({"perPage": 0}, "perPage must be from 1 to 100"),
        ({"perPage": 101}, "perPage must be from 1 to 100"),
        ({"filter": {"ratingMin": -0.1}}, "ratingMin must be from 0 to 10"),
        ({"filter": {"ratingMax": 1e300}}, "ratingMax must be from 0 to 10"),
        ({"filter": {"genresIn": ["Drama"] * 51}}, "genresIn may have at most 50 entries"),
        ({"filter": {"genresAll": ["Drama"] * 6}}, "genresAll may have at most 5 entries"),
        ({"filter": {"countryIn": ["US"] * 51}}, "countryIn may have at most 50 entries"),
        ({"filter": {"languageIn": ["e\0"]}}, "languageIn wants names of at most 100 printable characters"),
        ({"filter": {"genresNotIn": ["\ud800"]}}, "genresNotIn wants names of at most 100 printable characters"),
        ({"filter": {"genresIn": ["D" * 101]}}, "genresIn wants names of at most 100 printable characters"),
    ],
)
async def test_values_out_of_bounds_are_refused(ask: Ask, variables: dict[str, Any], message: str) -> None:
    """The message names the argument and its bounds."""
    page, errors = await ask(**variables)
    assert page is None
    assert errors == [message]


@pytest.mark.parametrize(
    "filter_",
    [
        {"yearMin": 2**31},
        {"votesMin": "many"},
        {"type": "episode"},
        {"genresIn": [None]},
        {"unheardOf": 1},
        {"ratingMin": float("nan")},
        {"ratingMax": float("inf")},
    ],
)
async def test_values_of_another_type_are_refused(ask: Ask, filter_: dict[str, Any]) -> None:
    """Numbers beyond 32 bits, not-a-number, nulls in lists, unknown types and fields never reach the database."""
    page, errors = await ask(filter=filter_)
    assert page is None
    assert len(errors) == 1
    assert "INTERNAL" not in errors[0]


async def test_hostile_texts_match_nothing(ask: Ask) -> None:
    """SQL, patterns and placeholders are ordinary names without titles."""
    for text in ("'; DROP TABLE titles; --", "%", "_", "$1", "{}", "{0}", "\\", '"', "🎬"):
        page, errors = await ask(filter={"genresIn": [text], "languageIn": [text], "countryIn": [text]})
        assert not errors
        assert page["items"] == []
        assert page["total"] == 0


async def test_the_total_is_counted_if_selected_and_only_once(demo: str) -> None:
    """A list without total costs no count; total and totalPages share one."""
    statements: list[str] = []
    async with await open_pool(demo, size=1) as pool:
        async with pool.acquire() as connection:
            # The pool has one connection, which keeps its logger between requests.
            connection._con.add_query_logger(lambda record: statements.append(record.query))
        for text, counts in (("items { titleId }", 0), ("total totalPages", 1)):
            statements.clear()
            prepared = EXECUTION.prepare_trusted(f"{{ discover(filter: {{yearMin: 1990}}) {{ {text} }} }}", name="test")
            await EXECUTION.run(prepared, {}, Context(Loaders(pool), Writes(pool)))
            assert sum("count(*) AS number FROM titles" in statement for statement in statements) == counts
    assert len(statements) > 1


async def test_sort_orders_are_the_vocabulary() -> None:
    """GraphQL has every sort order of the vocabulary, in its order, under the member's name."""
    assert [(sort.name, sort.value) for sort in DiscoverSort] == [(sort.name, sort) for sort in vocabulary.DiscoverSort]
