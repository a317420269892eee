"""Carousel cache: a snapshot of all carousels, built in the background.

    carousels = CarouselCache(partial(load_carousels, pool), changes, renew=partial(renew_carousels, pool))
    async with carousels:             # builds now, and after changes
        await carousels.current()     # at once; before the first snapshot: as soon as it is built

A change makes the snapshot stale, and a new one is built at most once in ten seconds. The stale snapshot serves until
the new one is ready, and for as long as building fails. Its titles are never stale: a title that changed is read again
before the snapshot is served. Only the choice and the order of titles wait for the next snapshot.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Generic, Protocol, Self, TypeVar

from mediacanon.database.changes import COLLECTIONS, ENGAGEMENT, LISTS, Change

log = logging.getLogger(__name__)

Carousel = TypeVar("Carousel")
# Seconds between the end of one building and the beginning of the next.
PAUSE = 10.0
CAROUSEL_TAGS = frozenset({LISTS, COLLECTIONS, ENGAGEMENT})
# The tag of responses that show the carousels: each new snapshot drops them.
CAROUSELS = "carousels"


class Changes(Protocol):
    """The source of changes: ChangeListener."""

    def subscribe(self, subscriber: Callable[[Change], None]) -> Callable[[], None]:
        """Call `subscriber` with each change; return the function that ends the subscription."""

    async def catch_up(self) -> bool:
        """Receive every change that was committed before; return whether that is certain."""


class CarouselCache(Generic[Carousel]):
    """The newest snapshot of the carousels; one building at a time.

    `build` returns a snapshot. `renew` returns a snapshot with some of its titles read again, None being all of them;
    the same snapshot if it holds none of these. `built` is called after each building, to invalidate the responses that
    show the snapshot before.
    """

    def __init__(
        self,
        build: Callable[[], Awaitable[Sequence[Carousel]]],
        changes: Changes,
        *,
        renew: Callable[[Sequence[Carousel], AbstractSet[int] | None], Awaitable[Sequence[Carousel]]],
        built: Callable[[], None] = lambda: None,
        pause: float = PAUSE,
    ) -> None:
        self._build = build
        self._renew = renew
        self._changes = changes
        self._built = built
        self._pause = pause
        self._is_stale = asyncio.Event()
        # Titles that changed since the building of the snapshot began, None standing for all of them; the first
        # `_renewed` are up to date in it.
        self._changed: list[int | None] = []
        self._renewed = 0
        self._renewing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._snapshot: asyncio.Future[Sequence[Carousel]] = asyncio.get_running_loop().create_future()
        self._unsubscribe = self._changes.subscribe(self._note)
        self._building = asyncio.create_task(self._keep_fresh(), name="carousels")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._unsubscribe()
        self._building.cancel()
        with suppress(asyncio.CancelledError):
            await self._building
        self._snapshot.cancel()

    async def current(self) -> Sequence[Carousel]:
        """Return the newest snapshot, its titles as of the last commit before the call; wait for the first one.

        Raises the exception of the first building, or of reading a title again.
        """
        awaited = self._snapshot
        is_certain = await self._changes.catch_up()
        await asyncio.shield(awaited)
        if not is_certain:
            return await self._renew(self._snapshot.result(), None)
        async with self._renewing:
            return await self._renewed_snapshot()

    async def _renewed_snapshot(self) -> Sequence[Carousel]:
        """Return the snapshot with every changed title renewed; once more if a new snapshot came meanwhile."""
        while self._renewed < (received := len(self._changed)):
            known, changed = self._snapshot, frozenset(self._changed[self._renewed : received])
            title_ids = None if None in changed else frozenset(id_ for id_ in changed if id_ is not None)
            carousels = await self._renew(known.result(), title_ids)
            if self._snapshot is known:
                self._renewed = received
                self._publish(carousels)
                break
        return self._snapshot.result()

    def _note(self, change: Change) -> None:
        self._changed += [None] if change.is_everything else change.ids("title")
        if change.touches(CAROUSEL_TAGS) or not CAROUSEL_TAGS.isdisjoint(change.stale):
            self._is_stale.set()

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
            self._publish(carousels)
            self._built()

    def _publish(self, carousels: Sequence[Carousel]) -> None:
        """Publish a new snapshot and wake the callers waiting for the first one."""
        if self._snapshot.done():
            self._snapshot = asyncio.get_running_loop().create_future()
        self._snapshot.set_result(carousels)

    def _fail(self, error: Exception) -> None:
        """Raise in the callers waiting for the first snapshot; later callers wait for the next attempt."""
        if not self._snapshot.done():
            self._snapshot.set_exception(error)
            self._snapshot.exception()  # Without a waiting caller asyncio would complain.
            self._snapshot = asyncio.get_running_loop().create_future()
