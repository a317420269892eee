"""What is computed once and served many times: the carousels, and counts over the whole catalogue.

    carousels = CarouselCache(partial(load_carousels, pool), events, renew=partial(renew_carousels, pool))
    async with carousels:             # builds in the background, now and whenever told
        await carousels.current()     # at once; before the first set is ready: as soon as it is

It is told, not timed: each change that CatalogEvents hears makes the set stale, and it is built anew, though at most
once in ten seconds. The old set serves until the new one is ready, and for as long as building fails, but no title of
it as it was before a change of that title: which titles there are, and their order, wait for the building alone.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from mediacanon.catalog_events import CatalogChange, CatalogEvents

log = logging.getLogger(__name__)

Carousel = TypeVar("Carousel")
# Seconds between the end of one building and the beginning of the next.
PAUSE = 10.0
# How many kept answers are computed at once: a strange question must leave connections to those who read by id.
AT_ONCE = 4


class Changes(Protocol):
    """What tells of changes: CatalogEvents."""

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

    def _note(self, change: CatalogChange) -> None:
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


@dataclass(slots=True)
class _Answer:
    """An answer that is there or being computed, and how many wait for it."""

    computed: asyncio.Future[Any]
    waiting: int = 0


class KeptAnswers:
    """Answers that take long and change only with the catalogue: counts and distributions.

    Kept until the next change of the catalogue; views and clicks are none. Who asks for what is being computed waits
    for that: a count is never computed twice at the same time, and no longer than somebody waits for it. Few are
    computed at once, the others wait their turn: each goes over much of the catalogue. The least used are forgotten.
    """

    def __init__(self, *, most: int = 2_000, at_once: int = AT_ONCE) -> None:
        self._events: CatalogEvents | None = None
        self._most = most
        self._turns = asyncio.Semaphore(at_once)
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()

    @asynccontextmanager
    async def told_by(self, events: CatalogEvents) -> AsyncIterator[None]:
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

    def _forget(self, change: CatalogChange) -> None:
        if change.kind != "engagement":
            self._answers.clear()

    def _drop_failed(self, key: Hashable, answer: _Answer, done: asyncio.Future[Any]) -> None:
        if done.cancelled() or done.exception():
            self._drop(key, answer)

    def _drop(self, key: Hashable, answer: _Answer) -> None:
        if self._answers.get(key) is answer:
            del self._answers[key]
