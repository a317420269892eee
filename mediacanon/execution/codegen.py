"""CompiledDocument: generated Python that reads plain objects and lists, and gives up where it cannot be sure.

A plan of `{ season(id: 1) { seasonNumber episodes { displayName } } }` reads a season like this, shortened:

    def object2(o):
        if o.__class__ not in known2: admit2(o)
        return {'displayName': v if (v := o.display_name).__class__ is str else None if v is None else leaf3(v)}

    def read(o):
        return {'seasonNumber': v if (v := o.season_number).__class__ is int and ... else leaf1(v),
                'episodes': rows2(sequence(o.episodes))}

It raises for whatever GraphQL has rules of its own for: null where none may be, exceptions and awaitables as values,
values out of range, unknown classes. The caller then lets graphql-core do the part that was planned.
"""

import dataclasses
import datetime as dt
import decimal
import itertools
import keyword
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace, WrapperDescriptorType
from typing import TYPE_CHECKING, Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import is_awaitable
from strawberry.types.field import StrawberryField

from mediacanon.execution.records import rows_reader

if TYPE_CHECKING:
    from mediacanon.execution.compiled import CompiledExecutor

Read = Callable[[Any], Any]
DEFINITION = "strawberry-definition"

# What a leaf's own coercion leaves as it is, by that coercion: the text that tells. `{first}` stands for the value
# where it is named first, `{value}` thereafter.
INLINE_CHECKS = {
    GraphQLString.coerce_output_value: "{first}.__class__ is str",
    GraphQLID.coerce_output_value: "{first}.__class__ is str",
    str: "{first}.__class__ is str",
    GraphQLInt.coerce_output_value: "{first}.__class__ is int and -2147483648 <= {value} <= 2147483647",
    GraphQLFloat.coerce_output_value: "{first}.__class__ is float and -INFINITY < {value} < INFINITY",
    GraphQLBoolean.coerce_output_value: "{first}.__class__ is bool",
}
# Classes whose instances are neither exceptions nor awaitable nor undefined.
PLAIN_CLASSES = frozenset({str, int, float, bool, dt.date, dt.datetime, dt.time, decimal.Decimal, uuid.UUID})


class NotCompilable(Exception):  # noqa: N818 - no error: the next best way is taken
    """This selection is graphql-core's to execute."""


# Conditions that cannot be answered and selections nested too deeply are errors only where an object is there to meet
# them, so they are graphql-core's as well.
REFUSALS = (NotCompilable, GraphQLError, RecursionError)


class Bailout(Exception):  # noqa: N818 - no error: the next best way is taken
    """This value is graphql-core's to complete."""


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """How one selection of one type is read: `read` answers all keys in order, null for those in `interpreted`."""

    read: Read
    interpreted: GroupedFieldSet


@dataclass(frozen=True, slots=True)
class ValueExpression:
    """Where generated source finds a value: an expression, and the variable that holds it afterwards."""

    expression: str
    variable: str

    @property
    def first(self) -> str:
        """The value where it is named first."""
        return self.variable if self.expression == self.variable else f"({self.variable} := {self.expression})"


def compile_object(
    executor: "CompiledExecutor", type_: GraphQLObjectType, fields: GroupedFieldSet
) -> ObjectReader | None:
    """Return the plan of an object's fields; None where no field is plain."""
    source = CodeGenerator(executor)
    entries: dict[str, str] = {}
    interpreted: GroupedFieldSet = {}
    for name, details in fields.items():
        try:
            entries[name] = source.field(type_, details)
        except REFUSALS:
            # A field that the schema has not is left out of the answer, so it cannot have its key reserved.
            if executor.schema.get_field(type_, details[0].node.name.value) is None:
                return None
            entries[name] = "None"
            interpreted[name] = details
    if len(interpreted) == len(fields):
        return None
    return ObjectReader(source.compile(_object_text(entries), "o"), interpreted)


def compile_list(
    executor: "CompiledExecutor", type_: GraphQLList[GraphQLOutputType], details: FieldDetailsList
) -> Read | None:
    """Return what reads a list, None where something in it has a resolver."""
    source = CodeGenerator(executor)
    try:
        return source.compile(source.list(type_, details, "v"), "v")
    except REFUSALS:
        return None


def _object_text(entries: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name!r}: {text}" for name, text in entries.items()) + "}"


class CodeGenerator:
    """The source of one plan in the making: a function per object type, and the names they use."""

    def __init__(self, executor: "CompiledExecutor") -> None:
        self._executor = executor
        self._numbers: Iterator[int] = itertools.count(1)
        self._functions: list[str] = []
        # function -> what it answers of the object `o`
        self._texts: dict[str, str] = {}
        self._names: dict[str, Any] = {
            "INFINITY": float("inf"),
            "PLAIN_CLASSES": PLAIN_CLASSES,
            "sequence": _sequence,
            "checked": _checked,
        }

    def compile(self, expression: str, argument: str) -> Read:
        """Return a function of one argument that answers `expression`."""
        source = "\n".join([*self._functions, f"def read({argument}):\n return {expression}\n"])
        # The source holds GraphQL names as quoted strings, attributes that are identifiers, and words of this file.
        exec(compile(source, "<plan>", "exec"), self._names)  # noqa: S102
        return cast("Read", self._names["read"])

    def field(self, type_: GraphQLObjectType, details: FieldDetailsList) -> str:
        """Return what a field of the object `o` reads. Raises NotCompilable."""
        name = details[0].node.name.value
        if name == "__typename":
            return repr(type_.name)
        field = self._executor.schema.get_field(type_, name)
        attribute = plain_attribute(field) if field else None
        if field is None or attribute is None:
            raise NotCompilable
        return self.value(field.type, details, ValueExpression(f"o.{attribute}", "v"))

    def value(self, type_: GraphQLOutputType, details: FieldDetailsList, place: ValueExpression) -> str:
        """Return what the value at a place reads. Raises NotCompilable."""
        is_required = is_non_null_type(type_)
        inner = type_.of_type if is_non_null_type(type_) else type_
        if is_leaf_type(inner):
            return self.leaf(inner, place, is_required=is_required)
        known = place.expression if is_required else place.variable
        text = self.list(inner, details, known) if is_list_type(inner) else self.composite(inner, details, known)
        return text if is_required else f"(None if {place.first} is None else {text})"

    def list(self, type_: GraphQLList[GraphQLOutputType], details: FieldDetailsList, expression: str) -> str:
        """Return what a list that is not null reads. Raises NotCompilable."""
        inner = type_.of_type
        if is_non_null_type(inner) and is_object_type(inner.of_type):
            return f"{self._rows(inner.of_type, details)}(sequence({expression}))"
        item = f"i{next(self._numbers)}"
        return (
            f"[{self.value(type_.of_type, details, ValueExpression(item, item))} for {item} in sequence({expression})]"
        )

    def leaf(self, type_: GraphQLLeafType, place: ValueExpression, *, is_required: bool) -> str:
        """Return what a scalar or an enum reads: the common classes in place, all others through the type itself."""
        number = next(self._numbers)
        self._names[f"leaf{number}"] = _leaf(type_.coerce_output_value, is_required=is_required)
        value = place.variable
        if test := INLINE_CHECKS.get(type_.coerce_output_value):
            result = value
        elif is_enum_type(type_):
            self._names[f"names{number}"] = _enum_names(type_)
            test, result = INLINE_CHECKS[str], f"names{number}[{value}]"
        else:
            self._names[f"coerce{number}"] = type_.coerce_output_value
            test = "{first}.__class__ in PLAIN_CLASSES"
            result = f"(c if (c := coerce{number}({value})).__class__ is str else checked(c))"
        null = "" if is_required else f"None if {value} is None else "
        return f"({result} if {test.format(first=place.first, value=value)} else {null}leaf{number}({value}))"

    def composite(self, type_: GraphQLOutputType, details: FieldDetailsList, expression: str) -> str:
        """Return what an object, an interface or a union that is not null reads. Raises NotCompilable."""
        return f"{self._reader(type_, details)}({expression})"

    def _reader(self, type_: GraphQLOutputType, details: FieldDetailsList) -> str:
        """Return the name of a function that reads objects of a type. Raises NotCompilable."""
        number = next(self._numbers)
        if is_object_type(type_):
            return self._object(type_, details, number)
        if not is_abstract_type(type_):
            raise NotCompilable
        possible = self._executor.schema.get_possible_types(type_)
        if getattr(type_.extensions.get(DEFINITION), "resolve_type", None) or DEFINITION not in type_.extensions:
            raise NotCompilable
        readers = {object_.name: self._reader(object_, details) for object_ in possible}
        info = SimpleNamespace(schema=self._executor.schema, field_name="", is_awaitable=is_awaitable)
        # The plan outlives this object and the request it was made in, so it holds neither.
        names, name_type = self._names, cast("Any", type_.resolve_type)
        names[f"dispatch{number}"] = _dispatch(
            lambda value: name_type(value, info, type_), lambda name: cast("Read", names[readers[name]])
        )
        return f"dispatch{number}"

    def _rows(self, type_: GraphQLObjectType, details: FieldDetailsList) -> str:
        """Return the name of a function that reads a list of objects, none of them null. Raises NotCompilable."""
        number = next(self._numbers)
        names, object_ = self._names, self._object(type_, details, number)
        text, known = self._texts[object_], names[f"known{number}"]
        names[f"rows{number}"] = rows_reader(text, lambda: cast("Read", names[object_]), known, names)
        return f"rows{number}"

    def _object(self, type_: GraphQLObjectType, details: FieldDetailsList, number: int) -> str:
        definition = type_.extensions.get(DEFINITION)
        plans = self._executor.specialization.plans if self._executor.specialization else None
        # A type that tells by itself what is of it may ask for more than the class.
        if definition is None or definition.is_type_of or plans is None or plans.fields_left <= 0:
            raise NotCompilable
        fields = self._executor.collect_subfields(type_, details).grouped_field_set
        plans.fields_left -= len(fields)
        text = _object_text({name: self.field(type_, below) for name, below in fields.items()})
        known: set[type] = set()
        self._names |= {f"known{number}": known, f"admit{number}": class_guard(type_, known)}
        self._functions.append(
            f"def object{number}(o):\n if o.__class__ not in known{number}: admit{number}(o)\n return {text}\n"
        )
        self._texts[f"object{number}"] = text
        return f"object{number}"


def plain_attribute(field: GraphQLField) -> str | None:
    """Return the attribute that answers a field and is all there is to it, else None."""
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField) or field.args:
        return None
    # Strawberry marks what it answers with an attribute and nothing else: no resolver, permission or extension.
    if not getattr(field.resolve, "_is_default", False) or definition.default_resolver is not getattr:
        return None
    name = definition.python_name
    return name if name.isidentifier() and not keyword.iskeyword(name) else None


def is_out_of_the_ordinary(value: object) -> bool:
    """Return whether GraphQL has a rule of its own for a value, whatever its type."""
    return value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value)


@lru_cache(maxsize=256)
def is_plain_class(class_: type) -> bool:
    """Return whether an instance's class alone tells what GraphQL makes of it, as of our rows.

    They are named tuples, records with `_fields` and slotted dataclasses. What has no `__dict__` has nothing written on
    it, by `strawberry.cast` for one. An instance of a Strawberry type may be of a generic one, and graphql-core looks
    for a `__typename`: both are the instance's own.
    """
    is_row = dataclasses.is_dataclass(class_) or hasattr(class_, "_fields")
    if not is_row or class_.__dictoffset__ or hasattr(class_, "__strawberry_definition__"):
        return False
    if hasattr(class_, "__getattr__") or not isinstance(class_.__getattribute__, WrapperDescriptorType):
        return False
    return not any(name.endswith("__typename") for name in dir(class_))


def _sequence(value: object) -> object:
    """Return a list that can be read twice. Raises Bailout for iterators, which reading uses up, and for all else."""
    if value.__class__ is list or value.__class__ is tuple:
        return value
    raise Bailout


def _checked(value: object) -> object:
    """Return what a scalar was coerced to. Raises Bailout where that is no answer."""
    if value is None or value is Undefined or is_awaitable(value):
        raise Bailout
    return value


def _leaf(coerce: Read, *, is_required: bool) -> Read:
    """Return what completes any leaf value as graphql-core does, or gives up."""

    def leaf(value: object) -> object:
        if not is_out_of_the_ordinary(value):
            return _checked(coerce(value))
        if value is None and not is_required:
            return None
        raise Bailout

    return leaf


def _enum_names(type_: GraphQLEnumType) -> dict[str, str]:
    """Return the names of an enum's values that are plain text: what rows hold."""
    values = (value.value for value in type_.values.values())
    return {value: type_.coerce_output_value(value) for value in values if value.__class__ is str}


def class_guard(type_: GraphQLObjectType, known: set[type]) -> Callable[[Any], None]:
    """Return what lets an object pass as `type_`, and all of its class where that is safe, or gives up."""
    # Strawberry's own test, the only one here, looks at the value alone.
    is_type_of = cast("Any", type_.is_type_of)

    def admit(value: Any) -> None:  # noqa: ANN401 - whatever a field answers
        if is_out_of_the_ordinary(value) or (is_type_of and not is_type_of(value, None)):
            raise Bailout
        if is_plain_class(value.__class__):
            known.add(value.__class__)

    return admit


def _dispatch(name_type: Callable[[Any], Any], reader: Callable[[str], Read]) -> Read:
    """Return what reads a value of an interface or a union as the type it is."""
    known: dict[type, Read] = {}

    def dispatch(value: Any) -> object:  # noqa: ANN401 - whatever a field answers
        read = known.get(value.__class__)
        if read is None:
            if is_out_of_the_ordinary(value):
                raise Bailout
            read = reader(name_type(value))
            if is_plain_class(value.__class__):
                known[value.__class__] = read
        return read(value)

    return dispatch
