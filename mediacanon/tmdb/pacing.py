"""Limits on requests to TMDB: a pacer, a circuit breaker, and cool-downs of titles."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from cachetools import TTLCache


class RequestPacer:
    """Spaces requests evenly, at most `per_second` a second; 0: no limit."""

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._spacing = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0
        self._held_until = 0.0

    @property
    def seconds_held(self) -> float:
        """Seconds until the pause ends; 0: requests may pass in their turn."""
        return max(0.0, self._held_until - self._clock())

    async def wait(self) -> bool:
        """Return True at this caller's turn, in the order of the calls; False if the turn fell into a pause."""
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._spacing
        if turn > now:
            await self._sleep(turn - now)
        return turn >= self._held_until

    def hold(self, seconds: float) -> None:
        """Pause every request, the waiting ones too: a 429 concerns the whole client."""
        self._held_until = max(self._held_until, self._clock() + seconds)
        self._next = max(self._next, self._held_until)


class CircuitBreaker:
    """Opens after `failures` failed attempts in a row and stays open for `pause` seconds.

    After the pause one more failure opens it again, one success closes it.
    """

    def __init__(self, *, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed = failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds until the pause ends; 0: the circuit is closed."""
        return max(0.0, self._open_until - self._clock())

    def succeeded(self) -> None:
        """Note a successful attempt."""
        self._failures = 0

    def failed(self) -> None:
        """Note a failed attempt."""
        self._failures += 1
        if self._failures >= self._allowed and not self.seconds_left:
            self._open_until = self._clock() + self._pause
            self._failures = self._allowed - 1


class Cooldowns(TTLCache[int, None]):
    """Titles that need no request for `ttl` seconds; beyond `maxsize` the oldest entry is evicted.

    Membership tests do not count as uses, so the order of eviction is the order of `add`. A subclass, because one more
    call would double the cost of a test, which lists make for each of their titles.
    """

    def add(self, title_id: int) -> None:
        """Begin the cool-down of a title, anew if it had begun."""
        self[title_id] = None

    def discard(self, title_id: int) -> None:
        """End the cool-down of a title, if it has one."""
        self.pop(title_id, None)
