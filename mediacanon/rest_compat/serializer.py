"""The shape of answers: keys in snake_case, what has no value absent, whole numbers without a fraction.

What a document selects tells where lists, objects and floats are, so that an answer of a thousand values is not looked
through for them.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLFloat,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)

_HUMP = re.compile(r"(?<=[a-z0-9])[A-Z]")
_PHRASE = re.compile(r"\b[a-z]+(?:[A-Z][a-z]*)+\b")
# Absent when empty; other lists stay, and so do those that a row declares.
OPTIONAL_LISTS = frozenset({"genres", "seasons", "episodes", "languages", "regions"})


@functools.cache
def snake_case(name: str) -> str:
    """Return a GraphQL name as REST has it: startYear is start_year."""
    return _HUMP.sub(lambda hump: f"_{hump[0].lower()}", name)


def in_snake_case(text: str) -> str:
    """Return a sentence with the GraphQL names in it as REST has them."""
    return _PHRASE.sub(lambda name: snake_case(name[0]), text)


def pick(data: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what stands in the data at a path of fields, with `#` its length; None where the path ends early."""
    for name in path.removeprefix("#").split("."):
        if data is None:
            return None
        data = data[name]
    return len(data) if path.startswith("#") and data is not None else data


@dataclass(frozen=True)
class Serializer:
    """How the objects of a selection are shaped: their keys, and which of those hold what needs a second look."""

    names: Mapping[str, str]
    floats: tuple[str, ...]
    optional_lists: tuple[str, ...]
    below: Mapping[str, "Serializer"]

    @functools.cached_property
    def write(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """What shapes an object: Python made for its names, since a loop over them takes three times as long."""
        lines = ["def write(value):", " found = {}"]
        for name, written in self.names.items():
            shown = "one"
            if name in self.below:
                shown = f"shaped(one, below[{name!r}])"
            elif name in self.floats:
                shown = "int(one) if one.is_integer() else one"
            test = "one" if name in self.optional_lists else "one is not None"
            lines += [f" one = value[{name!r}]", f" if {test}: found[{written!r}] = {shown}"]
        names: dict[str, Any] = {"shaped": shaped, "below": self.below}
        exec(compile("\n".join([*lines, " return found"]), "<shape>", "exec"), names)  # noqa: S102
        write: Callable[[Mapping[str, Any]], dict[str, Any]] = names["write"]
        return write

    def at(self, path: str) -> "Serializer | None":
        """Return the shape of what stands at a path of fields, None for a leaf."""
        shape: Serializer | None = self
        for name in path.removeprefix("#").split("."):
            shape = shape.below.get(name) if shape else None
        return shape


def selected_fields(
    type_: Any,  # noqa: ANN401 - graphql-core's types have no common one with fields
    selection: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> dict[str, tuple[GraphQLOutputType, SelectionSetNode | None]]:
    """Return type and selection of each field, by the name it has in the data."""
    found: dict[str, tuple[GraphQLOutputType, SelectionSetNode | None]] = {}
    for node in selection.selections if selection else ():
        if isinstance(node, FragmentSpreadNode):
            found |= selected_fields(type_, fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, FieldNode):
            name = node.alias.value if node.alias else node.name.value
            found[name] = (type_.fields[node.name.value].type, node.selection_set)
    return found


def shape_of(
    type_: GraphQLOutputType, selection: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]
) -> Serializer:
    """Return the shape of what a document selects of an object."""
    fields = selected_fields(type_, selection, fragments)
    named = {name: get_named_type(field) for name, (field, _) in fields.items()}
    return Serializer(
        names={name: snake_case(name) for name in fields},
        floats=tuple(name for name, kind in named.items() if kind is GraphQLFloat),
        optional_lists=tuple(name for name in fields if name in OPTIONAL_LISTS),
        below={
            name: shape_of(kind, fields[name][1], fragments) for name, kind in named.items() if is_composite_type(kind)
        },
    )


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of a document by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def document_shape(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Serializer:
    """Return the shape of all that an operation answers."""
    root: Any = schema.get_root_type(operation.operation)
    return shape_of(root, operation.selection_set, fragments_of(document))


def shaped(value: Any, shape: Serializer) -> Any:  # noqa: ANN401 - any JSON
    """Return an object, or a list of them, as an answer has it."""
    if value is None:
        return None
    if value.__class__ is list:
        return [shape.write(one) for one in value]
    return shape.write(value)


def project(data: Mapping[str, Any], answer: str | Mapping[str, str], shape: Serializer) -> Any:  # noqa: ANN401 - any JSON
    """Return what of the data is the answer, shaped; None where any of it is not there."""
    if isinstance(answer, str):
        return _part(data, answer, shape)
    parts = {name: _part(data, path, shape) for name, path in answer.items()}
    return None if None in parts.values() else parts


def _part(data: Mapping[str, Any], path: str, shape: Serializer) -> Any:  # noqa: ANN401 - any JSON
    found, below = pick(data, path), None if path.startswith("#") else shape.at(path)
    return found if below is None else shaped(found, below)
