"""Compiled execution: generated Python for the plain parts of a document, graphql-core for everything else.

    compiled = CompiledDocument(document)      # once, kept with the prepared document, gone with it
    execute(schema, document, ..., executor_class=CompiledExecutor, compiled=compiled)

The response is graphql-core's to the letter, including errors and the order of keys. Without `compiled` the executor is
graphql-core's. Generated code (`codegen`) reads two parts in graphql-core's stead: the plain fields of an object whose
subtrees are plain, beside its resolvers; and a list without a resolver in it. A reader that meets anything out of the
ordinary bails out, and graphql-core executes that part from its beginning. Reading attributes has no effects, so
nothing is lost. Whole operations of such parts run without graphql-core: `operations`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from graphql import (
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
)
from graphql.execution.collect_fields import CollectedFields, DeferUsage, FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mediacanon.execution.codegen import ObjectReader, Read, compile_list, compile_object
from mediacanon.execution.compilation import CompilationContext
from mediacanon.execution.operations import compile_operation
from mediacanon.execution.specialization import CompiledDocument, Specialization


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Runs one operation: compiled readers for its plain parts, graphql-core for the others."""

    def __init__(self, *args: Any, compiled: CompiledDocument | None = None, **options: Any) -> None:  # noqa: ANN401 - graphql-core's
        super().__init__(*args, **options)
        # Middleware has to see every field.
        is_compiled = compiled is not None and self.middleware_manager is None
        self.specialization = (
            compiled.specialization(self.operation, self.variable_values.coerced) if compiled and is_compiled else None
        )

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,  # noqa: ANN401
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:  # noqa: ANN401
        """Execute the root fields, as the lists that the first request collected."""
        specialization = self.specialization
        if specialization is not None:
            if specialization.root is None:
                specialization.root = grouped_field_set
            elif not specialization.is_operation_tried and specialization.variables is not None:
                # Compiled at the second run: an operation that runs once is not worth it.
                specialization.is_operation_tried = True
                specialization.operation = compile_operation(
                    self._compilation(specialization),
                    root_type,
                    specialization.root,
                    specialization.variables,
                )
            grouped_field_set = specialization.root
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """Return the fields below a field, as an earlier request collected them."""
        specialization = self.specialization
        if specialization is None:
            return super().collect_subfields(return_type, field_details_list)
        key = (return_type, id(field_details_list))
        if known := specialization.selections.get(key):
            return known[1]
        collected = super().collect_subfields(return_type, field_details_list)
        if specialization.budget.left > 0:
            specialization.budget.left -= len(collected.grouped_field_set)
            specialization.selections[key] = (field_details_list, collected)
        return collected

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,  # noqa: ANN401
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Read the plain fields of an object with compiled code and run its resolvers."""
        reader = self._object_reader(parent_type, grouped_field_set) if position_context is None else None
        completed = _attempt(reader.read, source_value) if reader else None
        if reader is None or completed is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        if not reader.interpreted:
            return completed
        rest = super().execute_fields(parent_type, source_value, path, reader.interpreted, position_context)
        if self.is_awaitable(rest):
            return _update_later(completed, cast("Awaitable[dict[str, Any]]", rest))
        completed.update(rest)
        return completed

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,  # noqa: ANN401
        position_context: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Read a list without resolvers with compiled code."""
        read = self._list_reader(return_type, field_details_list) if position_context is None else None
        completed = _attempt(read, result) if read else None
        if completed is not None:
            return completed
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

    def _object_reader(self, type_: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectReader | None:
        specialization = self.specialization
        if specialization is None:
            return None
        known = specialization.objects.get(id(fields))
        if known is None:
            if specialization.budget.left <= 0:
                return None
            reader = compile_object(self._compilation(specialization), type_, fields)
            known = specialization.objects[id(fields)] = (fields, reader)
        return known[1]

    def _list_reader(self, type_: GraphQLList[GraphQLOutputType], details: FieldDetailsList) -> Read | None:
        specialization = self.specialization
        if specialization is None:
            return None
        key = (type_, id(details))
        known = specialization.lists.get(key)
        if known is None:
            if specialization.budget.left <= 0:
                return None
            read = compile_list(self._compilation(specialization), type_, details)
            known = specialization.lists[key] = (details, read)
        return known[1]

    def _compilation(self, specialization: Specialization) -> CompilationContext:
        return CompilationContext(
            schema=self.schema,
            variable_values=self.variable_values,
            collect_subfields=self.collect_subfields,
            build_resolve_info=self.build_resolve_info,
            budget=specialization.budget,
        )


def _attempt(read: Callable[[Any], Any], value: object) -> Any:  # noqa: ANN401 - any JSON
    """Return the result of a reader; None where it bails out, so that graphql-core executes the part."""
    try:
        return read(value)
    except Exception:  # noqa: BLE001 - a property may raise anything; graphql-core meets it again and reports it
        return None


async def _update_later(completed: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """Put the values of resolvers into their reserved keys."""
    completed.update(await rest)
    return completed
