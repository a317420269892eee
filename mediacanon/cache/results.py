"""Result cache: counts and distributions over the whole catalogue."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mediacanon.database.changes import Change, ChangeListener

# How many kept answers are computed at once: a strange question must leave connections to those who read by id.
AT_ONCE = 4


@dataclass(slots=True)
class _Answer:
    """An answer that is there or being computed, and how many wait for it."""

    computed: asyncio.Future[Any]
    waiting: int = 0


class ResultCache:
    """Answers that take long and change only with the catalogue: counts and distributions.

    Kept until the next change of the catalogue; views and clicks are none. Who asks for what is being computed waits
    for that: a count is never computed twice at the same time, and no longer than somebody waits for it. Few are
    computed at once, the others wait their turn: each goes over much of the catalogue. The least used are forgotten.
    """

    def __init__(self, *, most: int = 2_000, at_once: int = AT_ONCE) -> None:
        self._events: ChangeListener | None = None
        self._most = most
        self._turns = asyncio.Semaphore(at_once)
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()

    @asynccontextmanager
    async def invalidated_by(self, events: ChangeListener) -> AsyncIterator[None]:
        """Keep answers while the block runs; outside of it none are."""
        self._events = events
        stop = events.subscribe(self._forget)
        try:
            yield
        finally:
            stop()
            self._events = None
            self._answers.clear()

    async def get(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - what `ask` answers
        """Return the answer to `key`, asked for if it is not kept; never older than what was committed before."""
        if self._events is None or not await self._events.catch_up():
            return await self._ask_in_turn(ask)
        answer = self._answers.get(key) or self._begin(key, ask)
        self._answers.move_to_end(key)
        answer.waiting += 1
        try:
            # One who gives up waiting takes nothing from the others.
            return await asyncio.shield(answer.computed)
        finally:
            answer.waiting -= 1
            if not answer.waiting and not answer.computed.done():
                answer.computed.cancel()
                self._drop(key, answer)

    def _begin(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, Any]]) -> _Answer:
        answer = self._answers[key] = _Answer(asyncio.ensure_future(self._ask_in_turn(ask)))
        answer.computed.add_done_callback(lambda done: self._drop_failed(key, answer, done))
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)
        return answer

    async def _ask_in_turn(self, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - what `ask` answers
        async with self._turns:
            return await ask()

    def _forget(self, change: Change) -> None:
        if change.kind != "engagement":
            self._answers.clear()

    def _drop_failed(self, key: Hashable, answer: _Answer, done: asyncio.Future[Any]) -> None:
        if done.cancelled() or done.exception():
            self._drop(key, answer)

    def _drop(self, key: Hashable, answer: _Answer) -> None:
        if self._answers.get(key) is answer:
            del self._answers[key]
