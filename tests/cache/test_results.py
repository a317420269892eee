"""Results are computed once until the catalogue changes, and are never stale."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import asyncpg
import pytest

from mediacanon.cache.results import ResultCache
from mediacanon.database.changes import listening, notify_engagement, notify_everything, notify_title


class Question:
    """A computation that counts its calls and ends once its gate is open; `running` is the number under way."""

    def __init__(self) -> None:
        self.asked = 0
        self.running = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.fails = False

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        self.running += 1
        try:
            await self.may_answer.wait()
        finally:
            self.running -= 1
        if self.fails:
            raise RuntimeError
        return number


@pytest.fixture
async def cache(database: str):
    """Give a result cache that receives the changes of a database."""
    async with listening(database) as changes:
        results = ResultCache(most=3, at_once=2)
        async with results.invalidated_by(changes):
            yield results


async def test_a_result_is_cached(cache: ResultCache):
    """The second call of a key computes nothing; another key is another result."""
    question = Question()
    assert [await cache.get("a", question), await cache.get("a", question), await cache.get("b", question)] == [1, 1, 2]


async def test_a_change_is_seen_at_once(cache: ResultCache, pool: asyncpg.Pool):
    """The call after a commit gets a new result; views and clicks invalidate nothing."""
    question = Question()
    await cache.get("a", question)
    async with pool.acquire() as connection, connection.transaction():
        await notify_engagement(connection)
    assert await cache.get("a", question) == 1
    async with pool.acquire() as connection, connection.transaction():
        await notify_title(connection, 1)
    assert await cache.get("a", question) == 2


async def test_concurrent_callers_share_one_computation(cache: ResultCache):
    """Sixteen callers cost one computation, and a cancelled caller does not cancel it."""
    question = Question()
    question.may_answer.clear()
    asking = [asyncio.ensure_future(cache.get("a", question)) for _ in range(16)]
    while not question.asked:
        await asyncio.sleep(0)
    asking[0].cancel()
    question.may_answer.set()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [1] * 15


async def test_a_computation_ends_with_its_last_caller(cache: ResultCache):
    """The last caller to leave cancels the computation, and the next caller begins another."""
    question = Question()
    question.may_answer.clear()
    leaving = [asyncio.ensure_future(cache.get("a", question)) for _ in range(2)]
    while not question.running:
        await asyncio.sleep(0)
    leaving[0].cancel()
    await asyncio.wait([leaving[0]])
    assert question.running == 1
    leaving[1].cancel()
    await asyncio.wait(leaving)
    # A caller at that very moment must not join the cancelled computation.
    late = asyncio.ensure_future(cache.get("a", question))
    for _ in range(20):
        await asyncio.sleep(0)
    question.may_answer.set()
    assert await late == 2
    assert question.running == 0


@pytest.mark.parametrize("is_listening", [True, False])
async def test_few_results_are_computed_at_a_time(cache: ResultCache, is_listening: bool):
    """The others wait their turn, also while nothing can be cached."""
    cache = cache if is_listening else ResultCache(at_once=2)
    question = Question()
    question.may_answer.clear()
    asking = [asyncio.ensure_future(cache.get(key, question)) for key in "abcde"]
    while question.running < 2:
        await asyncio.sleep(0)
    # Each caller has had every chance to begin after the round trip.
    await asyncio.gather(*(cache._changes.catch_up() for _ in asking) if is_listening else ())
    for _ in range(20):
        await asyncio.sleep(0)
    assert question.running == 2
    question.may_answer.set()
    assert sorted(await asyncio.gather(*asking)) == [1, 2, 3, 4, 5]


async def test_a_result_begun_before_a_change_is_not_cached(cache: ResultCache, pool: asyncpg.Pool):
    """Callers from before a change may get its result, later ones must not."""
    question = Question()
    question.may_answer.clear()
    early = asyncio.ensure_future(cache.get("a", question))
    while not question.asked:
        await asyncio.sleep(0)
    async with pool.acquire() as connection, connection.transaction():
        await notify_title(connection, 1)
    late = asyncio.ensure_future(cache.get("a", question))
    await cache._changes.catch_up()
    question.may_answer.set()
    assert [await early, await late, await cache.get("a", question)] == [1, 2, 2]


class Tally(NamedTuple):
    """A result that can be corrected, and how often it was."""

    snapshot: str
    corrections: int


async def test_a_result_with_a_snapshot_is_corrected_and_not_made_anew(cache: ResultCache, pool: asyncpg.Pool):
    """After a change one caller corrects it, for all; an import, which no correction covers, has it made anew."""
    made = []

    async def make() -> Tally:
        made.append(1)
        return Tally("1:1:", 0)

    async def correct(known: Tally) -> Tally:
        return Tally("2:2:", known.corrections + 1)

    async def changed(notify: Callable[[asyncpg.Connection], Awaitable[None]]) -> list[int]:
        async with pool.acquire() as connection, connection.transaction():
            await notify(connection)
        found = await asyncio.gather(*(cache.get("a", make, correct) for _ in range(5)))
        return [each.corrections for each in found]

    assert (await cache.get("a", make, correct)).corrections == 0
    assert await changed(lambda connection: notify_title(connection, 1)) == [1] * 5
    assert await changed(notify_engagement) == [1] * 5
    assert await changed(lambda connection: notify_title(connection, 2)) == [2] * 5
    assert len(made) == 1
    assert await changed(notify_everything) == [0] * 5
    assert len(made) == 2


async def test_a_correction_waits_for_no_turn_of_slow_results(cache: ResultCache, pool: asyncpg.Pool):
    """A known result is corrected while as many others are made as may be."""
    tally = Tally("1:1:", 0)

    async def make() -> Tally:
        return tally

    async def correct(_: Tally) -> Tally:
        return Tally("2:2:", 1)

    await cache.get("known", make, correct)
    question = Question()
    question.may_answer.clear()
    slow = [asyncio.ensure_future(cache.get(key, question)) for key in "ab"]
    while question.running < 2:
        await asyncio.sleep(0)
    async with pool.acquire() as connection, connection.transaction():
        await notify_title(connection, 1)
    assert (await cache.get("known", make, correct)).corrections == 1
    question.may_answer.set()
    await asyncio.gather(*slow)


async def test_failures_are_not_cached(cache: ResultCache):
    """The next caller tries again."""
    question = Question()
    question.fails = True
    with pytest.raises(RuntimeError):
        await cache.get("a", question)
    question.fails = False
    assert await cache.get("a", question) == 2


async def test_the_least_recently_used_are_evicted(cache: ResultCache):
    """Memory is bounded."""
    question = Question()
    for key in ("a", "b", "c", "a", "d"):
        await cache.get(key, question)
    assert [await cache.get("a", question), await cache.get("b", question)] == [1, 5]


async def test_without_changes_nothing_is_cached():
    """A cache that receives no changes stores nothing."""
    question, results = Question(), ResultCache()
    assert [await results.get("a", question), await results.get("a", question)] == [1, 2]
