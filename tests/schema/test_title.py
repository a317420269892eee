"""Lists of titles: text and filter together, compared with plain SQL over the whole catalogue."""

import asyncpg
import pytest

from tests.serving import ask

QUERY = """query ($q: String, $type: TitleType, $language: String, $filter: TitleFilter) {
  titles(query: $q, type: $type, language: $language, filter: $filter, perPage: 100) {
    total totalPages items { titleId } languages { code count } } }"""
HELD = {
    "everything": ({}, "true"),
    "a text": ({"q": "garden"}, "t.display_name ILIKE '%garden%'"),
    "two letters": ({"q": "an"}, "t.display_name ILIKE '%an%'"),
    "a type": ({"type": "show"}, "t.type = 'show'"),
    "a language": ({"language": "fr"}, "t.original_language = 'fr'"),
    "text and type": ({"q": "the", "type": "movie"}, "t.display_name ILIKE '%the%' AND t.type = 'movie'"),
    "a filter": ({"filter": {"yearMin": 2000, "ratingMin": 7}}, "t.start_year >= 2000 AND t.average_rating >= 7"),
    "text, language and filter": (
        {"q": "the", "language": "en", "filter": {"votesMin": 1000}},
        "t.display_name ILIKE '%the%' AND t.original_language = 'en' AND t.num_votes >= 1000",
    ),
    "a type, and one of two languages": (
        {"type": "movie", "language": "fr", "filter": {"type": "movie", "languageIn": ["en", "fr"]}},
        "t.type = 'movie' AND t.original_language = 'fr'",
    ),
    "without a genre": (
        {"filter": {"genresNotIn": ["Drama"]}},
        (
            "NOT EXISTS (SELECT FROM title_genres tg JOIN genres g ON g.id = tg.genre_id"
            " WHERE tg.title_id = t.id AND g.name = 'Drama')"
        ),
    ),
}


@pytest.fixture(scope="module")
async def connection(demo: str):
    """Give a connection to the demo catalogue."""
    connection = await asyncpg.connect(demo)
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", HELD)
async def test_lists_agree_with_plain_sql(demo_client, connection: asyncpg.Connection, name: str):
    """Total, first page and languages are those of a plain statement."""
    variables, condition = HELD[name]
    found = (await ask(demo_client, QUERY, **variables))["data"]["titles"]
    order = "num_votes DESC NULLS LAST, display_name, id"
    wanted = await connection.fetch(f"SELECT id FROM titles t WHERE {condition} ORDER BY {order}")
    assert found["total"] == len(wanted)
    assert [each["titleId"] for each in found["items"]] == [row[0] for row in wanted[:100]]
    # The languages are those of the match without its own restriction of the language.
    condition = condition.replace("t.original_language = 'fr'", "true").replace("t.original_language = 'en'", "true")
    counts = await connection.fetch(
        f"SELECT original_language, count(*) FROM titles t WHERE {condition} AND original_language IS NOT NULL GROUP BY 1"
    )
    assert {each["code"]: each["count"] for each in found["languages"]} == dict(counts)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"type": "movie", "filter": {"type": "show"}}, "type and filter.type contradict each other"),
        ({"language": "fr", "filter": {"languageIn": ["en"]}}, "language and filter.languageIn contradict each other"),
    ],
)
async def test_contradictions_are_refused(demo_client, variables: dict, message: str):
    """No restriction silently overrides another."""
    error = (await ask(demo_client, QUERY, **variables))["errors"][0]
    assert error["message"] == message
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("text", ["%", "_", "\\", "100%", "'", '"', "\u200b"])
async def test_wildcards_are_ordinary_characters(demo_client, connection: asyncpg.Connection, text: str):
    """A percent sign matches a percent sign."""
    found = (await ask(demo_client, QUERY, q=text))["data"]["titles"]
    assert found["total"] == await connection.fetchval(
        "SELECT count(*) FROM titles WHERE strpos(display_name, $1) > 0", text
    )


async def test_the_limit_of_a_search_is_bounded(demo_client):
    """The message names the argument."""
    for limit in (0, 51):
        answer = await ask(demo_client, f'{{ search(query: "the", limit: {limit}) {{ matchedOn }} }}')
        assert answer["errors"][0]["message"] == "limit must be from 1 to 50"
    answer = await ask(demo_client, '{ search(query: "the", limit: 50) { matchedOn } }')
    assert len(answer["data"]["search"]) == 50


@pytest.mark.parametrize(
    "arguments", ["page: 0", "page: -1", "perPage: 0", "perPage: 101", 'query: "' + "x" * 201 + '"']
)
async def test_arguments_out_of_bounds_are_refused(demo_client, arguments: str):
    """The error is the client's."""
    answer = await ask(demo_client, f"{{ titles({arguments}) {{ total }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
