"""Compiled documents: one specialization for each set of answers to @skip and @include."""

from collections.abc import Mapping, Sequence
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
from mediacanon.execution.operations import CompiledOperation, compile_variables, read_variables

# What the plans of one document may hold in all: a page's query has a hundred fields; fragments within fragments
# unfold into millions. What all documents may hold together is for who remembers them.
MOST_FIELDS = 2000
# Answers of @skip and @include that one document is planned for.
MAX_SPECIALIZATIONS = 64
CONDITIONS = ("skip", "include")


class Size(NamedTuple):
    """What a document's plans hold, all variants together."""

    variants: int
    fields: int
    plans: int


class Specialization:
    """What is known of an operation under one set of answers to its @skip and @include.

    The field lists that graphql-core collects are kept and handed to the next request, so that they are the same
    objects again and their `id` finds the plan. Every entry keeps alive what its key is the id of.
    """

    def __init__(self, plans: "CompiledDocument") -> None:
        self.plans = plans
        self.root: GroupedFieldSet | None = None
        self.direct: CompiledOperation | None = None
        self.is_planned = False
        self.selections: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]] = {}
        self.objects: dict[int, tuple[GroupedFieldSet, ObjectReader | None]] = {}
        self.lists: dict[tuple[GraphQLList[Any], int], tuple[FieldDetailsList, Read | None]] = {}


class CompiledDocument:
    """The plans of one document under one schema; bounded, and made when the document runs."""

    def __init__(self, document: DocumentNode) -> None:
        self.fields_left = MOST_FIELDS
        self._document = document
        self._conditions = _condition_variables(document)
        self._signatures = {
            id(node): compile_variables(node)
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        self._variants: dict[tuple[int, tuple[bool | None, ...]], Specialization] = {}

    @property
    def size(self) -> Size:
        """How much is held."""
        plans = sum(
            len(specialization.objects) + len(specialization.lists) for specialization in self._variants.values()
        )
        return Size(len(self._variants), MOST_FIELDS - self.fields_left, plans)

    @property
    def held(self) -> int:
        """How many fields and variants are held."""
        return MOST_FIELDS - self.fields_left + len(self._variants)

    def specialization(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Specialization | None:
        """Return what is known for an operation with the values of its variables; None where it is not to be planned.

        A condition that is neither true nor false is an error, which graphql-core raises each time anew.
        """
        if self._conditions is None or id(operation) not in self._signatures:
            return None
        answers = (variables.get(name) for name in self._conditions)
        key = (id(operation), tuple(answer if isinstance(answer, bool) else None for answer in answers))
        known = self._variants.get(key)
        if known is None and len(self._variants) < MAX_SPECIALIZATIONS:
            known = self._variants[key] = Specialization(self)
        return known

    def direct(
        self, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> tuple[CompiledOperation, dict[str, Any]] | None:
        """Return what answers an operation without graphql-core, with its variables; None where that is not sure."""
        signature = self._signatures.get(id(operation))
        variables = None if signature is None else read_variables(signature, given)
        if variables is None:
            return None
        specialization = self.specialization(operation, variables)
        return (specialization.direct, variables) if specialization and specialization.direct else None


def _condition_variables(document: DocumentNode) -> list[str] | None:
    """Return the variables that decide what is selected; None for documents with other directives or variables."""
    names: dict[str, None] = {}
    for node in _selections(document):
        for directive in node.directives or ():
            if directive.name.value not in CONDITIONS:
                return None
            values = (argument.value for argument in directive.arguments or ())
            names |= {value.name.value: None for value in values if isinstance(value, VariableNode)}
    fragments = (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))
    return None if any(fragment.variable_definitions for fragment in fragments) else list(names)


def _selections(document: DocumentNode) -> Sequence[SelectionNode]:
    """Return every field and fragment that the document names, at any depth."""
    found: list[SelectionNode] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            found.extend(definition.selection_set.selections)
    for node in found:
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            found.extend(node.selection_set.selections)
    return found
