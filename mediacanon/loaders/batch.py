"""The two shapes of a batch: one row per key, or a list of rows per key."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Key = TypeVar("Key")
Row = TypeVar("Row")


def one_per_key(keys: Sequence[Key], rows: Iterable[Row], key_of: Callable[[Row], object]) -> list[Row | None]:
    """Return the row of each key in the order of the keys, None for a key without one."""
    found = {key_of(row): row for row in rows}
    return [found.get(key) for key in keys]


def many_per_key(keys: Sequence[Key], rows: Iterable[Row], key_of: Callable[[Row], object]) -> list[list[Row]]:
    """Return the rows of each key in the order of the keys; the rows of a key keep their order."""
    found = defaultdict[object, list[Row]](list)
    for row in rows:
        found[key_of(row)].append(row)
    return [found.get(key, []) for key in keys]
