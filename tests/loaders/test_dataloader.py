"""What requests ask at the same moment is one statement, as fresh as if each had asked alone."""

import asyncio

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import Loaders, dataloader, share_loaders
from mediacanon.loaders.dataloader import BatchLoader, DataLoader


class Load:
    """Doubles its keys once it may, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def __call__(self, keys: list[int]) -> list[int]:
        self.asked.append(keys)
        await self.gate.wait()
        if self.error:
            raise self.error
        return [2 * key for key in keys]


@pytest.fixture
def load() -> Load:
    """Give a function that loads."""
    return Load()


async def test_requests_ask_together(load: Load) -> None:
    """Keys of several requests come in one load, each of them once, and everybody gets the own."""
    shared = BatchLoader(load)
    requests = [DataLoader(shared.ask) for _ in range(3)]
    answers = await asyncio.gather(requests[0].load(1), requests[1].load_many([2, 1]), requests[2].load(3))
    assert answers == [2, [4, 2], 6]
    assert load.asked == [[1, 2, 3]]


async def test_a_request_asks_once(load: Load) -> None:
    """A key that was asked for is not asked for again, by the same request."""
    shared = BatchLoader(load)
    request = DataLoader(shared.ask)
    assert [await request.load(1), await request.load(1)] == [2, 2]
    assert load.asked == [[1]]
    assert await DataLoader(shared.ask).load(1) == 2
    assert load.asked == [[1], [1]]


async def test_nobody_gets_what_was_begun_before(load: Load) -> None:
    """Who asks while a load is under way has one of their own, which sees all that was committed meanwhile."""
    shared = BatchLoader(load)
    load.gate.clear()
    first = shared.ask(1)
    while not load.asked:
        await asyncio.sleep(0)
    second = shared.ask(1)
    await asyncio.sleep(0.01)
    assert load.asked == [[1], [1]]
    load.gate.set()
    assert await asyncio.gather(first, second) == [2, 2]


async def test_failures_are_everybodys_and_pass(load: Load) -> None:
    """All who asked together hear why; the next ones ask anew."""
    shared = BatchLoader(load)
    load.error = ConnectionError("gone")
    answers = await asyncio.gather(shared.ask(1), shared.ask(2), return_exceptions=True)
    assert answers == [load.error, load.error]
    load.error = None
    assert await shared.ask(1) == 2


async def test_too_few_values_are_an_error() -> None:
    """A load that loses a key gives nobody another's value."""

    async def load(keys: list[int]) -> list[int]:
        return keys[1:]

    shared = BatchLoader(load)
    answers = await asyncio.gather(shared.ask(1), shared.ask(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, ValueError]


@pytest.mark.parametrize("later", range(4))
@pytest.mark.parametrize("turns", range(4))
async def test_who_gives_up_takes_nothing_from_others(load: Load, turns: int, later: int) -> None:
    """A key whose request is cancelled, at once or later, keeps nobody else waiting, whenever they come."""
    shared = BatchLoader(load)
    given_up = shared.ask(1)
    for _ in range(turns):
        await asyncio.sleep(0)
    given_up.cancel()
    for _ in range(later):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await shared.ask(2) == 4
        await asyncio.sleep(0)
        assert await shared.ask(3) == 6


async def test_a_request_that_was_cancelled_may_ask_again(load: Load) -> None:
    """A cancelled value is not remembered."""
    request = DataLoader(BatchLoader(load).ask)
    request.load(1).cancel()
    assert await request.load(1) == 2


async def test_who_asks_for_much_waits_alone(load: Load) -> None:
    """Others are loaded without it, and it is loaded at once."""
    shared = BatchLoader(load)
    requests = [DataLoader(shared.ask) for _ in range(3)]
    much = range(10, 10 + dataloader.MAX_SHARED_KEYS + 1)
    answers = await asyncio.gather(requests[0].load(1), requests[1].load_many(much), requests[2].load(2))
    assert answers == [2, [2 * key for key in much], 4]
    assert load.asked == [[1, 2], list(much)]


async def test_loads_are_bounded(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """More keys than a load takes are several, of many requests and of one."""
    monkeypatch.setattr(dataloader, "MAX_BATCH", 2)
    shared = BatchLoader(load)
    assert await asyncio.gather(*(DataLoader(shared.ask).load(key) for key in range(5))) == [0, 2, 4, 6, 8]
    assert load.asked == [[0, 1], [2, 3], [4]]
    monkeypatch.setattr(dataloader, "MOST_KEYS", 10)
    load.asked.clear()
    assert await DataLoader(shared.ask).load_many(range(12)) == [2 * key for key in range(12)]
    assert load.asked == [list(range(10)), [10, 11]]


async def test_a_load_that_hangs_ends(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for longer than requests last, and the next ones are answered."""
    monkeypatch.setattr(dataloader, "LONGEST_LOAD", 0.05)
    shared = BatchLoader(load)
    load.gate.clear()
    with pytest.raises(TimeoutError):
        await shared.ask(1)
    load.gate.set()
    assert await shared.ask(1) == 2


async def test_what_nobody_waits_for_is_not_loaded_on(load: Load) -> None:
    """The last one who gives up ends it: it would hold a connection."""
    shared = BatchLoader(load)
    load.gate.clear()
    answers = [DataLoader(shared.ask).load(key) for key in (1, 2)]
    while not load.asked:
        await asyncio.sleep(0)
    answers[0].cancel()
    await asyncio.sleep(0.01)
    assert len(shared._loading) == 1
    answers[1].cancel()
    async with asyncio.timeout(5):
        while shared._loading:
            await asyncio.sleep(0)


async def test_the_end_leaves_nobody_waiting(load: Load) -> None:
    """What is being loaded when the server ends is cancelled."""
    shared = BatchLoader(load)
    load.gate.clear()
    async with dataloader.closing_loaders({"loader": shared}):
        answer = shared.ask(1)
        while not load.asked:
            await asyncio.sleep(0)
    assert not shared._loading
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(answer, 5)


async def test_many_requests_are_one_statement(demo: str) -> None:
    """Of PostgreSQL too: twenty requests for titles of their own."""
    async with await open_pool(demo, size=2) as pool:
        ids = [row[0] for row in await pool.fetch("SELECT id FROM titles ORDER BY id LIMIT 20")]
        statements: list[str] = []
        async with pool.acquire() as one, pool.acquire() as other:
            connections: list[asyncpg.Connection] = [one._con, other._con]
        for connection in connections:
            connection.add_query_logger(lambda record: statements.append(record.query))
        shared = share_loaders(pool)
        rows = await asyncio.gather(*(Loaders(pool, shared=shared).title_by_id.load(id_) for id_ in ids))
        assert [row.title_id for row in rows] == ids
        assert len([text for text in statements if "FROM titles" in text]) == 1
