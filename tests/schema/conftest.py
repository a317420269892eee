"""Fixtures: the demo catalogue as resolvers see it, and the comparison of compiled with interpreted answers."""

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute, get_operation_ast
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mediacanon.database.pool import open_pool
from mediacanon.loaders import Loaders
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.schema.compiled import CompiledExecutor, Plans
from mediacanon.schema.context import Context
from mediacanon.writes import Writes
from mediacanon.writes.collection import load_collections
from tests.conftest import own_database

ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@pytest.fixture(scope="session")
async def demo_with_collections(cluster: str, demo_template: str) -> AsyncIterator[str]:
    """Give the URL of the demo catalogue with the collections that we ship and one list: nobody can write to it."""
    async with own_database(cluster, template=demo_template) as dsn:
        async with await open_pool(dsn, size=1) as pool:
            await load_collections(pool, search=partial(load_titles_by_rank, pool))
            await pool.execute(
                "INSERT INTO collections (id, slug, name, strategy) VALUES (901, 'hand', 'Hand', 'static')"
            )
            await pool.execute("INSERT INTO collection_titles SELECT 901, id, id FROM titles WHERE id <= 7")
            await pool.execute(f"ALTER DATABASE {urlsplit(dsn).path[1:]} SET default_transaction_read_only = on")
        yield dsn


@pytest.fixture(scope="session")
async def demo_pool(demo_with_collections: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on the demo catalogue that all tests share."""
    async with await open_pool(demo_with_collections, size=4) as opened:
        yield opened


@pytest.fixture(scope="session")
def make_context(demo_pool: asyncpg.Pool) -> Callable[[], Context]:
    """Give what makes the context of one request to the demo catalogue."""
    return lambda: Context(Loaders(demo_pool), Writes(demo_pool))


async def _result(schema: GraphQLSchema, document: DocumentNode, **options: object) -> ExecutionResult:
    result = execute(schema, document, **options)
    return await result if inspect.isawaitable(result) else result


async def run_directly(document: DocumentNode, plans: Plans, context: object, **options: Any) -> dict[str, Any] | None:
    """Return what a direct run answers; None where there is none, and where it leaves the answer to graphql-core."""
    operation = get_operation_ast(document, options.get("operation_name"))
    found = plans.direct(operation, options.get("variable_values") or {}) if operation else None
    if found is None:
        return None
    direct, variables = found
    try:
        return await direct.run(context, variables)
    except Exception:  # noqa: BLE001 - whatever it is, graphql-core's answer counts
        return None


def to_the_letter(result: ExecutionResult) -> tuple[str, str]:
    """Return data and errors as text, which tells 1 from 1.0 and True and shows the order of keys."""
    errors = [
        (error.message, error.path, error.locations, error.extensions, type(error.original_error))
        for error in result.errors or ()
    ]
    return ADDRESS.sub("", repr(result.data)), ADDRESS.sub("", repr(errors))


@pytest.fixture(scope="session")
def assert_same_answer() -> Callable[..., Awaitable[ExecutionResult]]:
    """Give what runs a document both ways, with a fresh context each, and returns the compiled answer."""

    async def assert_same(
        schema: GraphQLSchema,
        document: DocumentNode,
        plans: Plans,
        make_context: Callable[[], object],
        **options: object,
    ) -> ExecutionResult:
        stock = await _result(
            schema,
            document,
            context_value=make_context(),
            executor_class=StrawberryGraphQLCoreExecutionContext,
            **options,
        )
        compiled = await _result(
            schema, document, context_value=make_context(), executor_class=CompiledExecutor, plans=plans, **options
        )
        assert to_the_letter(compiled) == to_the_letter(stock)
        data = await run_directly(document, plans, make_context(), **options)
        if data is not None:
            assert to_the_letter(ExecutionResult(data, None)) == to_the_letter(stock)
        return compiled

    return assert_same
