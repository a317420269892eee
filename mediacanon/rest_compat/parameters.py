"""Texts of a path or query string, and JSON of a body, become a document's variables."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import (
    GraphQLInputType,
    NonNullTypeNode,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
)

from mediacanon.errors import BadArgument
from mediacanon.rest_compat.anywatch.endpoints import NOTHING
from mediacanon.rest_compat.anywatch.rules import REFUSALS
from mediacanon.rest_compat.endpoint import Endpoint
from mediacanon.writes.facts import CONTROL

Types = Mapping[str, GraphQLInputType]

_WHOLE = re.compile(r"[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
LARGEST_INT = 2**31 - 1
LARGEST_ID = 2**63 - 1
# No title, season or episode has it.
NO_ID = 0
# As the schema has them: what a person may type, and names in lists.
LONGEST_QUERY, LONGEST_NAME = 200, 100
UNREADABLE, BEYOND = object(), object()

# JSON type -> what it is called, by GraphQL's name of the type that wants it
JSON_TYPES: Mapping[str, tuple[type, str]] = {
    "Int": (int, "a whole number of at most 2,147,483,647"),
    "String": (str, "a text"),
    "ImdbId": (str, "an IMDb id such as tt0903747"),
}


def read_id(text: str) -> int:
    """Return the id in a path, NO_ID for one too large to exist. Raises BadArgument unless it is a 64-bit integer."""
    number = int(text) if _WHOLE.fullmatch(text) else LARGEST_ID + 1
    if not -LARGEST_ID - 1 <= number <= LARGEST_ID:
        raise BadArgument("Invalid ID")
    return number if 0 < number <= LARGEST_INT else NO_ID


def required_variables(operation: OperationDefinitionNode) -> frozenset[str]:
    """Return the variables that must be given: those without a default that may not be null."""
    return frozenset(
        node.variable.name.value
        for node in operation.variable_definitions or ()
        if isinstance(node.type, NonNullTypeNode) and node.default_value is None
    )


def read_query(row: Endpoint, types: Types, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the variables of a read: what cannot be read, or is out of its bounds, is as if absent.

    What is known to match nothing is asked for by what the row has instead, whatever else is given.
    Raises BadArgument for a list with too many entries.
    """
    variables: dict[str, Any] = {}
    instead: dict[str, Any] = {}
    for name, type_ in types.items():
        texts = [given[one][0] for one in row.reads.get(name, (name,)) if given.get(one) and given[one][0]]
        if not texts:
            continue
        value = _read(row, name, type_, texts)
        if value is UNREADABLE:
            instead |= row.otherwise.get(name, {})
        elif value is BEYOND:
            instead |= row.beyond.get(name, {})
        else:
            variables[name] = value
    return variables | instead


def _read(row: Endpoint, name: str, type_: GraphQLInputType, texts: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON
    named: Any = get_nullable_type(type_)
    if is_list_type(named):
        return _list(row, name, get_named_type(named), texts)
    text = texts[0]
    if is_enum_type(named):
        word = row.words.get(name, {}).get(text, text if name not in row.words else "")
        return word if word in named.values else UNREADABLE
    if named.name in ("Int", "Float"):
        return _number(text, named.name, row.bounds.get(name))
    # Ideographic spaces and joiners are no control characters, though Python does not print them.
    return text if len(text) <= LONGEST_QUERY and not CONTROL.search(text) else NOTHING


def _list(row: Endpoint, name: str, type_: Any, texts: Sequence[str]) -> list[str]:  # noqa: ANN401 - a scalar
    """Return a list: of one text, or where a row says which parameters make it, of all between their commas."""
    if name not in row.reads:
        return [text if _can_be_a_name(text) else NOTHING for text in texts]
    entries = [entry.strip() for text in texts for entry in text.split(",") if entry.strip()]
    if len(entries) > row.most[name]:
        raise BadArgument(f"{' and '.join(row.reads[name])} may hold at most {row.most[name]} ids")
    return [type_.parse_value(entry) for entry in entries]


def _number(text: str, kind: str, bounds: tuple[int, int] | None) -> Any:  # noqa: ANN401 - number, UNREADABLE or BEYOND
    if not (_WHOLE if kind == "Int" else _NUMBER).fullmatch(text):
        return UNREADABLE
    if kind == "Float":
        number = float(text)
        if not math.isfinite(number):
            return UNREADABLE
        if bounds and number > bounds[1]:
            return BEYOND
        # A rating below all there are asks for what the bound asks for.
        return max(number, bounds[0]) if bounds else number
    whole = min(max(int(text), -LARGEST_INT), LARGEST_INT)
    return whole if bounds is None or bounds[0] <= whole <= bounds[1] else UNREADABLE


def _can_be_a_name(text: str) -> bool:
    return len(text) <= LONGEST_NAME and text.isprintable()


def read_body(row: Endpoint, types: Types, body: bytes) -> dict[str, Any]:
    """Return the variables of a write. Raises BadArgument for what is no JSON object, lacking or of a wrong type."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise BadArgument("Invalid JSON")
    variables = {}
    for name, type_ in types.items():
        value = given.get(name)
        value = None if value == "" else value
        if value is None and is_non_null_type(type_):
            raise BadArgument(REFUSALS.get(name, f"{name} required"))
        if value is not None:
            variables[name] = _checked(name, get_nullable_type(type_), value)
        elif row.replaces:
            variables[name] = None
    return variables


def _checked(name: str, type_: Any, value: object) -> object:  # noqa: ANN401 - a named GraphQL type
    if is_enum_type(type_):
        if not isinstance(value, str) or value not in type_.values:
            raise BadArgument(REFUSALS[name])
        return value
    kind, words = JSON_TYPES[type_.name]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # A boolean is no whole number, though Python has it so.
    is_right = type(value) is kind and not (isinstance(value, int) and abs(value) > LARGEST_INT)
    if not is_right:
        raise BadArgument(f"{name} must be {words}")
    # Scalars of ours refuse in words of their own.
    type_.parse_value(value)
    return value
