"""Variables of a document, read from the texts of a path, a query string or a form by the types the document declares.

One reader serves pages and every REST dialect. A `Leniency` states how freely it reads; the caller decides what an
unreadable text means: an absent variable, a fallback or a refusal.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLInputType,
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    type_from_ast,
    value_from_ast,
)

from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution
from mediacanon.vocabulary import MAX_INTEGER

Types = Mapping[str, GraphQLInputType]
Texts = Mapping[str, Sequence[str]]
Bounds = tuple[int, int]

# More digits than 400 would take Python longer to read than the request is worth.
_WHOLE = re.compile(r"[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Unreadable(ValueError):  # noqa: N818 - a property of the text
    """A text is no value of its type. The message names the values that are."""


class OutOfRange(Unreadable):
    """A number lies above its bounds."""


class TooMany(Unreadable):
    """A list has too many entries."""


def _any_text(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Leniency:
    """The freedoms that a reader takes with texts. The defaults read a text as it stands."""

    # Spaces around a text do not count.
    trims: bool = False
    # A parameter may repeat. Otherwise its first text counts alone, except for a list in `max_items`.
    repeats: bool = False
    # An empty text is an absent one.
    skips_empty: bool = True
    # Commas separate the entries of every list, not only of a list in `max_items`.
    splits: bool = False
    # Whole numbers beyond 32 bits, and numbers below their bounds, become the nearest one within.
    clamps: bool = False
    # Variable -> its parameters, where those have other names; () for a variable that no parameter sets.
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    # Variable -> word in a text -> name in GraphQL.
    enum_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    max_items: Mapping[str, int] = field(default_factory=dict)
    # Variable -> the function that returns the spelling of the catalogue for a text or an entry.
    spellings: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    # Variable -> the function that returns its value for its first text, in place of its type; None stands for no
    # value, and it raises Unreadable.
    readers: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    # The texts and the entries of lists that can match anything.
    accepts_text: Callable[[str], bool] = _any_text
    accepts_entry: Callable[[str], bool] = _any_text

    def parameters_of(self, variable: str) -> tuple[str, ...]:
        """Return the parameters that set a variable."""
        return self.parameters.get(variable, (variable,))


class Reading(NamedTuple):
    """The variables that were read, and the reason for each variable whose text was not."""

    variables: dict[str, Any]
    unreadable: dict[str, Unreadable]


@dataclass(frozen=True)
class BoundDocument:
    """A prepared document with the types of its variables."""

    document: PreparedDocument
    node: DocumentNode
    operation: OperationDefinitionNode
    types: Types
    # Variables that a caller must give: neither nullable nor with a default.
    required: frozenset[str]
    defaults: Mapping[str, Any]

    def read(self, texts: Texts, leniency: Leniency) -> Reading:
        """Return the variables of texts by parameter; unknown parameters are ignored."""
        return read_variables(self.types, texts, leniency)


def bind_document(execution: Execution, text: str, *, name: str) -> BoundDocument:
    """Return a document of ours. Raises ValueError naming it unless it is one operation that fits the schema."""
    document = execution.prepare_trusted(text, name=name)
    operation = document.operation()
    if operation is None or document.document is None:
        raise ValueError(f"{name} must hold one operation")
    types = variable_types(execution.schema, operation)
    nodes = {node.variable.name.value: node for node in operation.variable_definitions or ()}
    return BoundDocument(
        document,
        document.document,
        operation,
        types,
        frozenset(
            name for name, node in nodes.items() if isinstance(node.type, NonNullTypeNode) and not node.default_value
        ),
        {
            name: value_from_ast(node.default_value, types[name])
            for name, node in nodes.items()
            if node.default_value is not None
        },
    )


def variable_types(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, GraphQLInputType]:
    """Return the type of each variable of an operation, by name."""
    types: dict[str, Any] = {
        node.variable.name.value: type_from_ast(schema, node.type) for node in operation.variable_definitions or ()
    }
    return types


def read_variables(types: Types, texts: Texts, leniency: Leniency) -> Reading:
    """Return the variables of these types among texts by parameter."""
    variables: dict[str, Any] = {}
    unreadable: dict[str, Unreadable] = {}
    for name, type_ in types.items():
        if name not in texts and name not in leniency.parameters:
            continue
        given = _given(name, texts, leniency)
        if given:
            try:
                value = _read(name, type_, given, leniency)
            except Unreadable as error:
                unreadable[name] = error
            else:
                if value is not None:
                    variables[name] = value
    return Reading(variables, unreadable)


def _given(name: str, texts: Texts, leniency: Leniency) -> list[str]:
    found: list[str] = []
    repeats = leniency.repeats or name in leniency.max_items
    for parameter in leniency.parameters.get(name, (name,)):
        if parameter in texts:
            found += texts[parameter] if repeats else texts[parameter][:1]
    if leniency.trims:
        found = [text.strip() for text in found]
    return [text for text in found if text] if leniency.skips_empty else found


def _read(name: str, type_: GraphQLInputType, texts: Sequence[str], leniency: Leniency) -> Any:  # noqa: ANN401 - any JSON
    if name in leniency.readers:
        return leniency.readers[name](texts[0])
    kind: Any = get_nullable_type(type_)
    if not is_list_type(kind):
        return _read_text(name, kind, texts[0], leniency)
    kind, most = get_named_type(kind), leniency.max_items.get(name)
    entries = list(texts)
    if leniency.splits or most is not None:
        entries = [entry.strip() for text in texts for entry in text.split(",")]
        entries = [entry for entry in entries if entry] if leniency.skips_empty else entries
    if most is not None and len(entries) > most:
        raise TooMany(f"a list of at most {most} entries")
    return [_read_entry(name, kind, entry, leniency) for entry in entries]


def _read_entry(name: str, kind: Any, text: str, leniency: Leniency) -> Any:  # noqa: ANN401 - any JSON
    if kind.name == "String":
        if not text or not leniency.accepts_entry(text):
            raise Unreadable("a list of names between commas")
        return _spelled(name, text, leniency)
    return _read_text(name, kind, text, leniency)


def _read_text(name: str, kind: Any, text: str, leniency: Leniency) -> Any:  # noqa: ANN401 - any JSON
    if kind.name in ("Int", "Float"):
        number = _spelled(name, text, leniency)
        return _read_number(kind.name, number, leniency.bounds.get(name), clamps=leniency.clamps)
    if kind.name == "Boolean":
        if text.lower() not in _BOOLEANS:
            raise Unreadable("true or false")
        return _BOOLEANS[text.lower()]
    if is_enum_type(kind):
        names = leniency.enum_names.get(name)
        value = _spelled(name, text, leniency) if names is None else names.get(text)
        if value not in kind.values:
            raise Unreadable(f"one of {', '.join(names or kind.values)}")
        return value
    if kind.name == "String":
        if not leniency.accepts_text(text):
            raise Unreadable("a text without control characters")
        return _spelled(name, text, leniency)
    # A scalar of ours refuses a text in its own words.
    return kind.parse_value(text)


def _spelled(name: str, text: str, leniency: Leniency) -> str:
    return leniency.spellings[name](text) if name in leniency.spellings else text


def _read_number(kind: str, text: str, bounds: Bounds | None, *, clamps: bool) -> int | float:
    number = _read_whole(text, bounds, clamps=clamps) if kind == "Int" else _read_float(text, bounds, clamps=clamps)
    if number is None:
        noun = "a whole number" if kind == "Int" else "a number"
        raise Unreadable(f"{noun} from {bounds[0]} to {bounds[1]}" if bounds else noun)
    return number


def _read_whole(text: str, bounds: Bounds | None, *, clamps: bool) -> int | None:
    if not _WHOLE.fullmatch(text):
        return None
    number, (low, high) = int(text), bounds or (-MAX_INTEGER, MAX_INTEGER)
    if clamps:
        # The bounds then judge the largest number of 32 bits in place of a larger one.
        number = min(max(number, -MAX_INTEGER), MAX_INTEGER)
    return number if low <= number <= high else None


def _read_float(text: str, bounds: Bounds | None, *, clamps: bool) -> float | None:
    number, (low, high) = float(text) if _NUMBER.fullmatch(text) else math.nan, bounds or (-math.inf, math.inf)
    if not math.isfinite(number):
        return None
    if number > high:
        raise OutOfRange(f"a number from {low} to {high}")
    if clamps:
        number = max(number, low)
    return number if low <= number else None
