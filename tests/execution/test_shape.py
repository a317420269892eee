"""Limits on the shape of a document: an excessive one gets a clear error, an honest one and explorers a response."""

import pytest
from graphql import get_introspection_query

from mediacanon.execution.executor import Execution
from mediacanon.execution.shape import MAX_DEPTH
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.writes import Writes
from tests.serving import ask


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
}


@pytest.mark.parametrize("attack", HOSTILE)
async def test_excessive_documents_get_a_clear_error(demo_client, attack: str):
    """Each attack is refused with a message, few errors and no data."""
    query, message = HOSTILE[attack]
    answer = await ask(demo_client, query)
    assert "data" not in answer
    assert len(answer["errors"]) <= 5
    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_explorers_may_introspect(demo_client):
    """The introspection query of tools is within the limits."""
    answer = await ask(demo_client, get_introspection_query(descriptions=True, input_value_deprecation=True))
    assert "errors" not in answer
    assert len(answer["data"]["__schema"]["types"]) > 20


async def test_a_query_at_the_limit_runs(demo_client):
    """Twelve levels are allowed."""
    assert MAX_DEPTH == 12
    assert "errors" not in await ask(demo_client, nested(5))


async def test_resolvers_look_through_a_fragment_once(demo_pool, execution: Execution):
    """A resolver finds the selection below its field at once, however often fragments are spread in fragments."""
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
