"""Child processes of the tray: restarted when they end, stopped by their lifeline."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediacanon.tray.supervisor import Supervisor, start_child, stop_child

ENDS = (sys.executable, "-c", "print('nothing to do'); raise SystemExit(3)")
# Stops in order at the end of standard input, like `serve` with a lifeline.
STAYS = (sys.executable, "-c", "import sys; sys.stdin.read(); print('ended in order')")


def wait_for_end(supervisor: Supervisor) -> None:
    """Return when the child has ended, without reaping it: the supervisor needs its exit code."""
    os.waitid(os.P_PID, supervisor.pid, os.WEXITED | os.WNOWAIT)


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Return a path for the log in a folder that does not exist yet."""
    return tmp_path / "new" / "tray.log"


@pytest.fixture
def staying(log_file: Path) -> Iterator[Supervisor]:
    """Yield the supervisor of a child that keeps running."""
    supervisor = Supervisor(STAYS, log_file)
    yield supervisor
    supervisor.stop()


def test_the_back_off_doubles_up_to_a_minute(log_file: Path):
    """A server that cannot start is restarted after 1, 2, 4 ... 60 seconds, and the log has the reason."""
    supervisor = Supervisor(ENDS, log_file)
    now, pauses = 0.0, []
    for _ in range(8):
        assert supervisor.supervise(now, is_served=False) == "starting"
        wait_for_end(supervisor)
        pauses.append(float(supervisor.supervise(now, is_served=False).removeprefix("ended, restart in ").split()[0]))
        now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert log_file.read_text().startswith("nothing to do\nThe server ended with code 3; restart in 1 s.\n")


def test_a_stable_server_resets_the_back_off(log_file: Path):
    """A server that ran for a minute is restarted after the first pause."""
    supervisor = Supervisor(ENDS, log_file)
    for now in (0.0, 1.0, 3.0):
        supervisor.supervise(now, is_served=False)
        wait_for_end(supervisor)
        supervisor.supervise(now, is_served=False)
    supervisor.supervise(7.0, is_served=False)
    wait_for_end(supervisor)
    assert supervisor.supervise(70.0, is_served=False) == "ended, restart in 1 s"


def test_a_killed_server_is_restarted(staying: Supervisor):
    """After kill -9 a new process takes its place."""
    staying.supervise(0.0, is_served=False)
    first = staying.pid
    os.kill(first, signal.SIGKILL)
    wait_for_end(staying)
    staying.supervise(0.5, is_served=False)
    assert staying.pid is None
    staying.supervise(1.5, is_served=False)
    assert staying.pid not in (None, first)


def test_no_server_is_started_beside_another(staying: Supervisor):
    """While another process serves the address none is started; when it stops, the tray takes over."""
    assert staying.supervise(0.0, is_served=True) == "run by another process"
    assert staying.pid is None
    staying.supervise(1.0, is_served=False)
    assert staying.pid is not None


def test_a_stopped_server_ends_in_order(log_file: Path):
    """The server is neither killed nor restarted."""
    supervisor = Supervisor(STAYS, log_file)
    supervisor.supervise(0.0, is_served=False)
    supervisor.stop()
    assert log_file.read_text() == "ended in order\n"
    assert supervisor.supervise(100.0, is_served=False) == "stopped"
    assert supervisor.pid is None


def test_a_child_that_does_not_end_is_killed():
    """A child that ignores its lifeline is killed after the timeout."""
    child = start_child((sys.executable, "-c", "import signal; signal.pause()"), subprocess.DEVNULL)
    stop_child(child, timeout=0.1)
    assert child.returncode == -signal.SIGKILL


def test_a_full_log_is_rotated(log_file: Path, monkeypatch: pytest.MonkeyPatch):
    """One old log is kept."""
    monkeypatch.setattr("mediacanon.tray.supervisor.MAX_LOG_BYTES", 10)
    log_file.parent.mkdir()
    log_file.write_text("a long story\n")
    supervisor = Supervisor(STAYS, log_file)
    supervisor.supervise(0.0, is_served=False)
    supervisor.stop()
    assert log_file.read_text() == "ended in order\n"
    assert log_file.with_suffix(".old.log").read_text() == "a long story\n"


def test_the_log_of_a_running_server_is_rotated(log_file: Path, monkeypatch: pytest.MonkeyPatch):
    """The server goes on writing, into the emptied file."""
    monkeypatch.setattr("mediacanon.tray.supervisor.MAX_LOG_BYTES", 10)
    supervisor = Supervisor(STAYS, log_file)
    supervisor.supervise(0.0, is_served=False)
    with log_file.open("a") as log:
        log.write("a long story\n")
    supervisor.supervise(2.0, is_served=True)
    assert log_file.with_suffix(".old.log").read_text() == "a long story\n"
    supervisor.stop()
    assert log_file.read_text() == "ended in order\n"
