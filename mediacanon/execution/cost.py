"""Cost of an operation: an estimate before it runs, and a budget while it does."""

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
from mediacanon.schema.costs import ASSUMED_SIZE, ASSUMED_SIZES, EPISODES, SIZED_FIELDS, SLICING_ARGUMENTS, WEIGHTS

COST = 20_000
# What seasons and episodes may come to in all where they are more than assumed. A call of a resolver takes 15 us, so
# that is most of a second; a show of 15,000 episodes is within, with two resolvers for each of them.
REAL_COST = 50_000


class CostModel:
    """Counts what the answer to one valid document can hold: before it runs, and what its seasons come to then."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def cost(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return the most that an operation can answer with these variables, lists as long as assumed."""
        root = self._schema.get_root_type(operation.operation)
        return int(self.estimate(operation, variables, ASSUMED_SIZES).selections([operation], root))

    def estimate(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any], sizes: Mapping[str, float]
    ) -> "CostEstimate":
        """Return what counts the selections of an operation with these variables and lists of these sizes."""
        defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        return CostEstimate(self._schema, self._fragments, {**defaults, **variables}, sizes)


class Budget:
    """What the seasons of one run may cost once it is known how many they are and how many episodes they have."""

    def __init__(self, model: CostModel, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self._model = model
        self._asked = operation, variables
        self._left: float = REAL_COST

    def charge(self, info: GraphQLResolveInfo[Any], *, seasons: int, episodes: int) -> None:
        """Count the seasons that a field answers with. Raises BadArgument where the run has no room for them."""
        assumed = ASSUMED_SIZE if is_list_type(get_nullable_type(info.return_type)) else 1
        if seasons + episodes <= assumed * (1 + ASSUMED_SIZES[EPISODES]):
            return
        estimate = self._model.estimate(*self._asked, {**ASSUMED_SIZES, EPISODES: episodes / seasons})
        below = estimate.selections(info.field_nodes, get_named_type(info.return_type))
        self._left -= seasons * (1 + below)
        if self._left < 0:
            raise BadArgument(
                f"The query answers more than {REAL_COST:,} objects: these shows have more episodes than most. "
                "Ask for fewer of them at once, or season by season"
            )


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """Counts what selections can answer, with known variables and lists of known or assumed sizes."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    sizes: Mapping[str, float]

    def selections(self, nodes: Iterable[Any], parent: Any, size: int | None = None) -> float:  # noqa: ANN401 - any composite type
        """Return what is below nodes that select from a type; `size` is that of the list above."""
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

    def _fragment(self, fragment: Any, parent: Any, size: int | None) -> float:  # noqa: ANN401 - with a name or inline
        on = fragment.type_condition
        return self.selections([fragment], self.schema.get_type(on.name.value) if on else parent, size)

    def _field(self, node: FieldNode, parent: Any, size: int | None) -> float:  # noqa: ANN401 - any composite type
        name = node.name.value
        found = None if name.startswith("__") else parent.fields.get(name)
        if found is None:
            return 0
        place = f"{parent.name}.{name}"
        type_ = get_named_type(found.type)
        if not is_composite_type(type_):
            return WEIGHTS.get(place, 0 if plain_attribute(found) else 1)
        asked = _asked_size(node, found, self.variables)
        count: float = 1
        if is_list_type(get_nullable_type(found.type)):
            inherited = size if name in SIZED_FIELDS else None
            count = asked or inherited or self.sizes.get(place, ASSUMED_SIZE)
        return WEIGHTS.get(place, 0) + count * (1 + self.selections([node], type_, asked))


def _asked_size(node: FieldNode, field: GraphQLField, variables: Mapping[str, Any]) -> int | None:
    """Return the size that the arguments give, None when the field has no such argument."""
    for name in SLICING_ARGUMENTS:
        if name in field.args:
            given = next((each.value for each in node.arguments or () if each.name.value == name), None)
            default = field.args[name].default_value
            return _number(given, variables, default if default is not Undefined else None)
    return None


def _number(value: Any, variables: Mapping[str, Any], default: Any) -> int:  # noqa: ANN401 - an AST node or a client's JSON
    if isinstance(value, VariableNode):
        value = variables.get(value.name.value)
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
            size = default if isinstance(default, int) else ASSUMED_SIZE
    return min(max(size, 0), COST)
