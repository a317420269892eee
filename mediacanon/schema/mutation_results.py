"""From a mutation's input to the facts that are written, and from the write to its answer."""

from collections.abc import Iterable
from typing import TypeVar, cast

import strawberry

from mediacanon.errors import NotFound
from mediacanon.loaders import BATCHES, Loaders
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
    """Return the request's loaders, which have forgotten every answer: a write has come between."""
    loaders = info.context.loaders
    for name in BATCHES:
        vars(loaders).pop(name, None)
    return loaders


def present(row: Row | None) -> Row:
    """Return what was just written. Raises NotFound where somebody deleted it meanwhile."""
    if row is None:
        raise NotFound
    return row
