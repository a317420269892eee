"""Documents are prepared once and remembered in bounded memory."""

from mediacanon.execution.documents import DOCUMENT_SIZE, FIELD_SIZE, REMEMBERED_SIZE
from mediacanon.execution.executor import Execution
from mediacanon.schema.root import build_schema

STATS = "{ stats { movies } }"


async def test_prepared_documents_are_bounded():
    """Ever new documents do not fill the memory, long ones or short ones."""
    execution = Execution(build_schema())
    for number in range(40):
        execution.prepare(f"# {number}".ljust(REMEMBERED_SIZE // 20) + "\n{ stats { movies } }")
    assert 10 < len(execution.remembered) < 20
    assert REMEMBERED_SIZE * 0.8 < execution.remembered.size <= REMEMBERED_SIZE
    for number in range(REMEMBERED_SIZE // DOCUMENT_SIZE):
        execution.prepare(f"{{ stats {{ a{number}: movies }} }}")
    assert len(execution.remembered) < REMEMBERED_SIZE // DOCUMENT_SIZE
    assert execution.remembered.size <= REMEMBERED_SIZE


async def test_plans_of_all_documents_are_bounded_together(make_context):
    """Short documents that unfold into many fields, asked under many conditions, forget each other."""
    execution = Execution(build_schema())
    aliases = " ".join(f"a{n}: name" for n in range(25))
    conditions = ("a", "b", "c", "d")
    declared = ", ".join(f"${name}: Boolean = true" for name in conditions)
    included = " ".join(f"count @include(if: ${name})" for name in conditions)
    held = 0
    for number in range(60):
        prepared = execution.prepare(f"query ({declared}) {{ genres {{ {aliases} {included} b{number}: name }} }}")
        for bits in range(16):
            variables = {name: bool(bits >> place & 1) for place, name in enumerate(conditions)}
            assert not (await execution.execute(prepared, context=make_context(), variables=variables)).errors
        held += prepared.plans.held
        assert execution.remembered.size <= REMEMBERED_SIZE
    assert held * FIELD_SIZE > REMEMBERED_SIZE
    assert 0 < len(execution.remembered) < 60


async def test_only_what_can_run_is_remembered():
    """A document is parsed and validated once, one with errors each time: it takes no room from others."""
    execution = Execution(build_schema())
    first = execution.prepare(STATS)
    assert execution.prepare(STATS) is first
    size = execution.remembered.size
    for number in range(50):
        assert execution.prepare(f"{{ nothing{number} }}").errors
        assert execution.prepare(f"{{ stats {{ movies {number}").errors
    assert (len(execution.remembered), execution.remembered.size) == (1, size)
