"""Shape of a client document: depth, fields, aliases and directives, limited before validation."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

from mediacanon.execution.introspection import META_FIELDS

MAX_TOKENS = 4_000
MAX_DEPTH = 12
MAX_INTROSPECTION_DEPTH = 20  # the introspection query of GraphiQL has 15
MAX_DEFINITIONS = 30


@dataclass(slots=True)
class DocumentShape:
    """Counts over a selection set; a fragment counts wherever it is spread."""

    depth: int = 0
    introspection_depth: int = 0
    levels: int = 0
    own_fields: int = 0
    aliases: int = 0
    fields: int = 0
    directives: int = 0
    repeated_fields: int = 0
    # Occurrences of each name at this level, fragments included: GraphQL merges and compares such fields.
    names: Counter[str] = field(default_factory=Counter)


LIMITS = {
    "depth": (MAX_DEPTH, "nests fields {} deep"),
    "introspection_depth": (MAX_INTROSPECTION_DEPTH, "nests introspection {} deep"),
    # Validation recurses once or twice a level, fragments without a field between them included.
    "levels": (60, "nests fields and fragments {} deep"),
    "aliases": (30, "has {} aliases"),
    "fields": (1_000, "has {} fields"),
    "directives": (30, "has {} directives"),
    "repeated_fields": (30, "repeats a field {} times"),
    "own_fields": (10, "has {} root fields"),
}


def limit_error(message: str) -> GraphQLError:
    """Return the error of a document that is beyond a limit."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def check_shape(document: DocumentNode) -> list[GraphQLError]:
    """Return an error for each limit that a parsed document exceeds; empty for a document within all limits."""
    count = len(document.definitions)
    if count > MAX_DEFINITIONS:
        return [limit_error(f"The document has {count} operations and fragments; {MAX_DEFINITIONS} are allowed.")]
    try:
        return next((excess for shape in _shapes(document.definitions) if (excess := _excess(shape))), [])
    except RecursionError:
        return [limit_error(f"The query is nested too deeply; {MAX_DEPTH} is the limit.")]


def _shapes(definitions: Iterable[DefinitionNode]) -> Iterator[DocumentShape]:
    """Give the shape of each operation and fragment."""
    walk = _ShapeWalk({node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)})
    for node in definitions:
        match node:
            case OperationDefinitionNode():
                shape = walk.measure(node.selection_set)
                shape.directives += _directives(node)
                yield _closed(shape)
            case FragmentDefinitionNode():
                # The depth of a fragment, and its place at the root, depend on where it is spread.
                yield replace(_closed(walk.fragment(node.name.value)), depth=0, own_fields=0)


def _excess(shape: DocumentShape) -> list[GraphQLError]:
    return [
        limit_error(f"The query {text.format(value)}; {limit} is the limit.")
        for name, (limit, text) in LIMITS.items()
        if (value := getattr(shape, name)) > limit
    ]


def _directives(node: Any) -> int:  # noqa: ANN401 - many nodes have directives, no class says so
    return len(node.directives or ())


class _ShapeWalk:
    """Measures selections, each fragment once; a fragment inside itself counts nothing, validation refuses it."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, DocumentShape] = {}

    def fragment(self, name: str) -> DocumentShape:
        """Return the shape of a fragment, an empty one if it is unknown."""
        if name not in self._measured:
            self._measured[name] = DocumentShape()
            if node := self._fragments.get(name):
                shape = self.measure(node.selection_set)
                shape.directives += _directives(node)
                self._measured[name] = shape
        return self._measured[name]

    def measure(self, selections: SelectionSetNode | None) -> DocumentShape:
        """Return the shape of a selection set."""
        total = DocumentShape()
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

    def _field(self, node: FieldNode) -> DocumentShape:
        below = _closed(self.measure(node.selection_set))
        below.names = Counter([(node.alias or node.name).value])
        below.own_fields = 1
        below.fields += 1
        below.aliases += node.alias is not None
        if node.name.value in META_FIELDS:
            below.introspection_depth, below.depth = below.depth + 1, 1
        else:
            below.depth += 1
        return below


def _closed(shape: DocumentShape) -> DocumentShape:
    """Return the shape of a complete selection set: the repetitions of its names are counted."""
    return replace(
        shape, names=Counter(), repeated_fields=shape.repeated_fields + sum(shape.names.values()) - len(shape.names)
    )


def _add(total: DocumentShape, part: DocumentShape) -> None:
    total.depth = max(total.depth, part.depth)
    total.introspection_depth = max(total.introspection_depth, part.introspection_depth)
    total.levels = max(total.levels, part.levels)
    total.own_fields += part.own_fields
    total.aliases += part.aliases
    total.fields += part.fields
    total.directives += part.directives
    total.repeated_fields += part.repeated_fields
    if total.fields <= LIMITS["fields"][0]:
        # A document beyond the limit is refused anyway, and adding up would never end.
        total.names.update(part.names)
