"""Compiled execution: the plain parts of a document run as generated Python, everything else in graphql-core.

    plans = Plans(document)      # once, kept with the prepared document, gone with it
    execute(schema, document, ..., executor_class=CompiledExecutor, plans=plans)

The answer is graphql-core's to the letter, errors and order of keys included. Without `plans` it is graphql-core.
A *plain* field is one that Strawberry answers with an attribute of the row. What the plans of `plan_source` read is
left alone by graphql-core: in an object the plain fields, whose subtrees are plain too, beside its resolvers; in a
list everything, when nothing in it has a resolver. A plan that meets anything out of the ordinary gives up, and
graphql-core does that part from its beginning; nothing is lost, because reading attributes has no effects.
Operations that ask plain questions need graphql-core not at all: `direct`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    VariableNode,
)
from graphql.execution.collect_fields import CollectedFields, DeferUsage, FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mediacanon.schema.direct import DirectOperation, plan_operation, plan_variables, read_variables
from mediacanon.schema.plan_source import ObjectPlan, Read, plan_list, plan_object

# What the plans of one document may hold in all: a page's query has a hundred fields; fragments within fragments
# unfold into millions. What all documents may hold together is for who remembers them.
MOST_FIELDS = 2000
# Answers of @skip and @include that one document is planned for.
MOST_VARIANTS = 64
CONDITIONS = ("skip", "include")


class Size(NamedTuple):
    """What a document's plans hold, all variants together."""

    variants: int
    fields: int
    plans: int


class Variant:
    """What is known of an operation under one set of answers to its @skip and @include.

    The field lists that graphql-core collects are kept and handed to the next request, so that they are the same
    objects again and their `id` finds the plan. Every entry keeps alive what its key is the id of.
    """

    def __init__(self, plans: "Plans") -> None:
        self.plans = plans
        self.root: GroupedFieldSet | None = None
        self.direct: DirectOperation | None = None
        self.is_planned = False
        self.selections: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]] = {}
        self.objects: dict[int, tuple[GroupedFieldSet, ObjectPlan | None]] = {}
        self.lists: dict[tuple[GraphQLList[Any], int], tuple[FieldDetailsList, Read | None]] = {}


class Plans:
    """The plans of one document under one schema; bounded, and made when the document runs."""

    def __init__(self, document: DocumentNode) -> None:
        self.fields_left = MOST_FIELDS
        self._document = document
        self._conditions = _condition_variables(document)
        self._signatures = {
            id(node): plan_variables(node) for node in document.definitions if isinstance(node, OperationDefinitionNode)
        }
        self._variants: dict[tuple[int, tuple[bool | None, ...]], Variant] = {}

    @property
    def size(self) -> Size:
        """How much is held."""
        plans = sum(len(variant.objects) + len(variant.lists) for variant in self._variants.values())
        return Size(len(self._variants), MOST_FIELDS - self.fields_left, plans)

    @property
    def held(self) -> int:
        """How many fields and variants are held."""
        return MOST_FIELDS - self.fields_left + len(self._variants)

    def variant(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Variant | None:
        """Return what is known for an operation with the values of its variables; None where it is not to be planned.

        A condition that is neither true nor false is an error, which graphql-core raises each time anew.
        """
        if self._conditions is None or id(operation) not in self._signatures:
            return None
        answers = (variables.get(name) for name in self._conditions)
        key = (id(operation), tuple(answer if isinstance(answer, bool) else None for answer in answers))
        known = self._variants.get(key)
        if known is None and len(self._variants) < MOST_VARIANTS:
            known = self._variants[key] = Variant(self)
        return known

    def direct(
        self, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> tuple[DirectOperation, dict[str, Any]] | None:
        """Return what answers an operation without graphql-core, with its variables; None where that is not sure."""
        signature = self._signatures.get(id(operation))
        variables = None if signature is None else read_variables(signature, given)
        if variables is None:
            return None
        variant = self.variant(operation, variables)
        return (variant.direct, variables) if variant and variant.direct else None


def _condition_variables(document: DocumentNode) -> list[str] | None:
    """Return the variables that decide what is selected; None for documents with other directives or variables."""
    names: dict[str, None] = {}
    for node in _selections(document):
        for directive in node.directives or ():
            if directive.name.value not in CONDITIONS:
                return None
            values = (argument.value for argument in directive.arguments or ())
            names |= {value.name.value: None for value in values if isinstance(value, VariableNode)}
    fragments = (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))
    return None if any(fragment.variable_definitions for fragment in fragments) else list(names)


def _selections(document: DocumentNode) -> Sequence[SelectionNode]:
    """Return every field and fragment that the document names, at any depth."""
    found: list[SelectionNode] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            found.extend(definition.selection_set.selections)
    for node in found:
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            found.extend(node.selection_set.selections)
    return found


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Runs one operation: what is planned as generated Python, the rest in graphql-core."""

    def __init__(self, *args: Any, plans: Plans | None = None, **options: Any) -> None:  # noqa: ANN401 - graphql-core's
        super().__init__(*args, **options)
        # Middleware wants to see every field.
        is_planned = plans is not None and self.middleware_manager is None
        self.variant = plans.variant(self.operation, self.variable_values.coerced) if plans and is_planned else None

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,  # noqa: ANN401
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:  # noqa: ANN401
        """Execute the root fields: those that the first request collected, being the same."""
        variant = self.variant
        if variant is not None:
            if variant.root is None:
                variant.root = grouped_field_set
            elif not variant.is_planned and not serially:
                # What is asked for once is not worth it.
                variant.is_planned = True
                variant.direct = plan_operation(self, root_type, variant.root)
            grouped_field_set = variant.root
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """Return the fields below a field, from an earlier request where there was one."""
        variant = self.variant
        if variant is None:
            return super().collect_subfields(return_type, field_details_list)
        key = (return_type, id(field_details_list))
        if known := variant.selections.get(key):
            return known[1]
        collected = super().collect_subfields(return_type, field_details_list)
        if variant.plans.fields_left > 0:
            variant.plans.fields_left -= len(collected.grouped_field_set)
            variant.selections[key] = (field_details_list, collected)
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

    def _object_plan(self, type_: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectPlan | None:
        variant = self.variant
        if variant is None:
            return None
        known = variant.objects.get(id(fields))
        if known is None:
            if variant.plans.fields_left <= 0:
                return None
            known = variant.objects[id(fields)] = (fields, plan_object(self, type_, fields))
        return known[1]

    def _list_plan(self, type_: GraphQLList[GraphQLOutputType], details: FieldDetailsList) -> Read | None:
        variant = self.variant
        if variant is None:
            return None
        key = (type_, id(details))
        known = variant.lists.get(key)
        if known is None:
            if variant.plans.fields_left <= 0:
                return None
            known = variant.lists[key] = (details, plan_list(self, type_, details))
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
