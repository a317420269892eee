"""Row functions: fields that a function of the row answers, without the request, and with arguments from the document.

The schema marks them: `strawberry.field(..., metadata={"of_row": True})`. Strawberry takes 20 µs to convert the
arguments of one such field and to call it; compiled code converts them once for a document.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLSchema, ListValueNode, ObjectValueNode, VariableNode
from graphql.execution.values import get_argument_values
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

OF_ROW = "of_row"
DEFINITION = "strawberry-definition"
# Nodes that hold a variable, or may.
OPEN = (VariableNode, ListValueNode, ObjectValueNode)


def row_function(schema: GraphQLSchema, field: GraphQLField, node: FieldNode) -> Callable[[Any], Any] | None:
    """Return the function from a row to the value of a field; None for a field that needs more than the row.

    Raises GraphQLError for an argument of a wrong type.
    """
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField) or not definition.metadata.get(OF_ROW):
        return None
    resolver = definition.base_resolver
    if resolver is None or resolver.is_async or resolver.info_parameter or definition.extensions:
        return None
    if any(isinstance(argument.value, OPEN) for argument in node.arguments or ()):
        return None
    given = get_argument_values(field, node)
    of_schema = schema.extensions[DEFINITION]
    arguments = convert_arguments(
        given, definition.arguments, of_schema.schema_converter.scalar_registry, of_schema.config
    )
    return partial(resolver, **arguments)
