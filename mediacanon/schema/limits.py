"""What a stranger's document may ask of us: its shape before it is validated, its cost before it is run.

The shape is checked first and in one walk, since validation itself is quadratic in the number of equal fields.
The cost is the number of objects the answer can hold and of resolvers that are called for it: a list counts the size
it is asked for, or the assumed one. Shows are not as assumed: what their seasons really come to is counted as they are
loaded (`Budget`), since a list that is there is answered in one go, which no time-out can stop.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
    GraphQLResolveInfo,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from mediacanon.errors import BadArgument
from mediacanon.schema.plan_source import plain_attribute

TOKENS = 4_000
DEPTH = 12
INTROSPECTION_DEPTH = 20  # the introspection query of GraphiQL has 15
COST = 20_000
# What seasons and episodes may come to in all where they are more than assumed. A call of a resolver takes 15 us, so
# that is most of a second; a show of 15,000 episodes is within, with two resolvers for each of them.
REAL_COST = 50_000

# Arguments that say how long a list gets, and lists inside the answer to a field that has one.
SIZE_ARGUMENTS = ("perPage", "limit", "ids")
PAGE_LISTS = ("items", "found")
# Lists without such an argument: the mean of real shows, rounded up; ten for any other.
EPISODES = "Season.episodes"
ASSUMED_SIZES = {EPISODES: 25, "Carousel.titles": 30, "Query.collections": 50, "Title.similar": 12}
ASSUMED_SIZE = 10
# Fields that take statements of their own, each of them, and what they cost beside what is in them.
# Totals and distributions go over all that match, up to the whole catalogue.
PRICES = {
    "Collection.titles": 100,
    "CollectionPage.total": 100,
    "CollectionPage.totalPages": 100,
    "Title.similar": 100,
    "TitlePage.total": 1_000,
    "TitlePage.totalPages": 1_000,
    "TitlePage.languages": 1_000,
    "DiscoverPage.total": 1_000,
    "DiscoverPage.totalPages": 1_000,
}

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
    # How often each name stands at this level, where fragments add to it: such fields are merged and compared.
    names: Counter[str] = field(default_factory=Counter)


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
                yield _closed(shape)
            case FragmentDefinitionNode():
                # How deep it lies, and whether at the root, is known where it is spread.
                yield replace(_closed(walk.fragment(node.name.value)), depth=0, own_fields=0)


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
        for node in selections.selections if selections else ():
            match node:
                case FieldNode():
                    part = self._field(node)
                case FragmentSpreadNode():
                    part = self.fragment(node.name.value)
                case _:
                    part = self.measure(getattr(node, "selection_set", None))
            _add(total, part)
            total.directives += _directives(node)
        total.levels += 1
        return total

    def _field(self, node: FieldNode) -> Shape:
        below = _closed(self.measure(node.selection_set))
        below.names = Counter([(node.alias or node.name).value])
        below.own_fields = 1
        below.fields += 1
        below.aliases += node.alias is not None
        if node.name.value in _META:
            below.introspection_depth, below.depth = below.depth + 1, 1
        else:
            below.depth += 1
        return below


def _closed(shape: Shape) -> Shape:
    """Return a selection set's shape when nothing more can be merged into it."""
    return replace(
        shape, names=Counter(), repeated_fields=shape.repeated_fields + sum(shape.names.values()) - len(shape.names)
    )


def _add(total: Shape, part: Shape) -> None:
    total.depth = max(total.depth, part.depth)
    total.introspection_depth = max(total.introspection_depth, part.introspection_depth)
    total.levels = max(total.levels, part.levels)
    total.own_fields += part.own_fields
    total.aliases += part.aliases
    total.fields += part.fields
    total.directives += part.directives
    total.repeated_fields += part.repeated_fields
    if total.fields <= LIMITS["fields"][0]:
        # Beyond it is refused anyway, and adding up goes on to the end.
        total.names.update(part.names)


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
        return int(self.reckoning(operation, variables, ASSUMED_SIZES).selections([operation], root))

    def reckoning(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any], sizes: Mapping[str, float]
    ) -> "Reckoning":
        """Return what counts the selections of an operation with these variables and lists of these sizes."""
        defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        return Reckoning(self._schema, self._fragments, {**defaults, **variables}, sizes)


class Budget:
    """What the seasons of one run may cost once it is known how many they are and how many episodes they have."""

    def __init__(self, model: CostModel, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self._model = model
        self._asked = operation, variables
        self._left: float = REAL_COST

    def pay(self, info: GraphQLResolveInfo[Any], *, seasons: int, episodes: int) -> None:
        """Count the seasons that a field answers with. Raises BadArgument where the run has no room for them."""
        assumed = ASSUMED_SIZE if is_list_type(get_nullable_type(info.return_type)) else 1
        if seasons + episodes <= assumed * (1 + ASSUMED_SIZES[EPISODES]):
            return
        reckoning = self._model.reckoning(*self._asked, {**ASSUMED_SIZES, EPISODES: episodes / seasons})
        below = reckoning.selections(info.field_nodes, get_named_type(info.return_type))
        self._left -= seasons * (1 + below)
        if self._left < 0:
            raise BadArgument(
                f"The query answers more than {REAL_COST:,} objects: these shows have more episodes than most. "
                "Ask for fewer of them at once, or season by season"
            )


@dataclass(frozen=True, slots=True)
class Reckoning:
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
            return PRICES.get(place, 0 if plain_attribute(found) else 1)
        asked = _asked_size(node, found, self.variables)
        count: float = 1
        if is_list_type(get_nullable_type(found.type)):
            inherited = size if name in PAGE_LISTS else None
            count = asked or inherited or self.sizes.get(place, ASSUMED_SIZE)
        return PRICES.get(place, 0) + count * (1 + self.selections([node], type_, asked))


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
