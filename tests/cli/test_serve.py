"""`mediacanon serve`: its options reach the server, and its output is one line."""

import re
import sys
from pathlib import Path

import httpx

from tests.server.processes import PROGRAM, serving
from tests.serving import run_program


async def test_the_address_is_all_that_is_printed(demo_database: str, tmp_path: Path):
    """The address goes to standard output, where scripts read it; an option wins over its variable."""
    async with serving(tmp_path, "--db", demo_database, DATABASE_URL="postgresql://127.0.0.1:1/none") as server:
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            assert (await client.get("/readyz")).status_code == 200
        server.process.terminate()
        assert await server.process.stdout.read() == b""
        assert await server.process.wait() == 0


async def test_workers_are_counted_from_one():
    """No worker at all is wrong usage."""
    code, output = await run_program(*PROGRAM, "--workers", "0")
    assert code == 2
    assert "--workers" in output


async def test_wrong_settings_are_reported_without_the_server():
    """The application, a second of imports, is not loaded for them."""
    command = (sys.executable, "-X", "importtime", "-m", "cli", "serve")
    code, output = await run_program(*command, PORT="many")
    assert code == 1
    assert "PORT is 'many'" in output
    assert re.findall(r"\| +(mediacanon\.server\S*)$", output, re.MULTILINE) == []
