"""Result cache: counts over the catalogue, made once and corrected by the changes since."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple, Protocol

from cachetools import LRUCache

from mediacanon.cache.single_flight import SingleFlight
from mediacanon.database.changes import LISTS, Change, ChangeListener

# Results made at the same time: the others wait, so that rare questions leave connections to reads by id.
AT_ONCE = 4
# Sizes in characters of `repr`: of a key and of a result that are stored, and of all together.
LONGEST_KEY, LARGEST_RESULT, MAX_SIZE = 2_000, 1_000_000, 10_000_000
# Seconds since its last correction after which a result is made anew: the database forgets changes after 15 minutes.
MAX_AGE = 600.0


class Result(Protocol):
    """A result; one without a snapshot cannot be corrected, and is made anew after a change."""

    @property
    def snapshot(self) -> str | None:
        """The changes that the result holds, as PostgreSQL writes a snapshot."""


class Entry(NamedTuple):
    """A result, its size with its key, the number of changes received before it was made, and that time."""

    result: Any
    size: int
    generation: int
    made_at: float


class ResultCache:
    """Results by key, as of the last commit before a call.

    A result is corrected after a change that carries the tag `lists`; views and clicks carry another. Concurrent
    callers of one key share one computation, which is cancelled when the last of them leaves. At most `at_once` are
    made at a time, since each reads much of the catalogue. The cache holds the `most` entries used last, fewer where
    they are large: a filter is as long as a client makes it.
    """

    def __init__(self, *, most: int = 2_000, at_once: int = AT_ONCE) -> None:
        self._changes: ChangeListener | None = None
        self._turns = asyncio.Semaphore(at_once)
        self._most = most
        self._results: LRUCache[Hashable, Entry] = LRUCache(MAX_SIZE, getsizeof=lambda entry: entry.size)
        self._flights: SingleFlight[Hashable, Entry] = SingleFlight()
        # Rise with each change, and with each change that no correction covers.
        self._generation = self._epoch = 0

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

    async def catch_up(self) -> bool:
        """Receive every change that was committed before this call; return whether that is certain."""
        return self._changes is not None and await self._changes.catch_up()

    async def get(
        self,
        key: Hashable,
        make: Callable[[], Coroutine[Any, Any, Any]],
        correct: Callable[[Any], Awaitable[Any]] | None = None,
        caught_up: Awaitable[bool] | None = None,
    ) -> Any:  # noqa: ANN401 - of `make`
        """Return the result of a key, never older than the last commit before the call, or before `caught_up` began.

        `make` returns it, `correct` returns it with the changes since. A result without a snapshot is not corrected.
        """
        if not await (caught_up or self.catch_up()):
            return await self._make_in_turn(make)
        received = self._generation
        entry = self._results.get(key)
        while entry is None or entry.generation < received:
            entry = await self._flights.do(key, partial(self._renew, key, make, correct))
        return entry.result

    async def _renew(
        self,
        key: Hashable,
        make: Callable[[], Coroutine[Any, Any, Any]],
        correct: Callable[[Any], Awaitable[Any]] | None,
    ) -> Entry:
        generation, epoch, began = self._generation, self._epoch, time.monotonic()
        known = self._results.get(key)
        if known and correct and _snapshot(known.result) and began - known.made_at < MAX_AGE:
            result = await correct(known.result)
        else:
            result = await self._make_in_turn(make)
        entry = Entry(result, len(repr(key)) + len(repr(result)), generation, began)
        is_current = generation == self._generation or (epoch == self._epoch and _snapshot(result))
        if self._changes is not None and is_current:
            self._store(key, entry)
        return entry

    def _store(self, key: Hashable, entry: Entry) -> None:
        if len(repr(key)) > LONGEST_KEY or entry.size > LARGEST_RESULT:
            return
        self._results[key] = entry
        while len(self._results) > self._most:
            self._results.popitem()

    async def _make_in_turn(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - of `make`
        async with self._turns:
            return await make()

    def _invalidate(self, change: Change) -> None:
        if change.touches({LISTS}):
            self._generation += 1
        if change.is_everything:
            self._epoch += 1
            self._results.clear()


def _snapshot(result: object) -> str | None:
    snapshot: str | None = getattr(result, "snapshot", None)
    return snapshot
