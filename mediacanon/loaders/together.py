"""Questions by key: what requests ask at the same moment is one statement, and none of them asks anything twice."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

# Keys of one statement: as many as one request may look up.
MOST_KEYS = 500
# Seconds; who asked has given up by then.
LONGEST_LOAD = 10.0


class SharedLoader(Generic[Key, Value]):
    """A question of a whole server: keys that are asked for in one turn of the event loop are loaded together.

    Who asks gets what was committed before, since the statement is sent after the asking; nothing is remembered.
    `load` returns the value of each key in their order, and no two of the keys are the same.
    """

    def __init__(self, load: Callable[[list[Key]], Coroutine[Any, Any, Sequence[Value]]]) -> None:
        self._load = load
        self._asked: list[tuple[Key, asyncio.Future[Value]]] = []
        self._loading: set[asyncio.Task[None]] = set()

    def ask(self, key: Key) -> asyncio.Future[Value]:
        """Return the future value of a key. It raises what kept the keys that were loaded with it from being loaded."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._send)
        answer: asyncio.Future[Value] = loop.create_future()
        self._asked.append((key, answer))
        return answer

    def _send(self) -> None:
        asked, self._asked = self._asked, []
        for first in range(0, len(asked), MOST_KEYS):
            task = asyncio.create_task(self._answer(asked[first : first + MOST_KEYS]))
            self._loading.add(task)
            task.add_done_callback(self._loading.discard)

    async def _answer(self, asked: list[tuple[Key, asyncio.Future[Value]]]) -> None:
        keys = list(dict.fromkeys(key for key, _ in asked))
        try:
            async with asyncio.timeout(LONGEST_LOAD):
                values = dict(zip(keys, await self._load(keys), strict=True))
        except BaseException as error:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for key, answer in asked:
                # Who was cancelled meanwhile wants none.
                if not answer.done():
                    answer.set_result(values[key])


class Loader(Generic[Key, Value]):
    """A question as one request asks it: each key once, for as long as the request lasts."""

    __slots__ = ("_answers", "_ask")

    def __init__(self, ask: Callable[[Key], asyncio.Future[Value]]) -> None:
        self._ask = ask
        self._answers: dict[Key, asyncio.Future[Value]] = {}

    def load(self, key: Key) -> asyncio.Future[Value]:
        """Return the future value of a key."""
        answer = self._answers.get(key)
        if answer is None or answer.cancelled():
            answer = self._answers[key] = self._ask(key)
        return answer

    def load_many(self, keys: Iterable[Key]) -> asyncio.Future[list[Value]]:
        """Return the future values of keys, in their order."""
        return asyncio.gather(*map(self.load, keys))
