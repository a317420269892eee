"""Documents of pages and forms."""

import pytest

from mediacanon import paths
from mediacanon.execution.executor import Execution
from mediacanon.pages.documents import bind_page_document
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema


@pytest.fixture(scope="module")
def execution() -> Execution:
    """Give the engine over our schema."""
    return Execution(build_schema(), costs=COSTS)


@pytest.mark.parametrize("name", sorted(path.stem for path in paths.TEMPLATES.glob("*.graphql")))
def test_every_document_fits_the_schema(execution: Execution, name: str):
    """A server reads a document when a page first needs it, too late to learn that it is wrong."""
    assert bind_page_document(execution, name).document.errors == []


def test_a_wrong_document_is_named(execution: Execution, monkeypatch, tmp_path):
    """The error has the file's name."""
    (tmp_path / "odd.graphql").write_text("{ nothing }")
    monkeypatch.setattr(paths, "TEMPLATES", tmp_path)
    with pytest.raises(ValueError, match=r"odd\.graphql: Cannot query field 'nothing'"):
        bind_page_document(execution, "odd")
