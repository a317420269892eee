"""Answers that are asked for often, kept as the bytes that were sent, and never given once they are stale.

An answer is dropped by what changed: one about a single title by changes of that title, a list by any change.
Before a kept answer is given, all that was committed until then has been heard (`CatalogEvents.catch_up`), whoever
committed it, through whatever worker: `docs/decisions/006-hot-answers.md`.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mediacanon.catalog_events import CatalogChange, CatalogEvents

MOST_BYTES = 64 * 1024 * 1024
# Views grow old by themselves, and titles that wait for TMDB are asked about anew.
LONGEST_AGE = 300.0
# What an answer costs beside its bytes.
OVERHEAD = 1_000


@dataclass(slots=True, kw_only=True)
class HotAnswer:
    """A body with its tag, compressed versions as they were asked for, and whose view and click it is."""

    body: bytes
    tag: str
    # The title it is about; None: a list, which any change may change.
    about: int | None = None
    view: int | None = None
    click: str | None = None
    compressed: dict[str, bytes] = field(default_factory=dict)
    kept_at: float = 0.0

    @property
    def size(self) -> int:
        """Bytes it is reckoned with: compressed versions together are smaller than the body."""
        return 2 * len(self.body) + OVERHEAD


class HotAnswers:
    """The kept answers, the least used forgotten."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, longest_age: float = LONGEST_AGE) -> None:
        self._answers: OrderedDict[str, HotAnswer] = OrderedDict()
        self._by_title: dict[int | None, set[str]] = {}
        self._bytes = 0
        self._most_bytes = most_bytes
        self._longest_age = longest_age
        self._events: CatalogEvents | None = None
        # Rises with each change: an answer that was begun before one is not kept.
        self.generation = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._answers)

    @property
    def size(self) -> int:
        """Bytes they are reckoned with."""
        return self._bytes

    @asynccontextmanager
    async def told_by(self, events: CatalogEvents) -> AsyncIterator[None]:
        """Keep answers while the block runs; outside of it none are."""
        self._events = events
        stop = events.subscribe(self.drop)
        try:
            yield
        finally:
            stop()
            self._events = None
            self._drop_all()

    async def get(self, key: str) -> HotAnswer | None:
        """Return a kept answer that is as fresh as one made now, None where there is none."""
        if self._events is None or key not in self._answers or not await self._events.catch_up():
            return None
        answer = self._answers.get(key)
        if answer is None:
            return None
        if time.monotonic() - answer.kept_at > self._longest_age:
            self._forget(key)
            return None
        self._answers.move_to_end(key)
        return answer

    def keep(self, key: str, answer: HotAnswer, generation: int) -> None:
        """Keep an answer, unless something changed since the `generation` at which it was begun."""
        if self._events is None or generation != self.generation or answer.size > self._most_bytes:
            return
        if key in self._answers:
            self._forget(key)
        answer.kept_at = time.monotonic()
        self._answers[key] = answer
        self._by_title.setdefault(answer.about, set()).add(key)
        self._bytes += answer.size
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._answers)))

    def drop(self, change: CatalogChange) -> None:
        """Drop what a change makes stale."""
        self.generation += 1
        if change.kind == "engagement":
            self._drop_about(None)
        elif change.kind == "titles":
            for title_id in (None, *change.title_ids):
                self._drop_about(title_id)
        else:
            self._drop_all()

    def _drop_about(self, title_id: int | None) -> None:
        for key in tuple(self._by_title.get(title_id, ())):
            self._forget(key)

    def _drop_all(self) -> None:
        self._answers.clear()
        self._by_title.clear()
        self._bytes = 0

    def _forget(self, key: str) -> None:
        answer = self._answers.pop(key)
        self._bytes -= answer.size
        keys = self._by_title[answer.about]
        keys.discard(key)
        if not keys:
            del self._by_title[answer.about]
