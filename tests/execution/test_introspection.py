"""Introspection: the queries of tools pass, and the price is the number of objects and leaves."""

from typing import Any

import httpx
import pytest
from graphql import get_introspection_query, graphql_sync

from mediacanon.execution.cost import MAX_COST
from mediacanon.execution.executor import Execution

# The options of graphql-js that GraphiQL, Apollo and code generators set.
OPTIONS = ("specified_by_url", "directive_is_repeatable", "schema_description", "input_value_deprecation")
OF_TOOLS = {
    "plain": get_introspection_query(),
    "without descriptions": get_introspection_query(descriptions=False),
    "with all options": get_introspection_query(**dict.fromkeys(OPTIONS, True)),
    "of one type": '{ __type(name: "Title") { kind name fields(includeDeprecated: true) { name type { name } } } }',
    "of one type by variable": "query ($n: String!) { __type(name: $n) { name fields { name type { name } } } }",
}


def _count(value: Any) -> int:
    """Return the number of objects and leaves in data; null counts as a leaf."""
    match value:
        case dict():
            return 1 + sum(_count(each) for each in value.values())
        case list() if value and isinstance(value[0], dict):
            return sum(_count(each) for each in value)
    return 1 if value != [] else 0


def _cost(execution: Execution, query: str) -> int:
    prepared = execution.prepare(query)
    assert not prepared.errors
    return prepared.cost_model.cost(prepared.operation(), {})


@pytest.mark.parametrize("name", OF_TOOLS)
async def test_introspection_of_tools_is_answered(demo_client: httpx.AsyncClient, execution: Execution, name: str):
    """Each query is answered whole, and costs less than half of the limit: the schema may grow."""
    body = {"query": OF_TOOLS[name], "variables": {"n": "Title"} if "$n" in OF_TOOLS[name] else {}}
    response = (await demo_client.post("/graphql", json=body)).json()
    assert response.keys() == {"data"}
    assert None not in response["data"].values()
    assert _cost(execution, OF_TOOLS[name]) < MAX_COST / 2


@pytest.mark.parametrize(
    "query",
    [
        OF_TOOLS["with all options"],
        OF_TOOLS["of one type"],
        '{ __type(name: "Nothing") { name } }',
        """{ __type(name: "Title") { ...F } } fragment F on __Type { name ... on __Type { fields { type { ...T } } } }
        fragment T on __Type { kind __typename }""",
        "{ __schema { types { possibleTypes { name } } queryType { fields { args { name defaultValue } } } } }",
    ],
)
def test_introspection_costs_its_objects_and_leaves(execution: Execution, query: str):
    """The estimate is the number of objects and leaves in the data, with all that is deprecated."""
    data = graphql_sync(execution.schema, query).data
    assert _cost(execution, query) == sum(_count(each) for each in data.values() if each is not None)


def test_amplified_introspection_is_counted_no_further_than_the_limit(
    execution: Execution, monkeypatch: pytest.MonkeyPatch
):
    """The counts of ten root fields, each of them beyond the limit, stop together at the limit."""
    fields: Any = execution.schema.type_map["__Type"]
    resolve = fields.fields["fields"].resolve
    calls: list[object] = []
    monkeypatch.setattr(
        fields.fields["fields"], "resolve", lambda *args, **options: calls.append(args) or resolve(*args, **options)
    )
    types = "types { fields { name type { fields { name } } } }"
    query = "{ " + " ".join(f"r{n}: __schema {{ a: {types} b: {types} }}" for n in range(10)) + " }"
    assert _cost(execution, query) > MAX_COST
    assert 0 < len(calls) < MAX_COST
