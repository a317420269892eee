"""Runs GraphQL documents: prepared once, executed often, with errors in the words of `mediacanon.errors`.

Everything that answers a request ends here: /graphql with strangers' documents, REST and pages with our own.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from math import isfinite
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from mediacanon.database.pool import explained
from mediacanon.errors import BadArgument, MediaCanonError
from mediacanon.schema.compiled import CompiledExecutor, Plans
from mediacanon.schema.context import Context
from mediacanon.schema.limits import COST, DEPTH, TOKENS, Budget, CostModel, check_shape, refused

log = logging.getLogger(__name__)

LONGEST_RUN = 10.0
MOST_ERRORS = 5
# What the remembered documents may come to in all, about 80 MB. It is counted in characters of text, each of which
# takes 180 bytes as a tree; beside them a document takes 20 KB, and 1.5 KB for every field that its plans hold.
REMEMBERED_SIZE = 400_000
DOCUMENT_SIZE = 100
FIELD_SIZE = 10
REMEMBERED_COSTS = 64


class TookTooLong(MediaCanonError):  # noqa: N818 - named after what the client sees
    """The query took longer than 10 seconds and was stopped; ask for less at once."""

    code = "BAD_USER_INPUT"
    http_status = 503


@dataclass(slots=True)
class Prepared:
    """A document ready to run, or the errors why it cannot; `plans` live and die with it."""

    text: str
    document: DocumentNode | None
    errors: list[GraphQLError]
    cost_model: CostModel | None = None
    plans: Plans | None = None
    costs: dict[object, int] = field(default_factory=dict)
    # Its size as last counted by RememberedDocuments.
    counted: int = 0

    @property
    def size(self) -> int:
        """What it takes in memory, in characters; it grows as its plans are made."""
        return DOCUMENT_SIZE + len(self.text) + FIELD_SIZE * (self.plans.held if self.plans else 0)

    def operation(self, name: str | None = None) -> OperationDefinitionNode | None:
        """Return the operation to run, None when the name does not tell which."""
        return get_operation_ast(self.document, name) if self.document else None

    def budget(self, name: str | None, variables: Mapping[str, Any]) -> Budget | None:
        """Return what the seasons of one run are counted against, None for a document of ours."""
        operation = self.operation(name)
        return Budget(self.cost_model, operation, variables) if self.cost_model and operation else None

    def is_query(self, name: str | None = None) -> bool:
        """Return whether the operation only reads; what cannot be told counts as reading, it will not run."""
        operation = self.operation(name)
        return operation is None or operation.operation is OperationType.QUERY


class RememberedDocuments:
    """Documents by their text, up to a size in all, the least used forgotten."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, Prepared] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, text: str) -> Prepared | None:
        """Return the document of a text, None where it is unknown or forgotten."""
        known = self._documents.get(text)
        if known:
            self._documents.move_to_end(text)
        return known

    def add(self, prepared: Prepared) -> None:
        """Remember a document."""
        self._documents[prepared.text] = prepared
        self.count(prepared)

    def count(self, prepared: Prepared) -> None:
        """Count a document anew after it ran, if it is one of these, and forget others that have no room any more."""
        if self._documents.get(prepared.text) is not prepared:
            return
        self.size -= prepared.counted
        prepared.counted = prepared.size
        self.size += prepared.counted
        while self.size > REMEMBERED_SIZE:
            _, forgotten = self._documents.popitem(last=False)
            self.size -= forgotten.counted


class Execution:
    """Prepares and runs documents over one schema."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema = schema._schema  # noqa: SLF001 - Strawberry's own entry costs 40 us a request and cannot be prepared
        self._strawberry = schema
        self.remembered = RememberedDocuments()

    def prepare(self, text: str) -> Prepared:
        """Return a stranger's document, remembered from an earlier request where possible."""
        known = self.remembered.get(text)
        if known:
            return known
        prepared = self._prepare(text, is_limited=True)
        # What cannot run is not worth the room it takes from what can.
        if not prepared.errors:
            self.remembered.add(prepared)
        return prepared

    def prepare_own(self, text: str, *, name: str) -> Prepared:
        """Return a document of ours, without limits. Raises ValueError naming it where it does not fit the schema."""
        prepared = self._prepare(text, is_limited=False)
        if prepared.errors:
            raise ValueError(f"{name}: {prepared.errors[0]}")
        return prepared

    def _prepare(self, text: str, *, is_limited: bool) -> Prepared:
        try:
            document = parse(text, max_tokens=TOKENS if is_limited else None)
        except GraphQLSyntaxError as error:
            return Prepared(text, None, [error])
        except RecursionError:
            return Prepared(text, None, [refused(f"The query is nested too deeply; {DEPTH} is the limit.")])
        errors = check_shape(document) if is_limited else []
        errors = errors or validate(self.schema, document, specified_rules, max_errors=MOST_ERRORS)
        if errors:
            return Prepared(text, None, errors)
        model = CostModel(self.schema, document) if is_limited else None
        return Prepared(text, document, [], model, Plans(document))

    async def execute(
        self,
        prepared: Prepared,
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

    async def run(self, prepared: Prepared, variables: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Return the data. Raises the first error as our exception, or as what it was."""
        result = await self.execute(prepared, context=context, variables=variables)
        if result.errors:
            raise as_exception(result.errors[0])
        data: dict[str, Any] = result.data or {}
        return data

    def _excess(self, prepared: Prepared, variables: dict[str, Any], name: str | None) -> GraphQLError | None:
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
    prepared: Prepared, name: str | None, variables: dict[str, Any], context: Context
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


def as_exception(error: GraphQLError) -> Exception:
    """Return what went wrong as an exception: ours, what a resolver raised, or BadArgument for a client's mistake."""
    original = error.original_error
    if error.path is None or original is None or isinstance(original, GraphQLError):
        return original if isinstance(original, MediaCanonError) else BadArgument(error.message)
    return explained(original) or original


def formatted(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return an error as the client gets it; what is not ours or the client's fault is masked and logged."""
    exception = as_exception(error)
    answer: dict[str, Any] = {"message": str(exception)}
    if isinstance(exception, MediaCanonError):
        extensions: dict[str, Any] = {"code": exception.code}
    else:
        log.error("request %s: %s", request_id, error, exc_info=exception)
        answer["message"] = f"Something went wrong here; the log has it under request {request_id}."
        extensions = {"code": MediaCanonError.code, "requestId": request_id}
    if error.locations:
        answer["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        answer["path"] = error.path
    return {**answer, "extensions": extensions}
