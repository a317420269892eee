"""Compiled documents: one specialization for each outcome of the conditions of @skip and @include."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    VariableNode,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet

from mediacanon.execution.codegen import ObjectReader, Read
from mediacanon.execution.compilation import FieldBudget
from mediacanon.execution.inputs import Variable, compile_variables, match_variables
from mediacanon.execution.operations import CompiledOperation

# Compiled fields of one document: a page's query has a hundred; fragments within fragments unfold into millions.
# The bound on all documents together is the document cache's.
MAX_FIELDS = 2000
# Outcomes of @skip and @include for which one document is compiled.
MAX_SPECIALIZATIONS = 64
CONDITIONS = ("skip", "include")


class Counts(NamedTuple):
    """Numbers of a compiled document's parts."""

    specializations: int
    fields: int
    readers: int


@dataclass(slots=True, eq=False)
class Specialization:
    """The compiled parts of one operation under one outcome of its conditions.

    The field lists that graphql-core collects are kept and handed to the next request. They stay the same objects, so
    their `id` finds the compiled reader. Every entry holds the object whose `id` is its key, and so keeps it alive.
    """

    budget: FieldBudget
    # None for an operation that graphql-core has to run.
    variables: tuple[Variable, ...] | None = None
    root: GroupedFieldSet | None = None
    operation: CompiledOperation | None = None
    is_operation_tried: bool = False
    selections: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]] = field(
        default_factory=dict
    )
    objects: dict[int, tuple[GroupedFieldSet, ObjectReader | None]] = field(default_factory=dict)
    lists: dict[tuple[GraphQLList[Any], int], tuple[FieldDetailsList, Read | None]] = field(default_factory=dict)


class CompiledDocument:
    """The specializations of one document under one schema; bounded, and compiled when the document runs."""

    def __init__(self, document: DocumentNode) -> None:
        self._budget = FieldBudget(MAX_FIELDS)
        self._conditions = _condition_variables(document)
        self._variables = {
            id(node): compile_variables(node)
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        # Keeps the operations alive whose ids are the keys.
        self._document = document
        self._specializations: dict[tuple[int, tuple[bool | None, ...]], Specialization] = {}

    @property
    def counts(self) -> Counts:
        """The numbers of specializations, fields and readers."""
        parts = self._specializations.values()
        readers = sum(len(each.objects) + len(each.lists) for each in parts)
        return Counts(len(parts), MAX_FIELDS - self._budget.left, readers)

    @property
    def size(self) -> int:
        """The number of compiled fields and specializations."""
        return MAX_FIELDS - self._budget.left + len(self._specializations)

    def specialization(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Specialization | None:
        """Return the specialization of an operation for coerced variables; None for an operation not to be compiled.

        A condition that is neither true nor false is an error, which graphql-core raises each time anew.
        """
        if self._conditions is None or id(operation) not in self._variables:
            return None
        outcomes = (variables.get(name) for name in self._conditions)
        key = (id(operation), tuple(outcome if isinstance(outcome, bool) else None for outcome in outcomes))
        known = self._specializations.get(key)
        if known is None and len(self._specializations) < MAX_SPECIALIZATIONS:
            known = self._specializations[key] = Specialization(self._budget, self._variables[id(operation)])
        return known

    def operation(
        self, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> tuple[CompiledOperation, dict[str, Any]] | None:
        """Return a compiled operation and its variables; None where graphql-core has to run or to coerce them."""
        declared = self._variables.get(id(operation))
        variables = None if declared is None else match_variables(declared, given)
        if variables is None:
            return None
        known = self.specialization(operation, variables)
        if known is None or known.operation is None or known.operation.inputs.coerce(variables) is None:
            return None
        return known.operation, variables


def _condition_variables(document: DocumentNode) -> list[str] | None:
    """Return the variables in conditions; None for a document with other directives or with variables of fragments."""
    names: dict[str, None] = {}
    for node in _selections(document):
        for directive in node.directives or ():
            if directive.name.value not in CONDITIONS:
                return None
            values = (argument.value for argument in directive.arguments or ())
            names |= {value.name.value: None for value in values if isinstance(value, VariableNode)}
    fragments = (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))
    return None if any(fragment.variable_definitions for fragment in fragments) else list(names)


def _selections(document: DocumentNode) -> Iterator[SelectionNode]:
    """Give every field and fragment that the document selects, at any depth."""
    pending: list[SelectionNode] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            pending.extend(definition.selection_set.selections)
    for node in pending:
        yield node
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            pending.extend(node.selection_set.selections)
