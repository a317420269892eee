"""Inputs of compiled operations: variables, coerced as graphql-core would coerce them.

A value that coercion would leave unchanged is used as it is. Inputs, lists and enums are coerced by graphql-core's own
functions.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    BooleanValueNode,
    FloatValueNode,
    GraphQLInputType,
    IntValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Undefined,
    ValueNode,
    coerce_input_literal,
    coerce_input_value,
)

from mediacanon.execution.codegen import NotCompilable
from mediacanon.execution.compilation import CompilationContext
from mediacanon.vocabulary import MAX_INTEGER, MIN_INTEGER

# Built-in scalar -> the class whose values need no coercion; node of a literal -> its value.
SCALAR_CLASSES: dict[str, type] = {"Int": int, "Float": float, "String": str, "Boolean": bool, "ID": str}
LITERALS: dict[type, Callable[[Any], object]] = {
    IntValueNode: lambda node: int(node.value),
    FloatValueNode: lambda node: float(node.value),
    StringValueNode: lambda node: node.value,
    BooleanValueNode: lambda node: node.value,
    NullValueNode: lambda _: None,
}
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; `class_` is None for one of another type than a built-in scalar, `default` ABSENT without one.

    The default of another type than a scalar is the node of its literal.
    """

    name: str
    class_: type | None
    is_required: bool
    default: Any

    def is_coerced(self, value: object) -> bool:
        """Return whether coercion would leave the value of a scalar unchanged."""
        if value is None:
            return not self.is_required
        if value.__class__ is not self.class_:
            return False
        if self.class_ is int:
            return MIN_INTEGER <= cast("int", value) <= MAX_INTEGER
        return self.class_ is not float or math.isfinite(cast("float", value))


def compile_variables(operation: OperationDefinitionNode) -> tuple[Variable, ...] | None:
    """Return the variables of a query; None for mutations, and for defaults that are not of their type."""
    if operation.operation is not OperationType.QUERY:
        return None
    try:
        return tuple(
            _variable(each.variable.name.value, each.type, each.default_value)
            for each in operation.variable_definitions or ()
        )
    except NotCompilable:
        return None


def _variable(name: str, type_: object, literal: ValueNode | None) -> Variable:
    is_required = isinstance(type_, NonNullTypeNode)
    inner = type_.type if isinstance(type_, NonNullTypeNode) else type_
    class_ = SCALAR_CLASSES.get(inner.name.value) if isinstance(inner, NamedTypeNode) else None
    variable = Variable(name, class_, is_required, ABSENT)
    if literal is None:
        return variable
    if class_ is None:
        return Variable(name, None, is_required, literal)
    read = LITERALS.get(type(literal))
    if read is None or not variable.is_coerced(default := read(literal)):
        raise NotCompilable
    return Variable(name, class_, is_required, default)


def match_variables(declared: Iterable[Variable], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the variables of an operation, those that are no scalars as they were given.

    Returns None where graphql-core has to coerce or to refuse one.
    """
    values: dict[str, Any] = {}
    for variable in declared:
        value = given.get(variable.name, ABSENT)
        if value is ABSENT:
            if variable.default is ABSENT:
                if variable.is_required:
                    return None
            elif variable.class_ is not None:
                values[variable.name] = variable.default
        elif variable.class_ is None or variable.is_coerced(value):
            values[variable.name] = value
        else:
            return None
    return values


@dataclass(frozen=True, slots=True)
class Inputs:
    """The variables of an operation that are no scalars: name, type, and the default, ABSENT without one."""

    variables: tuple[tuple[str, GraphQLInputType, Any], ...]

    def coerce(self, values: dict[str, Any]) -> dict[str, Any] | None:
        """Return the variables, coerced in place; None where graphql-core has to refuse one."""
        try:
            for name, type_, default in self.variables:
                if name in values:
                    values[name] = coerce_input_value(values[name], type_)
                elif default is not ABSENT:
                    values[name] = default
                if values.get(name) is Undefined:
                    return None
        except Exception:  # noqa: BLE001 - graphql-core meets it again, and reports it as GraphQL defines
            return None
        return values


def compile_inputs(context: CompilationContext, declared: Iterable[Variable]) -> Inputs:
    """Return the variables that are no scalars, with the types that the schema gives them."""
    types = {name: source.signature.type for name, source in context.variable_values.sources.items()}
    return Inputs(
        tuple(
            (
                each.name,
                types[each.name],
                ABSENT if each.default is ABSENT else coerce_input_literal(each.default, types[each.name]),
            )
            for each in declared
            if each.class_ is None
        )
    )
