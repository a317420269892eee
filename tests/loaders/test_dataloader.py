"""Keys that requests load in the same turn are one statement, as fresh as if each had its own."""

import asyncio

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import Loaders, dataloader, share_loaders
from mediacanon.loaders.dataloader import BatchLoader, DataLoader


class Load:
    """Doubles its keys once its gate is open, and records each batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def __call__(self, keys: list[int]) -> list[int]:
        self.batches.append(keys)
        await self.gate.wait()
        if self.error:
            raise self.error
        return [2 * key for key in keys]


@pytest.fixture
def load() -> Load:
    """Give a function that loads."""
    return Load()


async def test_requests_share_a_batch(load: Load) -> None:
    """The keys of several requests are one batch, each of them once, and every request gets its own values."""
    shared = BatchLoader(load)
    requests = [DataLoader(shared.load) for _ in range(3)]
    values = await asyncio.gather(requests[0].load(1), requests[1].load_many([2, 1]), requests[2].load(3))
    assert values == [2, [4, 2], 6]
    assert load.batches == [[1, 2, 3]]


async def test_a_request_loads_a_key_once(load: Load) -> None:
    """A loaded key is not loaded again by the same request, until it is cleared."""
    shared = BatchLoader(load)
    request = DataLoader(shared.load)
    assert [await request.load(1), await request.load(1)] == [2, 2]
    assert load.batches == [[1]]
    assert await DataLoader(shared.load).load(1) == 2
    assert load.batches == [[1], [1]]
    request.clear()
    assert await request.load(1) == 2
    assert load.batches == [[1], [1], [1]]


async def test_a_running_load_is_not_joined(load: Load) -> None:
    """A key requested while a load runs is loaded again, which sees every commit in between."""
    shared = BatchLoader(load)
    load.gate.clear()
    first = shared.load(1)
    while not load.batches:
        await asyncio.sleep(0)
    second = shared.load(1)
    await asyncio.sleep(0.01)
    assert load.batches == [[1], [1]]
    load.gate.set()
    assert await asyncio.gather(first, second) == [2, 2]


async def test_an_error_fails_its_batch_only(load: Load) -> None:
    """All requests of the batch get the error; the next ones load anew."""
    shared = BatchLoader(load)
    load.error = ConnectionError("gone")
    errors = await asyncio.gather(shared.load(1), shared.load(2), return_exceptions=True)
    assert errors == [load.error, load.error]
    load.error = None
    assert await shared.load(1) == 2


async def test_too_few_values_are_an_error() -> None:
    """A load that loses a key gives no request the value of another key."""

    async def load(keys: list[int]) -> list[int]:
        return keys[1:]

    shared = BatchLoader(load)
    errors = await asyncio.gather(shared.load(1), shared.load(2), return_exceptions=True)
    assert [type(error) for error in errors] == [ValueError, ValueError]


@pytest.mark.parametrize("later", range(4))
@pytest.mark.parametrize("turns", range(4))
async def test_a_cancelled_request_delays_no_other(load: Load, turns: int, later: int) -> None:
    """Cancelled at once or some turns later, it keeps no other waiting, whenever that one comes."""
    shared = BatchLoader(load)
    cancelled = shared.load(1)
    for _ in range(turns):
        await asyncio.sleep(0)
    cancelled.cancel()
    for _ in range(later):
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        assert await shared.load(2) == 4
        await asyncio.sleep(0)
        assert await shared.load(3) == 6


async def test_a_cancelled_value_is_loaded_again(load: Load) -> None:
    """A request does not hold it."""
    request = DataLoader(BatchLoader(load).load)
    request.load(1).cancel()
    assert await request.load(1) == 2


async def test_a_request_for_many_keys_has_a_batch_of_its_own(load: Load) -> None:
    """The others are loaded without it, and it is loaded at once."""
    shared = BatchLoader(load)
    requests = [DataLoader(shared.load) for _ in range(3)]
    many = range(10, 10 + dataloader.MAX_SHARED_KEYS + 1)
    values = await asyncio.gather(requests[0].load(1), requests[1].load_many(many), requests[2].load(2))
    assert values == [2, [2 * key for key in many], 4]
    assert load.batches == [[1, 2], list(many)]


async def test_batches_are_bounded(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """More keys than a batch holds are several batches, shared or not."""
    monkeypatch.setattr(dataloader, "MAX_BATCH", 2)
    shared = BatchLoader(load)
    assert await asyncio.gather(*(DataLoader(shared.load).load(key) for key in range(5))) == [0, 2, 4, 6, 8]
    assert load.batches == [[0, 1], [2, 3], [4]]
    monkeypatch.setattr(dataloader, "MAX_OWN_BATCH", 10)
    load.batches.clear()
    assert await DataLoader(shared.load).load_many(range(12)) == [2 * key for key in range(12)]
    assert load.batches == [list(range(10)), [10, 11]]


async def test_a_load_that_hangs_times_out(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its requests get the error, and the next ones are served."""
    monkeypatch.setattr(dataloader, "LOAD_TIMEOUT", 0.05)
    shared = BatchLoader(load)
    load.gate.clear()
    with pytest.raises(TimeoutError):
        await shared.load(1)
    monkeypatch.undo()
    load.gate.set()
    assert await shared.load(1) == 2


async def test_a_load_without_waiting_requests_is_cancelled(load: Load) -> None:
    """The last request that is cancelled cancels it: it would hold a connection."""
    shared = BatchLoader(load)
    load.gate.clear()
    futures = [DataLoader(shared.load).load(key) for key in (1, 2)]
    while not load.batches:
        await asyncio.sleep(0)
    futures[0].cancel()
    await asyncio.sleep(0.01)
    assert len(shared._loading) == 1
    futures[1].cancel()
    async with asyncio.timeout(60):
        while shared._loading:
            await asyncio.sleep(0)


async def test_closing_cancels_running_loads(load: Load) -> None:
    """No request waits for ever when the server ends."""
    shared = BatchLoader(load)
    load.gate.clear()
    async with dataloader.closing_loaders({"loader": shared}):
        future = shared.load(1)
        while not load.batches:
            await asyncio.sleep(0)
    assert not shared._loading
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(future, 60)


async def test_many_requests_are_one_statement(demo: str) -> None:
    """Twenty requests for a title each are one statement of PostgreSQL."""
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
