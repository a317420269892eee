"""Rows that are PostgreSQL's records as they come: nothing is copied where there are hundreds of them."""

from operator import itemgetter
from typing import TypeVar

import asyncpg

Row = TypeVar("Row", bound=asyncpg.Record)


def named_by_position(class_: type[Row]) -> type[Row]:
    """Make the annotations of a record class the names of its columns, in their order."""
    fields = tuple(class_.__annotations__)
    for index, name in enumerate(fields):
        setattr(class_, name, property(itemgetter(index)))
    # As named tuples have it.
    setattr(class_, "_fields", fields)  # noqa: B010 - no class of asyncpg's has it
    return class_
