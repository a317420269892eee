"""Serializer: data of a document to the JSON of a dialect, with its keys, its nulls and its values.

The selection of a document tells where lists, objects and floats are: a serializer is compiled from it once, and an
answer of a thousand values is not searched for them.
"""

import functools
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
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from mediacanon.rest_compat.dialect import Dialect, Null

Fragments = Mapping[str, FragmentDefinitionNode]
Answer = str | Mapping[str, str] | tuple[str, ...]


def pick(data: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value at a path of fields, with `#` its length; None where the path ends early."""
    for name in path.removeprefix("#").split("."):
        if data is None:
            return None
        data = data[name]
    return len(data) if path.startswith("#") and data is not None else data


def type_name(type_: Any) -> str:  # noqa: ANN401 - types of inputs and of outputs have no common one
    """Return the name of a type in the rules of a dialect: `Float`, or `[String]` for a list."""
    named: Any = get_named_type(type_)
    name: str = named.name
    return f"[{name}]" if is_list_type(get_nullable_type(type_)) else name


def schema_names(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of all fields and arguments of a schema."""
    fields = [each for type_ in schema.type_map.values() for each in getattr(type_, "fields", {}).items()]
    arguments = (name for _, field in fields for name in getattr(field, "args", ()))
    return frozenset({*(name for name, _ in fields), *arguments})


@dataclass(frozen=True)
class Serializer:
    """Writes the objects of one selection."""

    dialect: Dialect
    # Name in the data -> key.
    names: Mapping[str, str]
    types: Mapping[str, str]
    below: Mapping[str, "Serializer"]

    @functools.cached_property
    def write(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """The function from an object's data to its JSON.

        It is compiled, because a loop over the names takes three times as long. For an object of two fields:

            def write(value):
             found = {}
             one = value['displayName']
             if one is not None: found['display_name'] = one
             one = value['averageRating']
             if one is not None: found['average_rating'] = int(one) if one.is_integer() else one
             return found
        """
        lines = ["def write(value):", " found = {}"]
        for name, key in self.names.items():
            test = "one" if name in self.dialect.always_optional else "one is not None"
            lines += [f" one = value[{name!r}]", f" if {test}: found[{key!r}] = {self._expression(name)}"]
            if self.dialect.null is not Null.OMIT and name not in self.dialect.always_optional:
                null = None if self.dialect.null is Null.KEEP else self.dialect.null
                lines.append(f" else: found[{key!r}] = {null!r}")
        rules = {name: rule.write for name, rule in self.dialect.values.items()}
        names: dict[str, Any] = {"serialize": serialize, "below": self.below, "rules": rules}
        exec(compile("\n".join([*lines, " return found"]), "<serializer>", "exec"), names)  # noqa: S102
        write: Callable[[Mapping[str, Any]], dict[str, Any]] = names["write"]
        return write

    def _expression(self, name: str) -> str:
        """Return the source of a value that is not null."""
        if name in self.below:
            return f"serialize(one, below[{name!r}])"
        kind = self.types[name]
        if kind in self.dialect.values:
            return f"rules[{kind!r}](one)"
        if kind.strip("[]") in self.dialect.values:
            return f"[rules[{kind.strip('[]')!r}](each) for each in one]"
        # JSON has one type of number: a whole one needs no fraction.
        return "int(one) if one.is_integer() else one" if kind == GraphQLFloat.name else "one"

    def at(self, path: str) -> "Serializer | None":
        """Return the serializer of the value at a path of fields, None for a leaf."""
        serializer: Serializer | None = self
        for name in path.removeprefix("#").split("."):
            serializer = serializer.below.get(name) if serializer else None
        return serializer


def selected_fields(
    type_: Any,  # noqa: ANN401 - graphql-core's types have no common one with fields
    selection: SelectionSetNode | None,
    fragments: Fragments,
) -> dict[str, tuple[GraphQLOutputType, SelectionSetNode | None]]:
    """Return type and selection of each field, by the name it has in the data."""
    found: dict[str, tuple[GraphQLOutputType, SelectionSetNode | None]] = {}
    for node in selection.selections if selection else ():
        if isinstance(node, FragmentSpreadNode):
            found |= selected_fields(type_, fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, FieldNode) and not node.name.value.startswith("__"):
            name = node.alias.value if node.alias else node.name.value
            found[name] = (type_.fields[node.name.value].type, node.selection_set)
    return found


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of a document by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def document_serializer(
    dialect: Dialect, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Serializer:
    """Return the serializer of all that an operation selects."""
    root: Any = schema.get_root_type(operation.operation)
    return _serializer(dialect, root, operation.selection_set, fragments_of(document))


def _serializer(
    dialect: Dialect,
    type_: Any,  # noqa: ANN401 - as above
    selection: SelectionSetNode | None,
    fragments: Fragments,
) -> Serializer:
    fields = selected_fields(type_, selection, fragments)
    return Serializer(
        dialect,
        names={name: dialect.key(name) for name in fields},
        types={name: type_name(field) for name, (field, _) in fields.items()},
        below={
            name: _serializer(dialect, get_named_type(field), below, fragments)
            for name, (field, below) in fields.items()
            if is_composite_type(get_named_type(field))
        },
    )


def serialize(value: Any, serializer: Serializer) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of an object, or of a list of objects."""
    if value is None:
        return None
    if value.__class__ is list:
        return [serializer.write(one) for one in value]
    return serializer.write(value)


def project(data: Mapping[str, Any], answer: Answer, serializer: Serializer) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of the part of the data that is the answer; None where any of it is missing."""
    if isinstance(answer, str):
        return _part(data, answer, serializer)
    if isinstance(answer, tuple):
        # A part of the document that a run leaves out is not in its data.
        found = (_part(data, path, serializer) for path in answer if path.partition(".")[0] in data)
        return next((part for part in found if part is not None), None)
    parts = {name: _part(data, path, serializer) for name, path in answer.items()}
    return None if None in parts.values() else parts


def _part(data: Mapping[str, Any], path: str, serializer: Serializer) -> Any:  # noqa: ANN401 - any JSON
    found, below = pick(data, path), None if path.startswith("#") else serializer.at(path)
    return found if below is None else serialize(found, below)
