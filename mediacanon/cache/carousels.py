"""What is computed once and served many times: the carousels, and counts over the whole catalogue.

    carousels = CarouselCache(partial(load_carousels, pool), events, renew=partial(renew_carousels, pool))
    async with carousels:             # builds in the background, now and whenever told
        await carousels.current()     # at once; before the first set is ready: as soon as it is

It is told, not timed: each change that ChangeListener hears makes the set stale, and it is built anew, though at most
once in ten seconds. The old set serves until the new one is ready, and for as long as building fails, but no title of
it as it was before a change of that title: which titles there are, and their order, wait for the building alone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, Generic, Protocol, Self, TypeVar

from mediacanon.database.changes import Change

log = logging.getLogger(__name__)

Carousel = TypeVar("Carousel")
# Seconds between the end of one building and the beginning of the next.
PAUSE = 10.0


class Changes(Protocol):
    """What tells of changes: ChangeListener."""

    def subscribe(self, subscriber: Callable[[Any], None]) -> Callable[[], None]:
        """Have `subscriber` called with each change; return what ends that."""

    async def catch_up(self) -> bool:
        """Hear of all that was committed before; return whether that is certain."""


class CarouselCache(Generic[Carousel]):
    """The carousels as last built; `build` is called in the background, never twice at the same time.

    `renew` returns a set with these of its titles as they are now, None being all; the same set where it has none.
    `built` is called after each building: what was made of the set before is old.
    """

    def __init__(
        self,
        build: Callable[[], Awaitable[Sequence[Carousel]]],
        events: Changes,
        *,
        renew: Callable[[Sequence[Carousel], AbstractSet[int] | None], Awaitable[Sequence[Carousel]]],
        built: Callable[[], None] = lambda: None,
        pause: float = PAUSE,
    ) -> None:
        self._build = build
        self._renew = renew
        self._events = events
        self._built = built
        self._pause = pause
        self._is_stale = asyncio.Event()
        # Titles that changed since the building of the set began; so many of them are renewed in it.
        self._changed: list[int] = []
        self._renewed = 0
        self._renewing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._set: asyncio.Future[Sequence[Carousel]] = asyncio.get_running_loop().create_future()
        self._unsubscribe = self._events.subscribe(self._note)
        self._building = asyncio.create_task(self._keep_fresh(), name="carousels")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._unsubscribe()
        self._building.cancel()
        with suppress(asyncio.CancelledError):
            await self._building
        self._set.cancel()

    async def current(self) -> Sequence[Carousel]:
        """Return the newest set, no title of it older than what was committed before, or wait for the first.

        Raises what kept the first from being built, or a title from being read.
        """
        asked_for = self._set
        is_certain = await self._events.catch_up()
        await asyncio.shield(asked_for)
        if not is_certain:
            return await self._renew(self._set.result(), None)
        async with self._renewing:
            return await self._renewed_set()

    async def _renewed_set(self) -> Sequence[Carousel]:
        """Return the set with all that has been heard of; once more where a new one came meanwhile."""
        while self._renewed < (heard := len(self._changed)):
            known = self._set
            carousels = await self._renew(known.result(), frozenset(self._changed[self._renewed : heard]))
            if self._set is known:
                self._renewed = heard
                self._put(carousels)
                break
        return self._set.result()

    def _note(self, change: Change) -> None:
        self._is_stale.set()
        self._changed += change.title_ids

    async def _keep_fresh(self) -> None:
        while True:
            self._is_stale.clear()
            await self._rebuild()
            await asyncio.sleep(self._pause)
            await self._is_stale.wait()

    async def _rebuild(self) -> None:
        begun = len(self._changed)
        try:
            carousels = await self._build()
        except Exception as error:
            log.warning("The carousels could not be built: %s", error, exc_info=error)
            self._is_stale.set()
            self._fail(error)
        else:
            del self._changed[:begun]
            self._renewed = 0
            self._put(carousels)
            self._built()

    def _put(self, carousels: Sequence[Carousel]) -> None:
        """Have a set served: give it to who waits for the first, let it follow the one before."""
        if self._set.done():
            self._set = asyncio.get_running_loop().create_future()
        self._set.set_result(carousels)

    def _fail(self, error: Exception) -> None:
        """Tell those who wait for a first set why there is none; the next ones wait for the next attempt."""
        if not self._set.done():
            self._set.set_exception(error)
            self._set.exception()  # else asyncio complains where nobody waits
            self._set = asyncio.get_running_loop().create_future()
