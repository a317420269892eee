"""What runs on this machine: asked of /proc where there is one, of `ps` elsewhere."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

_PROC = Path("/proc")


def command_line(pid: int) -> bytes:
    """Return the command line of a process, arguments one space apart; empty when it is gone or a zombie."""
    if not (_PROC / "self").exists():
        return _ps("-ww", "-o", "command=", "-p", str(pid)).strip()
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").strip()
    except OSError:
        return b""


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have just ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def server_children(cluster_name: str) -> list[int]:
    """Return the pids of all backends and helpers of the cluster called `cluster_name`, its postmaster excepted."""
    title = f"postgres: {cluster_name}:".encode()
    return [pid for pid in _pids() if command_line(pid).startswith(title)]


def _pids() -> list[int]:
    if (_PROC / "self").exists():
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [int(pid) for pid in _ps("-ax", "-o", "pid=").split()]


def _ps(*arguments: str) -> bytes:
    found = subprocess.run(  # noqa: S603 - a fixed program, no shell, arguments of our own
        ["/bin/ps", *arguments], check=False, capture_output=True
    )
    return found.stdout
