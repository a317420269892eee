"""Runs GraphQL documents: prepared once, executed often, with errors in the words of `mediacanon.errors`.

Everything that answers a request ends here: /graphql with strangers' documents, REST and pages with our own.
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
from mediacanon.execution.cost import COST, CostModel
from mediacanon.execution.documents import DocumentCache, PreparedDocument
from mediacanon.execution.errors import TookTooLong, as_exception
from mediacanon.execution.plans import CompiledDocument
from mediacanon.execution.shape import DEPTH, TOKENS, check_shape, refused
from mediacanon.schema.context import Context

LONGEST_RUN = 10.0
MOST_ERRORS = 5
REMEMBERED_COSTS = 64


class Execution:
    """Prepares and runs documents over one schema."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema = schema._schema  # noqa: SLF001 - Strawberry's own entry costs 40 us a request and cannot be prepared
        self._strawberry = schema
        self.remembered = DocumentCache()

    def prepare(self, text: str) -> PreparedDocument:
        """Return a stranger's document, remembered from an earlier request where possible."""
        known = self.remembered.get(text)
        if known:
            return known
        prepared = self._prepare(text, is_limited=True)
        # What cannot run is not worth the room it takes from what can.
        if not prepared.errors:
            self.remembered.add(prepared)
        return prepared

    def prepare_trusted(self, text: str, *, name: str) -> PreparedDocument:
        """Return a document of ours, without limits. Raises ValueError naming it where it does not fit the schema."""
        prepared = self._prepare(text, is_limited=False)
        if prepared.errors:
            raise ValueError(f"{name}: {prepared.errors[0]}")
        return prepared

    def _prepare(self, text: str, *, is_limited: bool) -> PreparedDocument:
        try:
            document = parse(text, max_tokens=TOKENS if is_limited else None)
        except GraphQLSyntaxError as error:
            return PreparedDocument(text, None, [error])
        except RecursionError:
            return PreparedDocument(text, None, [refused(f"The query is nested too deeply; {DEPTH} is the limit.")])
        errors = check_shape(document) if is_limited else []
        errors = errors or validate(self.schema, document, specified_rules, max_errors=MOST_ERRORS)
        if errors:
            return PreparedDocument(text, None, errors)
        model = CostModel(self.schema, document) if is_limited else None
        return PreparedDocument(text, document, [], model, CompiledDocument(document))

    async def execute(
        self,
        prepared: PreparedDocument,
        *,
        context: Context,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> ExecutionResult:
        """Return data and errors as GraphQL has them. Raises TookTooLong after ten seconds."""
        document = prepared.document
        if document is None:
            return ExecutionResult(None, list(prepared.errors))
        variables = dict(variables or {})
        if excess := self._excess(prepared, variables, operation_name):
            return ExecutionResult(None, [excess])
        try:
            async with asyncio.timeout(LONGEST_RUN):
                context.budget = prepared.budget(operation_name, variables)
                data = await _directly(prepared, operation_name, variables, context)
                if data is not None:
                    return ExecutionResult(data, None)
                # It begins anew, and so does what it may cost.
                context.budget = prepared.budget(operation_name, variables)
                running = execute(
                    self.schema,
                    document,
                    context_value=context,
                    variable_values=variables,
                    operation_name=operation_name,
                    executor_class=CompiledExecutor,
                    plans=prepared.plans,
                )
                return await running if isawaitable(running) else running
        except TimeoutError:
            raise TookTooLong from None
        finally:
            self.remembered.count(prepared)

    async def run(self, prepared: PreparedDocument, variables: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Return the data. Raises the first error as our exception, or as what it was."""
        result = await self.execute(prepared, context=context, variables=variables)
        if result.errors:
            raise as_exception(result.errors[0])
        data: dict[str, Any] = result.data or {}
        return data

    def _excess(self, prepared: PreparedDocument, variables: dict[str, Any], name: str | None) -> GraphQLError | None:
        operation = prepared.operation(name)
        if prepared.cost_model is None or operation is None:
            return None
        # Of the declared variables alone: a client may send names of any length beside them, and the key is kept.
        names = [definition.variable.name.value for definition in operation.variable_definitions or ()]
        key = (name, *((each, _size(variables[each])) for each in names if each in variables))
        if key not in prepared.costs:
            if len(prepared.costs) >= REMEMBERED_COSTS:
                prepared.costs.clear()
            prepared.costs[key] = prepared.cost_model.cost(operation, variables)
        cost = prepared.costs[key]
        if cost <= COST:
            return None
        return refused(f"The query costs up to {cost:,} resolvers and objects; {COST:,} is the limit.")


async def _directly(
    prepared: PreparedDocument, name: str | None, variables: dict[str, Any], context: Context
) -> dict[str, Any] | None:
    """Return the data of a query that is answered without graphql-core, None where it must do that."""
    operation = prepared.operation(name)
    found = prepared.plans.direct(operation, variables) if prepared.plans and operation else None
    if found is None:
        return None
    direct, coerced = found
    try:
        return await direct.run(context, coerced)
    except Exception:  # noqa: BLE001 - graphql-core meets it again, and tells it as GraphQL has it
        return None


def _size(value: object) -> int | None:
    """Return what a variable can contribute to the cost."""
    match value:
        case list():
            return len(value)
        case int():
            return value
        case float() if isfinite(value):
            return int(value)
    return None
