"""Endpoints of the servers that the protocol is tested with."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

GET = b"GET %s HTTP/1.1\r\nHost: here\r\n\r\n"
LARGE = 5_000_000
TCP_INFO = 11
THREAD = "server of these tests"
PIECES: list[int] = []


async def small(request: Request) -> Response:
    """Answer with the query string."""
    return PlainTextResponse(f"<{request.url.query}>")


async def large(_: Request) -> Response:
    """Answer with more bytes than any buffer holds."""
    return PlainTextResponse("x" * LARGE)


async def stream(_: Request) -> Response:
    """Stream two parts, then keep the response open for half a minute."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"
        await asyncio.sleep(30)

    return StreamingResponse(parts())


async def endless(_: Request) -> Response:
    """Stream small pieces without end, and count them."""

    async def parts() -> AsyncIterator[bytes]:
        while True:
            PIECES.append(1)
            yield b"x" * 1000
            # Lets the event loop notice a disconnected client.
            await asyncio.sleep(0)

    return StreamingResponse(parts())


async def echo(request: Request) -> Response:
    """Answer with path, query and body after a moment."""
    body = await request.body()
    await asyncio.sleep(0.05)
    return PlainTextResponse(f"<{request.url.path}|{request.url.query}|{body.decode()}>")
