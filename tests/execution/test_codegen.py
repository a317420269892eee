"""Code generation: the classes that it accepts, and the example in its documentation."""

from collections.abc import Callable

import pytest
from graphql import execute

from mediacanon.execution import codegen
from mediacanon.execution.codegen import is_plain_class
from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.loaders.movie import MovieRow
from mediacanon.loaders.season import EpisodeRow, SeasonRow, SeasonWithEpisodesRow
from mediacanon.loaders.show import ShowRow
from mediacanon.loaders.title import IdsRow, TitleRow
from mediacanon.schema.root import build_schema
from tests.execution.conftest import compile_document

REAL_SCHEMA = build_schema()._schema


@pytest.mark.parametrize("row", [EpisodeRow, SeasonRow, SeasonWithEpisodesRow, TitleRow, IdsRow, MovieRow, ShowRow])
def test_classes_of_rows_are_plain(row: type) -> None:
    """Generated code checks the first row of a class and then accepts all rows of it."""
    assert is_plain_class(row)


async def test_the_documented_source_is_the_generated_one(
    make_context: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The functions in the module's docstring are generated for the document beside them, whitespace aside."""
    sources: list[str] = []

    def record(source: str, *arguments: str) -> object:
        sources.append(source)
        return compile(source, *arguments)

    monkeypatch.setattr(codegen, "compile", record, raising=False)
    text = codegen.__doc__.split("seasons in\n`")[1].split("`")[0]
    document, compiled = compile_document(text, REAL_SCHEMA)
    result = await execute(
        REAL_SCHEMA, document, context_value=make_context(), executor_class=CompiledExecutor, compiled=compiled
    )
    assert result.data["show"]["seasons"]
    [source] = sources
    documented = codegen.__doc__.split("the source is:")[1].split("The generator binds")[0]
    assert documented.split() == source.split()
