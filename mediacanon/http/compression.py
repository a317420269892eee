"""Compressed answers: zstd or gzip, as the client prefers, for texts of 1,000 bytes and more.

A middleware of our own, because kept answers keep their compressed bytes too and pass it untouched.
"""

import re
from functools import lru_cache

import zstandard
from isal import igzip
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 1000
RawHeaders = list[tuple[bytes, bytes]]
# The server's preference among encodings the client likes equally well.
ENCODINGS = ("zstd", "gzip")
TEXTS = re.compile(rb"text/(?!event-stream)|application/(.*\+)?(json|xml|javascript)|image/svg\+xml")
_RANGE = re.compile(r"([a-z0-9*-]+)(?:;q=([01](?:\.[0-9]{0,3})?))?")


@lru_cache(maxsize=100)
def preferred_encoding(accept_encoding: str) -> str | None:
    """Return the encoding an Accept-Encoding header likes best, None for the plain bytes."""
    if not accept_encoding:
        return None
    ranges = (_RANGE.fullmatch(each) for each in accept_encoding.lower().replace(" ", "").split(","))
    weights = {each[1]: float(each[2] or 1) for each in ranges if each}
    liked = {name: weights.get(name, weights.get("*", 0.0)) for name in ENCODINGS}
    best = max(ENCODINGS, key=liked.__getitem__)
    return best if liked[best] > 0 and liked[best] >= weights.get("identity", 0.0) else None


def compress(body: bytes, encoding: str) -> bytes:
    """Return the body compressed."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    return igzip.compress(body, 2)


class Compression:
    """Middleware: compresses whole answers that are text; streams, partial and compressed ones pass as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, compressed where the client likes it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        encoding = preferred_encoding(accepted.decode("latin-1"))
        start: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                # The headers wait for the body, whose length they tell.
                start = message
                return
            if start is not None:
                begun, start = start, None
                if message["type"] == "http.response.body":
                    message = _compressed(begun, message, encoding)
                await send(begun)
            await send(message)

        await self.app(scope, receive, sending)


def _compressed(start: Message, message: Message, encoding: str | None) -> Message:
    """Return the message of a whole body, compressed where that helps, and set the headers of its start."""
    headers: RawHeaders = start["headers"]
    known = dict(headers)
    if b"content-encoding" in known or not TEXTS.match(known.get(b"content-type", b"")):
        return message
    vary = known.get(b"vary", b"")
    if b"accept-encoding" not in vary.lower():
        headers = _with(headers, b"vary", b"%s, Accept-Encoding" % vary if vary else b"Accept-Encoding")
    body = message.get("body", b"")
    is_whole = not message.get("more_body", False) and b"content-range" not in known
    if encoding and is_whole and len(body) >= SMALLEST:
        body = compress(body, encoding)
        headers = _with(headers, b"content-length", b"%d" % len(body))
        headers = _with(headers, b"content-encoding", encoding.encode())
        message = {**message, "body": body}
    start["headers"] = headers
    return message


def _with(headers: RawHeaders, name: bytes, value: bytes) -> RawHeaders:
    """Return headers, whose names are in lower case as ASGI has them, with one of them set."""
    return [*(each for each in headers if each[0] != name), (name, value)]
