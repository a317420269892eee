"""Single-flight: concurrent callers of one key share one run of one coroutine."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Flight(Generic[Value]):
    """A running task, and the number of callers that wait for it."""

    task: asyncio.Task[Value]
    callers: int = 0


class SingleFlight(Generic[Key, Value]):
    """Runs at most one coroutine per key at a time.

    A flight is cancelled when its last caller leaves, unless `outlives_callers`: then it runs to its end.
    """

    def __init__(self, *, outlives_callers: bool = False) -> None:
        self._outlives_callers = outlives_callers
        self._flights: dict[Key, _Flight[Value]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, key: Key) -> bool:
        return key in self._flights

    async def do(self, key: Key, make: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """Return the result of the running flight, or of a new one that runs `make`.

        Raises the exception of the flight.
        """
        flight = self._running(key) or self._begin(key, make)
        flight.callers += 1
        try:
            # A cancelled caller must not cancel the shared task.
            return await asyncio.shield(flight.task)
        finally:
            flight.callers -= 1
            if not flight.callers and not self._outlives_callers and not flight.task.done():
                flight.task.cancel()
                self._land(key, flight)

    def start(self, key: Key, make: Callable[[], Coroutine[Any, Any, Value]]) -> asyncio.Task[Value]:
        """Return the task of a key, begun if none runs. The caller must not cancel it."""
        return (self._running(key) or self._begin(key, make)).task

    async def join(self) -> None:
        """Return when no flight runs."""
        while self._flights:
            await asyncio.wait([flight.task for flight in self._flights.values()])

    async def close(self) -> None:
        """Cancel every flight and wait for its end."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _running(self, key: Key) -> _Flight[Value] | None:
        """Return the flight of a key, None for one that has ended and whose callbacks are still to come.

        A caller that finds its result too old and asks again would get it again, and never let the callbacks run.
        """
        flight = self._flights.get(key)
        return flight if flight and not flight.task.done() else None

    def _begin(self, key: Key, make: Callable[[], Coroutine[Any, Any, Value]]) -> _Flight[Value]:
        flight = self._flights[key] = _Flight(asyncio.create_task(make()))
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: Key, flight: _Flight[Value]) -> None:
        """Forget a flight. Its exception, if no caller is left to see it, is not reported by asyncio."""
        if self._flights.get(key) is flight:
            del self._flights[key]
        if flight.task.done() and not flight.task.cancelled():
            flight.task.exception()
