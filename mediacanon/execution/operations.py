"""Compiled operations: queries that run without graphql-core, which takes longer than the query itself.

An operation compiles when each root field is a coroutine with scalar arguments, and generated code (`codegen`) reads
its value, except for the fields below it that are such coroutines themselves:

    query ($id: Int!) { show(id: $id) { showId title { displayName } seasons { seasonNumber } } }

It is compiled when it runs for the second time. A run returns the data that graphql-core would return, or it raises,
for any reason: an exception in a resolver, null for a required field, a variable that needs coercion. Then
graphql-core runs the operation from its beginning. Queries have no effects, and loaded rows stay in their loaders.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import strawberry
from graphql import (
    BooleanValueNode,
    FieldNode,
    FloatValueNode,
    GraphQLField,
    GraphQLObjectType,
    IntValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    ValueNode,
    VariableNode,
    is_non_null_type,
    is_object_type,
    is_required_argument,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path
from strawberry.types.base import StrawberryMaybe, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from mediacanon.execution.codegen import (
    DEFINITION,
    REFUSALS,
    Bailout,
    CodeGenerator,
    NotCompilable,
    ObjectReader,
    Read,
    ValueExpression,
    class_guard,
    compile_object,
)
from mediacanon.execution.compilation import CompilationContext
from mediacanon.vocabulary import MAX_INTEGER, MIN_INTEGER

# Built-in scalar -> the class whose values need no coercion; node of a literal -> its value.
SCALAR_CLASSES: dict[str, type] = {"Int": int, "Float": float, "String": str, "Boolean": bool, "ID": str}
LITERALS: dict[type, Callable[[Any], object]] = {
    IntValueNode: lambda node: int(node.value),
    FloatValueNode: lambda node: float(node.value),
    StringValueNode: lambda node: node.value,
    BooleanValueNode: lambda node: node.value,
}
# Types of arguments that Strawberry passes on unchanged.
UNCHANGED: tuple[object, ...] = (int, float, str, bool, strawberry.ID)
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class ScalarVariable:
    """A variable of a built-in scalar type; its `default` is ABSENT where it has none."""

    name: str
    class_: type
    is_required: bool
    default: Any

    def is_coerced(self, value: object) -> bool:
        """Return whether coercion would leave a value unchanged."""
        if value is None:
            return not self.is_required
        if value.__class__ is not self.class_:
            return False
        if self.class_ is int:
            return MIN_INTEGER <= cast("int", value) <= MAX_INTEGER
        return self.class_ is not float or math.isfinite(cast("float", value))


def compile_variables(operation: OperationDefinitionNode) -> tuple[ScalarVariable, ...] | None:
    """Return the variables of a query; None for mutations, and for queries with variables of other types."""
    if operation.operation is not OperationType.QUERY:
        return None
    try:
        return tuple(
            _scalar_variable(each.variable.name.value, each.type, each.default_value)
            for each in operation.variable_definitions or ()
        )
    except NotCompilable:
        return None


def _scalar_variable(name: str, type_: object, literal: ValueNode | None) -> ScalarVariable:
    is_required = isinstance(type_, NonNullTypeNode)
    inner = type_.type if isinstance(type_, NonNullTypeNode) else type_
    if not isinstance(inner, NamedTypeNode) or inner.name.value not in SCALAR_CLASSES:
        raise NotCompilable
    variable = ScalarVariable(name, SCALAR_CLASSES[inner.name.value], is_required, ABSENT)
    if literal is None:
        return variable
    if isinstance(literal, NullValueNode):
        default = None
    elif read := LITERALS.get(type(literal)):
        default = read(literal)
    else:
        raise NotCompilable
    if not variable.is_coerced(default):
        raise NotCompilable
    return ScalarVariable(name, variable.class_, is_required, default)


def match_variables(declared: Iterable[ScalarVariable], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the variables for the resolvers; None where graphql-core has to coerce or to refuse one."""
    values: dict[str, Any] = {}
    for variable in declared:
        value = given.get(variable.name, ABSENT)
        if value is ABSENT:
            if variable.default is not ABSENT:
                values[variable.name] = variable.default
            elif variable.is_required:
                return None
        elif variable.is_coerced(value):
            values[variable.name] = value
        else:
            return None
    return values


@dataclass(frozen=True, slots=True)
class VariableArgument:
    """An argument with a variable as its value, and its default for an absent variable."""

    name: str
    variable: str
    is_required: bool
    default: Any


@dataclass(frozen=True, slots=True)
class CompiledField:
    """A field with a resolver: the arguments of the resolver, and the reader of its value."""

    key: str
    field: StrawberryField
    # graphql-core's GraphQLResolveInfo, without the parts that belong to a request.
    info: Any
    constants: Mapping[str, Any]
    arguments: tuple[VariableArgument, ...]
    is_required: bool
    check: Callable[[Any], None]
    read: Read
    fields: tuple["CompiledField", ...]

    async def resolve(self, source: object, context: object, variables: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Return the completed value of the field. Raises for any value that graphql-core has to complete."""
        resolver = cast("Any", self.field.base_resolver)
        arguments = dict(self.constants)
        for argument in self.arguments:
            value = variables.get(argument.variable, argument.default)
            if argument.is_required and (value is None or value is ABSENT):
                raise Bailout
            if value is not ABSENT:
                arguments[argument.name] = value
        if resolver.info_parameter:
            raw = self.info._replace(context=context, variable_values=variables)
            arguments[resolver.info_parameter.name] = strawberry.Info(_raw_info=raw, _field=self.field)
        for parameter in (resolver.parent_parameter, resolver.root_parameter):
            if parameter:
                arguments[parameter.name] = source
        value = await (resolver(source, **arguments) if resolver.self_parameter else resolver(**arguments))
        if not self.fields:
            return self.read(value)
        if value is None and not self.is_required:
            return None
        self.check(value)
        completed: dict[str, Any] = self.read(value)
        return await _resolve_all(self.fields, completed, value, context, variables)


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """A query that runs without graphql-core."""

    fields: tuple[CompiledField, ...]

    async def run(self, context: object, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data. Raises where graphql-core has to run the query."""
        keys: dict[str, Any] = dict.fromkeys(field.key for field in self.fields)
        return await _resolve_all(self.fields, keys, None, context, variables)


async def _resolve_all(
    fields: tuple[CompiledField, ...],
    completed: dict[str, Any],
    source: object,
    context: object,
    variables: dict[str, Any],
) -> dict[str, Any]:
    """Put the values of fields into their reserved keys; the resolvers run concurrently, so that loaders batch."""
    running: list[Awaitable[Any]] = [field.resolve(source, context, variables) for field in fields]
    values = [await running[0]] if len(running) == 1 else await asyncio.gather(*running, return_exceptions=True)
    for field, value in zip(fields, values, strict=True):
        if isinstance(value, BaseException):
            raise value
        completed[field.key] = value
    return completed


def compile_operation(
    context: CompilationContext, root_type: GraphQLObjectType, fields: GroupedFieldSet
) -> CompiledOperation | None:
    """Return the compiled operation of root fields; None where graphql-core has to run it."""
    try:
        return CompiledOperation(_compile_fields(context, root_type, fields, None))
    except REFUSALS:
        return None


def _compile_fields(
    context: CompilationContext, type_: GraphQLObjectType, fields: GroupedFieldSet, path: Path | None
) -> tuple[CompiledField, ...]:
    return tuple(
        _compile_field(context, type_, details, Path(path, key, type_.name)) for key, details in fields.items()
    )


def _compile_field(
    context: CompilationContext, parent_type: GraphQLObjectType, details: FieldDetailsList, path: Path
) -> CompiledField:
    node = details[0].node
    field = context.schema.get_field(parent_type, node.name.value)
    if field is None:
        raise NotCompilable
    definition = _coroutine_field(field)
    constants, arguments = _compile_arguments(context, field, definition, node)
    info = context.build_resolve_info(field, [each.node for each in details], parent_type, path)
    read, fields, check = _compile_value(context, field, details, path)
    return CompiledField(
        key=cast("str", path.key),
        field=definition,
        # Compiled code keeps no request alive. A resolver that looks for these meets None, and graphql-core runs.
        info=cast("Any", info)._replace(context=None, variable_values=None, root_value=None, async_helpers=None),
        constants=constants,
        arguments=arguments,
        is_required=is_non_null_type(field.type),
        check=check,
        read=read,
        fields=fields,
    )


def _coroutine_field(field: GraphQLField) -> StrawberryField:
    """Return the definition of a field whose resolver is a coroutine and no more. Raises NotCompilable."""
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField) or definition.base_resolver is None:
        raise NotCompilable
    if not definition.is_async or definition.extensions or definition.permission_classes:
        raise NotCompilable
    return definition


def _compile_value(
    context: CompilationContext, field: GraphQLField, details: FieldDetailsList, path: Path
) -> tuple[Read, tuple[CompiledField, ...], Callable[[Any], None]]:
    """Return the reader of a field's value, the fields to resolve below it, and its check. Raises NotCompilable."""
    generator = CodeGenerator(context)
    try:
        text = generator.value(field.type, details, ValueExpression("v", "v"))
        return generator.compile(text, "v"), (), _check_nothing
    except NotCompilable:
        inner = field.type.of_type if is_non_null_type(field.type) else field.type
        strawberry_type = getattr(inner, "extensions", {}).get(DEFINITION)
        if not is_object_type(inner) or strawberry_type is None or strawberry_type.is_type_of:
            raise
    fields = context.collect_subfields(inner, details).grouped_field_set
    # None: every field of the object has a resolver.
    reader = compile_object(context, inner, fields) or ObjectReader(lambda _: dict.fromkeys(fields), fields)
    return reader.read, _compile_fields(context, inner, reader.interpreted, path), class_guard(inner, set())


def _check_nothing(_: object) -> None:
    """Accept any value: its reader checks it."""


def _compile_arguments(
    context: CompilationContext, field: GraphQLField, definition: StrawberryField, node: FieldNode
) -> tuple[dict[str, Any], tuple[VariableArgument, ...]]:
    """Return the constant arguments of a field, and its arguments by variable. Raises NotCompilable."""
    given = {each.name.value: each for each in node.arguments or ()}
    variables = {name: each.value.name.value for name, each in given.items() if isinstance(each.value, VariableNode)}
    # Literals and defaults remain without the variables.
    kept = [each for name, each in given.items() if name not in variables or is_required_argument(field.args[name])]
    fixed = get_argument_values(field, FieldNode(name=node.name, arguments=tuple(kept)), context.variable_values)
    constants: dict[str, Any] = {}
    arguments: list[VariableArgument] = []
    # Strawberry makes GraphQL's arguments of its own, in the same order.
    for (name, argument), declared in zip(field.args.items(), definition.arguments, strict=True):
        if name in variables:
            _check_unchanged(declared.type, ABSENT)
            default = ABSENT if is_required_argument(argument) else fixed.get(name, ABSENT)
            is_required = is_non_null_type(argument.type)
            arguments.append(VariableArgument(declared.python_name, variables[name], is_required, default))
        elif name in fixed:
            _check_unchanged(declared.type, fixed[name])
            constants[declared.python_name] = fixed[name]
    return constants, tuple(arguments)


def _check_unchanged(type_: object, value: object) -> None:
    """Raise NotCompilable for an argument that Strawberry converts."""
    if isinstance(type_, StrawberryMaybe):
        raise NotCompilable
    inner = type_.of_type if isinstance(type_, StrawberryOptional) else type_
    is_enum = isinstance(inner, StrawberryEnumDefinition)
    if value is not None and inner not in UNCHANGED and (value is ABSENT or not is_enum):
        raise NotCompilable
