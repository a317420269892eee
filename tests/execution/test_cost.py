"""Limits: hostile documents get a clear error, honest ones and explorers an answer."""

import json
from collections.abc import AsyncIterator, Awaitable

import asyncpg
import pytest
from graphql import ExecutionResult, get_introspection_query

from mediacanon.database.pool import open_pool
from mediacanon.execution.cost import COST
from mediacanon.execution.errors import as_exception
from mediacanon.execution.executor import Execution
from mediacanon.execution.shape import DEPTH
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.schema.root import build_schema
from mediacanon.writes import Writes
from tests.conftest import own_database
from tests.serving import ask


@pytest.fixture(scope="module")
def execution() -> Execution:
    """Give an execution over the real schema."""
    return Execution(build_schema())


def nested(levels: int) -> str:
    """Return a query that goes from title to show and back `levels` times."""
    return "{ title(id: 1) { " + "show { title { " * levels + "displayName" + " } }" * levels + " } }"


def doubling(*, spreads: int, last: str, on: str = "Query") -> str:
    """Return a query of 28 fragments, each spread several times in the one before."""
    links = [f"fragment F{n} on {on} {{ {f'...F{n + 1} ' * spreads}}}" for n in range(27)]
    return f"{{ {'...F0 ' * spreads}}} {' '.join(links)} fragment F27 on {on} {{ {last} }}"


def nested_fragments(levels: int, *, fragments: int) -> str:
    """Return a query of fragments, each with the next so many inline fragments deep."""
    links = [f"fragment F{n} on Query {{ {'... { ' * levels} ...F{n + 1} {' }' * levels} }}" for n in range(fragments)]
    return f"{{ ...F0 }} {' '.join(links)} fragment F{fragments} on Query {{ stats {{ movies }} }}"


ALL_EPISODES = "title { show { seasons { episodes { displayName } } } }"
# As many calls of a resolver for each episode as aliases allow.
STILLS = f"show {{ seasons {{ episodes {{ {' '.join(f's{n}: still(size: W92)' for n in range(30))} }} }} }}"
FRAGMENTS = " ".join(f"fragment F{n} on Title {{ a: show {{ title {{ ...F{n + 1} }} }} }}" for n in range(20))
HOSTILE = {
    "depth": (nested(6), "nests fields 14 deep"),
    "depth through fragments": (f"{{ title(id: 1) {{ ...F0 }} }} {FRAGMENTS} fragment F20 on Title {{ type }}", "deep"),
    "depth beyond any parser": ("{ title(id: 1) " + "{ show " * 1900, "nested too deeply"),
    "aliases": ("{ " + " ".join(f"a{n}: stats {{ movies }}" for n in range(100)) + " }", "100 aliases"),
    "root fields": ("{ " + "stats { movies } " * 11 + "}", "root fields"),
    "field overloading": ("{ stats { " + "movies " * 1500 + "} }", "1501 fields"),
    "repeated fields": ("{ stats { " + "movies " * 50 + "} }", "repeats a field 49 times"),
    "repeated fields in fragments without a name": (
        "{ title(id: 1) { " + "... { show { title { type } } } " * 300 + "} }",
        "repeats a field 299 times",
    ),
    "repeated fields in fragments in fragments": (
        "{ title(id: 1) { " + "... { ... on Title { show { title { type } } } } " * 200 + "} }",
        "repeats a field 199 times",
    ),
    "repeated fields in fragments with names": (
        "{ title(id: 1) { "
        + " ".join(f"...F{n}" for n in range(20))
        + " } } "
        + " ".join(f"fragment F{n} on Title {{ {'show { title { type } } ' * 15} }}" for n in range(20)),
        "repeats a field 299 times",
    ),
    "directive overloading": ("{ stats { movies " + "@aa" * 500 + " } }", "500 directives"),
    "directives on the operation": ("query " + "@aa" * 500 + " { stats { movies } }", "500 directives"),
    "tokens": ("{ stats { " + "movies " * 5000 + "} }", "4000 tokens"),
    "circular fragments": (
        "{ title(id: 1) { ...A } } fragment A on Title { ...B } fragment B on Title { ...A }",
        "itself",
    ),
    "a fragment in itself": ("{ title(id: 1) { ...A } } fragment A on Title { show { title { ...A } } }", "itself"),
    "many fragments": (
        "{ title(id: 1) { type } } " + " ".join(f"fragment F{n} on Title {{ type }}" for n in range(200)),
        "201 operations and fragments",
    ),
    "fragments that double": (doubling(spreads=2, last="stats { movies }"), "536870912 fields"),
    "fragments that quadruple": (doubling(spreads=4, last="stats { movies }"), f"{2 * 4**28} fields"),
    "fragments that double into nothing": (doubling(spreads=4, last="...Gone"), "Unknown fragment 'Gone'"),
    "fragments nested in fragments": (nested_fragments(80, fragments=14), "nested too deeply"),
    "fragments nested just within the stack": (nested_fragments(50, fragments=9), "nests fields and fragments"),
    "circular introspection": (
        "{ __schema { types " + "{ fields { type " * 4 + "{ name }" + " } }" * 4 + " } }",
        "introspection depth",
    ),
    "deep introspection": (
        "{ __schema { types { " + "ofType { " * 30 + "name" + " }" * 30 + " } } }",
        "nests introspection 33 deep",
    ),
    "deep list values": ("{ title(id: " + "[" * 1900 + "]" * 1900 + ") { type } }", "nested too deeply"),
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
    "cost of what is similar": (
        "{ titles(perPage: 100) { items { similar { titleId } movie { title { similar { titleId } } } } } }",
        "objects; 20,000 is the limit",
    ),
    "cost of resolvers": (
        f"{{ titles(perPage: 10) {{ items {{ {STILLS} }} }} }}",
        "objects; 20,000 is the limit",
    ),
    "cost of a look-up": (
        f"{{ lookup(ids: {json.dumps([f'tt{n:07}' for n in range(1, 101)])}) {{ found {{ {ALL_EPISODES} }} }} }}",
        "objects; 20,000 is the limit",
    ),
}


@pytest.mark.parametrize("attack", HOSTILE)
async def test_hostile_documents_get_a_clear_error(demo_client, attack: str):
    """Each attack is refused in words, with few errors and no data."""
    query, message = HOSTILE[attack]
    answer = await ask(demo_client, query)
    assert "data" not in answer
    assert len(answer["errors"]) <= 5
    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_cost_counts_what_variables_ask_for(demo_client):
    """The same document is fine with a small page and refused with a large one, in any order."""
    query = HOSTILE["cost by variable"][0]
    assert "errors" not in await ask(demo_client, query, n=2)
    assert "errors" in await ask(demo_client, query, n=90)
    assert "errors" in await ask(demo_client, query, n=90.0)
    assert "objects" in (await ask(demo_client, query, n=10**300))["errors"][0]["message"]
    assert "errors" not in await ask(demo_client, query, n=2)


async def test_costs_are_told_apart_by_declared_variables_alone(demo_client, execution: Execution, make_context):
    """Variables beside them leave nothing behind; null and absent are two things, the default being for the latter."""
    query = "query ($n: Int = 100) { titles(perPage: $n) { items { show { seasons { episodes { displayName } } } } } }"
    assert "errors" in await ask(demo_client, query, n=None)
    assert "objects" in (await ask(demo_client, query))["errors"][0]["message"]
    prepared = execution.prepare("{ stats { movies } }")
    for n in range(3):
        await execution.execute(prepared, context=make_context(), variables={f"x{n}": n})
    assert len(prepared.costs) == 1


async def test_explorers_may_look_around(demo_client):
    """The introspection query of tools is answered whole."""
    answer = await ask(demo_client, get_introspection_query(descriptions=True, input_value_deprecation=True))
    assert "errors" not in answer
    assert len(answer["data"]["__schema"]["types"]) > 20


async def test_a_query_at_the_limit_is_answered(demo_client):
    """Twelve levels are allowed."""
    assert DEPTH == 12
    assert "errors" not in await ask(demo_client, nested(5))


async def test_resolvers_look_through_a_fragment_once(demo_pool, execution: Execution):
    """What a show's seasons are asked for is known at once, however often fragments are spread in fragments."""
    seasons = doubling(spreads=2, last="seasonNumber", on="Season")
    prepared = execution.prepare_trusted(f"{{ show(id: 1) {{ seasons {seasons.replace('}', '} } }', 1)}", name="test")
    data = await execution.run(prepared, {}, Context(Loaders(demo_pool), Writes(demo_pool)))
    assert data["show"]["seasons"][0] == {"seasonNumber": 1}


def test_fields_of_one_name_in_different_places_are_no_repetition(execution: Execution):
    """Forty selections of the same name, each in a selection set of its own."""
    titles = " ".join(f"t{n}: title(id: {n}) {{ displayName movie {{ title {{ displayName }} }} }}" for n in range(10))
    assert execution.prepare(f"{{ {titles} }}").errors == []


def test_fragments_count_where_they_are_spread(execution: Execution):
    """Ten aliases in a fragment spread four times are forty."""
    fragment = "fragment F on Stats { " + " ".join(f"a{n}: movies" for n in range(10)) + " }"
    assert execution.prepare(f"{{ stats {{ ...F }} }} {fragment}").errors == []
    spread = "stats { ...F ... { ...F } ...F ...F }"
    assert "40 aliases" in execution.prepare(f"{{ {spread} }} {fragment}").errors[0].message


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


def run_on(pool: asyncpg.Pool, execution: Execution, query: str, *, is_own: bool = False) -> Awaitable[ExecutionResult]:
    """Run a stranger's document, or one of ours, that has no limits."""
    prepared = execution.prepare_trusted(query, name="test") if is_own else execution.prepare(query)
    return execution.execute(prepared, context=Context(Loaders(pool), Writes(pool)))


async def test_a_show_of_15_000_episodes_is_answered_whole(long_show: asyncpg.Pool, execution: Execution):
    """With a resolver or two for each episode, as often as it is asked for."""
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
async def test_more_episodes_than_assumed_are_refused_once_they_are_known(
    long_show: asyncpg.Pool, execution: Execution, attack: str
):
    """What is within the budget as long as shows are as assumed is not when they are not."""
    query = LONGER_THAN_ASSUMED[attack]
    for _ in range(3):
        result = await run_on(long_show, execution, query)
        assert "more episodes than most" in result.errors[0].message
        assert as_exception(result.errors[0]).code == "BAD_USER_INPUT"


async def test_our_own_documents_bring_every_episode(long_show: asyncpg.Pool, execution: Execution):
    """REST and pages ask what we wrote, and answer however long a show is."""
    result = await run_on(long_show, execution, LONGER_THAN_ASSUMED["shows"], is_own=True)
    assert not result.errors


def test_costs_are_explained(execution: Execution):
    """The budget counts a page's titles, and a show's assumed seasons and episodes with what is resolved for each."""
    prepared = execution.prepare(
        "{ titles(perPage: 7) { items { type } } show(id: 1) { seasons { episodes { type: episodeId } } } }"
    )
    operation = prepared.operation()
    # one page of 7 titles; one show with 10 seasons of 25 episodes
    assert prepared.cost_model.cost(operation, {}) == (1 + 7) + (1 + 10 * (1 + 25))
    prepared = execution.prepare("{ show(id: 1) { episodeCount seasons { episodes { airDate still ids { imdb } } } } }")
    # one show and its count; 25 episodes a season, each with a still that is named and an object of ids
    assert prepared.cost_model.cost(prepared.operation(), {}) == 2 + 10 * (1 + 25 * (1 + 1 + 1))
    prepared = execution.prepare("{ titles(perPage: 7) { total items { similar { poster } } } }")
    # a page and its total; 7 titles, what is similar to each, and 12 posters of that
    assert prepared.cost_model.cost(prepared.operation(), {}) == 1 + 1_000 + 7 * (1 + 100 + 12 * (1 + 1))
    assert COST == 20_000
