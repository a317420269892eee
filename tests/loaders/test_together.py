"""Statements that go together return the rows that each returns by itself."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import DETAILS, Loaders, share_loaders
from mediacanon.loaders.credit import CreditsOf
from mediacanon.loaders.dataloader import closing_loaders
from mediacanon.loaders.name import DisplayNames
from mediacanon.loaders.together import Together

ONE = "SELECT n, n::text AS text FROM unnest($1::integer[]) AS asked (n)"
TWO = "SELECT n * m AS product FROM unnest($1::integer[], $2::integer[]) AS asked (n, m)"
THREE = "SELECT jsonb_build_object('n', n) AS facts, now() AS at FROM unnest($1::integer[]) AS asked (n)"
FAILING = "SELECT 1 / n FROM unnest($1::integer[]) AS asked (n)"
KEYS = {
    **dict.fromkeys(DETAILS, lambda title_id: title_id),
    "credits_by_title": lambda title_id: CreditsOf(title_id, limit=20),
    "credit_count_by_title": CreditsOf,
    "display_names": lambda title_id: DisplayNames(title_id, frozenset({"DE"}), frozenset({"fr"})),
}


class Recording:
    """A pool, and the statements that it got."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.statements: list[str] = []

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        self.statements.append(statement)
        return await self.pool.fetch(statement, *parameters)

    async def fetchrow(self, statement: str, *parameters: object) -> asyncpg.Record | None:
        self.statements.append(statement)
        return await self.pool.fetchrow(statement, *parameters)


@pytest.fixture(scope="module")
async def catalogue(demo: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on the demo catalogue."""
    async with await open_pool(demo, size=4) as pool:
        yield pool


@pytest.fixture
def recording(catalogue: asyncpg.Pool) -> Recording:
    """Give a pool that records its statements."""
    return Recording(catalogue)


def rows(records: object) -> list[tuple]:
    return [tuple(record) for record in records]


async def test_statements_of_a_turn_are_one(recording: Recording):
    """Each caller gets the rows of its statement, also none."""
    together = Together(recording, [ONE, TWO, THREE, FAILING])
    one, two, three = await asyncio.gather(
        together.fetch(ONE, [1, 2]), together.fetch(TWO, [2, 3], [4, 5]), together.fetch(THREE, [])
    )
    assert (rows(one), rows(two), rows(three)) == ([(1, "1"), (2, "2")], [(8,), (15,)], [])
    assert recording.statements == [together.sql]


async def test_few_statements_of_a_turn_go_by_themselves(recording: Recording):
    """The parts without keys would cost more than a message."""
    together = Together(recording, [ONE, TWO, THREE])
    await asyncio.gather(together.fetch(ONE, [1]), together.fetch(TWO, [2], [4]))
    assert sorted(recording.statements) == sorted([ONE, TWO])


async def test_the_same_statement_twice_in_a_turn_is_sent_twice(recording: Recording):
    """A loader has several batches when it has many keys."""
    together = Together(recording, [ONE, TWO, THREE])
    found = await asyncio.gather(
        together.fetch(ONE, [1]), together.fetch(ONE, [2]), together.fetch(TWO, [2], [4]), together.fetch(THREE, [3])
    )
    assert [rows(each) for each in found[:3]] == [[(1, "1")], [(2, "2")], [(8,)]]
    assert sorted(recording.statements) == sorted([together.sql, ONE])


async def test_a_part_that_fails_fails_alone(recording: Recording):
    """The others are sent again, each by itself."""
    together = Together(recording, [ONE, TWO, FAILING])
    one, two, failed = await asyncio.gather(
        together.fetch(ONE, [1]), together.fetch(TWO, [2], [4]), together.fetch(FAILING, [0]), return_exceptions=True
    )
    assert (rows(one), rows(two)) == ([(1, "1")], [(8,)])
    assert isinstance(failed, asyncpg.DivisionByZeroError)


async def test_a_caller_that_gives_up_takes_nothing_from_the_others(recording: Recording):
    """The first caller sends for all; when it is cancelled, the others send for themselves."""
    together = Together(recording, [ONE, TWO, THREE])
    first, *others = [
        asyncio.create_task(each)
        for each in (together.fetch(ONE, [1]), together.fetch(TWO, [2], [4]), together.fetch(THREE, [3]))
    ]
    await asyncio.sleep(0)
    first.cancel()
    assert [len(await each) for each in others] == [1, 1]
    assert len(await together.fetch(ONE, [1])) == 1


async def test_the_details_of_titles_are_the_same_together(catalogue: asyncpg.Pool):
    """Every question of DETAILS, with the values of the demo catalogue."""
    ids = [row[0] for row in await catalogue.fetch("SELECT id FROM titles ORDER BY id")]
    async with closing_loaders(share_loaders(catalogue)) as shared:
        for title_id in ids[::5]:
            both = []
            for loaders in (Loaders(catalogue, shared=shared), Loaders(catalogue)):
                loading = [getattr(loaders, name).load(KEYS[name](title_id)) for name in DETAILS]
                both.append(await asyncio.gather(*loading))
            assert both[0] == both[1]


def test_pooled_connections_get_no_long_statement(catalogue: asyncpg.Pool):
    """PgBouncer keeps no statement prepared, so a long one would be planned for each request."""
    for is_pooled in (False, True):
        shared = share_loaders(catalogue, is_pooled=is_pooled)
        kinds = {type(shared[name]._load.args[0]) for name in DETAILS}
        assert kinds == {asyncpg.Pool if is_pooled else Together}
