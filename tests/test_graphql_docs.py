"""The documentation of GraphQL: its examples run, its limits are the code's, and the committed schema is the server's."""

import re

import httpx
import orjson
import pytest
from graphql import build_schema as parse_schema

from mediacanon import paths
from mediacanon.errors import MediaCanonError
from mediacanon.execution import cost, shape
from mediacanon.execution.executor import MAX_SECONDS
from mediacanon.schema.root import build_schema
from tests.serving import ask

DOCS = (paths.PACKAGE.parent / "docs" / "graphql.md").read_text()
EXAMPLES = re.findall(r"```graphql\n(.*?)```(?:\n+```json\n(.*?)```)?", DOCS, re.DOTALL)
COMMITTED = paths.PACKAGE / "schema" / "schema.graphql"


def test_the_committed_schema_is_the_server_s():
    """`mediacanon schema export` prints schema.graphql."""
    assert COMMITTED.read_text() == build_schema().as_str() + "\n", (
        "run: .venv/bin/mediacanon schema export -o mediacanon/schema/schema.graphql"
    )


def test_everything_in_the_schema_is_described():
    """Every type, field, argument, input and enum value has a description."""
    silent = []
    for name, type_ in parse_schema(COMMITTED.read_text()).type_map.items():
        if name.startswith("__") or name in ("Int", "Float", "String", "Boolean", "ID"):
            continue
        if not type_.description:
            silent.append(name)
        for part, value in {**getattr(type_, "fields", {}), **getattr(type_, "values", {})}.items():
            if not value.description:
                silent.append(f"{name}.{part}")
            silent += [
                f"{name}.{part}({argument})"
                for argument, each in getattr(value, "args", {}).items()
                if not each.description
            ]
    assert silent == []


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
async def test_every_example_runs(demo_client: httpx.AsyncClient, number: int):
    """Each example runs on the demo without an error, and every root field has a value."""
    query, variables = EXAMPLES[number]
    answer = await ask(demo_client, query, **orjson.loads(variables or "{}"))
    assert "errors" not in answer
    assert answer["data"]
    assert None not in answer["data"].values()


def test_examples_are_found():
    """The pattern for examples matches them."""
    assert len(EXAMPLES) >= 7


def codes(error: type[MediaCanonError]) -> set[str]:
    """Return the codes of an exception class and all below it."""
    return {error.code}.union(*(codes(each) for each in error.__subclasses__()))


def test_every_error_code_is_documented():
    """The table of codes is the exceptions' own."""
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", DOCS, re.MULTILINE))
    assert documented == codes(MediaCanonError) | {"PERSISTED_QUERY_NOT_FOUND"}


def test_documented_limits_are_the_code_s():
    """The table of limits has each number of the code."""
    wanted = [
        f"| Nesting | {shape.MAX_DEPTH} fields (introspection: {shape.MAX_INTROSPECTION_DEPTH}) |",
        f"| Nesting, fragments counted as well | {shape.LIMITS['levels'][0]} |",
        f"| Root fields, aliases, directives | {shape.LIMITS['own_fields'][0]}, {shape.LIMITS['aliases'][0]}, {shape.LIMITS['directives'][0]} |",
        f"| All fields, fragments counted where they are spread | {shape.LIMITS['fields'][0]:,} |",
        f"| Tokens, operations and fragments | {shape.MAX_TOKENS:,}, {shape.MAX_DEFINITIONS} |",
        f"| Cost | {cost.MAX_COST:,} objects and resolvers |",
        f"| Cost of seasons and episodes beyond the assumed sizes | {cost.MAX_LOADED_COST:,} |",
        f"| Time | {MAX_SECONDS:.0f} seconds |",
    ]
    assert [line for line in wanted if line not in DOCS] == []
