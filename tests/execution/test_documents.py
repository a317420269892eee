"""A server whose own documents do not fit the schema does not start."""

import shutil
import sys
from pathlib import Path

import pytest

from mediacanon import paths
from tests.serving import run_program

ROOT = paths.PACKAGE.parent
START = (
    "from mediacanon.server.app import build_app; from mediacanon.settings import Settings; build_app(Settings(), '')"
)


@pytest.mark.parametrize(
    "document", ["mediacanon/rest_compat/anywatch/documents/movie.graphql", "templates/movie.graphql"]
)
async def test_a_wrong_document_stops_the_start_and_is_named(tmp_path: Path, document: str):
    """With what is wrong in it; as it is, the server is built."""
    shutil.copytree(ROOT / "mediacanon", tmp_path / "mediacanon", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    for name in ("collections", "schema.sql"):
        (tmp_path / name).symlink_to(ROOT / name)
    # Without -P the checkout comes first.
    start = (sys.executable, "-P", "-c", START)
    assert await run_program(*start, PYTHONPATH=str(tmp_path)) == (0, "")
    wrong = tmp_path / document
    wrong.write_text(wrong.read_text().replace("movie(", "film("))
    code, output = await run_program(*start, PYTHONPATH=str(tmp_path))
    assert code == 1
    assert "ValueError: movie.graphql: Cannot query field 'film'" in output
