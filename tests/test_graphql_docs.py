"""The documentation of GraphQL is true: its examples run, its limits are the code's, the schema is the committed one."""

import re

import httpx
import orjson
import pytest
from graphql import build_schema as parse_schema

from mediacanon import paths
from mediacanon.errors import MediaCanonError
from mediacanon.execution import cost, shape
from mediacanon.execution.executor import LONGEST_RUN
from mediacanon.schema.root import build_schema
from tests.serving import ask

DOCS = (paths.PACKAGE.parent / "docs" / "graphql.md").read_text()
EXAMPLES = re.findall(r"```graphql\n(.*?)```(?:\n+```json\n(.*?)```)?", DOCS, re.DOTALL)
COMMITTED = paths.PACKAGE / "schema" / "schema.graphql"


def test_the_committed_schema_is_the_server_s():
    """schema.graphql is what `mediacanon schema export` prints."""
    assert COMMITTED.read_text() == build_schema().as_str() + "\n", (
        "run: .venv/bin/mediacanon schema export -o mediacanon/schema/schema.graphql"
    )


def test_everything_in_the_schema_is_described():
    """Types, fields, arguments, inputs and enum values, each in a sentence."""
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
    """On the demo, without an error, and what it names is there."""
    query, variables = EXAMPLES[number]
    answer = await ask(demo_client, query, **orjson.loads(variables or "{}"))
    assert "errors" not in answer
    assert answer["data"]
    assert None not in answer["data"].values()


def test_examples_are_found():
    """The search for examples does find them."""
    assert len(EXAMPLES) >= 7


def codes(error: type[MediaCanonError]) -> set[str]:
    """Return the codes of an exception class and all below it."""
    return {error.code}.union(*(codes(each) for each in error.__subclasses__()))


def test_every_error_code_is_documented():
    """The table of codes is the exceptions' own."""
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", DOCS, re.MULTILINE))
    assert documented == codes(MediaCanonError) | {"PERSISTED_QUERY_NOT_FOUND"}


def test_documented_limits_are_the_code_s():
    """Each number of the table."""
    wanted = [
        f"| Nesting | {shape.DEPTH} fields (introspection: {shape.INTROSPECTION_DEPTH}) |",
        f"| Nesting, fragments counted as well | {shape.LIMITS['levels'][0]} |",
        f"| Root fields, aliases, directives | {shape.LIMITS['own_fields'][0]}, {shape.LIMITS['aliases'][0]}, {shape.LIMITS['directives'][0]} |",
        f"| Fields in all, fragments counted where they are spread | {shape.LIMITS['fields'][0]:,} |",
        f"| Tokens, operations and fragments | {shape.TOKENS:,}, {shape.MOST_DEFINITIONS} |",
        f"| Cost | {cost.COST:,} objects and resolvers |",
        f"| Cost of seasons and episodes that are more than assumed | {cost.REAL_COST:,} |",
        f"| Time | {LONGEST_RUN:.0f} seconds |",
    ]
    assert [line for line in wanted if line not in DOCS] == []
