"""Turns the texts of a path, a query string or a form into the variables a document declares, by their types."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    type_from_ast,
)

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_READERS: dict[str, Callable[[str], Any]] = {
    "Int": int,
    "Float": float,
    "Boolean": lambda text: _BOOLEANS[text.lower()],
}
LARGEST_INT = 2**31 - 1


def variable_types(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, GraphQLInputType]:
    """Return the type of each variable of an operation, by name."""
    types: dict[str, Any] = {
        node.variable.name.value: type_from_ast(schema, node.type) for node in operation.variable_definitions or ()
    }
    return types


def read_variables(types: Mapping[str, GraphQLInputType], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the variables among `given` whose text fits their type; empty texts and unknown names count as absent."""
    variables = {}
    for name, type_ in types.items():
        texts = [text.strip() for text in given.get(name, ()) if text.strip()]
        if texts:
            try:
                variables[name] = _read(type_, texts)
            except (ValueError, KeyError):
                continue
    return variables


def _read(type_: GraphQLInputType, texts: Sequence[str]) -> Any:  # noqa: ANN401 - whatever the type is
    named: Any = get_nullable_type(type_)
    if is_list_type(named):
        return [_read(named.of_type, [part.strip()]) for text in texts for part in text.split(",") if part.strip()]
    if is_enum_type(named) and texts[0] not in named.values:
        raise ValueError(texts[0])
    value = _READERS.get(named.name, str)(texts[0])
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        raise ValueError(texts[0])
    return value
