"""Cost of an operation: an estimate before it runs, and a budget for the lists whose length only the run shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLResolveInfo,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    Undefined,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from mediacanon.errors import BadArgument
from mediacanon.execution.codegen import plain_attribute
from mediacanon.execution.introspection import META_FIELDS, IntrospectionCost
from mediacanon.schema.costs import FieldCosts

MAX_COST = 20_000
# Cost of loaded lists that are longer than assumed, all in one run. A call of a resolver takes 15 us, so the bound is
# most of a second; it admits a show of 15,000 episodes with two resolvers for each.
MAX_LOADED_COST = 50_000


class CostModel:
    """Estimates the cost of one valid document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, costs: FieldCosts) -> None:
        self._schema = schema
        self.costs = costs
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def cost(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return the highest cost of an operation with these variables, with lists of their assumed sizes."""
        root = self._schema.get_root_type(operation.operation)
        return int(self.estimate(operation, variables, self.costs.assumed_sizes).selections([operation], root))

    def estimate(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any], sizes: Mapping[str, float]
    ) -> "CostEstimate":
        """Return the estimate of an operation with these variables and lists of these sizes."""
        defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        introspection = IntrospectionCost(self._schema, self._fragments, most=MAX_COST)
        return CostEstimate(self._schema, self._fragments, {**defaults, **variables}, sizes, self.costs, introspection)


class Budget:
    """Cost that loaded lists may still add to one run."""

    def __init__(self, model: CostModel, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self._model = model
        self._operation = operation
        self._variables = variables
        self._left: float = MAX_LOADED_COST

    def charge(self, info: GraphQLResolveInfo[Any], *, items: int, lists: Mapping[str, int], advice: str) -> None:
        """Charge the objects that a field returns, unless they are as few as the estimate assumed.

        `items` is their number. `lists` gives the length of each list below them, summed over all items, by
        `Type.field`. Raises BadArgument with the advice when the budget is spent.
        """
        costs = self._model.costs
        assumed = costs.assumed_size if is_list_type(get_nullable_type(info.return_type)) else 1
        assumed_below = sum(costs.assumed_sizes.get(name, costs.assumed_size) for name in lists)
        if items + sum(lists.values()) <= assumed * (1 + assumed_below):
            return
        sizes = {name: length / items for name, length in lists.items()}
        estimate = self._model.estimate(self._operation, self._variables, {**costs.assumed_sizes, **sizes})
        below = estimate.selections(info.field_nodes, get_named_type(info.return_type))
        self._left -= items * (1 + below)
        if self._left < 0:
            raise BadArgument(f"The query answers more than {MAX_LOADED_COST:,} objects: {advice}")


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """Adds up the cost of selections, with known variables and lists of known or assumed sizes."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    sizes: Mapping[str, float]
    costs: FieldCosts
    introspection: IntrospectionCost

    def selections(self, nodes: Iterable[Any], parent: Any, size: int | None = None) -> float:  # noqa: ANN401 - any composite type
        """Return the cost of the selections of nodes on a type; `size` is the slicing argument of the field above."""
        return sum(
            self._selection(node, parent, size)
            for above in nodes
            for node in (above.selection_set.selections if above.selection_set else ())
        )

    def _selection(self, node: SelectionNode, parent: Any, size: int | None) -> float:  # noqa: ANN401 - any composite type
        match node:
            case FieldNode():
                return self._field(node, parent, size)
            case FragmentSpreadNode():
                return self._fragment(self.fragments[node.name.value], parent, size)
            case _:
                return self._fragment(node, parent, size)

    def _fragment(self, fragment: Any, parent: Any, size: int | None) -> float:  # noqa: ANN401 - named or inline
        on = fragment.type_condition
        return self.selections([fragment], self.schema.get_type(on.name.value) if on else parent, size)

    def _field(self, node: FieldNode, parent: Any, size: int | None) -> float:  # noqa: ANN401 - any composite type
        name = node.name.value
        if name in META_FIELDS:
            return self.introspection.count(node)
        field = None if name.startswith("__") else parent.fields.get(name)
        if field is None:
            return 0
        key = f"{parent.name}.{name}"
        weight = self.costs.weights.get(key)
        type_ = get_named_type(field.type)
        if not is_composite_type(type_):
            return (0 if plain_attribute(field) else 1) if weight is None else weight
        sliced = self._slicing_argument(node, field)
        count: float = 1
        if is_list_type(get_nullable_type(field.type)):
            inherited = size if name in self.costs.sized_fields else None
            count = sliced or inherited or self.sizes.get(key, self.costs.assumed_size)
        return (weight or 0) + count * (1 + self.selections([node], type_, sliced))

    def _slicing_argument(self, node: FieldNode, field: GraphQLField) -> int | None:
        """Return the size that the slicing argument of a field gives; None for a field without one."""
        for name in self.costs.slicing_arguments:
            if name in field.args:
                given = next((each.value for each in node.arguments or () if each.name.value == name), None)
                default = field.args[name].default_value
                return self._size(given, default if default is not Undefined else None)
        return None

    def _size(self, value: Any, default: Any) -> int:  # noqa: ANN401 - an AST node or a client's JSON
        if isinstance(value, VariableNode):
            value = self.variables.get(value.name.value)
        match value:
            case IntValueNode():
                size = int(value.value)
            case ListValueNode():
                size = len(value.values)
            case list():
                size = len(value)
            case int():
                size = value
            case float() if isfinite(value):
                size = int(value)
            case _:
                size = default if isinstance(default, int) else self.costs.assumed_size
        return min(max(size, 0), MAX_COST)
