"""Fixtures: the comparison of compiled with interpreted answers."""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute, get_operation_ast
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.execution.plans import CompiledDocument

ADDRESS = re.compile(r" at 0x[0-9a-f]+")


async def _result(schema: GraphQLSchema, document: DocumentNode, **options: object) -> ExecutionResult:
    result = execute(schema, document, **options)
    return await result if inspect.isawaitable(result) else result


async def run_directly(
    document: DocumentNode, plans: CompiledDocument, context: object, **options: Any
) -> dict[str, Any] | None:
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
        plans: CompiledDocument,
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
