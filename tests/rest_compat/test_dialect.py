"""The mechanism serves a dialect of other keys, nulls, values, errors and routes: its rules are data.

The toy speaks in the manner of OMDb and Stremio: one path with endpoints chosen by parameter, suffixes in paths, capital
keys, texts for numbers and for null, errors with status 200, parameters in any case.
"""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mediacanon.cache.responses import ResponseCache
from mediacanon.errors import NotFound
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import Unreadable
from mediacanon.rest_compat.dialect import Dialect, Null, ValueRule
from mediacanon.rest_compat.endpoint import NO_MATCH, Check, Endpoint
from mediacanon.rest_compat.handler import RestApi
from mediacanon.rest_compat.openapi import build_openapi
from mediacanon.schema.context import Context
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema

DOCUMENTS = {
    "by_id": """
query ($i: ImdbId!) {
  title(by: {imdbId: $i}) {
    ...Detail
  }
}
""",
    "by_name": """
query ($t: String!, $y: Int) {
  titles(query: $t, filter: {yearMin: $y, yearMax: $y}, perPage: 1) {
    items {
      ...Detail
    }
  }
}
""",
    "meta": """
query ($type: TitleType!, $name: String!) {
  titles(type: $type, query: $name, perPage: 1) {
    items {
      ...Detail
    }
  }
}
""",
    "whole": """
query ($by: TitleBy!) {
  title(by: $by) {
    ...Detail
  }
}
""",
    "alike": """
query ($by: TitleBy!, $type: TitleType!) {
  title(by: $by) {
    imdbId
    similar {
      titleId
    }
  }
  titles(type: $type, perPage: 1) {
    items {
      titleId
    }
  }
}
""",
    "either": """
query ($i: ImdbId = "tt0000000", $ids: [ExternalId!]! = [], $asksTitle: Boolean! = false) {
  title(by: {imdbId: $i}) @include(if: $asksTitle) {
    ...Detail
  }
  lookup(ids: $ids) {
    found {
      title {
        ...Detail
      }
    }
  }
}
""",
    "nothing": """
{
  __typename
}
""",
    "fragments": """
fragment Detail on Title {
  Title: displayName
  imdbRating: averageRating
  imdbVotes: numVotes
  Released: releaseDate
  Genre: genres
  Type: type
  Ended: endYear
}
""",
}
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/omdb",
        document="by_id",
        summary="By id",
        when=("i",),
        answer="title",
        example="/omdb?i=tt1",
    ),
    Endpoint(
        method="GET",
        path="/omdb",
        document="by_name",
        summary="By name",
        when=("t",),
        answer={"Search": "titles.items", "Count": "#titles.items"},
        bounds={"y": (1870, 2100)},
        fallbacks={"y": NO_MATCH},
        empty={"Search": [], "Count": 0, "Asked": "$t"},
    ),
    Endpoint(
        method="GET",
        path="/omdb/meta/{type}/{name}.json",
        document="meta",
        summary="By path",
        answer="titles.items",
        enum_names={"type": {"movie": "movie", "series": "show"}},
    ),
    Endpoint(
        method="POST",
        path="/omdb/either",
        document="either",
        summary="By a body",
        reads_body=True,
        answer=("title", "lookup.found"),
        max_items={"ids": 3},
    ),
)
TEXT = {"type": "string"}


def toy(folder: Path, **changes: object) -> Dialect:
    """Return the toy with its documents in a folder."""
    for name, text in DOCUMENTS.items():
        (folder / f"{name}.graphql").write_text(text.lstrip("\n"))
    rules = {
        "title": "Toy",
        "prefix": "/omdb",
        "endpoints": ENDPOINTS,
        "documents": folder,
        "null": "N/A",
        "values": {
            "Float": ValueRule(lambda number: f"{number:.1f}", TEXT),
            "Int": ValueRule(lambda number: f"{number:,}", TEXT),
            "Date": ValueRule(lambda day: ".".join(reversed(day.split("-"))), TEXT),
            "[String]": ValueRule(", ".join, TEXT),
            "TitleType": ValueRule({"movie": "movie", "show": "series"}.get, TEXT),
        },
        "error": lambda _, message: {"Response": "False", "Error": message},
        "statuses": {404: 200, 400: 200},
        "messages": {NotFound: "Movie not found!"},
        "ignores_case": True,
    }
    return Dialect(**{**rules, **changes})  # type: ignore[arg-type]  # checked by the tests


@pytest.fixture
def serve(make_context: Callable[[], Context]) -> Callable[[Dialect], httpx.AsyncClient]:
    """Give the function that serves a dialect alone, over the demo catalogue."""

    def client_of(dialect: Dialect) -> httpx.AsyncClient:
        api = RestApi(
            Execution(build_schema(), costs=COSTS),
            dialect,
            new_context=lambda _: make_context(),
            response_cache=ResponseCache(most_bytes=0),
        )
        transport = httpx.ASGITransport(api)
        return httpx.AsyncClient(transport=transport, base_url="http://toy.test")

    return client_of


@pytest.fixture
def omdb(serve: Callable[[Dialect], httpx.AsyncClient], tmp_path: Path) -> httpx.AsyncClient:
    """Give a client of the toy."""
    return serve(toy(tmp_path))


async def test_a_parameter_chooses_the_endpoint(omdb: httpx.AsyncClient):
    """The first row at the path whose parameter is there answers; without any, the error names them."""
    by_id = (await omdb.get("/omdb?i=tt99000001&t=x")).json()
    by_name = (await omdb.get("/omdb?t=lighthouse keepers")).json()
    assert by_name == {"Search": [by_id], "Count": 1}
    assert (await omdb.get("/omdb?s=x")).json() == {"Response": "False", "Error": "Give one of i, t"}


async def test_names_of_parameters_have_no_case(omdb: httpx.AsyncClient):
    """The exact name wins over another spelling."""
    exact = (await omdb.get("/omdb?i=tt99000001")).json()
    assert (await omdb.get("/omdb?I=tt99000001")).json() == exact
    assert (await omdb.get("/omdb?I=tt99100001&i=tt99000001")).json() == exact


async def test_values_follow_the_rules_of_their_types(omdb: httpx.AsyncClient):
    """Numbers, dates, lists, enums and null become texts; keys are the aliases of the document."""
    found = (await omdb.get("/omdb?i=tt99000001")).json()
    assert list(found) == ["Title", "imdbRating", "imdbVotes", "Released", "Genre", "Type", "Ended"]
    assert re.fullmatch(r"\d\.\d", found["imdbRating"])
    assert re.fullmatch(r"\d{1,3}(,\d{3})*", found["imdbVotes"])
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4}", found["Released"])
    assert (found["Type"], found["Ended"]) == ("movie", "N/A")
    assert ", " in found["Genre"]


async def test_a_suffix_is_part_of_a_path(omdb: httpx.AsyncClient):
    """Its dot is a dot, and another suffix another path."""
    assert (await omdb.get("/omdb/meta/series/harbour%20lights.json")).json()[0]["Type"] == "series"
    for path in ("/omdb/meta/movie/axjson", "/omdb/meta/movie/a.json/more", "/omdb/meta/movie/a"):
        assert (await omdb.get(path)).json() == {"Response": "False", "Error": "Movie not found!"}


async def test_errors_have_the_status_and_the_body_of_the_dialect(omdb: httpx.AsyncClient):
    """An unknown id is a good response for this client; a wrong method keeps its status."""
    missing = await omdb.get("/omdb?i=tt0000009")
    assert (missing.status_code, missing.json()) == (200, {"Response": "False", "Error": "Movie not found!"})
    assert (await omdb.post("/omdb")).status_code == 405


async def test_an_answer_without_a_match_needs_no_statement(omdb: httpx.AsyncClient):
    """The row's empty answer names the variables of the request."""
    assert (await omdb.get("/omdb?t=a&y=1")).json() == {"Search": [], "Count": 0, "Asked": "a"}


@pytest.mark.parametrize(("null", "ended"), [(Null.OMIT, ...), (Null.KEEP, None), ("", "")])
async def test_null_is_omitted_kept_or_a_text(serve, tmp_path: Path, null: Null | str, ended: object):
    """The policy is one field of the dialect; OpenAPI follows it."""
    dialect = toy(tmp_path, null=null)
    found = (await serve(dialect).get("/omdb?i=tt99000001")).json()
    assert found.get("Ended", ...) == ended
    execution = Execution(build_schema(), costs=COSTS)
    api = RestApi(execution, dialect, new_context=make_none, response_cache=ResponseCache(most_bytes=0))
    paths = build_openapi(execution.schema, dialect, api.resources)["paths"]
    answers = paths["/omdb"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    assert ("Ended" in answers[0]["required"]) == (null is not Null.OMIT)
    assert [each["name"] for each in paths["/omdb"]["get"]["parameters"]] == ["i", "t", "y"]
    assert not any(each["required"] for each in paths["/omdb"]["get"]["parameters"])


def make_none(_: object) -> Context:
    """Return no context: nothing runs."""
    raise NotImplementedError


async def test_a_strict_dialect_names_the_wrong_parameter(serve, tmp_path: Path):
    """Unknown, repeated and unreadable ones are refused, in the query with 400 and in the path with 404."""
    client = serve(toy(tmp_path, is_strict=True, statuses={}, messages={}, ignored=frozenset({"apikey"})))
    for query, message in (
        ("t=a&z=1&apikey=k", "z is no parameter here; there are t, y"),
        ("t=a&y=1999&y=2000", "y may be given once"),
        ("t=a&y=1", "y must be a whole number from 1870 to 2100"),
    ):
        response = await client.get(f"/omdb?{query}")
        assert (response.status_code, response.json()["Error"]) == (400, message)
    response = await client.get("/omdb/meta/film/a.json")
    assert (response.status_code, response.json()["Error"]) == (
        404,
        "There is nothing at this address: type must be one of movie, series",
    )


async def test_a_body_may_ask(omdb: httpx.AsyncClient):
    """Its values are read as those of a query string: texts for numbers, one for a list; the first part answers."""
    movie = (await omdb.get("/omdb?i=tt99000001")).json()
    for body in ({"ids": ["tt99000001", None]}, {"ids": "tt99000001"}, {"ids": ["tt99000001"], "asksTitle": False}):
        assert (await omdb.post("/omdb/either", json=body)).json() == [{"title": movie}]
    body = {"i": "tt99000001", "asksTitle": True, "I": {"deep": [{"er": 1}]}}
    response = await omdb.post("/omdb/either", json=body)
    assert response.json() == movie
    assert "etag" not in response.headers
    assert (await omdb.post("/omdb/either?asksTitle=1", json={"i": "tt99000001"})).json() == movie
    many = await omdb.post("/omdb/either", json={"ids": ["a", "b", "c", "d"]})
    assert many.json() == {"Response": "False", "Error": "ids may hold at most 3 ids"}
    assert (await omdb.get("/omdb/either")).status_code == 405


async def test_a_dialect_may_keep_other_sites_out(serve, tmp_path: Path):
    """Without CORS a browser lets no script of another site read."""
    client = serve(toy(tmp_path, allows_any_origin=False))
    for response in (
        await client.get("/omdb?i=tt99000001"),
        await client.get("/omdb/nope"),
        await client.options("/omdb"),
    ):
        assert "access-control-allow-origin" not in response.headers


def by_imdb_id(text: str) -> dict[str, str]:
    if not (text.startswith("tt") and text.isalnum()):
        raise Unreadable("an id")
    return {"imdbId": text}


def below(path: str, document: str, **fields: object) -> Endpoint:
    rules = {"readers": {"by": by_imdb_id}, "fallbacks": {"by": NO_MATCH}, "answer": "title"}
    return Endpoint(  # type: ignore[arg-type]  # checked by the tests
        **{"method": "GET", "path": f"/omdb/{{by}}{path}", "document": document, "summary": path, **rules, **fields}
    )


TREE = (
    below("", "whole", appends="append", checks=(Check(lambda texts: "no" in texts, "No no, please"),)),
    below("/alike", "alike", constants={"type": "movie"}, alone=("imdbId",)),
    below("/first/{n}", "alike", constants={"type": lambda: "show"}, answer={"title": "title", "some": "titles"}),
    below("/firstly/{n}", "alike", constants={"type": "movie"}, answer={"title": "title", "some": "titles"}),
    below("/fixed", "nothing", answer={}, arrange=lambda _, texts: {"by": texts["by"][0]}, schema={"type": "object"}),
)


async def test_a_parameter_appends_the_answers_of_paths_below(serve, tmp_path: Path):
    """Each is the answer at its path, without the keys that it has alone; a name that leads nowhere is ignored."""
    client = serve(toy(tmp_path, endpoints=TREE, statuses={}, null=Null.KEEP))
    whole = (await client.get("/omdb/tt99000001")).json()
    alike = (await client.get("/omdb/tt99000001/alike")).json()
    first = (await client.get("/omdb/tt99000001/first/1")).json()
    assert alike.pop("imdbId") == "tt99000001"
    names = "alike, first/1,,none,first/1,../alike,fixed"
    found = (await client.get(f"/omdb/tt99000001?append={names}")).json()
    assert found == {**whole, "alike": alike, "first/1": first, "fixed": {"by": "tt99000001"}}
    assert (await client.get("/omdb/tt0000009?append=alike")).status_code == 404


async def test_a_constant_is_set_by_no_parameter(serve, tmp_path: Path):
    """Of a value and of a function that returns it."""
    client = serve(toy(tmp_path, endpoints=TREE, statuses={}))
    for path in ("alike", "first/1"):
        plain = (await client.get(f"/omdb/tt99000001/{path}")).json()
        assert (await client.get(f"/omdb/tt99000001/{path}?type=movie&type=show")).json() == plain
    [alike], [first] = [
        (await client.get(f"/omdb/tt99000001/{path}")).json()["some"]["items"] for path in ("firstly/1", "first/1")
    ]
    assert alike != first


async def test_a_check_refuses_and_a_reader_finds_nothing(serve, tmp_path: Path):
    """The message of the check is the error; a text that the reader cannot read matches nothing."""
    client = serve(toy(tmp_path, endpoints=TREE, statuses={}))
    refused = await client.get("/omdb/tt99000001?no=1")
    assert (refused.status_code, refused.json()["Error"]) == (400, "No no, please")
    assert (await client.get("/omdb/x")).status_code == 404


async def test_the_same_endpoints_stand_at_another_place(serve, tmp_path: Path):
    """The first segment stands for a path of the table; a longer segment that begins so does not."""
    client = serve(toy(tmp_path, also_at={"/m": "/omdb/meta/movie", "/o": "/omdb"}))
    for path, own in (("/m/a.json", "/omdb/meta/movie/a.json"), ("/o?i=tt99000001", "/omdb?i=tt99000001")):
        assert (await client.get(path)).json() == (await client.get(own)).json()
    assert (await client.get("/mm/a.json")).json() == {"Response": "False", "Error": "Movie not found!"}
