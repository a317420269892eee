"""Pacing: evenly spaced requests, the circuit breaker, and cool-downs of titles."""

import asyncio
import time

from mediacanon.tmdb.pacing import CircuitBreaker, Cooldowns, RequestPacer


def test_the_circuit_closes_after_its_pause_and_opens_at_the_next_failure():
    """Open for a minute; then one failure opens it again and one success closes it."""
    now = 1000.0
    breaker = CircuitBreaker(failures=3, pause=60, clock=lambda: now)
    for _ in range(3):
        assert breaker.seconds_left == 0
        breaker.failed()
    assert breaker.seconds_left == 60
    now += 60
    assert breaker.seconds_left == 0
    breaker.failed()
    assert breaker.seconds_left == 60
    now += 60
    breaker.succeeded()
    breaker.failed()
    assert breaker.seconds_left == 0


async def test_requests_keep_the_rate_limit():
    """Twenty turns at 100 a second take at least 0.19 seconds."""
    rate = RequestPacer(100)
    before = time.monotonic()
    await asyncio.gather(*(rate.wait() for _ in range(20)))
    assert time.monotonic() - before >= 0.19


async def test_a_pause_holds_waiting_callers():
    """A turn that falls into a pause is repeated after it, in order and spaced; the clock is the test's."""
    now, asleep, passed = [100.0], [], []

    async def sleep(seconds: float) -> None:
        woken = asyncio.Event()
        asleep.append((now[0] + seconds, woken))
        await woken.wait()

    async def one(name: str) -> None:
        while not await rate.wait():
            pass
        passed.append((name, now[0]))

    async def pass_time(until: float) -> None:
        await asyncio.sleep(0)
        while due := [sleeper for sleeper in asleep if sleeper[0] <= until]:
            first = min(due, key=lambda sleeper: sleeper[0])
            asleep.remove(first)
            now[0] = max(now[0], first[0])
            first[1].set()
            for _ in range(3):
                await asyncio.sleep(0)
        now[0] = until

    rate = RequestPacer(1, clock=lambda: now[0], sleep=sleep)
    tasks = [asyncio.create_task(one(name)) for name in "abcd"]
    await pass_time(101)
    assert passed == [("a", 100), ("b", 101)]
    rate.hold(10)
    await pass_time(110.5)
    assert passed == [("a", 100), ("b", 101)]
    await pass_time(120)
    assert passed[2:] == [("c", 111), ("d", 112)]
    await asyncio.gather(*tasks)


def test_a_cooldown_ends_in_time_or_by_hand():
    """A title is in its cool-down for the given seconds, anew after each `add`, and not after `discard` or `clear`."""
    now = 1000.0
    cooldowns = Cooldowns(10, ttl=60, timer=lambda: now)
    cooldowns.add(1)
    now += 59
    cooldowns.add(2)
    assert 1 in cooldowns
    now += 1
    assert 1 not in cooldowns
    cooldowns.add(2)
    now += 59
    assert 2 in cooldowns
    cooldowns.discard(2)
    cooldowns.discard(2)
    assert 2 not in cooldowns
    cooldowns.add(3)
    cooldowns.clear()
    assert 3 not in cooldowns


def test_the_oldest_cooldown_is_evicted():
    """Membership tests keep no entry alive; a further `add` does."""
    cooldowns = Cooldowns(3, ttl=60)
    for title_id in (1, 2, 3, 1):
        cooldowns.add(title_id)
        assert 2 in cooldowns or title_id == 1
    cooldowns.add(4)
    assert [title_id in cooldowns for title_id in (1, 2, 3, 4)] == [True, False, True, True]


def test_a_cooldown_of_no_time_is_none():
    """With zero seconds a title is free at once."""
    cooldowns = Cooldowns(3, ttl=0)
    cooldowns.add(1)
    assert 1 not in cooldowns
