"""Rows that are asyncpg's own records: a list of hundreds is not copied."""

from operator import itemgetter
from typing import TypeVar

import asyncpg

Row = TypeVar("Row", bound=asyncpg.Record)


def named_by_position(class_: type[Row]) -> type[Row]:
    """Name the columns of a record class after its annotations, in their order."""
    fields = tuple(class_.__annotations__)
    for index, name in enumerate(fields):
        setattr(class_, name, property(itemgetter(index)))
    # Named tuples have this attribute too; compiled documents unpack rows by it.
    setattr(class_, "_fields", fields)  # noqa: B010 - asyncpg's classes lack it
    return class_
