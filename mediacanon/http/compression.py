"""Compressed responses: zstd or gzip, by the client's preference, for texts of 1,000 bytes and more.

Starlette's middleware does not fit: cached responses hold their compressed bytes and must pass untouched.
"""

import re

import zstandard
from isal import igzip
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediacanon.http.accept import LONGEST_MEMOISED, MOST_MEMOISED, quality_values
from mediacanon.http.memo import memoised

SMALLEST = 1000
RawHeaders = list[tuple[bytes, bytes]]
# In the server's order of preference: it decides among encodings of equal weight.
ENCODINGS = ("zstd", "gzip")
TEXTS = re.compile(rb"text/(?!event-stream)|application/(.*\+)?(json|xml|javascript)|image/svg\+xml")


@memoised(most=MOST_MEMOISED, longest=LONGEST_MEMOISED)
def preferred_encoding(accept_encoding: str) -> str | None:
    """Return the encoding with the highest weight in an Accept-Encoding header, None for the plain bytes."""
    accepted = quality_values(accept_encoding)
    weights = {name: accepted.get(name, accepted.get("*", 0.0)) for name in ENCODINGS}
    best = max(ENCODINGS, key=weights.__getitem__)
    return best if weights[best] > 0 and weights[best] >= accepted.get("identity", 0.0) else None


def compress(body: bytes, encoding: str) -> bytes:
    """Return the body compressed."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    return igzip.compress(body, 2)


class Compression:
    """Middleware: compresses whole text responses. Streams, partial and compressed responses pass unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the app's response, compressed if the client accepts an encoding."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        encoding = preferred_encoding(accepted.decode("latin-1"))
        start: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                # The headers wait for the body, because Content-Length is that of the compressed bytes.
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
    """Return the message with its body compressed if that saves bytes, and update the headers of `start`."""
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
    """Return the headers with one of them set. ASGI sends their names in lower case."""
    return [*(each for each in headers if each[0] != name), (name, value)]
