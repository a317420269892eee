"""`mediacanon serve`: from nothing to an answering server, and back to nothing."""

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving import run_program

PROGRAM = (sys.executable, "-m", "cli")


class Served:
    """A server in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def address(self) -> str:
        """Return the address it prints once it answers."""
        while line := (await self.process.stdout.readline()).decode():
            self.lines.append(line)
            if found := re.match(r"MediaCanon serves (http://\S+)$", line):
                return found[1]
        raise AssertionError("".join(self.lines))

    async def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        await self.process.communicate()
        return self.process.returncode


async def start(*arguments: str, **environment: str) -> Served:
    """Start a server with an environment of its own."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "serve",
        "--port",
        "0",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], **environment},
    )
    return Served(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_answers_until_it_is_told_to_stop(demo_database: str, number: signal.Signals):
    """The printed address answers; a signal ends the server cleanly."""
    server = await start(DATABASE_URL=demo_database)
    async with httpx.AsyncClient(base_url=await server.address()) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert "<strong>600</strong> movies" in (await client.get("/")).text
    assert await server.end(number) == 0


async def test_the_first_run_needs_nothing(data_root: Path):
    """An empty folder becomes a database with the demo; the second run keeps it; no server of ours stays behind."""
    folder = data_root / "first run"
    server = await start("--demo", MEDIACANON_DATA_DIR=str(folder))
    async with httpx.AsyncClient(base_url=await server.address()) as client:
        assert "<strong>600</strong> movies" in (await client.get("/")).text
    assert await server.end(signal.SIGTERM) == 0
    assert not (folder / "postgres" / "cluster" / "postmaster.pid").exists()
    again = await start("--demo", MEDIACANON_DATA_DIR=str(folder))
    async with httpx.AsyncClient(base_url=await again.address()) as client:
        assert "<strong>600</strong> movies" in (await client.get("/")).text
    assert await again.end(signal.SIGTERM) == 0


async def test_a_taken_port_is_one_line(data_root: Path):
    """The line says which address, and nothing was started for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        folder = data_root / "taken"
        code, output = await run_program(*PROGRAM, "serve", "--port", port, MEDIACANON_DATA_DIR=str(folder))
    assert code == 1
    assert output.startswith(f"Error: Cannot listen on 127.0.0.1:{port}")
    assert output.count("\n") == 1
    assert not folder.exists()


async def test_an_unreachable_database_is_one_line():
    """Which database, and no password."""
    url = "postgresql://someone:hush-hush@127.0.0.1:1/catalogue"
    code, output = await run_program(*PROGRAM, "serve", "--port", "0", DATABASE_URL=url)
    assert code == 1
    assert "127.0.0.1" in output
    assert "hush-hush" not in output
    assert output.startswith("Error: ")
    assert output.count("\n") == 1


async def test_debug_shows_where_an_error_comes_from():
    """With --debug there is a traceback."""
    code, output = await run_program(*PROGRAM, "--debug", "serve", PORT="many")
    assert code == 1
    assert "Traceback" in output
    assert "PORT is 'many'" in output


async def test_help_lists_every_command():
    """Each command with what it does, and each has help of its own."""
    from cli import COMMANDS

    code, output = await run_program(*PROGRAM, "--help")
    assert code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name}\s+\S+", output, re.MULTILINE)
        code, own = await run_program(*PROGRAM, name, "--help")
        assert code == 0
        assert f"{name} " in own


async def test_help_reads_no_library_it_does_not_need():
    """--help is instant: neither the server nor a database driver is imported."""
    heavy = "asyncpg|graphql|strawberry|starlette|httpx|uvicorn"
    code, output = await run_program(sys.executable, "-X", "importtime", "-m", "cli", "--help")
    assert code == 0
    assert re.findall(rf"\| +({heavy})$", output, re.MULTILINE) == []


async def test_the_schema_is_exported():
    """SDL on stdout."""
    code, output = await run_program(*PROGRAM, "schema", "export")
    assert code == 0
    assert "type Query {" in output
