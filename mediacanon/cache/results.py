"""Result cache: counts and distributions over the whole catalogue, computed once until the catalogue changes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from cachetools import LRUCache

from mediacanon.cache.single_flight import SingleFlight
from mediacanon.database.changes import LISTS, Change, ChangeListener

# Results computed at the same time: the others wait, so that rare questions leave connections to reads by id.
AT_ONCE = 4
MISSING = object()


class ResultCache:
    """Results by key, valid until a change that carries the tag `lists`; views and clicks carry another.

    Concurrent callers of one key share one computation, which is cancelled when the last of them leaves. At most
    `at_once` computations run at a time, since each reads much of the catalogue. The cache holds the `most` entries
    used last.
    """

    def __init__(self, *, most: int = 2_000, at_once: int = AT_ONCE) -> None:
        self._changes: ChangeListener | None = None
        self._turns = asyncio.Semaphore(at_once)
        self._results: LRUCache[Hashable, Any] = LRUCache(most)
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
        result = self._results.get(key, MISSING)
        if result is not MISSING:
            return result
        return await self._flights.do((self._generation, key), partial(self._make, key, make))

    async def _make(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - of `make`
        generation = self._generation
        result = await self._make_in_turn(make)
        if generation == self._generation and self._changes is not None:
            self._results[key] = result
        return result

    async def _make_in_turn(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - of `make`
        async with self._turns:
            return await make()

    def _invalidate(self, change: Change) -> None:
        if change.touches({LISTS}):
            self._generation += 1
            self._results.clear()
