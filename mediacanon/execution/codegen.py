"""Code generation: Python functions that read the plain fields of objects and lists.

A *plain* field is one that Strawberry answers with an attribute of the row; a row function (`row_functions`) is called
instead. The generated code checks the class of each value in place, and raises wherever GraphQL has a rule of its own:
null for a required field, an exception or an awaitable as a value, a value out of range, an unknown class. The caller
then lets graphql-core execute the compiled part. For the list of seasons in
`{ show(id: 1) { seasons { seasonNumber episodes { displayName } } } }` the source is:

    def object3(o):
     if o.__class__ not in accepted3: check3(o)
     return {'displayName': (v if (v := o.display_name).__class__ is str else None if v is None else leaf4(v))}

    def object1(o):
     if o.__class__ not in accepted1: check1(o)
     return {'seasonNumber': (v if (v := o.season_number).__class__ is int
       and -2147483648 <= v <= 2147483647 else leaf2(v)), 'episodes': rows3(sequence(o.episodes))}

    def read(v):
     return rows1(sequence(v))

The generator binds the other names: `accepted` is the set of classes that passed `check`, `leaf` completes a value of a
rarer class, `rows` reads a list of rows (`records`), and `sequence` admits lists and tuples alone.
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
from typing import Any, cast

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

from mediacanon.execution.compilation import CompilationContext
from mediacanon.execution.records import rows_reader
from mediacanon.execution.row_functions import row_function
from mediacanon.vocabulary import MAX_INTEGER, MIN_INTEGER

Read = Callable[[Any], Any]
DEFINITION = "strawberry-definition"

# Coercion of a scalar -> the condition under which it returns the value unchanged. `{first}` stands for the first
# mention of the value, `{value}` for the later ones.
INLINE_CHECKS = {
    GraphQLString.coerce_output_value: "{first}.__class__ is str",
    GraphQLID.coerce_output_value: "{first}.__class__ is str",
    str: "{first}.__class__ is str",
    GraphQLInt.coerce_output_value: f"{{first}}.__class__ is int and {MIN_INTEGER} <= {{value}} <= {MAX_INTEGER}",
    GraphQLFloat.coerce_output_value: "{first}.__class__ is float and -INFINITY < {value} < INFINITY",
    GraphQLBoolean.coerce_output_value: "{first}.__class__ is bool",
}
# Classes whose instances are neither exceptions nor awaitable nor undefined.
PLAIN_CLASSES = frozenset({str, int, float, bool, dt.date, dt.datetime, dt.time, decimal.Decimal, uuid.UUID})


class NotCompilable(Exception):  # noqa: N818 - no error: graphql-core executes the selection
    """This selection is graphql-core's to execute."""


# A condition without a value and a selection nested too deeply are errors only where an object is there to meet them,
# so graphql-core executes such selections too.
REFUSALS = (NotCompilable, GraphQLError, RecursionError)


class Bailout(Exception):  # noqa: N818 - no error: graphql-core completes the value
    """This value is graphql-core's to complete."""


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """Reader of one selection of one type: `read` returns all keys in order, with null for the `interpreted` fields."""

    read: Read
    interpreted: GroupedFieldSet


@dataclass(frozen=True, slots=True)
class ValueExpression:
    """A value in generated source: its expression, and the variable that holds it after its first mention."""

    expression: str
    variable: str

    @property
    def first(self) -> str:
        """The first mention of the value."""
        return self.variable if self.expression == self.variable else f"({self.variable} := {self.expression})"


def compile_object(
    context: CompilationContext, type_: GraphQLObjectType, fields: GroupedFieldSet
) -> ObjectReader | None:
    """Return the reader of an object's plain fields; None for an object without any."""
    generator = CodeGenerator(context)
    entries: dict[str, str] = {}
    interpreted: GroupedFieldSet = {}
    for name, details in fields.items():
        try:
            entries[name] = generator.field(type_, details)
        except REFUSALS:
            # GraphQL leaves an unknown field out of the response, so its key cannot be reserved.
            if context.schema.get_field(type_, details[0].node.name.value) is None:
                return None
            entries[name] = "None"
            interpreted[name] = details
    if len(interpreted) == len(fields):
        return None
    return ObjectReader(generator.compile(_dict_display(entries), "o"), interpreted)


def compile_list(
    context: CompilationContext, type_: GraphQLList[GraphQLOutputType], details: FieldDetailsList
) -> Read | None:
    """Return the reader of a list; None for a list with a resolver in it."""
    generator = CodeGenerator(context)
    try:
        return generator.compile(generator.list(type_, details, "v"), "v")
    except REFUSALS:
        return None


def _dict_display(entries: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name!r}: {text}" for name, text in entries.items()) + "}"


class CodeGenerator:
    """The source of one reader: a function per object type, and the names that the functions use.

    Each method for a part of the source raises NotCompilable where a resolver, or a rule of GraphQL, is in it.
    """

    def __init__(self, context: CompilationContext) -> None:
        self._context = context
        self._numbers: Iterator[int] = itertools.count(1)
        self._functions: list[str] = []
        # Name of a function -> the dict display that it returns for the object `o`.
        self._displays: dict[str, str] = {}
        self._names: dict[str, Any] = {
            "INFINITY": float("inf"),
            "PLAIN_CLASSES": PLAIN_CLASSES,
            "sequence": _sequence,
            "checked": _checked,
        }

    def compile(self, expression: str, argument: str) -> Read:
        """Return a function of one argument that returns the expression."""
        source = "\n".join([*self._functions, f"def read({argument}):\n return {expression}\n"])
        # The source holds GraphQL names as quoted strings, attributes that are identifiers, and words of this file.
        exec(compile(source, "<compiled>", "exec"), self._names)  # noqa: S102
        return cast("Read", self._names["read"])

    def field(self, type_: GraphQLObjectType, details: FieldDetailsList) -> str:
        """Return the source of a field of the object `o`."""
        name = details[0].node.name.value
        if name == "__typename":
            return repr(type_.name)
        field = self._context.schema.get_field(type_, name)
        if field is None:
            raise NotCompilable
        if attribute := plain_attribute(field):
            return self.value(field.type, details, ValueExpression(f"o.{attribute}", "v"))
        function = row_function(self._context.schema, field, details[0].node) if len(details) == 1 else None
        if function is None:
            raise NotCompilable
        called = f"function{next(self._numbers)}"
        self._names[called] = function
        return self.value(field.type, details, ValueExpression(f"{called}(o)", "v"))

    def value(self, type_: GraphQLOutputType, details: FieldDetailsList, value: ValueExpression) -> str:
        """Return the source of a value of any type."""
        is_required = is_non_null_type(type_)
        inner = type_.of_type if is_non_null_type(type_) else type_
        if is_leaf_type(inner):
            return self.leaf(inner, value, is_required=is_required)
        present = value.expression if is_required else value.variable
        text = self.list(inner, details, present) if is_list_type(inner) else self.composite(inner, details, present)
        return text if is_required else f"(None if {value.first} is None else {text})"

    def list(self, type_: GraphQLList[GraphQLOutputType], details: FieldDetailsList, expression: str) -> str:
        """Return the source of a list that is not null."""
        inner = type_.of_type
        if is_non_null_type(inner) and is_object_type(inner.of_type):
            return f"{self._rows(inner.of_type, details)}(sequence({expression}))"
        item = f"i{next(self._numbers)}"
        text = self.value(type_.of_type, details, ValueExpression(item, item))
        return f"[{text} for {item} in sequence({expression})]"

    def leaf(self, type_: GraphQLLeafType, value: ValueExpression, *, is_required: bool) -> str:
        """Return the source of a scalar or an enum: the common classes inline, all others by a call of its coercion."""
        number = next(self._numbers)
        self._names[f"leaf{number}"] = _leaf(type_.coerce_output_value, is_required=is_required)
        variable = value.variable
        if check := INLINE_CHECKS.get(type_.coerce_output_value):
            result = variable
        elif is_enum_type(type_):
            self._names[f"names{number}"] = _enum_names(type_)
            check, result = INLINE_CHECKS[str], f"names{number}[{variable}]"
        else:
            self._names[f"coerce{number}"] = type_.coerce_output_value
            check = "{first}.__class__ in PLAIN_CLASSES"
            result = f"(c if (c := coerce{number}({variable})).__class__ is str else checked(c))"
        condition = check.format(first=value.first, value=variable)
        null = "" if is_required else f"None if {variable} is None else "
        return f"({result} if {condition} else {null}leaf{number}({variable}))"

    def composite(self, type_: GraphQLOutputType, details: FieldDetailsList, expression: str) -> str:
        """Return the source of an object, an interface or a union that is not null."""
        return f"{self._composite_reader(type_, details)}({expression})"

    def _composite_reader(self, type_: GraphQLOutputType, details: FieldDetailsList) -> str:
        """Return the name of a function that reads values of a composite type."""
        number = next(self._numbers)
        if is_object_type(type_):
            return self._object_reader(type_, details, number)
        if not is_abstract_type(type_):
            raise NotCompilable
        possible = self._context.schema.get_possible_types(type_)
        if getattr(type_.extensions.get(DEFINITION), "resolve_type", None) or DEFINITION not in type_.extensions:
            raise NotCompilable
        readers = {object_.name: self._composite_reader(object_, details) for object_ in possible}
        info = SimpleNamespace(schema=self._context.schema, field_name="", is_awaitable=is_awaitable)
        # The reader outlives the generator and its request, so it refers to neither.
        names, resolve_type = self._names, cast("Any", type_.resolve_type)
        names[f"dispatch{number}"] = _dispatch(
            lambda value: resolve_type(value, info, type_), lambda name: cast("Read", names[readers[name]])
        )
        return f"dispatch{number}"

    def _rows(self, type_: GraphQLObjectType, details: FieldDetailsList) -> str:
        """Return the name of a function that reads a list of objects, none of them null."""
        number = next(self._numbers)
        names, object_ = self._names, self._object_reader(type_, details, number)
        display, accepted = self._displays[object_], names[f"accepted{number}"]
        names[f"rows{number}"] = rows_reader(display, lambda: cast("Read", names[object_]), accepted, names)
        return f"rows{number}"

    def _object_reader(self, type_: GraphQLObjectType, details: FieldDetailsList, number: int) -> str:
        """Return the name of a function that reads objects of a type."""
        definition = type_.extensions.get(DEFINITION)
        budget = self._context.budget
        # An `is_type_of` of the type's own may look at more than the class.
        if definition is None or definition.is_type_of or budget.left <= 0:
            raise NotCompilable
        fields = self._context.collect_subfields(type_, details).grouped_field_set
        budget.left -= len(fields)
        display = _dict_display({name: self.field(type_, below) for name, below in fields.items()})
        accepted: set[type] = set()
        self._names |= {f"accepted{number}": accepted, f"check{number}": class_guard(type_, accepted)}
        self._functions.append(
            f"def object{number}(o):\n if o.__class__ not in accepted{number}: check{number}(o)\n return {display}\n"
        )
        self._displays[f"object{number}"] = display
        return f"object{number}"


def plain_attribute(field: GraphQLField) -> str | None:
    """Return the attribute that alone answers a field; None for every other field."""
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField) or field.args:
        return None
    # Strawberry's mark of a field without a resolver, permissions and extensions.
    if not getattr(field.resolve, "_is_default", False) or definition.default_resolver is not getattr:
        return None
    name = definition.python_name
    return name if name.isidentifier() and not keyword.iskeyword(name) else None


def has_rule_of_its_own(value: object) -> bool:
    """Return whether GraphQL has a rule for a value regardless of its type: null, undefined, exceptions, awaitables."""
    return value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value)


@lru_cache(maxsize=256)
def is_plain_class(class_: type) -> bool:
    """Return whether GraphQL completes all instances of a class alike, as it does our rows.

    Our rows are named tuples, records with `_fields`, and slotted dataclasses. An instance without a `__dict__` carries
    nothing but its fields: `strawberry.cast`, for one, writes a type on the instance. An instance of a Strawberry type
    may be of a generic one, and graphql-core reads a `__typename`: both belong to the instance, not to the class.
    """
    is_row = dataclasses.is_dataclass(class_) or hasattr(class_, "_fields")
    if not is_row or class_.__dictoffset__ or hasattr(class_, "__strawberry_definition__"):
        return False
    if hasattr(class_, "__getattr__") or not isinstance(class_.__getattribute__, WrapperDescriptorType):
        return False
    return not any(name.endswith("__typename") for name in dir(class_))


def _sequence(value: object) -> object:
    """Return a list or a tuple as it is. Raises Bailout for iterators, which one reading uses up, and all else."""
    if value.__class__ is list or value.__class__ is tuple:
        return value
    raise Bailout


def _checked(value: object) -> object:
    """Return the result of a coercion. Raises Bailout for a result that is no answer."""
    if value is None or value is Undefined or is_awaitable(value):
        raise Bailout
    return value


def _leaf(coerce: Read, *, is_required: bool) -> Read:
    """Return a function that completes any leaf value as graphql-core does, or raises Bailout."""

    def leaf(value: object) -> object:
        if not has_rule_of_its_own(value):
            return _checked(coerce(value))
        if value is None and not is_required:
            return None
        raise Bailout

    return leaf


def _enum_names(type_: GraphQLEnumType) -> dict[str, str]:
    """Return the names of an enum's values by value, for the values that are text: rows hold those."""
    values = (value.value for value in type_.values.values())
    return {value: type_.coerce_output_value(value) for value in values if value.__class__ is str}


def class_guard(type_: GraphQLObjectType, accepted: set[type]) -> Callable[[Any], None]:
    """Return a check that an object is of a type. It raises Bailout, and adds each plain class to `accepted`."""
    # Only Strawberry's own `is_type_of` gets here, which looks at the value alone.
    is_type_of = cast("Any", type_.is_type_of)

    def check(value: Any) -> None:  # noqa: ANN401 - any value of a field
        if has_rule_of_its_own(value) or (is_type_of and not is_type_of(value, None)):
            raise Bailout
        if is_plain_class(value.__class__):
            accepted.add(value.__class__)

    return check


def _dispatch(resolve_type: Callable[[Any], Any], reader_of: Callable[[str], Read]) -> Read:
    """Return the reader of an interface or a union: it picks the reader of the value's own type."""
    readers: dict[type, Read] = {}

    def dispatch(value: Any) -> object:  # noqa: ANN401 - any value of a field
        read = readers.get(value.__class__)
        if read is None:
            if has_rule_of_its_own(value):
                raise Bailout
            read = reader_of(resolve_type(value))
            if is_plain_class(value.__class__):
                readers[value.__class__] = read
        return read(value)

    return dispatch
