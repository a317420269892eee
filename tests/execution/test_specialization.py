"""Compiled documents: bounded, one specialization for each outcome of the conditions, none shared by mistake."""

from collections.abc import Callable

import pytest
from graphql import execute, parse

from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.execution.specialization import MAX_FIELDS, MAX_SPECIALIZATIONS, CompiledDocument
from mediacanon.schema.root import build_schema
from tests.execution import vault
from tests.execution.conftest import WHOLE_SHOW, compile_document

SCHEMA = vault.SCHEMA._schema
REAL_SCHEMA = build_schema()._schema
# graphql-core cancels the siblings of a field that failed, some of them before they began.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
]


async def test_compiled_documents_do_not_grow_with_requests(
    assert_same_result: Callable, make_context: Callable
) -> None:
    """Two runs with each outcome of the conditions compile everything; later runs add nothing."""
    document, compiled = compile_document(WHOLE_SHOW, REAL_SCHEMA)
    counts = []
    for _ in range(5):
        for episodes in (True, False):
            await assert_same_result(
                REAL_SCHEMA, document, compiled, make_context, variable_values={"episodes": episodes}
            )
        counts.append(compiled.counts)
    assert len(set(counts[1:])) == 1


async def test_specializations_are_bounded(assert_same_result: Callable) -> None:
    """A document with a thousand combinations of conditions is compiled for a few and has the same result for all."""
    flags = [f"f{number}" for number in range(10)]
    fields = " ".join(f"{flag}: title @include(if: ${flag})" for flag in flags)
    declared = ", ".join(f"${flag}: Boolean!" for flag in flags)
    document, compiled = compile_document(f"query ({declared}) {{ films {{ {fields} }} }}")
    for number in range(100):
        variables = {flag: bool(number >> bit & 1) for bit, flag in enumerate(flags)}
        await assert_same_result(SCHEMA, document, compiled, vault.Studio, variable_values=variables)
    assert compiled.counts.specializations == MAX_SPECIALIZATIONS


async def test_compiled_fields_are_bounded(assert_same_result: Callable) -> None:
    """Fragments that unfold into thousands of fields are compiled up to a bound, with the same result."""
    levels = 7
    below = "{name}: sequel {{ ...F{next} }}"
    texts = [
        f"fragment F{n} on Film {{ title {' '.join(below.format(name=name, next=n + 1) for name in 'abc')} }}"
        for n in range(levels)
    ]
    document, compiled = compile_document(
        " ".join(["{ film { ...F0 } }", *texts, f"fragment F{levels} on Film {{ year }}"])
    )
    for _ in range(2):
        await assert_same_result(SCHEMA, document, compiled, vault.Studio)
    assert compiled.counts.fields <= MAX_FIELDS + 4


async def test_selections_too_deep_to_compile_have_the_same_result(assert_same_result: Callable) -> None:
    """A selection that nests deeper than any row runs, though compiling it exceeds the stack."""
    levels = 300
    texts = [f"fragment F{n} on Film {{ title sequel {{ ...F{n + 1} }} }}" for n in range(levels)]
    document = parse(" ".join(["{ film { ...F0 } }", *texts, f"fragment F{levels} on Film {{ year }}"]))
    result = await assert_same_result(SCHEMA, document, CompiledDocument(document), vault.Studio)
    assert result.data["film"]["sequel"]


async def test_operations_of_one_document_share_no_conditions(assert_same_result: Callable) -> None:
    """The same name of a variable has its own value and default in each operation."""
    document, compiled = compile_document(
        "query A($on: Boolean = true) { films { ...Part } } query B($on: Boolean = false) { films { year ...Part } } "
        "query C($on: Boolean!, $off: Boolean!) { films { ...Part year @skip(if: $off) } } "
        "fragment Part on Film { title rating @include(if: $on) }"
    )
    options = [
        {"operation_name": "A"},
        {"operation_name": "B"},
        {"operation_name": "B", "variable_values": {"on": True}},
    ]
    options += [{"operation_name": "C", "variable_values": {"on": on, "off": not on}} for on in (True, False)]
    for option in options * 2:
        await assert_same_result(SCHEMA, document, compiled, vault.Studio, **option)


async def test_a_condition_that_is_null_is_graphql_cores_error(assert_same_result: Callable) -> None:
    """A null for a condition with a default is an error, cold and compiled, and leaves later runs as they were."""
    document, compiled = compile_document(
        "query ($on: Boolean = true) { films { title parts { year @include(if: $on) } } }"
    )
    for variables in ({"on": None}, {"on": None}, {}, {"on": False}, {"on": None}):
        await assert_same_result(SCHEMA, document, compiled, vault.Studio, variable_values=variables)


async def test_a_compiled_document_serves_no_other_document() -> None:
    """A compiled document handed in with another document changes nothing."""
    document, _ = compile_document("{ films { title } }")
    _, compiled = compile_document("{ films { year } }")
    result = await execute(
        SCHEMA, document, context_value=vault.Studio(), executor_class=CompiledExecutor, compiled=compiled
    )
    assert set(result.data["films"][0]) == {"title"}
    assert compiled.counts.specializations == 0
