"""What runs on this machine: asked of /proc where there is one, of `ps` elsewhere."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
# TCP_LISTEN of the kernel's tcp_states.h.
_LISTENS = "0A"


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


def listening_on(port: int) -> str | None:
    """Return which process listens on a TCP port, None where that cannot be found out."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening_inodes(table, port)}
    for pid in _pids() if sockets else ():
        with contextlib.suppress(OSError):
            if any(str(opened.readlink()) in sockets for opened in (_PROC / str(pid) / "fd").iterdir()):
                return f"process {pid} ({command_line(pid).decode(errors='replace')})"
    return None


def _listening_inodes(table: str, port: int) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on a port; columns as in proc(5)."""
    try:
        lines = (_PROC / "net" / table).read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        _, local, _, state, *others = line.split()
        if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
            yield others[5]
