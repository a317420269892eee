"""Result cache: counts and distributions over the whole catalogue, computed once until the catalogue changes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from cachetools import LRUCache

from mediacanon.cache.single_flight import SingleFlight
from mediacanon.database.changes import LISTS, Change, ChangeListener

# Results computed at the same time: the others wait, so that rare questions leave connections to reads by id.
AT_ONCE = 4
# Sizes in characters of `repr`: of a key and of a result that are stored, and of all together.
LONGEST_KEY, LARGEST_RESULT, MAX_SIZE = 2_000, 1_000_000, 10_000_000


class _Entry(NamedTuple):
    """A result, and its size with its key."""

    result: Any
    size: int


class ResultCache:
    """Results by key, valid until a change that carries the tag `lists`; views and clicks carry another.

    Concurrent callers of one key share one computation, which is cancelled when the last of them leaves. At most
    `at_once` computations run at a time, since each reads much of the catalogue. The cache holds the `most` entries
    used last, fewer where they are large: a filter is as long as a client makes it.
    """

    def __init__(self, *, most: int = 2_000, at_once: int = AT_ONCE) -> None:
        self._changes: ChangeListener | None = None
        self._turns = asyncio.Semaphore(at_once)
        self._most = most
        self._results: LRUCache[Hashable, _Entry] = LRUCache(MAX_SIZE, getsizeof=lambda entry: entry.size)
        self._flights: SingleFlight[tuple[int, Hashable], Any] = SingleFlight()
        # Rises with each change: a result that was begun before one is not stored.
        self._generation = 0

    @asynccontextmanager
    async def invalidated_by(self, changes: ChangeListener) -> AsyncIterator[None]:
        """Store results while the block runs; outside of it none are."""
        self._changes = changes
        stop = changes.subscribe(self._invalidate)
        try:
            yield
        finally:
            stop()
            self._changes = None
            self._results.clear()

    async def get(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - of `make`
        """Return the result of a key, made if it is not cached; never older than the last commit before the call."""
        if self._changes is None or not await self._changes.catch_up():
            return await self._make_in_turn(make)
        entry = self._results.get(key)
        if entry is not None:
            return entry.result
        return await self._flights.do((self._generation, key), partial(self._make, key, make))

    async def _make(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - of `make`
        generation = self._generation
        result = await self._make_in_turn(make)
        if generation == self._generation and self._changes is not None:
            self._store(key, result)
        return result

    def _store(self, key: Hashable, result: object) -> None:
        key_size, result_size = len(repr(key)), len(repr(result))
        if key_size > LONGEST_KEY or result_size > LARGEST_RESULT:
            return
        self._results[key] = _Entry(result, key_size + result_size)
        while len(self._results) > self._most:
            self._results.popitem()

    async def _make_in_turn(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - of `make`
        async with self._turns:
            return await make()

    def _invalidate(self, change: Change) -> None:
        if change.touches({LISTS}):
            self._generation += 1
            self._results.clear()
