"""Franchises by number and by name, and the other fields that lists of other programs need."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import own_database
from tests.serving import app_of, ask, client_of

FRANCHISES = """
INSERT INTO franchises (id, name, overview) VALUES
       (7, 'The Owl Collection', 'Owls.'), (8, 'Owl', NULL), (9, 'Ein Käuzchen & mehr', NULL), (10, '100% Owl_', NULL)
"""


@pytest.fixture(scope="module")
async def owls(cluster: str, demo_template: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server with four franchises."""
    import asyncpg

    async with own_database(cluster, template=demo_template) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute(FRANCHISES)
        await connection.close()
        async with client_of(app_of(dsn)) as client:
            yield client


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("owl", [8, 10, 7]),
        ("the OWL", [7]),
        ("collection owl", [7]),
        ("kauzchen", [9]),
        ("100%", [10]),
        ("%", []),
        ("_", []),
        ("", []),
        ("nothing", []),
    ],
)
async def test_franchises_are_found_by_words_of_their_name(owls: httpx.AsyncClient, query: str, ids: list[int]):
    """All words must be in the name, in any case and without accents; a name that begins with the text comes first."""
    found = await ask(owls, "query ($q: String!) { franchises(query: $q) { tmdbId } }", q=query)
    assert [each["tmdbId"] for each in found["data"]["franchises"]] == ids


async def test_a_franchise_is_found_by_its_number(owls: httpx.AsyncClient):
    """An unknown one is null; a long text and a large page are refused."""
    found = await ask(owls, "{ known: franchise(tmdbId: 7) { name overview } unknown: franchise(tmdbId: 1) { name } }")
    assert found["data"] == {"known": {"name": "The Owl Collection", "overview": "Owls."}, "unknown": None}
    for arguments in (f'query: "{"x" * 201}"', 'query: "x", limit: 51'):
        refused = await ask(owls, f"{{ franchises({arguments}) {{ name }} }}")
        assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_season_is_found_by_its_number(owls: httpx.AsyncClient):
    """With the episodes that the list of seasons has; null for another number."""
    query = """{ titles(type: show, perPage: 3) { items { show {
        seasons { seasonNumber episodes { episodeId } } first: season(number: 1) { seasonNumber episodes { episodeId } }
        none: season(number: 99) { seasonNumber } } } } }"""
    shows = (await ask(owls, query))["data"]["titles"]["items"]
    for show in (each["show"] for each in shows):
        assert show["first"] == next(each for each in show["seasons"] if each["seasonNumber"] == 1)
        assert show["none"] is None


@pytest.mark.parametrize("moment", ["2020-05-17", "2020-05-17T25:00:00Z", "2020-05-17T12:30:00", "x", ""])
async def test_a_moment_has_a_zone(owls: httpx.AsyncClient, moment: str):
    """Others than RFC 3339's are refused."""
    query = "query ($at: DateTime!) { discover(filter: {changedFrom: $at}) { total } }"
    refused = await ask(owls, query, at=moment)
    assert "is no moment" in refused["errors"][0]["message"]
    for right in ("2020-05-17T12:30:00Z", "2020-05-17T14:30:00.5+02:00"):
        assert (await ask(owls, query, at=right))["data"]["discover"]["total"] > 0


async def test_lists_have_the_texts_of_titles(owls: httpx.AsyncClient):
    """A list has the plot, the backdrop and the country that the title has."""
    fields = "titleId originCountry nativeTitle backdrop overview { text language }"
    query = f"{{ discover(perPage: 5) {{ items {{ {fields} }} }} titles(perPage: 50) {{ items {{ {fields} texts {{ language overview }} }} }} }}"
    data = (await ask(owls, query))["data"]
    titles = {each["titleId"]: each for each in data["titles"]["items"]}
    for each in data["discover"]["items"]:
        title = titles[each["titleId"]]
        texts = title.pop("texts")
        assert each == title
        assert {"language": each["overview"]["language"], "overview": each["overview"]["text"]} in texts
