"""Questions by key: what requests ask at the same moment is one load, and none of them asks anything twice."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")
Shared = TypeVar("Shared", bound=Mapping[str, "BatchLoader[Any, Any]"])

# A request that asks for no more keys than these is loaded together with others; who asks for many waits alone.
MAX_SHARED_KEYS = 8
MAX_BATCH = 64
# Keys of one load: as many as one request may look up.
MOST_KEYS = 500
# Seconds; who asked has given up by then.
LONGEST_LOAD = 10.0


class BatchLoader(Generic[Key, Value]):
    """A question of a whole server: few keys that are asked for in one turn of the event loop are loaded together.

    Who asks gets what was committed before, since the load begins after the asking; nothing is remembered.
    `load` returns the value of each key in their order, and no two of the keys are the same.
    """

    def __init__(self, load: Callable[[list[Key]], Coroutine[Any, Any, Sequence[Value]]]) -> None:
        self._load = load
        self._asked: dict[object, list[tuple[Key, asyncio.Future[Value]]]] = {}
        self._loading: set[asyncio.Task[Sequence[Value]]] = set()

    def ask(self, key: Key, asker: object = None) -> asyncio.Future[Value]:
        """Return the future value of a key. It raises what kept the keys that were loaded with it from being loaded.

        What an `asker` wants in one turn is loaded at once, however much it is.
        """
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._send)
        answer: asyncio.Future[Value] = loop.create_future()
        self._asked.setdefault(asker, []).append((key, answer))
        return answer

    async def close(self) -> None:
        """Cancel what is being loaded: nobody will want it."""
        for task in self._loading:
            task.cancel()
        await asyncio.gather(*self._loading, return_exceptions=True)

    def _send(self) -> None:
        askers, self._asked = self._asked, {}
        together = [one for asked in askers.values() if len(asked) <= MAX_SHARED_KEYS for one in asked]
        for asked, most in (
            (together, MAX_BATCH),
            *((asked, MOST_KEYS) for asked in askers.values() if len(asked) > MAX_SHARED_KEYS),
        ):
            for first in range(0, len(asked), most):
                self._begin(asked[first : first + most])

    def _begin(self, asked: list[tuple[Key, asyncio.Future[Value]]]) -> None:
        keys = list(dict.fromkeys(key for key, _ in asked))
        task = asyncio.create_task(self._values(keys))
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)
        task.add_done_callback(partial(_tell, keys, asked))

        def give_up(answer: asyncio.Future[Value]) -> None:
            if answer.cancelled() and not task.cancelling() and all(one.cancelled() for _, one in asked):
                task.cancel()

        for _, answer in asked:
            answer.add_done_callback(give_up)

    async def _values(self, keys: list[Key]) -> Sequence[Value]:
        async with asyncio.timeout(LONGEST_LOAD):
            values = await self._load(keys)
        if len(values) != len(keys):
            raise ValueError(f"{len(keys)} keys have {len(values)} values")
        return values


def _tell(
    keys: list[Key], asked: list[tuple[Key, asyncio.Future[Value]]], loaded: asyncio.Future[Sequence[Value]]
) -> None:
    """Give those who still wait what was loaded, or why it was not."""
    waiting = [(key, answer) for key, answer in asked if not answer.done()]
    if loaded.cancelled():
        for _, answer in waiting:
            answer.cancel()
    elif error := loaded.exception():
        for _, answer in waiting:
            answer.set_exception(error)
    else:
        values = dict(zip(keys, loaded.result(), strict=True))
        for key, answer in waiting:
            answer.set_result(values[key])


@asynccontextmanager
async def closing_loaders(shared: Shared) -> AsyncIterator[Shared]:
    """Give loaders, and leave none of them loading when the block ends: each would hold a connection."""
    try:
        yield shared
    finally:
        for loader in shared.values():
            await loader.close()


class DataLoader(Generic[Key, Value]):
    """A question as one request asks it: each key once, for as long as the request lasts."""

    __slots__ = ("_answers", "_ask")

    def __init__(self, ask: Callable[[Key, object], asyncio.Future[Value]]) -> None:
        self._ask = ask
        self._answers: dict[Key, asyncio.Future[Value]] = {}

    def load(self, key: Key) -> asyncio.Future[Value]:
        """Return the future value of a key."""
        answer = self._answers.get(key)
        if answer is None or answer.cancelled():
            answer = self._answers[key] = self._ask(key, self)
        return answer

    def load_many(self, keys: Iterable[Key]) -> asyncio.Future[list[Value]]:
        """Return the future values of keys, in their order."""
        return asyncio.gather(*map(self.load, keys))
