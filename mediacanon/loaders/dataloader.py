"""Dataloaders: keys requested in the same event-loop turn, by any request, are loaded in one statement."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")
Shared = TypeVar("Shared", bound=Mapping[str, "BatchLoader[Any, Any]"])

# A request for at most so many keys shares its batch with others; a request for more is loaded by itself, at once.
MAX_SHARED_KEYS = 8
MAX_BATCH = 64
# Keys in one statement of a request that is loaded by itself: as many as `lookup` takes.
MAX_OWN_BATCH = 500
# Seconds; the callers have given up by then.
LOAD_TIMEOUT = 10.0


class BatchLoader(Generic[Key, Value]):
    """Loads keys for all requests of a server: those of one event-loop turn in one batch.

    Nothing is cached. A load starts after its keys were requested, so it sees every earlier commit. `load` takes
    distinct keys and returns the value of each, in their order.
    """

    def __init__(self, load: Callable[[list[Key]], Coroutine[Any, Any, Sequence[Value]]]) -> None:
        self._load = load
        self._pending: dict[object, list[tuple[Key, asyncio.Future[Value]]]] = {}
        self._loading: set[asyncio.Task[Sequence[Value]]] = set()

    def load(self, key: Key, caller: object = None) -> asyncio.Future[Value]:
        """Return the future value of a key. It raises the error that failed its batch.

        The keys that one `caller` requests in a turn are loaded at once, however many they are.
        """
        loop = asyncio.get_running_loop()
        if not self._pending:
            loop.call_soon(self._dispatch)
        future: asyncio.Future[Value] = loop.create_future()
        self._pending.setdefault(caller, []).append((key, future))
        return future

    async def close(self) -> None:
        """Cancel the running loads."""
        for task in self._loading:
            task.cancel()
        await asyncio.gather(*self._loading, return_exceptions=True)

    def _dispatch(self) -> None:
        callers, self._pending = self._pending, {}
        shared = [one for requested in callers.values() if len(requested) <= MAX_SHARED_KEYS for one in requested]
        for requested, size in (
            (shared, MAX_BATCH),
            *((requested, MAX_OWN_BATCH) for requested in callers.values() if len(requested) > MAX_SHARED_KEYS),
        ):
            for first in range(0, len(requested), size):
                self._start(requested[first : first + size])

    def _start(self, requested: list[tuple[Key, asyncio.Future[Value]]]) -> None:
        keys = list(dict.fromkeys(key for key, _ in requested))
        task = asyncio.create_task(self._values(keys))
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)
        task.add_done_callback(partial(_settle, keys, requested))

        def cancel_if_unwanted(future: asyncio.Future[Value]) -> None:
            if future.cancelled() and not task.cancelling() and all(one.cancelled() for _, one in requested):
                task.cancel()

        for _, future in requested:
            future.add_done_callback(cancel_if_unwanted)

    async def _values(self, keys: list[Key]) -> Sequence[Value]:
        async with asyncio.timeout(LOAD_TIMEOUT):
            values = await self._load(keys)
        if len(values) != len(keys):
            raise ValueError(f"{len(keys)} keys have {len(values)} values")
        return values


def _settle(
    keys: list[Key], requested: list[tuple[Key, asyncio.Future[Value]]], loaded: asyncio.Future[Sequence[Value]]
) -> None:
    """Pass the values of a load, or its error, to the futures that are still awaited."""
    waiting = [(key, future) for key, future in requested if not future.done()]
    if loaded.cancelled():
        for _, future in waiting:
            future.cancel()
    elif error := loaded.exception():
        for _, future in waiting:
            future.set_exception(error)
    else:
        values = dict(zip(keys, loaded.result(), strict=True))
        for key, future in waiting:
            future.set_result(values[key])


@asynccontextmanager
async def closing_loaders(shared: Shared) -> AsyncIterator[Shared]:
    """Give loaders, and cancel their running loads when the block ends: each would hold a connection."""
    try:
        yield shared
    finally:
        for loader in shared.values():
            await loader.close()


class DataLoader(Generic[Key, Value]):
    """The loader of one request: it requests each key once, from `load`, until it is cleared.

    While it `shields`, whoever cancels the wait for a value leaves it to the others.
    """

    __slots__ = ("_futures", "_load", "shields")

    def __init__(self, load: Callable[[Key, object], asyncio.Future[Value]], *, shields: bool = False) -> None:
        self._load = load
        self._futures: dict[Key, asyncio.Future[Value]] = {}
        self.shields = shields

    def load(self, key: Key) -> asyncio.Future[Value]:
        """Return the future value of a key."""
        future = self._futures.get(key)
        if future is None or future.cancelled():
            future = self._futures[key] = self._load(key, self)
        return asyncio.shield(future) if self.shields else future

    def load_many(self, keys: Iterable[Key]) -> asyncio.Future[list[Value]]:
        """Return the future values of keys, in their order."""
        return asyncio.gather(*map(self.load, keys))

    def cancel(self) -> None:
        """Cancel the running loads."""
        for future in self._futures.values():
            future.cancel()

    def clear(self) -> None:
        """Drop the loaded values: the next request for a key loads it again."""
        self._futures.clear()
