"""Counts are computed once until the catalogue changes, and are never stale."""

import asyncio

import asyncpg
import pytest

from mediacanon.cache.results import ResultCache
from mediacanon.database.changes import listening, notify_engagement, notify_title


class Question:
    """Something that is asked, counted, and answered when it is let; `running` are those being computed."""

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
async def kept(database: str):
    """Give kept answers that listen to a database."""
    async with listening(database) as events:
        answers = ResultCache(most=3, at_once=2)
        async with answers.invalidated_by(events):
            yield answers


async def test_an_answer_is_kept(kept: ResultCache):
    """Asked twice, computed once; another key is another answer."""
    question = Question()
    assert [await kept.get("a", question), await kept.get("a", question), await kept.get("b", question)] == [1, 1, 2]


async def test_a_change_is_seen_at_once(kept: ResultCache, pool: asyncpg.Pool):
    """Whoever commits a change, the next to ask gets a new answer; views and clicks change nothing."""
    question = Question()
    await kept.get("a", question)
    async with pool.acquire() as connection, connection.transaction():
        await notify_engagement(connection)
    assert await kept.get("a", question) == 1
    async with pool.acquire() as connection, connection.transaction():
        await notify_title(connection, 1)
    assert await kept.get("a", question) == 2


async def test_those_who_come_together_share_one_computation(kept: ResultCache):
    """Sixteen at once cost one; one who leaves takes nothing from the others."""
    question = Question()
    question.may_answer.clear()
    asking = [asyncio.ensure_future(kept.get("a", question)) for _ in range(16)]
    while not question.asked:
        await asyncio.sleep(0)
    asking[0].cancel()
    question.may_answer.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [1] * 15


async def test_what_nobody_waits_for_any_more_is_not_computed(kept: ResultCache):
    """The last one to leave ends the computation, and the next to come begins another."""
    question = Question()
    question.may_answer.clear()
    leaving = [asyncio.ensure_future(kept.get("a", question)) for _ in range(2)]
    while not question.running:
        await asyncio.sleep(0)
    leaving[0].cancel()
    await asyncio.wait([leaving[0]])
    assert question.running == 1
    leaving[1].cancel()
    await asyncio.wait(leaving)
    # Whoever comes at that very moment does not wait for what has been given up.
    late = asyncio.ensure_future(kept.get("a", question))
    for _ in range(20):
        await asyncio.sleep(0)
    question.may_answer.set()
    assert await late == 2
    assert question.running == 0


@pytest.mark.parametrize("are_kept", [True, False])
async def test_few_answers_are_computed_at_once(kept: ResultCache, are_kept: bool):
    """The others wait their turn and are answered, also while nothing can be kept."""
    kept = kept if are_kept else ResultCache(at_once=2)
    question = Question()
    question.may_answer.clear()
    asking = [asyncio.ensure_future(kept.get(key, question)) for key in "abcde"]
    while question.running < 2:
        await asyncio.sleep(0)
    # Each has had every chance to begin that catching up with the changes leaves it.
    await asyncio.gather(*(kept._events.catch_up() for _ in asking) if are_kept else ())
    for _ in range(20):
        await asyncio.sleep(0)
    assert question.running == 2
    question.may_answer.set()
    assert sorted(await asyncio.gather(*asking)) == [1, 2, 3, 4, 5]


async def test_an_answer_from_before_a_change_is_not_kept(kept: ResultCache, pool: asyncpg.Pool):
    """What was begun before a change may be given to who waits for it, not to who comes later."""
    question = Question()
    question.may_answer.clear()
    early = asyncio.ensure_future(kept.get("a", question))
    while not question.asked:
        await asyncio.sleep(0)
    async with pool.acquire() as connection, connection.transaction():
        await notify_title(connection, 1)
    late = asyncio.ensure_future(kept.get("a", question))
    while question.asked < 2:
        await asyncio.sleep(0)
    question.may_answer.set()
    assert [await early, await late, await kept.get("a", question)] == [1, 2, 2]


async def test_failures_are_not_kept(kept: ResultCache):
    """The next to ask tries again."""
    question = Question()
    question.fails = True
    with pytest.raises(RuntimeError):
        await kept.get("a", question)
    question.fails = False
    assert await kept.get("a", question) == 2


async def test_the_least_used_are_forgotten(kept: ResultCache):
    """Memory is bounded."""
    question = Question()
    for key in ("a", "b", "c", "a", "d"):
        await kept.get(key, question)
    assert [await kept.get("a", question), await kept.get("b", question)] == [1, 5]


async def test_without_events_nothing_is_kept():
    """Who cannot be told of changes keeps nothing."""
    question, answers = Question(), ResultCache()
    assert [await answers.get("a", question), await answers.get("a", question)] == [1, 2]
