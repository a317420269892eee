"""Execution: prepares GraphQL documents once, runs them often, and reports errors in the words of `mediacanon.errors`.

Every request for data ends here: /graphql with client documents, REST and pages with trusted ones.
"""

import asyncio
from collections.abc import Mapping
from inspect import isawaitable
from math import isfinite
from typing import Any

import strawberry
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    execute,
    parse,
    specified_rules,
    validate,
)

from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.execution.cost import MAX_COST, CostModel
from mediacanon.execution.documents import DocumentCache, PreparedDocument
from mediacanon.execution.errors import TookTooLong, as_exception
from mediacanon.execution.shape import MAX_DEPTH, MAX_TOKENS, check_shape, limit_error
from mediacanon.execution.specialization import CompiledDocument
from mediacanon.schema.context import Context
from mediacanon.schema.costs import FieldCosts

MAX_SECONDS = 10.0
MAX_ERRORS = 5


class Execution:
    """Prepares and runs documents over one schema, whose fields have these costs."""

    def __init__(self, schema: strawberry.Schema, *, costs: FieldCosts) -> None:
        self.schema = schema._schema  # noqa: SLF001 - Strawberry's own entry costs 40 us a request and cannot be prepared
        self._costs = costs
        self.documents = DocumentCache()

    def prepare(self, text: str) -> PreparedDocument:
        """Return a client document, within all limits; from the cache where an earlier request prepared it."""
        cached = self.documents.get(text)
        if cached:
            return cached
        prepared = self._prepare(text, is_limited=True)
        # A document that cannot run is not worth the room that it takes from others.
        if not prepared.errors:
            self.documents.add(prepared)
        return prepared

    def prepare_trusted(self, text: str, *, name: str) -> PreparedDocument:
        """Return a trusted document, without limits. Raises ValueError with its name if it does not fit the schema."""
        prepared = self._prepare(text, is_limited=False)
        if prepared.errors:
            raise ValueError(f"{name}: {prepared.errors[0]}")
        return prepared

    def _prepare(self, text: str, *, is_limited: bool) -> PreparedDocument:
        try:
            document = parse(text, max_tokens=MAX_TOKENS if is_limited else None)
        except GraphQLSyntaxError as error:
            return PreparedDocument(text, None, [error])
        except RecursionError:
            too_deep = limit_error(f"The query is nested too deeply; {MAX_DEPTH} is the limit.")
            return PreparedDocument(text, None, [too_deep])
        errors = check_shape(document) if is_limited else []
        errors = errors or validate(self.schema, document, specified_rules, max_errors=MAX_ERRORS)
        if errors:
            return PreparedDocument(text, None, errors)
        model = CostModel(self.schema, document, self._costs) if is_limited else None
        return PreparedDocument(text, document, [], model, CompiledDocument(document))

    async def execute(
        self,
        prepared: PreparedDocument,
        *,
        context: Context,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> ExecutionResult:
        """Return data and errors as GraphQL defines them. Raises TookTooLong after ten seconds."""
        document = prepared.document
        if document is None:
            return ExecutionResult(None, list(prepared.errors))
        variables = dict(variables or {})
        if excess := _cost_error(prepared, variables, operation_name):
            return ExecutionResult(None, [excess])
        try:
            async with asyncio.timeout(MAX_SECONDS):
                context.budget = prepared.budget(operation_name, variables)
                data = await _run_compiled(prepared, operation_name, variables, context)
                if data is not None:
                    return ExecutionResult(data, None)
                # The run starts again, and its budget too.
                context.budget = prepared.budget(operation_name, variables)
                # graphql-core runs each resolver in a task, and cancels those beside one that fails.
                with context.loaders.shared_by_tasks():
                    running = execute(
                        self.schema,
                        document,
                        context_value=context,
                        variable_values=variables,
                        operation_name=operation_name,
                        executor_class=CompiledExecutor,
                        compiled=prepared.compiled,
                    )
                    return await running if isawaitable(running) else running
        except TimeoutError:
            raise TookTooLong from None
        finally:
            self.documents.recount(prepared)

    async def run(self, prepared: PreparedDocument, variables: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Return the data. Raises the first error as an exception of ours, or as the resolver's own."""
        result = await self.execute(prepared, context=context, variables=variables)
        if result.errors:
            raise as_exception(result.errors[0])
        data: dict[str, Any] = result.data or {}
        return data


async def _run_compiled(
    prepared: PreparedDocument, name: str | None, variables: dict[str, Any], context: Context
) -> dict[str, Any] | None:
    """Return the data of a query that runs without graphql-core, None where graphql-core has to run it."""
    node = prepared.operation(name)
    found = prepared.compiled.operation(node, variables) if prepared.compiled and node else None
    if found is None:
        return None
    operation, coerced = found
    try:
        return await operation.run(context, coerced)
    except Exception:  # noqa: BLE001 - graphql-core meets it again, and reports it as GraphQL defines
        return None


def _cost_error(prepared: PreparedDocument, variables: dict[str, Any], name: str | None) -> GraphQLError | None:
    """Return the error of a client document whose cost is beyond the limit, None for all others."""
    operation = prepared.operation(name)
    if prepared.cost_model is None or operation is None:
        return None
    # The key holds declared variables alone: a client may send other names of any length.
    names = [definition.variable.name.value for definition in operation.variable_definitions or ()]
    key = (name, *((each, _size(variables[each])) for each in names if each in variables))
    try:
        cost = prepared.costs[key]
    except KeyError:
        cost = prepared.costs[key] = prepared.cost_model.cost(operation, variables)
    if cost <= MAX_COST:
        return None
    return limit_error(f"The query costs up to {cost:,} resolvers and objects; {MAX_COST:,} is the limit.")


def _size(value: object) -> int | None:
    """Return the size that a variable gives to a list, None for a variable that is no size."""
    match value:
        case list():
            return len(value)
        case int():
            return value
        case float() if isfinite(value):
            return int(value)
    return None
