"""Prepared documents: cached once, in bounded memory."""

import pytest

from mediacanon.execution import documents
from mediacanon.execution.documents import DOCUMENT_SIZE, FIELD_SIZE, MAX_CACHE_SIZE
from mediacanon.execution.executor import Execution
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema

STATS = "{ stats { movies } }"


def new_execution() -> Execution:
    """Return an execution with an empty cache."""
    return Execution(build_schema(), costs=COSTS)


async def test_cached_documents_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """Ever new documents, long or short, do not fill the memory."""
    size = MAX_CACHE_SIZE // 10
    monkeypatch.setattr(documents, "MAX_CACHE_SIZE", size)
    execution = new_execution()
    for number in range(40):
        execution.prepare(f"# {number}".ljust(size // 20) + "\n{ stats { movies } }")
    assert 10 < len(execution.documents) < 20
    assert size * 0.8 < execution.documents.size <= size
    for number in range(size // DOCUMENT_SIZE):
        execution.prepare(f"{{ stats {{ a{number}: movies }} }}")
    assert len(execution.documents) < size // DOCUMENT_SIZE
    assert execution.documents.size <= size


async def test_a_document_larger_than_the_cache_evicts_no_other():
    """It is prepared each time anew."""
    execution = new_execution()
    first = execution.prepare(STATS)
    size = execution.documents.size
    huge = "#".ljust(MAX_CACHE_SIZE) + f"\n{STATS}"
    assert execution.prepare(huge) is not execution.prepare(huge)
    assert (execution.prepare(STATS), execution.documents.size) == (first, size)


async def test_compiled_fields_of_all_documents_are_bounded_together(make_context, monkeypatch: pytest.MonkeyPatch):
    """Short documents that unfold into many fields, run under many conditions, evict each other."""
    size = MAX_CACHE_SIZE // 4
    monkeypatch.setattr(documents, "MAX_CACHE_SIZE", size)
    execution = new_execution()
    aliases = " ".join(f"a{n}: name" for n in range(25))
    conditions = ("a", "b", "c", "d")
    declared = ", ".join(f"${name}: Boolean = true" for name in conditions)
    included = " ".join(f"count @include(if: ${name})" for name in conditions)
    compiled = 0
    for number in range(15):
        prepared = execution.prepare(f"query ({declared}) {{ genres {{ {aliases} {included} b{number}: name }} }}")
        for bits in range(16):
            variables = {name: bool(bits >> place & 1) for place, name in enumerate(conditions)}
            assert not (await execution.execute(prepared, context=make_context(), variables=variables)).errors
        compiled += prepared.compiled.size
        assert execution.documents.size <= size
    assert compiled * FIELD_SIZE > size
    assert 0 < len(execution.documents) < 15


async def test_the_size_of_a_document_grows_as_it_is_compiled(make_context):
    """The cache counts a document again after each run, with the fields that the run compiled."""
    execution = new_execution()
    prepared = execution.prepare(STATS)
    before = execution.documents.size
    await execution.execute(prepared, context=make_context())
    assert execution.documents.size == prepared.size > before


async def test_documents_that_cannot_run_are_not_cached():
    """A document is parsed and validated once, one with errors each time: it takes no room from others."""
    execution = new_execution()
    first = execution.prepare(STATS)
    assert execution.prepare(STATS) is first
    size = execution.documents.size
    for number in range(50):
        assert execution.prepare(f"{{ nothing{number} }}").errors
        assert execution.prepare(f"{{ stats {{ movies {number}").errors
    assert (len(execution.documents), execution.documents.size) == (1, size)
