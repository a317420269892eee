"""Children of the tray: started again when they end, stopped when they are let go of."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediacanon.tray.import_run import ImportRun, far_of
from mediacanon.tray.supervisor import LEASHED, Supervisor, start_child, stop_child

ENDS = (sys.executable, "-c", "print('nothing to do'); raise SystemExit(3)")
# What `serve` is to the tray: something that ends in order when its standard input is closed.
STAYS = (sys.executable, "-c", "import sys; sys.stdin.read(); print('ended in order')")


def wait_for_end(supervisor: Supervisor) -> None:
    """Return when the child has ended; who waits reaps, so its exit is left to the supervisor."""
    os.waitid(os.P_PID, supervisor.pid, os.WEXITED | os.WNOWAIT)


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Give where the log goes: a folder that is not there yet."""
    return tmp_path / "new" / "tray.log"


@pytest.fixture
def staying(log_file: Path) -> Iterator[Supervisor]:
    """Give the supervisor of a child that stays."""
    supervisor = Supervisor(STAYS, log_file)
    yield supervisor
    supervisor.stop()


def test_waits_between_starts_double_up_to_a_minute(log_file: Path):
    """A server that cannot start is tried after 1, 2, 4 ... 60 seconds, and the log says why."""
    supervisor = Supervisor(ENDS, log_file)
    now, waits = 0.0, []
    for _ in range(8):
        assert supervisor.tend(now, is_served=False) == "starting"
        wait_for_end(supervisor)
        waits.append(float(supervisor.tend(now, is_served=False).removeprefix("ended, starts again in ").split()[0]))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert log_file.read_text().startswith("nothing to do\nThe server ended with code 3; it starts again in 1 s.\n")


def test_a_server_that_was_well_is_started_again_at_once(log_file: Path):
    """After a minute of life the waits begin anew."""
    supervisor = Supervisor(ENDS, log_file)
    for now in (0.0, 1.0, 3.0):
        supervisor.tend(now, is_served=False)
        wait_for_end(supervisor)
        supervisor.tend(now, is_served=False)
    supervisor.tend(7.0, is_served=False)
    wait_for_end(supervisor)
    assert supervisor.tend(70.0, is_served=False) == "ended, starts again in 1 s"


def test_a_killed_server_is_started_again(staying: Supervisor):
    """kill -9: another process takes its place."""
    staying.tend(0.0, is_served=False)
    first = staying.pid
    os.kill(first, signal.SIGKILL)
    wait_for_end(staying)
    staying.tend(0.5, is_served=False)
    assert staying.pid is None
    staying.tend(1.5, is_served=False)
    assert staying.pid not in (None, first)


def test_what_somebody_else_serves_is_not_served_twice(staying: Supervisor):
    """Nothing is started while the address answers; when it no longer does, we take over."""
    assert staying.tend(0.0, is_served=True) == "run by somebody else"
    assert staying.pid is None
    staying.tend(1.0, is_served=False)
    assert staying.pid is not None


def test_stopping_lets_the_server_end_in_order(log_file: Path):
    """It is not killed, and not started again."""
    supervisor = Supervisor(STAYS, log_file)
    supervisor.tend(0.0, is_served=False)
    supervisor.stop()
    assert log_file.read_text() == "ended in order\n"
    assert supervisor.tend(100.0, is_served=False) == "stopped"
    assert supervisor.pid is None


def test_a_child_that_does_not_end_is_killed():
    """Patience ends."""
    child = start_child((sys.executable, "-c", "import signal; signal.pause()"), subprocess.DEVNULL)
    stop_child(child, patience=0.1)
    assert child.returncode == -signal.SIGKILL


def test_a_log_that_grew_is_put_aside(log_file: Path, monkeypatch: pytest.MonkeyPatch):
    """The old one is kept once."""
    monkeypatch.setattr("mediacanon.tray.supervisor.LARGEST_LOG", 10)
    log_file.parent.mkdir()
    log_file.write_text("a long story\n")
    supervisor = Supervisor(STAYS, log_file)
    supervisor.tend(0.0, is_served=False)
    supervisor.stop()
    assert log_file.read_text() == "ended in order\n"
    assert log_file.with_suffix(".old.log").read_text() == "a long story\n"


def test_a_log_that_grows_while_the_server_runs_is_put_aside(log_file: Path, monkeypatch: pytest.MonkeyPatch):
    """However long it runs; what it says afterwards begins a new one."""
    monkeypatch.setattr("mediacanon.tray.supervisor.LARGEST_LOG", 10)
    supervisor = Supervisor(STAYS, log_file)
    supervisor.tend(0.0, is_served=False)
    with log_file.open("a") as log:
        log.write("a long story\n")
    supervisor.tend(2.0, is_served=True)
    assert log_file.with_suffix(".old.log").read_text() == "a long story\n"
    supervisor.stop()
    assert log_file.read_text() == "ended in order\n"


def test_a_leashed_command_is_mediacanons_own():
    """The leash runs the command line as it is, exit code included."""
    child = start_child((*LEASHED, "--version"), subprocess.PIPE)
    with child.stdout as output:
        assert b"mediacanon, version" in output.read()
    stop_child(child)
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("line", "far"),
    [
        ("2026-11-23 20:00:00 title.basics: 34%, 1.5 of 4.4 MB, 3.0 MB/s, 1 s left", "title.basics 34%"),
        ("2026-11-23 20:00:00 title.basics: done, 4.4 MB in 1 s", None),
        ("HTTP Request: GET http://127.0.0.1/", None),
        ("", None),
    ],
)
def test_progress_is_read_from_the_lines_that_sync_prints(line: str, far: str | None):
    """Step and share, nothing from other lines."""
    assert far_of(line) == far


@pytest.mark.parametrize(
    ("program", "line"),
    [("print('x')", "Import: done"), ("raise SystemExit('no such host')", "Import failed: no such host")],
)
def test_an_import_says_how_it_ended(log_file: Path, program: str, line: str):
    """What it printed is in the log."""
    run = ImportRun((sys.executable, "-c", program), log_file)
    run.stop()
    assert (run.is_running, run.line) == (False, line)
    assert log_file.read_text()


def test_the_progress_lines_are_those_that_sync_prints(log_file: Path):
    """A change of cli/progress that the tray could not read would show here."""
    program = (
        "import sys; from cli.progress import progress_for\n"
        "with progress_for(sys.stderr, every=0) as progress:\n"
        "    with progress.step('title.basics', total=100) as step: step.advance(50); raise SystemExit(1)"
    )
    run = ImportRun((sys.executable, "-c", program), log_file)
    run.stop()
    assert any(far_of(line) == "title.basics 50%" for line in log_file.read_text().splitlines())
