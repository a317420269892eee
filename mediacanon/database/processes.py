"""The processes of this machine, read from /proc where it exists and from `ps` elsewhere."""

import contextlib
import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
# TCP_LISTEN of the kernel's tcp_states.h.
_LISTENS = "0A"
# The system or this process lacks something, which tells nothing about the file that was to be read.
_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}


def command_line(pid: int) -> bytes:
    """Return the command line of a process, arguments one space apart; empty for a dead process or a zombie.

    Raises OSError while open files or memory are short.
    """
    if not (_PROC / "self").exists():
        return _ps("-ww", "-o", "command=", "-p", str(pid)).strip()
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").strip()
    except OSError as error:
        raise_shortage(error)
        return b""


def raise_shortage(error: OSError) -> None:
    """Raise an error again that tells of too few open files or too little memory, not of a missing file."""
    if error.errno in _SHORTAGES:
        raise error


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process; one that has ended is ignored."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def server_children(cluster_name: str) -> list[int]:
    """Return the pids of all backends and auxiliary processes of the cluster `cluster_name`, without its postmaster."""
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
    """Return the pid and command line of the process that listens on a TCP port, None if unknown."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening_inodes(table, port)}
    for pid in _pids() if sockets else ():
        with contextlib.suppress(OSError):
            if any(str(opened.readlink()) in sockets for opened in (_PROC / str(pid) / "fd").iterdir()):
                return f"process {pid} ({command_line(pid).decode(errors='replace')})"
    return None


def _listening_inodes(table: str, port: int) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on a port; proc(5) describes the columns."""
    try:
        lines = (_PROC / "net" / table).read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        _, local, _, state, *others = line.split()
        if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
            yield others[5]
