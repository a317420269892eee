"""Direct execution: operations of plain fields run without graphql-core, which takes longer than to answer them.

An operation is direct when each root field is a coroutine that takes scalars, and what it answers is read by a plan
(`codegen`), but for fields below that are such fields themselves:

    query ($id: Int!) { show(id: $id) { showId title { displayName } seasons { seasonNumber } } }

It is planned when it runs for the second time. A direct run either answers as graphql-core does or raises, whatever the
reason: an exception of a resolver, null where none may be, a variable that wants coercing. Then graphql-core runs the
operation from its beginning; queries have no effects, and what their loaders have loaded stays loaded.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

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

if TYPE_CHECKING:
    from mediacanon.execution.compiled import CompiledExecutor

Variables = Mapping[str, Any]
# The class of a value that is a built-in scalar's own, so that nothing has to be coerced, and its literal.
SCALARS: dict[str, type] = {"Int": int, "Float": float, "String": str, "Boolean": bool, "ID": str}
LITERALS: dict[type, Callable[[Any], object]] = {
    IntValueNode: lambda node: int(node.value),
    FloatValueNode: lambda node: float(node.value),
    StringValueNode: lambda node: node.value,
    BooleanValueNode: lambda node: node.value,
}
# What Strawberry passes on as it is.
PLAIN: tuple[object, ...] = (int, float, str, bool, strawberry.ID)
LARGEST_INT = 2**31
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a built-in scalar type, `default` ABSENT where it has none."""

    name: str
    class_: type
    is_required: bool
    default: Any

    def fits(self, value: object) -> bool:
        """Return whether a value is what it would be coerced to."""
        if value is None:
            return not self.is_required
        if value.__class__ is not self.class_:
            return False
        if self.class_ is int:
            return -LARGEST_INT <= cast("int", value) < LARGEST_INT
        return self.class_ is not float or math.isfinite(cast("float", value))


def compile_variables(operation: OperationDefinitionNode) -> tuple[Variable, ...] | None:
    """Return the variables of a query; None where one of them has to be coerced by graphql-core."""
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
    if not isinstance(inner, NamedTypeNode) or inner.name.value not in SCALARS:
        raise NotCompilable
    variable = Variable(name, SCALARS[inner.name.value], is_required, ABSENT)
    if literal is None:
        return variable
    if isinstance(literal, NullValueNode):
        default = None
    elif read := LITERALS.get(type(literal)):
        default = read(literal)
    else:
        raise NotCompilable
    if not variable.fits(default):
        raise NotCompilable
    return Variable(name, variable.class_, is_required, default)


def read_variables(variables: Iterable[Variable], given: Variables) -> dict[str, Any] | None:
    """Return the variables as resolvers get them; None where one has to be coerced or is an error."""
    values: dict[str, Any] = {}
    for variable in variables:
        value = given.get(variable.name, ABSENT)
        if value is ABSENT:
            if variable.default is not ABSENT:
                values[variable.name] = variable.default
            elif variable.is_required:
                return None
        elif variable.fits(value):
            values[variable.name] = value
        else:
            return None
    return values


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument that a variable gives, with what it is where the variable is absent."""

    name: str
    variable: str
    is_required: bool
    default: Any


@dataclass(frozen=True, slots=True)
class CompiledField:
    """A field with a resolver: how it is asked, and how its answer is read."""

    key: str
    field: StrawberryField
    # Strawberry's own tuple of what a resolver may look at, without what belongs to a request.
    info: Any
    constants: Mapping[str, Any]
    arguments: tuple[Argument, ...]
    is_required: bool
    admit: Callable[[Any], None]
    read: Read
    below: tuple["CompiledField", ...]

    async def answer(self, source: object, context: object, variables: dict[str, Any]) -> Any:  # noqa: ANN401 - any data
        """Return what the field answers. Raises whatever keeps it from that."""
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
        found = await (resolver(source, **arguments) if resolver.self_parameter else resolver(**arguments))
        if not self.below:
            return self.read(found)
        if found is None and not self.is_required:
            return None
        self.admit(found)
        completed: dict[str, Any] = self.read(found)
        return await _fill(completed, self.below, found, context, variables)


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """A query that is answered without graphql-core."""

    fields: tuple[CompiledField, ...]

    async def run(self, context: object, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data. Raises whatever makes it graphql-core's to answer."""
        keys: dict[str, Any] = dict.fromkeys(question.key for question in self.fields)
        return await _fill(keys, self.fields, None, context, variables)


async def _fill(
    completed: dict[str, Any],
    fields: tuple[CompiledField, ...],
    source: object,
    context: object,
    variables: dict[str, Any],
) -> dict[str, Any]:
    """Put the answers where there is room for them; several are asked at the same time, so that loaders batch."""
    asked: list[Awaitable[Any]] = [each.answer(source, context, variables) for each in fields]
    answers = [await asked[0]] if len(asked) == 1 else await asyncio.gather(*asked, return_exceptions=True)
    for question, answer in zip(fields, answers, strict=True):
        if isinstance(answer, BaseException):
            raise answer
        completed[question.key] = answer
    return completed


def compile_operation(
    executor: "CompiledExecutor", root_type: GraphQLObjectType, fields: GroupedFieldSet
) -> CompiledOperation | None:
    """Return how an operation is answered directly, None where it is graphql-core's."""
    try:
        return CompiledOperation(_compile_fields(executor, root_type, fields, None))
    except REFUSALS:
        return None


def _compile_fields(
    executor: "CompiledExecutor", type_: GraphQLObjectType, fields: GroupedFieldSet, path: Path | None
) -> tuple[CompiledField, ...]:
    return tuple(
        _compile_field(executor, type_, details, Path(path, key, type_.name)) for key, details in fields.items()
    )


def _compile_field(
    executor: "CompiledExecutor", parent_type: GraphQLObjectType, details: FieldDetailsList, path: Path
) -> CompiledField:
    node = details[0].node
    field = executor.schema.get_field(parent_type, node.name.value)
    if field is None:
        raise NotCompilable
    definition = _resolver_alone(field)
    constants, arguments = _arguments(executor, field, definition, node)
    info = executor.build_resolve_info(field, [each.node for each in details], parent_type, path)
    read, below, admit = _reading(executor, field, details, path)
    return CompiledField(
        key=cast("str", path.key),
        field=definition,
        # A plan keeps no request alive; who looks for these meets None and the operation is graphql-core's.
        info=cast("Any", info)._replace(context=None, variable_values=None, root_value=None, async_helpers=None),
        constants=constants,
        arguments=arguments,
        is_required=is_non_null_type(field.type),
        admit=admit,
        read=read,
        below=below,
    )


def _resolver_alone(field: GraphQLField) -> StrawberryField:
    """Return the definition of a field that is answered by a coroutine and nothing else. Raises NotCompilable."""
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField) or definition.base_resolver is None:
        raise NotCompilable
    if not definition.is_async or definition.extensions or definition.permission_classes:
        raise NotCompilable
    return definition


def _reading(
    executor: "CompiledExecutor", field: GraphQLField, details: FieldDetailsList, path: Path
) -> tuple[Read, tuple[CompiledField, ...], Callable[[Any], None]]:
    """Return how an answer is read, and what is asked of it then. Raises NotCompilable."""
    source = CodeGenerator(executor)
    try:
        return source.compile(source.value(field.type, details, ValueExpression("v", "v")), "v"), (), _admit_all
    except NotCompilable:
        inner = field.type.of_type if is_non_null_type(field.type) else field.type
        strawberry_type = getattr(inner, "extensions", {}).get(DEFINITION)
        if not is_object_type(inner) or strawberry_type is None or strawberry_type.is_type_of:
            raise
    fields = executor.collect_subfields(inner, details).grouped_field_set
    # None: every field of it is a question.
    plan = compile_object(executor, inner, fields) or ObjectReader(lambda _: dict.fromkeys(fields), fields)
    return plan.read, _compile_fields(executor, inner, plan.interpreted, path), class_guard(inner, set())


def _admit_all(_: object) -> None:
    """Let pass what the plan itself looks at."""


def _arguments(
    executor: "CompiledExecutor", field: GraphQLField, definition: StrawberryField, node: FieldNode
) -> tuple[dict[str, Any], tuple[Argument, ...]]:
    """Return the arguments that are always the same, and those that variables give. Raises NotCompilable."""
    given = {each.name.value: each for each in node.arguments or ()}
    varying = {name: each.value.name.value for name, each in given.items() if isinstance(each.value, VariableNode)}
    # Without the variables, literals and defaults are left.
    kept = [each for name, each in given.items() if name not in varying or is_required_argument(field.args[name])]
    fixed = get_argument_values(field, FieldNode(name=node.name, arguments=tuple(kept)), executor.variable_values)
    constants: dict[str, Any] = {}
    arguments: list[Argument] = []
    # Strawberry makes the one of the other, in their order.
    for (name, argument), written in zip(field.args.items(), definition.arguments, strict=True):
        python_name = written.python_name
        if name in varying:
            _check_plain(written.type, ABSENT)
            default = ABSENT if is_required_argument(argument) else fixed.get(name, ABSENT)
            arguments.append(Argument(python_name, varying[name], is_non_null_type(argument.type), default))
        elif name in fixed:
            _check_plain(written.type, fixed[name])
            constants[python_name] = fixed[name]
    return constants, tuple(arguments)


def _check_plain(type_: object, value: object) -> None:
    """Raise NotCompilable where Strawberry makes something else of an argument than GraphQL."""
    if isinstance(type_, StrawberryMaybe):
        raise NotCompilable
    inner = type_.of_type if isinstance(type_, StrawberryOptional) else type_
    is_enum = isinstance(inner, StrawberryEnumDefinition)
    if value is not None and inner not in PLAIN and (value is ABSENT or not is_enum):
        raise NotCompilable
