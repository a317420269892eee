"""Cost of introspection: objects and resolvers counted over the schema itself, up to a limit."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    SchemaMetaFieldDef,
    SelectionSetNode,
    StringValueNode,
    TypeMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

META_FIELDS = ("__schema", "__type")
_ALL_ITEMS = {"includeDeprecated": True}


class _LimitExceeded(Exception):  # noqa: N818 - ends a count
    pass


@dataclass(slots=True)
class _Selection:
    """The fields selected of one object: the number of leaves, and the fields that hold objects."""

    leaves: int = 0
    branches: list["_Branch"] = field(default_factory=list)


@dataclass(slots=True)
class _Branch:
    """A field that holds an object or a list of objects."""

    resolve: Callable[..., Any]
    arguments: Mapping[str, Any]
    is_list: bool
    below: _Selection


class IntrospectionCost:
    """Counts the objects of introspection fields, and their leaves: graphql-core calls a resolver for each.

    The schema is known, so the count is exact but for directives: a skipped field counts. All fields of an operation
    share the limit, and the count stops there, so it takes less time than the run that it prices.
    """

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], *, most: int) -> None:
        self._schema = schema
        self._fragments = fragments
        self._info = SimpleNamespace(schema=schema)
        self._most = most
        self._spent = 0

    def count(self, node: FieldNode) -> int:
        """Return the cost of `__schema` or `__type`; beyond the limit, one more than the limit."""
        before = self._spent
        meta = SchemaMetaFieldDef if node.name.value == "__schema" else TypeMetaFieldDef
        selection = _Selection()
        self._collect(node.selection_set, get_named_type(meta.type), selection)
        try:
            for source in self._sources(node):
                self._visit(selection, source)
        except _LimitExceeded:
            return self._most + 1
        return self._spent - before

    def _sources(self, node: FieldNode) -> Iterable[object]:
        if node.name.value == "__schema":
            return [self._schema]
        name = next(each.value for each in node.arguments or () if each.name.value == "name")
        if isinstance(name, StringValueNode):
            type_ = self._schema.get_type(name.value)
            return [type_] if type_ else []
        # A cost is cached for all values of a variable: the sum over all types is above each.
        return list(self._schema.type_map.values())

    def _collect(self, selections: SelectionSetNode | None, parent: Any, into: _Selection) -> None:  # noqa: ANN401 - as graphql-core
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                self._collect_field(node, parent, into)
            elif isinstance(node, FragmentSpreadNode):
                self._collect(self._fragments[node.name.value].selection_set, parent, into)
            else:
                self._collect(node.selection_set, parent, into)  # type: ignore[attr-defined]

    def _collect_field(self, node: FieldNode, parent: Any, into: _Selection) -> None:  # noqa: ANN401 - as graphql-core
        definition = parent.fields.get(node.name.value)
        type_ = get_named_type(definition.type) if definition else None
        if not is_composite_type(type_):
            into.leaves += 1
            return
        branch = _Branch(
            definition.resolve,
            _ALL_ITEMS if "includeDeprecated" in definition.args else {},
            is_list_type(get_nullable_type(definition.type)),
            _Selection(),
        )
        self._collect(node.selection_set, type_, branch.below)
        into.branches.append(branch)

    def _visit(self, selection: _Selection, source: object) -> None:
        self._spent += 1 + selection.leaves
        if self._spent > self._most:
            raise _LimitExceeded
        for branch in selection.branches:
            value = branch.resolve(source, self._info, **branch.arguments)
            if value is None:
                self._spent += 1
            elif branch.is_list:
                for item in value:
                    self._visit(branch.below, item)
            else:
                self._visit(branch.below, value)
