"""Bounds and leniency of a connection: whatever a client sends, or does not send."""

import asyncio
import contextlib
import logging
import socket
from functools import partial

import orjson
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from mediacanon.server import uvicorn_protocol
from mediacanon.server.uvicorn_protocol import HttpProtocol
from tests.server.endpoints import GET, PIECES, small, stream


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the time limits short."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(uvicorn_protocol, name, 0.3)


async def exchange(address: tuple[str, int], *parts: bytes, half_close: bool = False) -> bytes:
    """Send parts of requests and return all that comes until the server closes the connection."""
    reader, writer = await asyncio.open_connection(*address)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.05)
    if half_close:
        writer.write_eof()
    received = b""
    # A part that comes after the close resets the connection; what was received before counts.
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(60):
            while some := await reader.read(65_536):
                received += some
    writer.close()
    return received


CLOSE = b"Host: here\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status", "word"),
    [
        (b"GET /%s HTTP/1.1\r\n" % (b"a" * 20_000) + CLOSE, 414, "target"),
        (b"GET / HTTP/1.1\r\nX: %s\r\n" % (b"a" * 80_000) + CLOSE, 431, "head"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + CLOSE, 431, "head"),
        (b"hello\r\n\r\n", 400, "HTTP"),
        (b"CONNECT here:80 HTTP/1.1\r\nHost: here\r\n\r\n", 400, "proxy"),
    ],
)
async def test_a_refused_head_gets_the_contracts_error(
    address: tuple[str, int], request_: bytes, status: int, word: str
) -> None:
    """Status, JSON, CORS and a request id, however large the head would have been."""
    head, _, body = (await exchange(address, request_)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"access-control-allow-origin: *" in head
    assert b"x-request-id: " in head
    assert word in orjson.loads(body)["error"]


async def test_a_head_as_large_as_browsers_send_is_answered(address: tuple[str, int]) -> None:
    """Cookies of 40 KB are within the bound."""
    answer = await exchange(address, b"GET /small?1 HTTP/1.1\r\nCookie: %s\r\n" % (b"a" * 40_000) + CLOSE)
    assert answer.endswith(b"<1>")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"GET /small HT",),
        (b"GET /small HTTP/1.1\r\nHost:",),
        (b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\n", b"half"),
    ],
)
async def test_an_unfinished_request_is_closed(address: tuple[str, int], parts: tuple[bytes, ...]) -> None:
    """A connection that sends nothing, half a head or half a body ends after some seconds."""
    assert b"200 OK" not in await exchange(address, *parts)


@pytest.mark.usefixtures("quick")
async def test_a_client_that_takes_nothing_is_closed(address: tuple[str, int]) -> None:
    """A response that nothing reads holds its buffers for some seconds, though it has no end."""
    reader, writer = await asyncio.open_connection(*address, limit=1024)
    PIECES.clear()
    writer.write(GET % b"/endless")
    made = -1
    async with asyncio.timeout(60):
        # Reading before the buffers are full would make room in them.
        while not PIECES or len(PIECES) > made:
            made = len(PIECES)
            await asyncio.sleep(1)
        with contextlib.suppress(ConnectionError):
            while await reader.read(100_000):
                pass
    writer.close()


async def test_pipelined_requests_wait_unparsed(address: tuple[str, int]) -> None:
    """However many requests are sent at once, few exist at a time, and all are answered in their order."""
    count = 400
    requests = b"".join(GET % b"/small?%d" % number for number in range(count)) + b"GET /small?end HTTP/1.1\r\n" + CLOSE
    answers = await exchange(address, requests)
    wanted = [b"<%d>" % number for number in range(count)] + [b"<end>"]
    assert [b"<" + part.partition(b">")[0] + b">" for part in answers.split(b"<")[1:]] == wanted


@pytest.mark.parametrize("parts", [1, 2])
async def test_an_offer_of_another_protocol_is_ignored(address: tuple[str, int], parts: int) -> None:
    """h2c, as Java and curl offer it, loses no body (RFC 9110, section 7.8), and the connection goes on."""
    head = (
        b"POST /echo?a HTTP/1.1\r\nHost: here\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Length: 4\r\n\r\n"
    )
    sent = (head + b"abcd",) if parts == 1 else (head, b"abcd")
    answer = await exchange(address, *sent, b"GET /small?next HTTP/1.1\r\n" + CLOSE)
    assert b"</echo|a|abcd>" in answer
    assert answer.endswith(b"<next>")


async def test_utf8_in_a_target_is_its_escaped_form(address: tuple[str, int]) -> None:
    """A target of curl with letters as typed is answered as if it were escaped."""
    escaped = await exchange(address, b"GET /echo?q=am%C3%A9lie HTTP/1.1\r\n" + CLOSE)
    typed = await exchange(address, "GET /echo?q=amélie HTTP/1.1\r\n".encode() + CLOSE)
    assert typed.endswith(b"</echo|q=am%C3%A9lie|>")
    assert escaped.endswith(b"</echo|q=am%C3%A9lie|>")


async def test_a_client_that_closes_its_sending_half_is_answered(address: tuple[str, int]) -> None:
    """netcat and some scripts send a request and shut the sending half down, some of them in the same moment."""
    answer = await exchange(address, GET % b"/echo?x", half_close=True)
    assert answer.endswith(b"</echo|x|>")
    for _ in range(20):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET % b"/small?x")
        writer.write_eof()
        async with asyncio.timeout(60):
            assert (await reader.read()).endswith(b"<x>")
        writer.close()


async def test_connections_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """At the bound an idle connection makes room; without one the newest is refused, and the log says so once."""
    caplog.set_level(logging.WARNING)
    app = Starlette(routes=[Route("/small", small), Route("/stream", stream)])
    limit = uvicorn_protocol.ConnectionLimit(2)
    config = uvicorn.Config(app, http=partial(HttpProtocol, limit=limit), log_config=None, timeout_graceful_shutdown=1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        address = listener.getsockname()
        idle, idle_writer = await asyncio.open_connection(*address)
        idle_writer.write(GET % b"/small?1")
        await idle.readuntil(b"<1>")
        busy = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(GET % b"/stream")
            await reader.readuntil(b"two")
            busy.append(writer)
        assert await asyncio.wait_for(idle.read(), 60) == b""
        for _ in range(3):
            assert b"503 " in await exchange(address, GET % b"/small")
        for writer in (idle_writer, *busy):
            writer.close()
        server.should_exit = True
        await running
    assert caplog.text.count("connections are in use") == 1
