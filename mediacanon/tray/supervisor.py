"""Child processes of the tray: started with a lifeline, stopped by it, and the server restarted when it ends."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from mediacanon.http.retries import backoff

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# The end of a server that lived this long starts a new back-off.
STABLE_AFTER = 60.0
# Seconds from the end of the lifeline to SIGKILL: `serve` drains for three seconds, then stops its PostgreSQL.
STOP_TIMEOUT = 60.0
MAX_LOG_BYTES = 5_000_000

# Runs a command of MediaCanon that stops when the tray closes its standard input, or dies.
WITH_LIFELINE = (sys.executable, "-P", "-m", "mediacanon.tray.lifeline")


def start_child(command: Sequence[str], output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start a program with a lifeline: its standard input is a pipe that this process alone holds.

    The program has a session of its own, so that Ctrl-C in a terminal reaches the tray alone.
    """
    return subprocess.Popen(  # noqa: S603 - this interpreter, no shell
        command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def stop_child(child: subprocess.Popen[bytes], *, timeout: float = STOP_TIMEOUT) -> None:
    """Close a child's lifeline and wait for its end; after `timeout` seconds it is killed."""
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Supervisor:
    """Keeps a server running: starts it, and restarts it with a back-off from 1 s to a minute."""

    def __init__(self, command: Sequence[str], log_file: Path) -> None:
        self._command = command
        self._log_file = log_file
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = 0.0
        self._pauses = backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._is_stopped = False

    @property
    def pid(self) -> int | None:
        """The server's process id, None while no server runs."""
        return self._child.pid if self._child else None

    def supervise(self, now: float, *, is_served: bool) -> str:
        """Start the server if it is due, and return its condition in a few words.

        `now` is a time in seconds of any monotonic clock. While another server, such as a service, serves the address
        (`is_served`), none is started.
        """
        with self._lock:
            self._rotate_log()
            if self._child and self._child.poll() is not None:
                stop_child(self._child)
                self._note_end(now, self._child.returncode)
            if self._child:
                return "starting"
            if self._is_stopped or is_served:
                return "run by another process" if is_served else "stopped"
            if now < self._due:
                return f"ended, restart in {self._due - now:.0f} s"
            self._start(now)
            return "starting"

    def stop(self) -> None:
        """Stop the server for good, gracefully within the timeout."""
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

    def _rotate_log(self) -> None:
        """Copy a full log away and truncate it: the children have it open, in append mode."""
        if self._log_file.exists() and self._log_file.stat().st_size > MAX_LOG_BYTES:
            shutil.copyfile(self._log_file, self._log_file.with_suffix(".old.log"))
            os.truncate(self._log_file, 0)

    def _note_end(self, now: float, code: int) -> None:
        if now - self._started >= STABLE_AFTER:
            self._pauses = backoff(FIRST_PAUSE, LONGEST_PAUSE)
        pause = next(self._pauses)
        with self._log_file.open("ab") as log:
            log.write(f"The server ended with code {code}; restart in {pause:.0f} s.\n".encode())
        self._child = None
        self._due = now + pause
