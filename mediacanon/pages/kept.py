"""Pages that are the same for everybody and dear to make, kept as they went out until the carousels were built anew."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mediacanon.cache.responses import CachedResponse

# One for each address that people reach the server by.
MOST_KEPT = 32
# Seconds a request waits for the new version of a page before it is answered with the old one.
PATIENCE = 0.3


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it goes out, and the state of the catalogue it shows."""

    answer: CachedResponse
    state: object


class KeptPages:
    """Rendered pages by address, each with the state it was rendered from: whoever brings another state renews it."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._pages: OrderedDict[str, KeptPage] = OrderedDict()
        self._rendering: dict[str, asyncio.Task[CachedResponse]] = {}

    async def get(self, address: str, state: object, render: Callable[[], Awaitable[CachedResponse]]) -> CachedResponse:
        """Return the page at an address for a state; the old one while rendering takes longer than one waits."""
        known = self._pages.get(address)
        if known and known.state is state:
            self._pages.move_to_end(address)
            return known.answer
        if address not in self._rendering:
            self._rendering[address] = asyncio.create_task(self._renew(address, state, render), name=address)
        task = self._rendering[address]
        if known:
            await asyncio.wait([task], timeout=self._patience)
            if not task.done() or task.exception():
                return known.answer
        return await asyncio.shield(task)

    async def _renew(
        self, address: str, state: object, render: Callable[[], Awaitable[CachedResponse]]
    ) -> CachedResponse:
        try:
            answer = await render()
            self._pages[address] = KeptPage(answer, state)
            while len(self._pages) > MOST_KEPT:
                self._pages.popitem(last=False)
            return answer
        finally:
            del self._rendering[address]
