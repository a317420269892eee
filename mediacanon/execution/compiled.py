"""Compiled execution: the plain parts of a document run as generated Python, everything else in graphql-core.

    plans = CompiledDocument(document)      # once, kept with the prepared document, gone with it
    execute(schema, document, ..., executor_class=CompiledExecutor, plans=plans)

The answer is graphql-core's to the letter, errors and order of keys included. Without `plans` it is graphql-core.
A *plain* field is one that Strawberry answers with an attribute of the row. What the plans of `codegen` read is
left alone by graphql-core: in an object the plain fields, whose subtrees are plain too, beside its resolvers; in a
list everything, when nothing in it has a resolver. A plan that meets anything out of the ordinary gives up, and
graphql-core does that part from its beginning; nothing is lost, because reading attributes has no effects.
Operations that ask plain questions need graphql-core not at all: `direct`.
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
from mediacanon.execution.operations import compile_operation
from mediacanon.execution.plans import CompiledDocument


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Runs one operation: what is planned as generated Python, the rest in graphql-core."""

    def __init__(self, *args: Any, plans: CompiledDocument | None = None, **options: Any) -> None:  # noqa: ANN401 - graphql-core's
        super().__init__(*args, **options)
        # Middleware wants to see every field.
        is_planned = plans is not None and self.middleware_manager is None
        self.specialization = (
            plans.specialization(self.operation, self.variable_values.coerced) if plans and is_planned else None
        )

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,  # noqa: ANN401
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:  # noqa: ANN401
        """Execute the root fields: those that the first request collected, being the same."""
        specialization = self.specialization
        if specialization is not None:
            if specialization.root is None:
                specialization.root = grouped_field_set
            elif not specialization.is_planned and not serially:
                # What is asked for once is not worth it.
                specialization.is_planned = True
                specialization.direct = compile_operation(self, root_type, specialization.root)
            grouped_field_set = specialization.root
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """Return the fields below a field, from an earlier request where there was one."""
        specialization = self.specialization
        if specialization is None:
            return super().collect_subfields(return_type, field_details_list)
        key = (return_type, id(field_details_list))
        if known := specialization.selections.get(key):
            return known[1]
        collected = super().collect_subfields(return_type, field_details_list)
        if specialization.plans.fields_left > 0:
            specialization.plans.fields_left -= len(collected.grouped_field_set)
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
        """Read the plain fields of an object by plan and run its resolvers."""
        plan = self._object_plan(parent_type, grouped_field_set) if position_context is None else None
        completed = _attempt(plan.read, source_value) if plan else None
        if plan is None or completed is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        if not plan.interpreted:
            return completed
        rest = super().execute_fields(parent_type, source_value, path, plan.interpreted, position_context)
        if self.is_awaitable(rest):
            return _fill_in(completed, cast("Awaitable[dict[str, Any]]", rest))
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
        """Read a list by plan where all in it is plain."""
        read = self._list_plan(return_type, field_details_list) if position_context is None else None
        completed = _attempt(read, result) if read else None
        if completed is not None:
            return completed
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

    def _object_plan(self, type_: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectReader | None:
        specialization = self.specialization
        if specialization is None:
            return None
        known = specialization.objects.get(id(fields))
        if known is None:
            if specialization.plans.fields_left <= 0:
                return None
            known = specialization.objects[id(fields)] = (fields, compile_object(self, type_, fields))
        return known[1]

    def _list_plan(self, type_: GraphQLList[GraphQLOutputType], details: FieldDetailsList) -> Read | None:
        specialization = self.specialization
        if specialization is None:
            return None
        key = (type_, id(details))
        known = specialization.lists.get(key)
        if known is None:
            if specialization.plans.fields_left <= 0:
                return None
            known = specialization.lists[key] = (details, compile_list(self, type_, details))
        return known[1]


def _attempt(read: Callable[[Any], Any], value: object) -> Any:  # noqa: ANN401 - whatever the plan makes of it
    """Return what a plan reads; None when it gives up, which leaves the part to graphql-core and its errors."""
    try:
        return read(value)
    except Exception:  # noqa: BLE001 - a property may raise anything; graphql-core meets it again and reports it
        return None


async def _fill_in(completed: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """Put what resolvers answer where the plan left room for it."""
    completed.update(await rest)
    return completed
