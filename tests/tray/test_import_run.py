"""An import of the tray: its progress and its result, read from the output of `sync`."""

import sys
from pathlib import Path

import pytest

from mediacanon.tray.import_run import ImportRun, progress_of


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Return a path for the log in a folder that does not exist yet."""
    return tmp_path / "new" / "tray.log"


@pytest.mark.parametrize(
    ("line", "progress"),
    [
        ("2026-11-23 20:00:00 title.basics: 34%, 1.5 of 4.4 MB, 3.0 MB/s, 1 s left", "title.basics 34%"),
        ("2026-11-23 20:00:00 title.basics: done, 4.4 MB in 1 s", None),
        ("HTTP Request: GET http://127.0.0.1/", None),
        ("", None),
    ],
)
def test_progress_is_read_from_the_lines_that_sync_prints(line: str, progress: str | None):
    """A progress line gives step and percentage, any other line nothing."""
    assert progress_of(line) == progress


@pytest.mark.parametrize(
    ("program", "line"),
    [("print('x')", "Import: done"), ("raise SystemExit('no such host')", "Import failed: no such host")],
)
def test_an_import_shows_its_result(log_file: Path, program: str, line: str):
    """The line has the result, and the log the output."""
    run = ImportRun((sys.executable, "-c", program), log_file)
    run.stop()
    assert (run.is_running, run.line) == (False, line)
    assert log_file.read_text()


def test_the_progress_lines_are_those_that_sync_prints(log_file: Path):
    """The tray parses the lines that cli/progress writes."""
    program = (
        "import sys; from cli.progress import progress_for\n"
        "with progress_for(sys.stderr, every=0) as progress:\n"
        "    with progress.step('title.basics', total=100) as step: step.advance(50); raise SystemExit(1)"
    )
    run = ImportRun((sys.executable, "-c", program), log_file)
    run.stop()
    assert any(progress_of(line) == "title.basics 50%" for line in log_file.read_text().splitlines())
