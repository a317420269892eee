"""Memoised readers of texts that clients send: bounded in the number of entries and in the length of a key."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Text = TypeVar("Text", str, bytes)
Value = TypeVar("Value")


def memoised(*, most: int, longest: int) -> Callable[[Callable[[Text], Value]], Callable[[Text], Value]]:
    """Return a decorator: the function remembers the values of its last `most` texts.

    A text longer than `longest` is read anew each time. Its length is the client's choice, and as a key it
    would stay in memory.
    """

    def decorate(read: Callable[[Text], Value]) -> Callable[[Text], Value]:
        cached = lru_cache(maxsize=most)(read)

        @wraps(cached)
        def read_bounded(text: Text) -> Value:
            return cached(text) if len(text) <= longest else read(text)

        # Tests begin with an empty memory.
        read_bounded.cache_clear = cached.cache_clear  # type: ignore[attr-defined]
        return read_bounded

    return decorate
