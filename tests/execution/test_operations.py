"""Direct execution answers plain questions as graphql-core does, and leaves it everything else."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import execute, get_operation_ast, parse, validate

from mediacanon.errors import BadArgument
from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.execution.errors import as_exception
from mediacanon.execution.executor import Execution
from mediacanon.execution.plans import CompiledDocument
from mediacanon.schema.root import build_schema
from tests.execution import vault
from tests.execution.conftest import run_directly

SCHEMA = build_schema()._schema
SHOW = """query ($id: Int!, $on: Boolean = true) { show(id: $id) { showId title { displayName genres }
  seasons { seasonNumber episodes @include(if: $on) { displayName airDate } } episodeCount } }"""
PLAIN = [
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
    # Inputs, lists and enums by variable.
    ("query ($by: TitleBy!) { title(by: $by) { titleId } }", {"by": {"id": 1}}),
    ('{ title(by: {imdbId: "tt0000000"}) { titleId } }', {}),
    ("query ($ids: [ExternalId!]!) { lookup(ids: $ids) { missing } }", {"ids": []}),
    ("query ($type: TitleType) { titles(type: $type) { total } }", {"type": "show"}),
    # What the schema answers about itself.
    ("{ __typename }", {}),
    ("{ __schema { queryType { name } } }", {}),
]


def prepared(text: str) -> tuple[Any, CompiledDocument]:
    document = parse(text)
    assert not validate(SCHEMA, document)
    return document, CompiledDocument(document)


@pytest.mark.parametrize(("text", "variables"), PLAIN)
async def test_plain_questions_are_answered_to_the_letter(
    assert_same_answer: Callable, make_context: Callable, text: str, variables: dict[str, Any]
):
    """From the second run on, without graphql-core."""
    document, plans = prepared(text)
    for _ in range(2):
        assert await run_directly(document, plans, make_context(), variable_values=variables) is None
        answer = await assert_same_answer(SCHEMA, document, plans, make_context, variable_values=variables)
    assert not answer.errors
    assert await run_directly(document, plans, make_context(), variable_values=variables) == answer.data


@pytest.mark.parametrize(("text", "variables"), GRAPHQL_CORES)
async def test_everything_else_is_graphql_cores(
    assert_same_answer: Callable, make_context: Callable, text: str, variables: dict[str, Any]
):
    """However often it is asked, also after the same document was answered directly."""
    document, plans = prepared(text)
    for given in ({"id": 1}, {"id": 1}, variables, variables, variables):
        await assert_same_answer(SCHEMA, document, plans, make_context, variable_values=given)
    assert plans.direct(get_operation_ast(document), variables) is None


async def test_a_question_that_fails_is_told_by_graphql_core(make_context: Callable):
    """With the words, the place and the path that GraphQL has for it."""
    execution = Execution(build_schema())
    document = execution.prepare("query ($page: Int) { titles(page: $page) { total } }")
    for _ in range(3):
        assert not (await execution.execute(document, context=make_context(), variables={"page": 1})).errors
    assert document.plans
    assert document.plans.direct(get_operation_ast(document.document), {"page": 0})
    [error] = (await execution.execute(document, context=make_context(), variables={"page": 0})).errors
    assert (error.path, error.locations[0].column) == (["titles"], 22)
    assert isinstance(as_exception(error), BadArgument)


async def test_questions_are_asked_at_the_same_time():
    """Several at one level wait together, as loaders need it."""
    waiting = 0

    class Context(vault.Vault):
        async def wait(self) -> None:
            nonlocal waiting
            waiting += 1
            while waiting < 2:
                await asyncio.sleep(0)

    document = parse("{ a: slowFilm { title } b: slowFilm { title } }")
    plans = CompiledDocument(document)
    for _ in range(2):
        waiting = 0
        answer = execute(
            vault.SCHEMA._schema,
            document,
            context_value=Context(3, 0),
            executor_class=CompiledExecutor,
            plans=plans,
        )
        await answer
    waiting = 0
    async with asyncio.timeout(20):
        assert await run_directly(document, plans, Context(3, 0))
