"""Parameters of a path or query string, and JSON of a body, become the variables of an endpoint's document."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLInputType, get_nullable_type, is_enum_type, is_list_type, is_non_null_type

from mediacanon.errors import MOST_QUOTED, BadArgument, NotFound, quoted
from mediacanon.execution.variables import OutOfRange, Texts, TooMany, Unreadable
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.endpoint import NO_MATCH, Endpoint
from mediacanon.rest_compat.routing import BoundEndpoint
from mediacanon.vocabulary import MAX_BIGINT, MAX_INTEGER, MIN_BIGINT

Types = Mapping[str, GraphQLInputType]

_WHOLE = re.compile(r"[+-]?[0-9]{1,400}")
# No title, season or episode has it.
NO_ID = 0
ABSENT: Final = object()
NO_SPELLINGS: Mapping[str, str] = {}
# Objects and lists within each other that a body is searched for texts.
DEEPEST_BODY = 6

# GraphQL's name of a type -> the JSON type that a body must have, and its noun in a refusal.
JSON_TYPES: Mapping[str, tuple[type, str]] = {
    "Int": (int, "a whole number of at most 2,147,483,647"),
    "String": (str, "a text"),
    "ImdbId": (str, "an IMDb id such as tt0903747"),
}


def read_id(dialect: Dialect, text: str) -> int:
    """Return the id in a path, NO_ID for one too large to exist. Raises BadArgument unless it is a 64-bit integer."""
    number = int(text) if _WHOLE.fullmatch(text) else MAX_BIGINT + 1
    if not MIN_BIGINT <= number <= MAX_BIGINT:
        raise BadArgument(dialect.refusals.get("id", "The id is no whole number"))
    return number if 0 < number <= MAX_INTEGER else NO_ID


def query_texts(
    query: bytes, spellings: Mapping[str, str] = NO_SPELLINGS, *, skips_empty: bool = False
) -> dict[str, list[str]]:
    """Return the texts of a query string by parameter; `spellings` has the parameters in use by their lower case.

    With `skips_empty`, an empty parameter chooses no endpoint, and does not stand before another spelling of it.
    """
    given: dict[str, list[str]] = {}
    for name, text in parse_qsl(query.decode("latin-1"), keep_blank_values=not skips_empty) if query else ():
        given.setdefault(name, []).append(text)
    if not spellings:
        return given
    texts: dict[str, list[str]] = {}
    # The exact spelling comes first, and so wins over others.
    for name in sorted(given, key=lambda name: spellings.get(name.lower()) != name):
        texts.setdefault(spellings.get(name.lower(), name), given[name])
    return texts


def body_texts(body: bytes) -> dict[str, list[str]]:
    """Return the texts of a JSON object by parameter, as those of a query string; a list repeats its parameter.

    A value in an object or a list of objects has a path of names for its own: `Media.0.file`. Null is no text. Raises
    BadArgument for any other JSON.
    """
    texts: dict[str, list[str]] = {}
    _add_texts(texts, "", _json_object(body), DEEPEST_BODY)
    return texts


def _add_texts(texts: dict[str, list[str]], path: str, value: object, depth: int) -> None:
    if isinstance(value, (dict, list)) and depth:
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            is_text = isinstance(value, list) and not isinstance(one, (dict, list))
            _add_texts(texts, path if is_text else f"{path}.{name}" if path else str(name), one, depth - 1)
    elif isinstance(value, bool):
        texts.setdefault(path, []).append("true" if value else "false")
    elif isinstance(value, (str, int, float)):
        texts.setdefault(path, []).append(str(value))


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise BadArgument("Invalid JSON")
    return given


def read_parameters(
    dialect: Dialect, bound: BoundEndpoint, path: Mapping[str, str], texts: Texts
) -> tuple[dict[str, Any], bool]:
    """Return the variables of a read, and whether anything can match them.

    Raises BadArgument for one that is missing, and as `_read_texts` does.
    """
    row = bound.row
    variables = {name: value() if callable(value) else value for name, value in row.constants.items()}
    given, can_match = _read_texts(dialect, bound, texts)
    variables |= given
    if bound.has_id:
        variables["id"] = read_id(dialect, path["id"])
    missing = bound.document.required - variables.keys()
    # An empty piece of a path is a text that nothing has.
    if not can_match or any(row.fallbacks.get(name) is NO_MATCH and bound.is_in_path(name) for name in missing):
        return variables, False
    for name in missing:
        if name not in bound.path_names:
            raise BadArgument(f"{name} required")
        variables[name] = ""
    return variables, True


def _read_texts(dialect: Dialect, bound: BoundEndpoint, texts: Texts) -> tuple[dict[str, Any], bool]:
    """Return the variables of texts by parameter, and whether anything can match them.

    Raises BadArgument for a list with too many entries, and in a strict dialect for every parameter that is unknown or
    unreadable; NotFound for an unreadable one in the path.
    """
    if not texts:
        return {}, True
    if dialect.is_strict:
        _check_names(dialect, bound, texts)
    variables, unreadable = bound.document.read(texts, bound.leniency)
    can_match = True
    for name, error in unreadable.items():
        fallback = _fallback(dialect, bound, name, error)
        if fallback is NO_MATCH:
            can_match = False
        elif fallback is not ABSENT:
            variables[name] = fallback
    return variables, can_match


def _check_names(dialect: Dialect, bound: BoundEndpoint, texts: Texts) -> None:
    known = bound.query_names
    for name in texts.keys() - {*known, *bound.path_names, *dialect.ignored}:
        raise BadArgument(
            f"{name if len(name) <= MOST_QUOTED else quoted(name)} is no parameter here; there are {', '.join(known)}"
        )
    for variable, type_ in bound.other_types.items():
        for name in bound.leniency.parameters_of(variable):
            if len(texts.get(name, ())) > 1 and not is_list_type(get_nullable_type(type_)):
                raise BadArgument(f"{name} may be given once")


def _fallback(dialect: Dialect, bound: BoundEndpoint, name: str, error: Unreadable) -> Any:  # noqa: ANN401 - any value of a variable
    row, parameters = bound.row, " and ".join(bound.leniency.parameters_of(name))
    if isinstance(error, TooMany):
        raise BadArgument(f"{parameters} may hold at most {row.max_items[name]} ids")
    if dialect.is_strict and name in bound.path_names:
        raise NotFound(f"There is nothing at this address: {parameters} must be {error}")
    if dialect.is_strict:
        raise BadArgument(f"{parameters} must be {error}")
    return (row.out_of_range if isinstance(error, OutOfRange) else row.fallbacks).get(name, ABSENT)


def read_facts(dialect: Dialect, row: Endpoint, types: Types, body: bytes) -> dict[str, Any]:
    """Return the variables of a write.

    Raises BadArgument for a body that is no JSON object, and for a fact that it lacks or has of a wrong type.
    """
    given, variables = _json_object(body), {}
    for name, type_ in types.items():
        value = given.get(name)
        value = None if value == "" else value
        if value is None and is_non_null_type(type_):
            raise BadArgument(dialect.refusals.get(name, f"{name} required"))
        if value is not None:
            variables[name] = _fact(dialect, name, get_nullable_type(type_), value)
        elif row.replaces:
            variables[name] = None
    return variables


def _fact(dialect: Dialect, name: str, type_: Any, value: object) -> object:  # noqa: ANN401 - a GraphQL type
    if is_list_type(type_):
        if not isinstance(value, list):
            raise BadArgument(f"{name} must be a list")
        return [_fact(dialect, name, get_nullable_type(type_.of_type), each) for each in value]
    if is_enum_type(type_):
        if not isinstance(value, str) or value not in type_.values:
            raise BadArgument(dialect.refusals.get(name, f"{name} must be one of {', '.join(type_.values)}"))
        return value
    kind, noun = JSON_TYPES[type_.name]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # In Python a boolean is a whole number, in JSON it is not.
    is_right = type(value) is kind and not (isinstance(value, int) and abs(value) > MAX_INTEGER)
    if not is_right:
        raise BadArgument(f"{name} must be {noun}")
    # A scalar of ours refuses a value in its own words.
    type_.parse_value(value)
    return value
