"""What a stranger's document may ask of us: its shape before it is validated, its cost before it is run.

The shape is checked first and in one walk, since validation itself is quadratic in the number of equal fields.
The cost is the number of objects the answer can hold: a list counts the size it is asked for, or the assumed one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

TOKENS = 4_000
DEPTH = 12
INTROSPECTION_DEPTH = 20  # the introspection query of GraphiQL has 15
COST = 20_000

# Arguments that say how long a list gets, and lists inside the answer to a field that has one.
SIZE_ARGUMENTS = ("perPage", "limit", "ids")
PAGE_LISTS = ("items", "found")
# Lists without such an argument: the mean of real shows, rounded up; ten for any other.
ASSUMED_SIZES = {"Season.episodes": 25, "Carousel.titles": 30, "Query.collections": 50}
ASSUMED_SIZE = 10
# Objects that take statements of their own, each of them, and what they cost beside what is in them.
PRICES = {"Collection.titles": 100}

_META = ("__schema", "__type")


@dataclass(slots=True)
class Shape:
    """What one walk counts, fragments counted wherever they are spread."""

    depth: int = 0
    introspection_depth: int = 0
    levels: int = 0
    own_fields: int = 0
    aliases: int = 0
    fields: int = 0
    directives: int = 0
    repeated_fields: int = 0


LIMITS = {
    "depth": (DEPTH, "nests fields {} deep"),
    "introspection_depth": (INTROSPECTION_DEPTH, "nests introspection {} deep"),
    # Validation recurses once or twice a level, fragments without a field between them included.
    "levels": (60, "nests fields and fragments {} deep"),
    "aliases": (30, "has {} aliases"),
    "fields": (1_000, "has {} fields"),
    "directives": (30, "has {} directives"),
    "repeated_fields": (30, "repeats a field {} times"),
    "own_fields": (10, "has {} root fields"),
}
MOST_DEFINITIONS = 30


def refused(message: str) -> GraphQLError:
    """Return the error of a document that asks too much."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def check_shape(document: DocumentNode) -> list[GraphQLError]:
    """Return what is excessive about a document, parsed but not validated; empty when nothing is."""
    definitions = document.definitions
    if len(definitions) > MOST_DEFINITIONS:
        return [
            refused(f"The document has {len(definitions)} operations and fragments; {MOST_DEFINITIONS} are allowed.")
        ]
    try:
        return next((excess for shape in _shapes(definitions) if (excess := _excess(shape))), [])
    except RecursionError:
        return [refused(f"The query is nested too deeply; {DEPTH} is the limit.")]


def _shapes(definitions: Iterable[DefinitionNode]) -> Iterator[Shape]:
    """Give the shape of each operation and fragment."""
    walk = _ShapeWalk({node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)})
    for node in definitions:
        match node:
            case OperationDefinitionNode():
                shape = walk.measure(node.selection_set)
                shape.directives += _directives(node)
                yield shape
            case FragmentDefinitionNode():
                # How deep it lies, and whether at the root, is known where it is spread.
                yield replace(walk.fragment(node.name.value), depth=0, own_fields=0)


def _excess(shape: Shape) -> list[GraphQLError]:
    return [
        refused(f"The query {text.format(value)}; {limit} is the limit.")
        for name, (limit, text) in LIMITS.items()
        if (value := getattr(shape, name)) > limit
    ]


def _directives(node: Any) -> int:  # noqa: ANN401 - many nodes have directives, no class says so
    return len(node.directives or ())


class _ShapeWalk:
    """Measures selections, each fragment once; a fragment inside itself counts nothing (validation refuses it)."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, Shape] = {}

    def fragment(self, name: str) -> Shape:
        """Return the shape of a fragment, an empty one if it is unknown."""
        if name not in self._measured:
            self._measured[name] = Shape()
            if node := self._fragments.get(name):
                shape = self.measure(node.selection_set)
                shape.directives += _directives(node)
                self._measured[name] = shape
        return self._measured[name]

    def measure(self, selections: SelectionSetNode | None) -> Shape:
        """Return the shape of a selection set."""
        total = Shape()
        names: set[str] = set()
        for node in selections.selections if selections else ():
            match node:
                case FieldNode():
                    part = self._field(node)
                    name = (node.alias or node.name).value
                    part.repeated_fields += name in names
                    names.add(name)
                case FragmentSpreadNode():
                    part = self.fragment(node.name.value)
                case _:
                    part = self.measure(getattr(node, "selection_set", None))
            _add(total, part)
            total.directives += _directives(node)
        total.levels += 1
        return total

    def _field(self, node: FieldNode) -> Shape:
        below = self.measure(node.selection_set)
        below.own_fields = 1
        below.fields += 1
        below.aliases += node.alias is not None
        if node.name.value in _META:
            below.introspection_depth, below.depth = below.depth + 1, 1
        else:
            below.depth += 1
        return below


def _add(total: Shape, part: Shape) -> None:
    total.depth = max(total.depth, part.depth)
    total.introspection_depth = max(total.introspection_depth, part.introspection_depth)
    total.levels = max(total.levels, part.levels)
    total.own_fields += part.own_fields
    total.aliases += part.aliases
    total.fields += part.fields
    total.directives += part.directives
    total.repeated_fields += part.repeated_fields


class CostModel:
    """Counts the objects that the answer to one valid document can hold."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def cost(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return the most objects an operation can answer with these variables."""
        defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        known = {**defaults, **variables}
        root = self._schema.get_root_type(operation.operation)
        return self._selections([operation.selection_set], root, known, None)

    def _selections(
        self,
        sets: Iterable[SelectionSetNode | None],
        parent: Any,  # noqa: ANN401 - any composite type
        variables: Mapping[str, Any],
        size: int | None,
    ) -> int:
        total = 0
        for selections in sets:
            for node in selections.selections if selections else ():
                match node:
                    case FieldNode():
                        total += self._field(node, parent, variables, size)
                    case InlineFragmentNode():
                        on = node.type_condition
                        inner = self._schema.get_type(on.name.value) if on else parent
                        total += self._selections([node.selection_set], inner, variables, size)
                    case FragmentSpreadNode():
                        fragment = self._fragments[node.name.value]
                        inner = self._schema.get_type(fragment.type_condition.name.value)
                        total += self._selections([fragment.selection_set], inner, variables, size)
        return total

    def _field(self, node: FieldNode, parent: Any, variables: Mapping[str, Any], size: int | None) -> int:  # noqa: ANN401 - any composite type
        name = node.name.value
        field = None if name.startswith("__") else parent.fields.get(name)
        if field is None or not is_composite_type(get_named_type(field.type)):
            return 0
        asked = _asked_size(node, field, variables)
        count = 1
        if is_list_type(get_nullable_type(field.type)):
            inherited = size if name in PAGE_LISTS else None
            count = asked or inherited or ASSUMED_SIZES.get(f"{parent.name}.{name}", ASSUMED_SIZE)
        price = PRICES.get(f"{parent.name}.{name}", 1)
        return count * (price + self._selections([node.selection_set], get_named_type(field.type), variables, asked))


def _asked_size(node: FieldNode, field: GraphQLField, variables: Mapping[str, Any]) -> int | None:
    """Return the size that the arguments give, None when the field has no such argument."""
    for name in SIZE_ARGUMENTS:
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
