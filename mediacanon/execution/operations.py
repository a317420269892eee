"""Compiled operations: queries that run without graphql-core, which takes longer than the query itself.

Generated code (`codegen`) reads the plain parts of the data; the resolvers between them, coroutines or functions, are
called by a `Run`. An operation compiles unless it has an interface or a union above a resolver, or a field that is more
than a resolver or an attribute:

    query ($id: Int!) { show(id: $id) { showId title { displayName } seasons { seasonNumber } } }

It is compiled when it runs for the second time. A run returns the data that graphql-core would return, or it raises,
for any reason: an exception in a resolver, null for a required field, a variable that needs coercion. Then
graphql-core runs the operation from its beginning. Queries have no effects, and loaded rows stay in their loaders.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, cast

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from mediacanon.execution.arguments import Arguments, compile_arguments
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
    plain_attribute,
)
from mediacanon.execution.compilation import CompilationContext
from mediacanon.execution.inputs import Inputs, Variable, compile_inputs
from mediacanon.execution.runs import CompiledField, Run, RunInfo

Complete = Callable[[Run, Any], Any]


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """A query that runs without graphql-core."""

    fields: tuple[CompiledField, ...]
    inputs: Inputs

    def run(self, context: object, variables: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        """Return the data. Raises where graphql-core has to run the query."""
        return Run(context, variables).data(self.fields)


def compile_operation(
    context: CompilationContext, root_type: GraphQLObjectType, fields: GroupedFieldSet, variables: Iterable[Variable]
) -> CompiledOperation | None:
    """Return the compiled operation of root fields; None where graphql-core has to run it."""
    try:
        return CompiledOperation(_compile_fields(context, root_type, fields, None), compile_inputs(context, variables))
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
    definition = field.extensions.get(DEFINITION) if field else None
    if field is None or not isinstance(definition, StrawberryField):
        raise NotCompilable
    read, complete = _compile_value(context, field.type, details, path)
    attribute = plain_attribute(field)
    if attribute is not None:
        get = attrgetter(attribute)
        return CompiledField(cast("str", path.key), lambda _, source: get(source), False, read, complete)
    if definition.base_resolver is None or definition.extensions or definition.permission_classes:
        raise NotCompilable
    info = context.build_resolve_info(field, [each.node for each in details], parent_type, path)
    call = _compile_call(
        definition,
        compile_arguments(context, field, definition, node),
        # Compiled code keeps no request alive. A resolver that looks for these meets None, and graphql-core runs.
        cast("Any", info)._replace(context=None, variable_values=None, root_value=None, async_helpers=None),
    )
    return CompiledField(cast("str", path.key), call, definition.is_async, read, complete)


def _compile_call(definition: StrawberryField, arguments: Arguments, info: Any) -> Callable[[Run, Any], Any]:  # noqa: ANN401 - graphql-core's, incomplete
    """Return the call of a resolver with its arguments."""
    resolver = cast("Any", definition.base_resolver)
    function, passes_self = resolver.wrapped_func, bool(resolver.self_parameter)
    info_name = resolver.info_parameter and resolver.info_parameter.name
    sources = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each]

    def call(run: Run, source: object) -> Any:  # noqa: ANN401 - a value of any type, or a coroutine
        given = arguments.of(run.variables)
        if info_name:
            given[info_name] = RunInfo(run, definition, info)
        for name in sources:
            given[name] = source
        return function(source, **given) if passes_self else function(**given)

    return call


def _compile_value(
    context: CompilationContext, type_: GraphQLOutputType, details: FieldDetailsList, path: Path
) -> tuple[Read | None, Complete]:
    """Return the reader of a value without resolvers below it, else None, and its completion. Raises NotCompilable."""
    generator = CodeGenerator(context)
    try:
        text = generator.value(type_, details, ValueExpression("v", "v"))
        read = generator.compile(text, "v")
        return read, lambda _, value: read(value)
    except NotCompilable:
        is_required = is_non_null_type(type_)
        inner = cast("Any", type_).of_type if is_required else type_
        if is_list_type(inner):
            complete = _list_completion(_compile_value(context, inner.of_type, details, path)[1])
        else:
            complete = _compile_object_completion(context, inner, details, path)
        return None, complete if is_required else _or_none(complete)


def _or_none(complete: Complete) -> Complete:
    return lambda run, value: None if value is None else complete(run, value)


def _list_completion(complete_item: Complete) -> Complete:
    def complete(run: Run, value: Any) -> list[Any]:  # noqa: ANN401 - any value of a field
        if value.__class__ is not list and value.__class__ is not tuple:
            raise Bailout
        return [complete_item(run, item) for item in value]

    return complete


def _compile_object_completion(
    context: CompilationContext,
    type_: Any,  # noqa: ANN401 - any output type
    details: FieldDetailsList,
    path: Path,
) -> Complete:
    """Return the completion of an object with resolvers below it. Raises NotCompilable."""
    definition = getattr(type_, "extensions", {}).get(DEFINITION)
    if not is_object_type(type_) or definition is None or definition.is_type_of:
        raise NotCompilable
    selected = context.collect_subfields(type_, details).grouped_field_set
    # None: every field of the object has a resolver.
    reader = compile_object(context, type_, selected) or ObjectReader(lambda _: dict.fromkeys(selected), selected)
    fields = _compile_fields(context, type_, reader.interpreted, path)
    accepted: set[type] = set()
    check, read = class_guard(type_, accepted), reader.read

    def complete(run: Run, value: object) -> dict[str, Any]:
        if value.__class__ not in accepted:
            check(value)
        found: dict[str, Any] = read(value)
        run.start(fields, value, found)
        return found

    return complete
