"""Inputs of mutations as facts to write, and the loading of the entity that was written."""

from collections.abc import Iterable
from typing import TypeVar, cast

import strawberry

from mediacanon.errors import NotFound
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Info

Row = TypeVar("Row")


def facts_of(given: object) -> dict[str, object]:
    """Return the fields of an input that the client gave, None for a null."""
    return {
        name: value.value if isinstance(value, strawberry.Some) else value
        for name, value in vars(given).items()
        if value is not None
    }


def changes_of(given: object) -> tuple[dict[str, object], Iterable[str]]:
    """Return the facts to change and the names to unlock."""
    changes = facts_of(given)
    return changes, cast("Iterable[str]", changes.pop("unlock", ()))


def fresh_loaders(info: Info) -> Loaders:
    """Return the request's loaders, cleared: they must see the write."""
    info.context.loaders.clear()
    return info.context.loaders


def present(row: Row | None) -> Row:
    """Return the row that was written. Raises NotFound if it was deleted meanwhile."""
    if row is None:
        raise NotFound
    return row
