"""The input of compilation: the part of a run that the compilers of fields and operations read."""

from collections.abc import Callable
from dataclasses import dataclass

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList
from graphql.execution.values import VariableValues
from graphql.pyutils import Path


@dataclass(slots=True)
class FieldBudget:
    """The number of fields that one document may still have compiled."""

    left: int


@dataclass(frozen=True, slots=True)
class CompilationContext:
    """A schema, and the selections and variables of one operation in it.

    It belongs to the request that runs the operation. Compiled code outlives that request, so it must not refer to it.
    """

    schema: GraphQLSchema
    variable_values: VariableValues
    collect_subfields: Callable[[GraphQLObjectType, FieldDetailsList], CollectedFields]
    build_resolve_info: Callable[
        [GraphQLField, list[FieldNode], GraphQLObjectType, Path],
        GraphQLResolveInfo,  # type: ignore[type-arg]
    ]
    budget: FieldBudget
