"""Shapes: an object of TMDB as a table of its keys, each with the place of its value in the data and the kind of it.

    shape("id=tmdbId:whole overview=overview.text:text video=false genres:genre_names", genre_names=Kind(...))

An entry is `key=path:kind`, or `key:kind` where the path is the key and for kinds that read the whole object, or `key=`
and JSON, which every object has. Every key is always there: null, an empty text, an empty list and 0 stand for an
unknown fact, as TMDB has them.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from mediacanon.rest_compat.dialect import JsonSchema
from mediacanon.rest_compat.endpoint import Arrange, Texts
from mediacanon.tmdb.image_urls import SIZE

Facts = Mapping[str, Any]
# The object that an answer is made of, within the facts of a title; None where there is none.
Of = Callable[[Facts, Texts], Facts | None]

TEXT: JsonSchema = {"type": "string"}
TEXT_OR_NULL: JsonSchema = {"type": ["string", "null"]}
WHOLE: JsonSchema = {"type": "integer"}
WHOLE_OR_NULL: JsonSchema = {"type": ["integer", "null"]}


class Kind(NamedTuple):
    """A kind of value: the function from a value of the data, null included, to TMDB's, and the schema of TMDB's."""

    write: Callable[[Any], Any]
    schema: JsonSchema


class Key(NamedTuple):
    """A key of an object: the path of its value, empty for the object itself, and the kind."""

    path: str
    kind: Kind


Shape = Mapping[str, Key]


def at(facts: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value at a path of fields, the facts at an empty one, None where the path ends early."""
    for name in path.split(".") if path else ():
        if facts is None:
            return None
        facts = facts[name]
    return facts


def image_path(url: str | None) -> str | None:
    """Return the path of an image below a size at TMDB, None for an address elsewhere."""
    return f"/{url.rpartition('/')[2]}" if url and SIZE.search(url) else None


def _same(value: object) -> object:
    return value


KINDS = {
    "text": Kind(lambda value: value or "", TEXT),
    "text?": Kind(_same, TEXT_OR_NULL),
    "whole": Kind(lambda value: value or 0, WHOLE),
    "whole?": Kind(_same, WHOLE_OR_NULL),
    "number": Kind(lambda value: value or 0, {"type": "number"}),
    "truth": Kind(bool, {"type": "boolean"}),
    "image": Kind(image_path, TEXT_OR_NULL),
    # A list with the value, if there is one.
    "one": Kind(lambda value: [value] if value else [], {"type": "array", "items": {"type": ["string", "integer"]}}),
}


def shape(table: str, **kinds: Kind) -> Shape:
    """Return the shape of a table with entries between blanks. Raises KeyError or ValueError for an unknown kind."""
    found, known = {}, {**KINDS, **kinds}
    for entry in table.split():
        key, equals, value = entry.partition("=")
        if not equals:
            key, _, kind = entry.partition(":")
            # A kind of the caller's own reads the whole object.
            found[key] = Key("" if kind in kinds else key, known[kind])
        elif (place := value.rpartition(":"))[2] in known:
            found[key] = Key(place[0], known[place[2]])
        else:
            found[key] = Key("", _constant(orjson.loads(value)))
    return found


def _constant(value: object) -> Kind:
    return Kind(lambda _: value, {"const": value})


def listed(of: Shape, read: Callable[[Any], Any] = _same) -> Kind:
    """Return the kind of a list of objects; `read` returns the facts of each from the value."""
    return Kind(
        lambda value: [shaped(of, each) for each in read(value) or ()], {"type": "array", "items": schema_of(of)}
    )


def nested(of: Shape, read: Callable[[Any], Any] = _same) -> Kind:
    """Return the kind of an object or null; `read` returns its facts from the value."""
    return Kind(
        lambda value: shaped(of, found) if (found := read(value)) else None,
        {"anyOf": [schema_of(of), {"type": "null"}]},
    )


def shaped(of: Shape, facts: Facts) -> dict[str, Any]:
    """Return an object of a shape."""
    return {name: key.kind.write(at(facts, key.path)) for name, key in of.items()}


def schema_of(of: Shape) -> dict[str, Any]:
    """Return the JSON Schema of a shape."""
    properties = {name: dict(key.kind.schema) for name, key in of.items()}
    return {"type": "object", "properties": properties, "required": list(of), "additionalProperties": False}


def whole_title(title: Facts, _: Texts) -> Facts:
    """Return the title: it is the object itself."""
    return title


def arranged(of: Shape, type_: str, find: Of = whole_title) -> Arrange:
    """Return the arrangement of a title, or of an object that `find` finds in it, such as a season.

    It returns None where TMDB's id of the title is unknown, the title is of another type, or there is no such object.
    """

    def arrange(title: Facts, texts: Texts) -> dict[str, Any] | None:
        is_right = title["tmdbId"] is not None and title["type"] == type_
        found = find(title, texts) if is_right else None
        return None if found is None else shaped(of, found)

    return arrange
