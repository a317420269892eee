"""Arguments of compiled operations, coerced as graphql-core and converted as Strawberry would do it.

Literals without variables are converted once for all runs: resolvers leave their arguments as they are. Strawberry
takes 20 µs to convert one input object.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import partial
from typing import Any, cast

import strawberry
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    coerce_input_literal,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from graphql.execution.values import get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from mediacanon.execution.codegen import Bailout, NotCompilable
from mediacanon.execution.compilation import CompilationContext
from mediacanon.execution.inputs import ABSENT

# Types of arguments that Strawberry passes on unchanged.
UNCHANGED: tuple[object, ...] = (int, float, str, bool, strawberry.ID)
Convert = Callable[[Any], object]
# Returns the value of an argument for the variables of a run, ABSENT for none. Raises Bailout for one to be refused.
ValueOf = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a resolver: those that are the same in every run, and those that depend on variables."""

    constants: Mapping[str, Any]
    varying: tuple[tuple[str, ValueOf], ...]

    def of(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by name. Raises Bailout for a value that graphql-core has to refuse."""
        found = dict(self.constants)
        for name, value_of in self.varying:
            value = value_of(variables)
            if value is not ABSENT:
                found[name] = value
        return found


def compile_arguments(
    context: CompilationContext, field: GraphQLField, definition: StrawberryField, node: FieldNode
) -> Arguments:
    """Return the arguments of a field. Raises NotCompilable for a literal that Strawberry refuses."""
    given = {each.name.value: each for each in node.arguments or ()}
    open_ = {name: each.value for name, each in given.items() if _holds_variable(each.value)}
    # Literals and defaults remain without the variables.
    kept = [each for name, each in given.items() if name not in open_ or is_required_argument(field.args[name])]
    fixed = get_argument_values(field, FieldNode(name=node.name, arguments=tuple(kept)), context.variable_values)
    constants: dict[str, Any] = {}
    varying: list[tuple[str, ValueOf]] = []
    # Strawberry makes GraphQL's arguments of its own, in the same order.
    for (name, argument), declared in zip(field.args.items(), definition.arguments, strict=True):
        convert, value = _conversion(context, declared.type), open_.get(name)
        if isinstance(value, VariableNode):
            default = ABSENT if is_required_argument(argument) else fixed.get(name, ABSENT)
            is_required = is_non_null_type(argument.type)
            varying.append((declared.python_name, _of_variable(value.name.value, default, convert, is_required)))
        elif value is not None:
            varying.append((declared.python_name, _of_literal(value, argument.type, convert)))
        elif name in fixed:
            constants[declared.python_name] = _constant(fixed[name], convert)
    return Arguments(constants, tuple(varying))


def _constant(value: object, convert: Convert) -> object:
    """Return a value converted once for all runs: resolvers leave their arguments as they are."""
    try:
        return convert(value)
    except Exception as error:
        raise NotCompilable from error


def _of_variable(name: str, default: object, convert: Convert, is_required: bool) -> ValueOf:
    def value_of(variables: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a value of any type
        value = variables.get(name, default)
        if is_required and (value is None or value is ABSENT):
            raise Bailout
        return value if value is ABSENT else convert(value)

    return value_of


def _of_literal(node: ValueNode, type_: GraphQLInputType, convert: Convert) -> ValueOf:
    found = _literal(node, type_)
    return lambda variables: convert(found(variables))


def _literal(node: ValueNode, type_: GraphQLInputType) -> ValueOf:
    """Return the function for the value of a literal with variables. Raises NotCompilable for one to be refused."""
    if isinstance(node, VariableNode):
        return _of_variable(node.name.value, ABSENT, _unchanged, is_non_null_type(type_))
    inner: Any = get_nullable_type(type_)
    if isinstance(node, ListValueNode) and is_list_type(inner):
        return _list_literal([_literal(each, inner.of_type) for each in node.values])
    if isinstance(node, ObjectValueNode) and is_input_object_type(inner):
        return _object_literal(node, inner)
    value = coerce_input_literal(node, type_)
    if value is Undefined:
        raise NotCompilable
    return lambda _: value


def _list_literal(items: Sequence[ValueOf]) -> ValueOf:
    def value_of(variables: Mapping[str, Any]) -> list[Any]:
        values = [item(variables) for item in items]
        # A missing variable is null.
        return [None if value is ABSENT else value for value in values]

    return value_of


def _object_literal(node: ObjectValueNode, type_: GraphQLInputObjectType) -> ValueOf:
    given = {field.name.value: _literal(field.value, type_.fields[field.name.value].type) for field in node.fields}
    fields = [(field.out_name or name, given.get(name), field) for name, field in type_.fields.items()]
    defaults = {name: value for name, _, field in fields if (value := coerce_default_value(field)) is not Undefined}
    required = {name for name, _, field in fields if is_required_input_field(field)}
    parts = [(name, value_of) for name, value_of, _ in fields if value_of]

    def value_of(variables: Mapping[str, Any]) -> dict[str, Any]:
        found = {**defaults, **{name: value for name, part in parts if (value := part(variables)) is not ABSENT}}
        if not required <= found.keys() or (type_.is_one_of and (len(found) != 1 or None in found.values())):
            raise Bailout
        return cast("dict[str, Any]", type_.out_type(found))

    return value_of


def _holds_variable(node: ValueNode) -> bool:
    match node:
        case VariableNode():
            return True
        case ListValueNode():
            return any(map(_holds_variable, node.values))
        case ObjectValueNode():
            return any(_holds_variable(field.value) for field in node.fields)
    return False


def _conversion(context: CompilationContext, type_: object) -> Convert:
    """Return Strawberry's conversion of the values of a type."""
    schema = cast("Any", context.schema)._strawberry_schema  # noqa: SLF001 - Strawberry puts itself there
    return _convert(type_, schema.schema_converter.scalar_registry, schema.config)


def _convert(type_: Any, scalars: Mapping[object, Any], config: StrawberryConfig) -> Convert:  # noqa: ANN401 - any type
    if type(type_) is StrawberryOptional:
        convert = _convert(type_.of_type, scalars, config)
        return convert if convert is _unchanged else lambda value: None if value is None else convert(value)
    if type(type_) is StrawberryList and _convert(type_.of_type, scalars, config) is _unchanged:
        return _unchanged
    if isinstance(type_, StrawberryEnumDefinition) or type_ in UNCHANGED or type_ in scalars:
        return _unchanged
    definition = getattr(type_, "__strawberry_definition__", None)
    if isinstance(definition, StrawberryObjectDefinition) and definition.is_input and definition.from_input is None:
        return _object_conversion(type_, definition, scalars, config)
    return partial(convert_argument, type_=type_, scalar_registry=scalars, config=config)


def _object_conversion(
    class_: Any,  # noqa: ANN401 - the class of an input
    definition: StrawberryObjectDefinition,
    scalars: Mapping[object, Any],
    config: StrawberryConfig,
) -> Convert:
    """Return the conversion of an input object; a field without a default is null where it is absent."""
    absent = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    fields = [
        (
            config.name_converter.from_field(field),
            field.python_name,
            _field_conversion(field.resolve_type(type_definition=definition), scalars, config),
        )
        for field in definition.fields
    ]

    def convert(value: Any) -> object:  # noqa: ANN401 - a dict
        given = {name: convert_field(value[key]) for key, name, convert_field in fields if key in value}
        return class_(**{**absent, **given})

    return convert


def _field_conversion(type_: Any, scalars: Mapping[object, Any], config: StrawberryConfig) -> Convert:  # noqa: ANN401 - any type
    if type(type_) is StrawberryMaybe and type(type_.of_type) is not StrawberryOptional:
        convert = _convert(type_.of_type, scalars, config)
        return lambda value: strawberry.Some(convert(_present(value)))
    return _convert(type_, scalars, config)


def _present(value: object) -> object:
    if value is None:
        raise Bailout
    return value


def _unchanged(value: object) -> object:
    return value
