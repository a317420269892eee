"""The log: its lines, the secrets they never hold, and a file that several processes rotate."""

import asyncio
import json
import logging
import multiprocessing
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from mediacanon.http.exchange import RequestIds
from mediacanon.settings import Settings
from mediacanon.telemetry.logs import AccessLog, SharedFile, start_logging
from tests.serving import app_of, client_of

HUMAN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO GET /api/shows/1 200 (\d+) B \d+\.\d ms from-a-proxy"
SECRETS = ("hush-hush", "tmdb-key-0123")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """Yield the path of the test's log file, and restore pytest's logging afterwards."""
    root, quiet = (
        logging.getLogger(),
        {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "uvicorn")},
    )
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield tmp_path / "logs" / "mediacanon.log"
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


def log_to(file: Path, **environment: str) -> None:
    """Start logging like a server."""
    start_logging(Settings.from_environment({"MEDIACANON_LOG_FILE": str(file), **environment}))


def lines_of(file: Path) -> list[str]:
    """Return the lines of a file."""
    return file.read_text().splitlines()


async def test_each_request_is_a_line(demo: str, log_file: Path):
    """The line has method, path, status, bytes, duration and the request id of the response."""
    log_to(log_file)
    async with client_of(app_of(demo)) as client:
        headers = {"x-request-id": "from-a-proxy", "accept-encoding": "identity"}
        answer = await client.get("/api/shows/1", headers=headers)
    line = next(line for line in lines_of(log_file) if "/api/shows/1" in line)
    assert int(re.fullmatch(HUMAN, line)[1]) == len(answer.content)


async def test_json_lines_hold_the_parts(demo: str, log_file: Path):
    """Each line is one object, even if a path holds line breaks."""
    log_to(log_file, MEDIACANON_LOG_FORMAT="json")
    async with client_of(app_of(demo, MEDIACANON_LOG_FORMAT="json")) as client:
        answer = await client.get("/no%0Asuch%1Bpage", headers={"accept-encoding": "identity"})
    line = json.loads(lines_of(log_file)[-1])
    assert (line["level"], line["method"], line["path"]) == ("INFO", "GET", "/no%0Asuch%1Bpage")
    assert (line["status"], line["bytes"]) == (404, len(answer.content))
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["milliseconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


@pytest.mark.parametrize("log_format", ["human", "json"])
@pytest.mark.parametrize("path", ["/" + "x" * 60_000, "/" + "%C3%A9" * 400, "/" + "%0A" * 5_000])
async def test_a_line_is_bounded_whatever_the_path(demo: str, log_file: Path, log_format: str, path: str):
    """A long path is cut; the status and the id behind it are there."""
    log_to(log_file, MEDIACANON_LOG_FORMAT=log_format)
    async with client_of(app_of(demo, MEDIACANON_LOG_FORMAT=log_format)) as client:
        answer = await client.get(path)
    line = lines_of(log_file)[-1]
    assert len(line) < 1600
    assert f"... {answer.status_code} " in line
    assert answer.headers["x-request-id"] in line


async def test_successful_health_checks_are_not_logged(demo: str, log_file: Path):
    """Other requests are logged in batches, in order, while the server is still running."""
    log_to(log_file)
    async with client_of(app_of(demo)) as client:
        for path in ("/healthz", "/readyz", "/api/shows/1", "/api/shows/2"):
            await client.get(path)
        async with asyncio.timeout(20):
            while not any("/api/shows/2" in line for line in lines_of(log_file)):
                await asyncio.sleep(0.01)
    found = [line.split()[4] for line in lines_of(log_file) if " GET " in line]
    assert found == ["/api/shows/1", "/api/shows/2"]


@pytest.mark.parametrize("log_format", ["human", "json"])
async def test_no_line_holds_a_secret(demo: str, log_file: Path, log_format: str):
    """Query strings, headers and TMDB's key are in no line of any logger."""
    log_to(log_file, MEDIACANON_LOG_FORMAT=log_format)
    settings = {
        "MEDIACANON_WRITES": "token",
        "MEDIACANON_WRITE_TOKEN": "hush-hush",
        "MEDIACANON_LOG_FORMAT": log_format,
    }
    async with client_of(app_of(demo, **settings)) as client:
        await client.get("/api/titles?api_key=hush-hush", headers={"authorization": "Bearer hush-hush"})
        await client.delete("/api/titles/1", headers={"authorization": "Bearer wrong hush-hush"})
        await client.get(f"/api/titles?key={SECRETS[1]}")
    written = "\n".join(lines_of(log_file))
    assert "GET /api/titles " in written
    for secret in SECRETS:
        assert secret not in written


async def test_an_unexpected_error_is_logged_with_its_request_id(log_file: Path):
    """The access line of the request has status 500."""
    log_to(log_file, MEDIACANON_LOG_FORMAT="json")

    async def fail(_):
        raise RuntimeError("unforeseen")

    access_log = AccessLog(Settings.from_environment({"MEDIACANON_LOG_FORMAT": "json"}))
    app = Starlette(routes=[Route("/", fail)], middleware=[Middleware(RequestIds, finished=access_log.note)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False)) as client:
        await client.get("http://mediacanon.test/", headers={"x-request-id": "seven"})
    access_log.write()
    line = json.loads(lines_of(log_file)[-1])
    assert (line["status"], line["request_id"]) == (500, "seven")


def test_a_traceback_stays_on_its_json_line(log_file: Path):
    """The traceback is a field beside the message."""
    log_to(log_file, MEDIACANON_LOG_FORMAT="json")
    try:
        int("why")
    except ValueError:
        logging.getLogger("mediacanon.test").exception("It failed")
    line = json.loads(lines_of(log_file)[0])
    assert line["message"] == "It failed"
    assert line["error"].startswith("Traceback")
    assert line["error"].endswith("'why'")


def write_lines(file: Path, name: str) -> None:
    """Write numbered lines."""
    handler = SharedFile(file, maxBytes=2_000, backupCount=200, encoding="utf-8")
    for number in range(500):
        handler.handle(logging.makeLogRecord({"msg": f"{name} {number}"}))
    handler.close()


def test_processes_share_a_file_that_is_rotated(tmp_path: Path):
    """Three processes write at the same time: no line is lost or torn, and files keep their bound."""
    file = tmp_path / "mediacanon.log"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_lines, args=(file, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    files = [each for each in tmp_path.iterdir() if not each.name.endswith(".lock")]
    lines = [line for each in files for line in each.read_text().splitlines()]
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abc" for number in range(500))
    assert len(files) > 3
    assert max(each.stat().st_size for each in files) < 2_500
