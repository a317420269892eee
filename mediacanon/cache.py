"""What is computed once and served many times: the carousels.

    carousels = CarouselCache(partial(load_carousels, pool), events)
    async with carousels:             # builds in the background, now and whenever told
        await carousels.current()     # at once; before the first set is ready: as soon as it is

It is told, not timed: each change that CatalogEvents hears makes the set stale, and it is built anew, though at most
once in ten seconds. The old set serves until the new one is ready, and for as long as building fails.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, Self, TypeVar

log = logging.getLogger(__name__)

Carousel = TypeVar("Carousel")
# Seconds between the end of one building and the beginning of the next.
PAUSE = 10.0


class Changes(Protocol):
    """What tells of changes: CatalogEvents."""

    def subscribe(self, subscriber: Callable[[Any], None]) -> Callable[[], None]:
        """Have `subscriber` called with each change; return what ends that."""


class CarouselCache(Generic[Carousel]):
    """The carousels as last built; `build` is called in the background, never twice at the same time."""

    def __init__(
        self, build: Callable[[], Awaitable[Sequence[Carousel]]], events: Changes, *, pause: float = PAUSE
    ) -> None:
        self._build = build
        self._events = events
        self._pause = pause
        self._is_stale = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._set: asyncio.Future[Sequence[Carousel]] = asyncio.get_running_loop().create_future()
        self._unsubscribe = self._events.subscribe(lambda _: self._is_stale.set())
        self._building = asyncio.create_task(self._keep_fresh(), name="carousels")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._unsubscribe()
        self._building.cancel()
        with suppress(asyncio.CancelledError):
            await self._building
        self._set.cancel()

    async def current(self) -> Sequence[Carousel]:
        """Return the newest set, or wait for the first. Raises what kept the first from being built."""
        return await asyncio.shield(self._set)

    async def _keep_fresh(self) -> None:
        while True:
            self._is_stale.clear()
            await self._rebuild()
            await asyncio.sleep(self._pause)
            await self._is_stale.wait()

    async def _rebuild(self) -> None:
        try:
            carousels = await self._build()
        except Exception as error:
            log.warning("The carousels could not be built: %s", error, exc_info=error)
            self._is_stale.set()
            self._fail(error)
        else:
            self._replace().set_result(carousels)

    def _replace(self) -> asyncio.Future[Sequence[Carousel]]:
        """Return the future that a result goes into: the one that is waited for, a new one after that."""
        if self._set.done():
            self._set = asyncio.get_running_loop().create_future()
        return self._set

    def _fail(self, error: Exception) -> None:
        """Tell those who wait for a first set why there is none; the next ones wait for the next attempt."""
        if not self._set.done():
            self._set.set_exception(error)
            self._set.exception()  # else asyncio complains where nobody waits
            self._set = asyncio.get_running_loop().create_future()
