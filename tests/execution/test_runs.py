"""The run of a compiled operation: order, errors and cancellation of its resolvers, all in one task."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mediacanon.execution.codegen import Bailout
from mediacanon.execution.runs import CompiledField, Run


def fields(**resolvers: Callable) -> tuple[CompiledField, ...]:
    """Return root fields with these coroutines as their resolvers."""
    return tuple(
        CompiledField(
            key=key,
            value=lambda _, __, resolve=resolve: resolve(),
            is_awaited=True,
            read=lambda value: value,
            complete=None,
        )
        for key, resolve in resolvers.items()
    )


async def run(**resolvers: Callable) -> dict[str, Any]:
    """Return the data of root fields."""
    return await Run(None, {}).data(fields(**resolvers))


async def test_resolvers_run_in_the_task_of_the_request():
    """No resolver has a task of its own, whether it waits or not."""
    tasks = set()

    async def resolve() -> int:
        tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        tasks.add(asyncio.current_task())
        return 1

    assert await run(a=resolve, b=resolve) == {"a": 1, "b": 1}
    assert tasks == {asyncio.current_task()}


async def test_resolvers_that_wait_for_one_future_go_on_in_one_turn():
    """What they ask for next is asked for before the loop turns, so that a loader has it in one batch."""
    row: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asked: list[list[str]] = [[]]

    def resolver(name: str) -> Callable:
        async def resolve() -> int:
            found = await row
            if not asked[-1]:
                asyncio.get_running_loop().call_soon(asked.append, [])
            asked[-1].append(name)
            await asyncio.sleep(0)
            return found

        return resolve

    asyncio.get_running_loop().call_later(0.001, row.set_result, 7)
    assert await run(a=resolver("a"), b=resolver("b"), c=resolver("c")) == {"a": 7, "b": 7, "c": 7}
    assert asked[0] == ["a", "b", "c"]


async def test_a_quick_resolver_does_not_wait_for_a_slow_one():
    """Each goes on when its own future is done."""
    is_quick_over = asyncio.Event()

    async def quick() -> None:
        for _ in range(2):
            await asyncio.sleep(0.001)
        is_quick_over.set()

    async with asyncio.timeout(60):
        await run(slow=is_quick_over.wait, quick=quick)


async def test_the_first_error_is_raised_when_all_others_have_ended():
    """The loads of the others stay of use to graphql-core, which runs the operation again."""
    ended = []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("first")

    async def wait() -> None:
        await asyncio.sleep(0.001)
        ended.append(True)

    with pytest.raises(LookupError, match="first"):
        await run(a=fail, b=wait, c=fail)
    assert ended == [True]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_future_that_fails_fails_its_resolvers(count: int):
    """A resolver may also catch the error."""
    row: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def resolve() -> str:
        try:
            await row
        except LookupError as error:
            return str(error)
        return "no error"

    asyncio.get_running_loop().call_later(0.001, row.set_exception, LookupError("lost"))
    resolvers = {f"f{number}": resolve for number in range(count)}
    assert await run(**resolvers) == dict.fromkeys(resolvers, "lost")


@pytest.mark.parametrize("count", [1, 3])
async def test_a_cancelled_run_cancels_all_its_futures_and_lets_resolvers_clean_up(count: int):
    """As cancelled tasks would."""
    futures, cleaned = [], []

    async def resolve() -> None:
        futures.append(asyncio.get_running_loop().create_future())
        try:
            await futures[-1]
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    task = asyncio.create_task(run(**{f"f{number}": resolve for number in range(count)}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [future.cancelled() for future in futures] == cleaned == [True] * count


async def test_a_cancellation_at_the_moment_a_future_ends_is_not_lost():
    """The future has its result, the run is cancelled all the same."""
    row: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def resolve() -> int:
        return await row

    task = asyncio.create_task(run(a=resolve))
    await asyncio.sleep(0)
    row.set_result(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_limit_within_a_resolver_leaves_the_operation_to_graphql_core():
    """It cancels the one task of the run, which then goes on: graphql-core gives each resolver a task."""

    async def hurry() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(60)
        except TimeoutError:
            return "late"
        return "in time"

    async def wait() -> None:
        await asyncio.sleep(60)

    with pytest.raises(Bailout):
        await run(a=hurry, b=wait)
    assert not asyncio.current_task().cancelling()
