"""Readers of lists of rows by unpacking, which takes half the time of reading one attribute after the other.

A row can be unpacked when its class names its values, in order, in `_fields`. Named tuples and records do.
"""

import re
from collections.abc import Callable, Sequence
from types import WrapperDescriptorType
from typing import Any, cast

ReadRows = Callable[[Sequence[Any]], list[Any]]
# An attribute in the source of an object. Keys are quoted and hold no point.
_ATTRIBUTE = re.compile(r"\bo\.(\w+)")
_ROW = re.compile(r"\bo\b(?!\.)")


def rows_reader(
    display: str, read: Callable[[], Callable[[Any], Any]], accepted: set[type], names: dict[str, Any]
) -> ReadRows:
    """Return the reader of a list of rows.

    `display` is the source that reads the row `o`, with the names bound as in `names`. `read` gives the function that
    reads any single row. That function adds each class whose rows it accepts without another look to `accepted`.
    """
    unpackers: dict[type, ReadRows | None] = {}

    def read_rows(rows: Sequence[Any]) -> list[Any]:
        classes = {*map(type, rows)}
        unpack = unpackers.get(classes.pop()) if len(classes) == 1 else None
        if unpack:
            return unpack(rows)
        read_row = read()
        values = [read_row(row) for row in rows]
        for class_ in accepted - unpackers.keys():
            unpackers[class_] = _compile_unpacking(class_, display, names)
        return values

    return read_rows


def _compile_unpacking(class_: type, display: str, names: dict[str, Any]) -> ReadRows | None:
    """Return the reader of rows that are all of one class; None for a class that cannot be unpacked."""
    attributes = set(_ATTRIBUTE.findall(display))
    # The class's own `_fields`: a derived class may have redefined an attribute.
    fields: tuple[str, ...] = vars(class_).get("_fields", ())
    # A function of the row needs the row itself.
    if _ROW.search(display):
        return None
    is_iterated_in_order = isinstance(getattr(class_, "__iter__", None), WrapperDescriptorType)
    if not is_iterated_in_order or not attributes <= {*fields}:
        return None
    unpacked = _ATTRIBUTE.sub(r"o_\1", display)
    variables = ", ".join(f"o_{field}" if field in attributes else "_" for field in fields)
    source = f"""
def read_rows(rows):
 found = []
 add = found.append
 for ({variables},) in rows:
  add({unpacked})
 return found
"""
    own: dict[str, Any] = {}
    exec(compile(source, "<rows>", "exec"), names, own)  # noqa: S102 - source of our own code generator
    return cast("ReadRows", own["read_rows"])
