"""Valid documents over any schema, written from hypothesis's choices: aliases, fragments of all kinds, directives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
    is_union_type,
)
from hypothesis import strategies as st

FLAGS = ("a", "b", "c")
DEEPEST = 5


@dataclass
class DocumentWriter:
    """Writes one document; `roots` are the root fields to begin with, with the arguments each may be given.

    `arguments` are those of fields below, by type and name.
    """

    draw: Callable
    schema: GraphQLSchema
    roots: Mapping[str, list[str]]
    arguments: Mapping[str, list[str]]
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    def number(self, most: int) -> int:
        """Choose from 0 to `most`."""
        return self.draw(st.integers(0, most))

    def write(self) -> str:
        """Return a document of one operation."""
        fields = [self._root() for _ in range(1 + self.number(2))]
        body = "{" + " ".join(fields) + "}"
        variables = ", ".join(f"${flag}: Boolean! = true" for flag in sorted(self.flags))
        texts = (f"fragment {name} on {type_} {text}" for name, (type_, text) in self.fragments.items())
        return " ".join([f"query Written{f'({variables})' if variables else ''} {body}", *texts])

    def _root(self) -> str:
        name = self.draw(st.sampled_from(sorted(self.roots)))
        number = self.number(len(self.roots[name]) - 1)
        type_ = get_named_type(self.schema.query_type.fields[name].type)
        below = "" if is_leaf_type(type_) else self.selection(type_, 1)
        return f"{name}{number}: {name}{self.roots[name][number]}{self.directives()} {below}"

    def directives(self) -> str:
        """Return no directive or some, on constants and variables."""
        texts = []
        for name in ("skip", "include"):
            if self.number(7) == 0:
                condition = self.draw(st.sampled_from([*FLAGS, *FLAGS, "true", "false"]))
                if condition in FLAGS:
                    self.flags.add(condition)
                    condition = f"${condition}"
                texts.append(f" @{name}(if: {condition})")
        return "".join(texts)

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        """Return a selection set on an object, an interface or a union."""
        return "{" + " ".join(self._node(type_, depth) for _ in range(1 + self.number(5))) + "}"

    def _node(self, type_: GraphQLNamedType, depth: int) -> str:
        kind = self.number(9) if depth < DEEPEST else 0
        if kind == 9:
            return f"...{self._fragment(self._condition(type_), depth)}{self.directives()}"
        if kind == 8:
            condition = self._condition(type_)
            return f"... on {condition}{self.directives()} {self.selection(condition, depth + 1)}"
        if kind == 7:
            return f"...{self.directives()} {self.selection(type_, depth + 1)}"
        return self._field(type_, depth)

    def _condition(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        """Return a type that some value of `type_` has."""
        if is_abstract_type(type_):
            return self.draw(st.sampled_from([type_, *self.schema.get_possible_types(type_)]))
        return self.draw(st.sampled_from([type_, *type_.interfaces]))

    def _fragment(self, type_: GraphQLNamedType, depth: int) -> str:
        """Return the name of a fragment, an earlier one where there is one."""
        known = [name for name, (on, _) in self.fragments.items() if on == type_.name]
        if known and self.number(1):
            return self.draw(st.sampled_from(known))
        text = self.selection(type_, depth + 1)
        name = f"Part{len(self.fragments)}"
        self.fragments[name] = (type_.name, text)
        return name

    def _field(self, type_: GraphQLNamedType, depth: int) -> str:
        fields = {} if is_union_type(type_) else type_.fields
        names = [
            name
            for name, field in fields.items()
            if not any(map(is_required_argument, field.args.values()))
            and (depth < DEEPEST or is_leaf_type(get_named_type(field.type)))
        ]
        # Fields with selections or arguments weigh more: most faults are there.
        names += [
            name for name in names if fields[name].args or not is_leaf_type(get_named_type(fields[name].type))
        ] * 3
        name = self.draw(st.sampled_from([*names, "__typename"]))
        alias, arguments = self.draw(st.sampled_from(["", "", f"first_{name}", f"second_{name}"])), ""
        if given := self.arguments.get(f"{type_.name}.{name}"):
            number = self.number(len(given) - 1)
            # Fields of one key must have the same arguments.
            alias, arguments = f"{alias or name}{number}", given[number]
        below = ""
        if name != "__typename" and not is_leaf_type(named := get_named_type(fields[name].type)):
            below = self.selection(named, depth + 1)
        return f"{alias}{': ' if alias else ''}{name}{arguments}{self.directives()} {below}"


@st.composite
def documents(
    draw: Callable,
    schema: GraphQLSchema,
    roots: Mapping[str, list[str]],
    arguments: Mapping[str, list[str]] = MappingProxyType({}),
) -> str:
    """Give the text of a valid document."""
    return DocumentWriter(draw, schema, roots, arguments).write()


flag_values = st.fixed_dictionaries({}, optional={flag: st.booleans() for flag in FLAGS})
