"""Child processes of the tray: how they are started and stopped, and the server that is started again when it ends."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

SHORTEST_WAIT = 1.0
LONGEST_WAIT = 60.0
# A server that lived this long was well; its next failure is the first again.
WELL = 60.0
# `serve` gives open requests three seconds and then stops its PostgreSQL.
PATIENCE = 60.0
LARGEST_LOG = 5_000_000

# A command of ours that ends when we let go of it, or die.
LEASHED = (sys.executable, "-P", "-m", "mediacanon.tray.leash")


def start_child(command: Sequence[str], output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start a program whose standard input is a pipe only we hold.

    A session of its own keeps Ctrl-C in a terminal from reaching it: we decide when it stops.
    """
    return subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def stop_child(child: subprocess.Popen[bytes], *, patience: float = PATIENCE) -> None:
    """Let go of a child and wait until it has ended; one that does not within `patience` seconds is killed."""
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Supervisor:
    """Keeps a server running: starts it, starts it again after waits that double from 1 s to a minute."""

    def __init__(self, command: Sequence[str], log_file: Path) -> None:
        self._command = command
        self._log_file = log_file
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = 0.0
        self._wait = SHORTEST_WAIT
        self._is_stopped = False

    @property
    def pid(self) -> int | None:
        """The server's process, None while none runs."""
        return self._child.pid if self._child else None

    def tend(self, now: float, *, is_served: bool) -> str:
        """Start the server if it is due, and say in a few words how it is.

        `now` counts seconds on any clock that only goes forward. While somebody else serves the address
        (`is_served`), as a service or another tray does, nothing is started.
        """
        with self._lock:
            self._bound_log()
            if self._child and self._child.poll() is not None:
                stop_child(self._child)
                self._note_end(now, self._child.returncode)
            if self._child:
                return "starting"
            if self._is_stopped or is_served:
                return "run by somebody else" if is_served else "stopped"
            if now < self._due:
                return f"ended, starts again in {self._due - now:.0f} s"
            self._start(now)
            return "starting"

    def stop(self) -> None:
        """Stop the server, cleanly if it can; it is not started again."""
        with self._lock:
            self._is_stopped = True
            if self._child:
                stop_child(self._child)
                self._child = None

    def _start(self, now: float) -> None:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            self._child = start_child(self._command, log)
        self._started = now

    def _bound_log(self) -> None:
        """Put aside a log that grew too large. All append to it: emptied beneath them it begins anew."""
        if self._log_file.exists() and self._log_file.stat().st_size > LARGEST_LOG:
            shutil.copyfile(self._log_file, self._log_file.with_suffix(".old.log"))
            os.truncate(self._log_file, 0)

    def _note_end(self, now: float, code: int) -> None:
        if now - self._started >= WELL:
            self._wait = SHORTEST_WAIT
        with self._log_file.open("ab") as log:
            log.write(f"The server ended with code {code}; it starts again in {self._wait:.0f} s.\n".encode())
        self._child = None
        self._due = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
