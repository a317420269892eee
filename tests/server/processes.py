"""Servers under test in processes of their own, and the programs that start them."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from mediacanon.database import processes

PROGRAM = (sys.executable, "-m", "cli", "serve")
ADDRESS = re.compile(r"MediaCanon serves (http://\S+)$")


class Server:
    """A running server, its log in a file."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self._log = log

    @property
    def pid(self) -> int:
        """The process id of the program."""
        return self.process.pid

    def workers(self) -> list[int]:
        """Return the process ids of its workers."""
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.pid)], check=False, capture_output=True, text=True
        )
        return [int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line]

    def log(self) -> str:
        """Return the log so far."""
        return self._log.read_text()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        await self.process.communicate()
        return self.process.returncode


@contextlib.asynccontextmanager
async def serving(
    folder: Path, *arguments: str, program: tuple[str, ...] = PROGRAM, cwd: Path | None = None, **environment: str
) -> AsyncIterator[Server]:
    """Yield a server that accepts connections on a free port, and stop it at the end; its log is under `folder`."""
    log = Path(tempfile.mkdtemp(dir=folder)) / "log"
    with log.open("w") as opened:
        process = await asyncio.create_subprocess_exec(
            *(*program, "--port", "0", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=opened,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], **environment},
        )
    found = ADDRESS.match((await process.stdout.readline()).decode())
    assert found, log.read_text()
    server = Server(process, found[1], log)
    try:
        yield server
    finally:
        if process.returncode is None:
            await server.end()


def is_gone(pid: int) -> bool:
    """Return whether a process has ended."""
    return not processes.command_line(pid)
