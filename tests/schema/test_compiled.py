"""Compiled execution answers as graphql-core does, in bounded memory, and does run compiled."""

import asyncio
import gc
import weakref
from collections.abc import Callable

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from mediacanon.schema.compiled import MOST_FIELDS, MOST_VARIANTS, CompiledExecutor, Plans
from mediacanon.schema.root import build_schema
from tests.schema import vault
from tests.schema.documents import documents, flag_values

SCHEMA = vault.SCHEMA._schema
REAL_SCHEMA = build_schema()._schema
GENERATED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def ids(first: int, last: int) -> list[str]:
    return [f"(id: {number})" for number in range(first, last + 1)]


# Root fields of the real schema, with arguments each may be given.
REAL_ROOTS = {
    "title": [*ids(1, 8), "", '(imdbId: "tt0000000")', "(id: 999999)"],
    "movie": ids(1, 4),
    "show": ids(1, 8),
    "season": ids(1, 8),
    "episode": ids(1, 8),
    "titles": ["", "(perPage: 3)", "(page: 2, perPage: 4)", "(type: show)", "(page: 0)"],
    "search": ['(query: "the")', '(query: "a", limit: 3)'],
    "stats": [""],
    "genres": [""],
    "languages": [""],
}


# graphql-core cancels the siblings of a field that failed, some of them before they began.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@settings(GENERATED, max_examples=400)
@given(
    text=documents(SCHEMA, vault.ROOTS),
    seed=st.integers(0, 1 << 16),
    oddity=st.sampled_from([0, 5, 40, 200]),
    flags=st.tuples(flag_values, flag_values),
)
def test_generated_documents_are_answered_to_the_letter(
    assert_same_answer: Callable, text: str, seed: int, oddity: int, flags: tuple[dict, dict]
) -> None:
    """Data, order of keys and errors are the interpreter's, plan cold or warm, whatever rows and variables."""
    document = parse(text)
    assume(not validate(SCHEMA, document))
    plans = Plans(document)

    async def run() -> None:
        for number, variables in ((seed, flags[0]), (seed, flags[0]), (seed + 1, flags[1]), (seed + 2, flags[0])):
            await assert_same_answer(
                SCHEMA, document, plans, lambda n=number: vault.Vault(n, oddity), variable_values=variables
            )

    asyncio.run(run())
