"""Cost: an operation beyond the limit is refused before it runs, a list longer than assumed once it is loaded."""

import json
from collections.abc import AsyncIterator, Awaitable

import asyncpg
import pytest
from graphql import ExecutionResult

from mediacanon.database.pool import open_pool
from mediacanon.execution.cost import MAX_COST
from mediacanon.execution.errors import as_exception
from mediacanon.execution.executor import Execution
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.writes import Writes
from tests.conftest import own_database
from tests.serving import ask

ALL_EPISODES = "title { show { seasons { episodes { displayName } } } }"
# As many calls of a resolver for each episode as aliases allow.
STILLS = f"show {{ seasons {{ episodes {{ {' '.join(f's{n}: still(size: W92)' for n in range(30))} }} }} }}"
# As deep as graphql-core lets lists of introspection nest.
NESTED = "fields { name args { name type { fields { name args { name } } } } type { fields { name type { name } } } }"
HOSTILE = {
    "cost": (
        "{ titles(perPage: 100) { items { show { seasons { episodes { displayName } } } } } }",
        "objects; 20,000 is the limit",
    ),
    "cost by variable": (
        "query ($n: Int! = 100) { titles(perPage: $n) { items { show { seasons { episodes { displayName } } } } } }",
        "objects; 20,000 is the limit",
    ),
    "cost of many searches": (
        f"{{ collections {{ {' '.join(f'p{n}: titles(page: {n}, perPage: 1) {{ total }}' for n in range(1, 5))} }} }}",
        "objects; 20,000 is the limit",
    ),
    "cost of totals": (
        "{ "
        + " ".join(f'p{n}: titles(query: "{n}") {{ total totalPages languages {{ code }} }}' for n in range(7))
        + " }",
        "objects; 20,000 is the limit",
    ),
    "cost of totals to discover": (
        "{ " + " ".join(f"p{n}: discover(filter: {{yearMin: {n}}}) {{ total a: total }}" for n in range(10)) + " }",
        "objects; 20,000 is the limit",
    ),
    "cost of similar titles": (
        "{ titles(perPage: 100) { items { similar { titleId } movie { title { similar { titleId } } } } } }",
        "objects; 20,000 is the limit",
    ),
    "cost of resolvers": (
        f"{{ titles(perPage: 10) {{ items {{ {STILLS} }} }} }}",
        "objects; 20,000 is the limit",
    ),
    "cost of introspection": (
        f"{{ __schema {{ {' '.join(f'a{n}: types {{ {NESTED} }}' for n in range(15))} }} }}",
        "objects; 20,000 is the limit",
    ),
    "cost of introspection in root fields": (
        "{ " + " ".join(f"a{n}: __schema {{ types {{ a: {NESTED} b: {NESTED} }} }}" for n in range(10)) + " }",
        "objects; 20,000 is the limit",
    ),
    "cost of introspection of types": (
        "query ($t: String!) { "
        + " ".join(f"a{n}: __type(name: $t) {{ a: {NESTED} b: {NESTED} }}" for n in range(10))
        + " }",
        "objects; 20,000 is the limit",
    ),
    "cost of a look-up": (
        f"{{ lookup(ids: {json.dumps([f'tt{n:07}' for n in range(1, 101)])}) {{ found {{ {ALL_EPISODES} }} }} }}",
        "objects; 20,000 is the limit",
    ),
}


@pytest.mark.parametrize("attack", HOSTILE)
async def test_documents_beyond_the_cost_get_a_clear_error(demo_client, attack: str):
    """Each attack is refused with a message, few errors and no data."""
    query, message = HOSTILE[attack]
    answer = await ask(demo_client, query, **({"t": "Title"} if "$t" in query else {}))
    assert "data" not in answer
    assert len(answer["errors"]) <= 5
    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_cost_depends_on_the_variables(demo_client):
    """The same document is fine with a small page and refused with a large one, in any order."""
    query = HOSTILE["cost by variable"][0]
    assert "errors" not in await ask(demo_client, query, n=2)
    assert "errors" in await ask(demo_client, query, n=90)
    assert "errors" in await ask(demo_client, query, n=90.0)
    assert "objects" in (await ask(demo_client, query, n=10**300))["errors"][0]["message"]
    assert "errors" not in await ask(demo_client, query, n=2)


async def test_costs_are_told_apart_by_declared_variables_alone(demo_client, execution: Execution, make_context):
    """Undeclared variables leave no entry; null and absent differ, since the default is for an absent one."""
    query = "query ($n: Int = 100) { titles(perPage: $n) { items { show { seasons { episodes { displayName } } } } } }"
    assert "errors" in await ask(demo_client, query, n=None)
    assert "objects" in (await ask(demo_client, query))["errors"][0]["message"]
    prepared = execution.prepare("{ stats { movies } }")
    for n in range(3):
        await execution.execute(prepared, context=make_context(), variables={f"x{n}": n})
    assert len(prepared.costs) == 1


@pytest.fixture(scope="module")
async def long_show(cluster: str, demo_template: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a catalogue whose show 1 has 15,000 more episodes, in a season 99 that has the id 99000."""
    async with own_database(cluster, template=demo_template) as dsn, await open_pool(dsn, size=2) as pool:
        await pool.execute("INSERT INTO show_seasons (id, show_id, season) VALUES (99000, 1, 99)")
        await pool.execute(
            "INSERT INTO show_episodes (id, season_id, episode, imdb_id) "
            "SELECT 1000000 + n, 99000, n, 'tt88' || lpad(n::text, 6, '0') FROM generate_series(1, 15000) AS n"
        )
        yield pool


def run_on(
    pool: asyncpg.Pool, execution: Execution, query: str, *, is_trusted: bool = False
) -> Awaitable[ExecutionResult]:
    """Run a client document, or a trusted one, which has no limits."""
    prepared = execution.prepare_trusted(query, name="test") if is_trusted else execution.prepare(query)
    return execution.execute(prepared, context=Context(Loaders(pool), Writes(pool)))


async def test_a_show_of_15_000_episodes_is_returned_whole(long_show: asyncpg.Pool, execution: Execution):
    """A show with two resolvers for each episode is within the budget, at each run."""
    query = (
        "{ show(id: 1) { title { displayName } seasons { seasonNumber episodes { episodeId still large: still } } } }"
    )
    for _ in range(3):
        result = await run_on(long_show, execution, query)
        assert not result.errors
        assert len(result.data["show"]["seasons"][-1]["episodes"]) == 15_000


LOOK_UP = json.dumps([f"tt88{n:06}" for n in range(1, 5)])
LONGER_THAN_ASSUMED = {
    "stills": f"{{ {STILLS.replace('show', 'show(id: 1)')} }}",
    "shows": "{ " + " ".join(f"s{n}: show(id: 1) {{ seasons {{ episodes {{ airDate }} }} }}" for n in range(4)) + " }",
    "a season": f"{{ season(id: 99000) {{ episodes {{ {' '.join(f's{n}: still' for n in range(4))} }} }} }}",
    "seasons of episodes": "{ season(id: 99000) { episodes { season { episodes { airDate } } } } }",
    "one season many times": f"{{ lookup(ids: {LOOK_UP}) {{ found {{ episode {{ season {{ episodes {{ airDate }} }} }} }} }} }}",
}


@pytest.mark.parametrize("attack", LONGER_THAN_ASSUMED)
async def test_more_episodes_than_assumed_are_refused_once_they_are_loaded(
    long_show: asyncpg.Pool, execution: Execution, attack: str
):
    """A query within the budget for a show of the assumed size is refused for a longer one."""
    query = LONGER_THAN_ASSUMED[attack]
    for _ in range(3):
        result = await run_on(long_show, execution, query)
        assert "more episodes than most" in result.errors[0].message
        assert as_exception(result.errors[0]).code == "BAD_USER_INPUT"


async def test_trusted_documents_return_every_episode(long_show: asyncpg.Pool, execution: Execution):
    """A document of REST or a page has no budget, so it returns shows of any length."""
    result = await run_on(long_show, execution, LONGER_THAN_ASSUMED["shows"], is_trusted=True)
    assert not result.errors


def test_costs_are_explained(execution: Execution):
    """The cost adds up a page's titles, and a show's assumed seasons and episodes with the resolvers of each."""
    prepared = execution.prepare(
        "{ titles(perPage: 7) { items { type } } show(id: 1) { seasons { episodes { type: episodeId } } } }"
    )
    operation = prepared.operation()
    # one page of 7 titles; one show with 10 seasons of 25 episodes
    assert prepared.cost_model.cost(operation, {}) == (1 + 7) + (1 + 10 * (1 + 25))
    prepared = execution.prepare("{ show(id: 1) { episodeCount seasons { episodes { airDate still ids { imdb } } } } }")
    # one show and its count; 25 episodes a season, each with the resolver of its still and an object of ids
    assert prepared.cost_model.cost(prepared.operation(), {}) == 2 + 10 * (1 + 25 * (1 + 1 + 1))
    prepared = execution.prepare("{ titles(perPage: 7) { total items { similar { poster } } } }")
    # a page and its total; 7 titles, the similar titles of each, and the posters of those 12
    assert prepared.cost_model.cost(prepared.operation(), {}) == 1 + 1_000 + 7 * (1 + 100 + 12 * (1 + 1))
    assert MAX_COST == 20_000
