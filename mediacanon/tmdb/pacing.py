"""How often TMDB is asked, and when it is left alone: rate limit, circuit breaker, and titles that need no question."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class RequestPacer:
    """Lets through at most `per_second` requests a second, evenly spaced; 0 lets all through."""

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
        """How long nobody is let through; 0: those are whose turn it is."""
        return max(0.0, self._held_until - self._clock())

    async def wait(self) -> bool:
        """Return when this caller's turn has come, in the order of asking; False: a pause has taken it."""
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._spacing
        if turn > now:
            await self._sleep(turn - now)
        return turn >= self._held_until

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long: the server asked for a pause, and it meant everyone."""
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
        """How long it stays open; 0: it is closed."""
        return max(0.0, self._open_until - self._clock())

    def succeeded(self) -> None:
        """Note that an attempt was answered."""
        self._failures = 0

    def failed(self) -> None:
        """Note that an attempt failed."""
        self._failures += 1
        if self._failures >= self._allowed and not self.seconds_left:
            self._open_until = self._clock() + self._pause
            self._failures = self._allowed - 1


class Cooldowns:
    """Titles that nobody needs to look after for so many seconds; too many, and the one noted first is forgotten."""

    def __init__(self, *, seconds: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._until: dict[int, float] = {}

    def __contains__(self, title_id: int) -> bool:
        return self._until.get(title_id, 0.0) > self._clock()

    def add(self, title_id: int) -> None:
        """Leave a title alone from now on."""
        self.forget(title_id)
        self._until[title_id] = self._clock() + self._seconds
        if len(self._until) > self._most:
            self.forget(next(iter(self._until)))

    def forget(self, title_id: int) -> None:
        """Look after a title again."""
        self._until.pop(title_id, None)

    def clear(self) -> None:
        """Look after all titles again."""
        self._until.clear()
