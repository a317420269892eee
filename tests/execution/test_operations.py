"""Compiled operations: the same data as graphql-core's, and everything else is left to it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import execute, get_operation_ast, parse

from mediacanon.errors import BadArgument
from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.execution.errors import as_exception
from mediacanon.execution.executor import Execution
from mediacanon.execution.specialization import CompiledDocument
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema
from tests.execution import vault
from tests.execution.conftest import compile_document, run_operation

SCHEMA = build_schema()._schema
SHOW = """query ($id: Int!, $on: Boolean = true) { show(id: $id) { showId title { displayName genres }
  seasons { seasonNumber episodes @include(if: $on) { displayName airDate } } episodeCount } }"""
FILTERED = """query ($type: TitleType, $genres: [String!]) {
  discover(filter: {type: $type, genresIn: $genres}, perPage: 3) { total items { displayName } } }"""
COMPILED = [
    ("{ show(id: 1) { title { displayName } } }", {}),
    ("{ title(id: 1) { movie { movieId } } }", {}),
    ("query ($page: Int) { titles(page: $page, perPage: 3) { items { titleId } total } }", {}),
    (SHOW, {"id": 1}),
    (SHOW, {"id": 1, "on": False}),
    (SHOW, {"id": 999_999}),
    ("query ($id: Int) { movie(id: $id) { movieId title { ids { imdb } runtimeMinutes averageRating } } }", {"id": 1}),
    ("query ($a: Int = 1, $b: Int = 2) { a: title(id: $a) { type } b: title(id: $b) { type } }", {}),
    ("query ($q: String!, $limit: Int) { search(query: $q, limit: $limit) { __typename } }", {"q": "the"}),
    ("query ($q: String!, $limit: Int) { search(query: $q, limit: $limit) { __typename } }", {"q": "the", "limit": 2}),
    ("query ($id: Int!) { season(id: $id) { seasonNumber episodes { episodeNumber } } }", {"id": 1}),
    # Resolvers below attributes and in lists, and functions among them.
    ("{ show(id: 1) { title { poster(size: W92) similar { displayName poster } names { name } } } }", {}),
    ("{ titles(perPage: 3) { items { overview { text } movie { title { status } } similar { type } } } }", {}),
    (
        "{ movie(id: 1) { title { credits(departments: [ACTING]) { total items { department person { name } } } } } }",
        {},
    ),
    # Inputs, lists and enums, by variable and as literals.
    ("query ($by: TitleBy!) { title(by: $by) { titleId } }", {"by": {"id": 1}}),
    ('{ title(by: {imdbId: "tt0000000"}) { titleId } }', {}),
    ("query ($ids: [ExternalId!]!) { lookup(ids: $ids) { missing } }", {"ids": []}),
    ('query ($ids: [ExternalId!] = ["tt0000000"]) { lookup(ids: $ids) { missing } }', {}),
    ("query ($type: TitleType) { titles(type: $type) { total } }", {"type": "show"}),
    ("query ($type: TitleType = show) { titles(type: $type) { total } }", {}),
    ("query ($type: TitleType) { titles(type: $type) { total } }", {"type": None}),
    # Variables within literals: present, absent and null, in objects and in lists.
    ("query ($id: Int!) { title(by: {id: $id}) { titleId } }", {"id": 1}),
    ("query ($id: ExternalId!) { lookup(ids: [$id]) { missing } }", {"id": "tt0000000"}),
    (FILTERED, {"type": "movie", "genres": ["Drama"]}),
    (FILTERED, {}),
    (FILTERED, {"type": None, "genres": None}),
]
GRAPHQL_CORES = [
    # Variables that are coerced, missing, null, unknown or of other types.
    (SHOW, {"id": 1.0}),
    (SHOW, {"id": "1"}),
    (SHOW, {"id": 2**31}),
    (SHOW, {"id": True}),
    (SHOW, {"id": None}),
    (SHOW, {}),
    (SHOW, {"id": 1, "on": None}),
    # Inputs and enums that GraphQL refuses.
    ("query ($by: TitleBy!) { title(by: $by) { titleId } }", {"by": {"id": "one"}}),
    ("query ($by: TitleBy!) { title(by: $by) { titleId } }", {"by": {"id": 1, "tmdbId": 1}}),
    ("query ($type: TitleType) { titles(type: $type) { total } }", {"type": "film"}),
    # The schema about itself.
    ("{ __typename }", {}),
    ("{ __schema { queryType { name } } }", {}),
]


@pytest.mark.parametrize(("text", "variables"), COMPILED)
async def test_compiled_operations_return_the_same_data(
    assert_same_result: Callable, make_context: Callable, text: str, variables: dict[str, Any]
):
    """From its third run on, an operation runs without graphql-core and returns the same data."""
    document, compiled = compile_document(text, SCHEMA)
    for _ in range(2):
        assert await run_operation(document, compiled, make_context(), variable_values=variables) is None
        result = await assert_same_result(SCHEMA, document, compiled, make_context, variable_values=variables)
    assert not result.errors
    assert await run_operation(document, compiled, make_context(), variable_values=variables) == result.data


@pytest.mark.parametrize(("text", "variables"), GRAPHQL_CORES)
async def test_everything_else_is_left_to_graphql_core(
    assert_same_result: Callable, make_context: Callable, text: str, variables: dict[str, Any]
):
    """Such an operation never compiles, and such variables go to graphql-core though the operation is compiled."""
    document, compiled = compile_document(text, SCHEMA)
    for given in ({"id": 1}, {"id": 1}, variables, variables, variables):
        await assert_same_result(SCHEMA, document, compiled, make_context, variable_values=given)
    assert compiled.operation(get_operation_ast(document), variables) is None


async def test_errors_of_compiled_operations_are_graphql_cores(make_context: Callable):
    """An exception in a compiled operation is reported with GraphQL's message, location and path."""
    execution = Execution(build_schema(), costs=COSTS)
    # Null within a literal of an input that takes exactly one id.
    by = execution.prepare("query ($id: Int) { title(by: {id: $id}) { titleId } }")
    for given in ({"id": 1}, {"id": 1}, {"id": None}, {}):
        errors = (await execution.execute(by, context=make_context(), variables=given)).errors
        assert bool(errors) is (given != {"id": 1})
    prepared = execution.prepare("query ($page: Int) { titles(page: $page) { total } }")
    for _ in range(3):
        assert not (await execution.execute(prepared, context=make_context(), variables={"page": 1})).errors
    assert prepared.compiled
    assert prepared.compiled.operation(prepared.operation(), {"page": 0})
    [error] = (await execution.execute(prepared, context=make_context(), variables={"page": 0})).errors
    assert (error.path, error.locations[0].column) == (["titles"], 22)
    assert isinstance(as_exception(error), BadArgument)


async def test_fields_of_one_level_run_concurrently():
    """The resolvers of one level wait together, so that loaders batch their keys."""
    waiting = 0

    class Context(vault.Vault):
        async def wait(self) -> None:
            nonlocal waiting
            waiting += 1
            while waiting < 2:
                await asyncio.sleep(0)

    document = parse("{ a: slowFilm { title } b: slowFilm { title } }")
    compiled = CompiledDocument(document)
    for _ in range(2):
        waiting = 0
        await execute(
            vault.SCHEMA._schema,
            document,
            context_value=Context(3, 0),
            executor_class=CompiledExecutor,
            compiled=compiled,
        )
    waiting = 0
    async with asyncio.timeout(20):
        assert await run_operation(document, compiled, Context(3, 0))
