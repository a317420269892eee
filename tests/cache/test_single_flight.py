"""Single-flight: one run per key at a time, whatever happens to its callers."""

import asyncio
import itertools

import pytest

from mediacanon.cache.single_flight import SingleFlight


class Run:
    """A coroutine that counts its runs and ends once its gate is open; `error` is raised then."""

    def __init__(self):
        self.begun = 0
        self.cancelled = 0
        self.gate = asyncio.Event()
        self.error = None

    async def __call__(self):
        self.begun += 1
        number = self.begun
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error:
            raise self.error
        return number


async def callers(flight, run, number, key="a"):
    """Start concurrent callers and return once all of them wait."""
    tasks = [asyncio.create_task(flight.do(key, run)) for _ in range(number)]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_concurrent_callers_share_one_run():
    """Callers of one key get one result, another key runs by itself, and a later caller begins anew."""
    flight, run, other = SingleFlight(), Run(), Run()
    first, others = await callers(flight, run, 5), await callers(flight, other, 1, key="b")
    assert (run.begun, other.begun, len(flight)) == (1, 1, 2)
    run.gate.set()
    other.gate.set()
    assert await asyncio.gather(*first, *others) == [1] * 6
    assert (len(flight), await flight.do("a", run)) == (0, 2)


async def test_a_cancelled_caller_does_not_cancel_the_run():
    """The callers that stay get the result."""
    flight, run = SingleFlight(), Run()
    first, *others = await callers(flight, run, 3)
    first.cancel()
    await asyncio.wait([first])
    run.gate.set()
    assert await asyncio.gather(*others) == [1, 1]
    assert run.cancelled == 0


async def test_a_run_is_cancelled_with_its_last_caller():
    """A caller at that very moment begins another run."""
    flight, run = SingleFlight(), Run()
    leaving = await callers(flight, run, 2)
    for task in leaving:
        task.cancel()
    await asyncio.wait(leaving)
    [late] = await callers(flight, run, 1)
    run.gate.set()
    assert (await late, run.cancelled) == (2, 1)


async def test_a_run_may_outlive_its_callers():
    """With `outlives_callers` the run ends by itself, and a later caller joins it."""
    flight, run = SingleFlight(outlives_callers=True), Run()
    leaving = await callers(flight, run, 2)
    for task in leaving:
        task.cancel()
    await asyncio.wait(leaving)
    [late] = await callers(flight, run, 1)
    run.gate.set()
    assert (await late, run.begun, run.cancelled) == (1, 1, 0)


async def test_a_failure_reaches_every_caller():
    """All of them raise, and the next caller tries again."""
    flight, run = SingleFlight(), Run()
    tasks = await callers(flight, run, 3)
    run.error = ValueError("gone")
    run.gate.set()
    assert await asyncio.gather(*tasks, return_exceptions=True) == [run.error] * 3
    run.error = None
    assert await flight.do("a", run) == 2


async def test_closing_cancels_every_run():
    """No run is left, and its callers see the cancellation."""
    flight, run = SingleFlight(outlives_callers=True), Run()
    [task] = await callers(flight, run, 1)
    await flight.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (run.cancelled, len(flight)) == (1, 0)


async def test_a_flight_that_has_ended_is_not_joined():
    """Also before its callbacks have run: a caller that found it too old would ask for ever."""
    flights: SingleFlight[str, int] = SingleFlight()
    has_ended, number = asyncio.Event(), itertools.count(1)

    async def make() -> int:
        # Wakes the late caller before the end of this coroutine is announced.
        has_ended.set()
        return next(number)

    async def ask_late() -> tuple[bool, int]:
        await has_ended.wait()
        return "a" in flights, await flights.do("a", make)

    late = asyncio.create_task(ask_late())
    await asyncio.sleep(0)
    assert await flights.do("a", make) == 1
    assert await late == (True, 2)
    assert not flights
