"""A fake of TMDB: a real HTTP server with replies in TMDB's form, and faults on demand.

`with FakeTmdb(catalogue) as tmdb:` serves on a port of its own from a thread of its own; `tmdb.misbehave(...)` switches
a fault on. From a shell: `python -m tests.fakes.tmdb --port 9040 [--movies FILE.jsonl.gz]`.
"""

import argparse
import asyncio
import gzip
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

import orjson

from tests.fakes.tmdb_catalogue import Catalogue, film, show

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJmYWtlIn0.c2lnbmF0dXJl"
JSON = "application/json;charset=utf-8"
UNAUTHORIZED = orjson.dumps(
    {
        "status_code": 7,
        "status_message": "Invalid API key: You must be granted a valid key.",
        "success": False,
    }
)
NOT_FOUND = orjson.dumps(
    {
        "success": False,
        "status_code": 34,
        "status_message": "The resource you requested could not be found.",
    }
)
TOO_MANY = orjson.dumps(
    {
        "status_code": 25,
        "status_message": "Your request count (41) is over the allowed limit of 40.",
    }
)
GZIPPED = "content-encoding: gzip\r\n"
REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests", 500: "Oops"}


class Fault(Enum):
    """A fault of a server."""

    UNAUTHORIZED = auto()
    NOT_FOUND = auto()
    BUSY = auto()
    BUSY_WITH_RETRY_AFTER = auto()
    SERVER_ERROR = auto()
    TRUNCATED_JSON = auto()
    HTML = auto()
    WRONG_TYPES = auto()
    LARGE = auto()
    GZIP = auto()
    GZIP_BOMB = auto()
    GZIP_CUT_OFF = auto()
    SLOW_DRIP = auto()
    CLOSED = auto()
    HANG = auto()


# A compressed reply is whole and right.
FAILURES = [fault for fault in Fault if fault is not Fault.GZIP]


@dataclass(slots=True)
class Misbehaviour:
    """A fault of replies to paths containing `path`, the next `times` of them (None: all)."""

    fault: Fault
    path: str = ""
    times: int | None = None
    retry_after: str = "1"

    def applies(self, path: str) -> bool:
        """Return whether the fault hits this request, and count it."""
        if self.path not in path or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@lru_cache(maxsize=1)
def bomb() -> bytes:
    """Return a small reply that inflates to a large one; made once, since it takes longer than clients wait."""
    return gzip.compress(padded(b"{}"), compresslevel=1)


def wrong_types(value: object) -> object:
    """Return the reply with each number as text, each text as a number and each list as an object."""
    match value:
        case dict():
            return {key: wrong_types(inner) for key, inner in value.items()}
        case list():
            return {"0": [wrong_types(inner) for inner in value]}
        case int() | float():
            return str(value)
        case str():
            return 7
    return value


def padded(body: bytes) -> bytes:
    """Return a reply with blanks that make it longer than any of TMDB's."""
    return body[:-1] + b" " * 20_000_000 + body[-1:]


def head(status: int, length: int, *, content_type: str = JSON, extra: str = "") -> bytes:
    """Return the status line and headers of a response."""
    return (
        f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: {content_type}\r\n"
        f"content-length: {length}\r\n{extra}\r\n"
    ).encode()


def response(status: int, body: bytes, *, content_type: str = JSON, extra: str = "") -> bytes:
    """Return a whole HTTP response."""
    return head(status, len(body), content_type=content_type, extra=extra) + body


class FakeTmdb:
    """TMDB on a local port, with a catalogue, a list of requests, and faults."""

    def __init__(self, catalogue: Catalogue | None = None, *, port: int = 0) -> None:
        self.catalogue = catalogue or Catalogue()
        self.port = port
        self.on_ready: Callable[[str], None] = lambda _: None
        self.latency = 0.0
        self.requests: list[str] = []
        self.max_concurrency = 0
        self._concurrency = 0
        self._misbehaviour: list[Misbehaviour] = []
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._transports: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()
        self._may_reply = asyncio.Event()
        self._may_reply.set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve_in_thread, daemon=True)

    @property
    def url(self) -> str:
        """The server's URL: http://127.0.0.1:port."""
        return f"http://127.0.0.1:{self.port}"

    def misbehave(self, fault: Fault, *, path: str = "", times: int | None = None, retry_after: str = "1") -> None:
        """Respond with a fault to paths that contain `path`, `times` times or from now on."""
        self._misbehaviour.append(Misbehaviour(fault, path, times, retry_after))

    def behave(self) -> None:
        """Switch all faults off and clear the list of requests."""
        self._misbehaviour.clear()
        self.latency = 0.0
        self.requests.clear()
        self.max_concurrency = 0

    @contextmanager
    def thinking(self) -> Iterator[None]:
        """Hold all replies back until the end of the block."""
        self._loop.call_soon_threadsafe(self._may_reply.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._may_reply.set)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _serve_in_thread(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self.serve())

    async def serve(self) -> None:
        """Serve until stopped."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self.on_ready(self.url)
        await self._stopping.wait()
        # A connection that was just accepted has no transport yet, and a closed server gives it none: it would stay open.
        asyncio.get_running_loop().remove_reader(server.sockets[0].fileno())
        await asyncio.sleep(0.01)
        server.close()
        # A transport that is aborted needs a turn of the loop, which ends with this coroutine.
        for _ in range(10):
            for transport in tuple(self._transports):
                transport.abort()
            await asyncio.sleep(0.01)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._transports.add(writer.transport)
        try:
            while not self._stopping.is_set():
                request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                with self._counted():
                    if not await self._respond(request, writer):
                        break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            # It is open until the client has taken the rest, which may be never: it stays among those to abort.
            writer.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._concurrency += 1
        self.max_concurrency = max(self.max_concurrency, self._concurrency)
        try:
            yield
        finally:
            self._concurrency -= 1

    async def _respond(self, request: str, writer: asyncio.StreamWriter) -> bool:
        """Respond to one request; return whether the connection stays open."""
        lines = request.split("\r\n")
        target = urlsplit(lines[0].split(" ")[1])
        self.requests.append(target.path)
        await self._may_reply.wait()
        if self.latency:
            await asyncio.sleep(self.latency)
        allowed = parse_qs(target.query).get("api_key") == [KEY] or any(
            line.lower() == f"authorization: bearer {TOKEN}".lower() for line in lines
        )
        wrong = next((m for m in self._misbehaviour if m.applies(target.path)), None)
        if wrong:
            return await self._let_down(wrong, target.path, writer)
        body = self.catalogue.reply(target.path, target.query) if allowed else None
        status = 200 if body is not None else 404 if allowed else 401
        if body is None:
            body = NOT_FOUND if allowed else UNAUTHORIZED
        writer.write(response(status, body))
        await writer.drain()
        return True

    async def _let_down(self, wrong: Misbehaviour, path: str, writer: asyncio.StreamWriter) -> bool:
        body = self.catalogue.reply(path, "") or NOT_FOUND
        if wrong.fault is Fault.CLOSED:
            return False
        if wrong.fault is Fault.HANG:
            await self._stopping.wait()
            return False
        if wrong.fault is Fault.SLOW_DRIP:
            await self._drip(body, writer)
            return False
        writer.write(self._faulty(wrong, body))
        await writer.drain()
        return True

    async def _drip(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, len(body)))
        for byte in body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    def _faulty(self, wrong: Misbehaviour, body: bytes) -> bytes:  # noqa: C901, PLR0911 - one a fault
        match wrong.fault:
            case Fault.UNAUTHORIZED:
                return response(401, UNAUTHORIZED)
            case Fault.NOT_FOUND:
                return response(404, NOT_FOUND)
            case Fault.BUSY:
                return response(429, TOO_MANY)
            case Fault.BUSY_WITH_RETRY_AFTER:
                extra = f"retry-after: {wrong.retry_after}\r\n"
                return response(429, TOO_MANY, extra=extra)
            case Fault.TRUNCATED_JSON:
                return response(200, body[: len(body) // 2])
            case Fault.HTML:
                page = b"<html><body>Please log in to this wireless network</body></html>"
                return response(200, page, content_type="text/html")
            case Fault.LARGE:
                return response(200, padded(body))
            case Fault.GZIP:
                return response(200, gzip.compress(body), extra=GZIPPED)
            case Fault.GZIP_BOMB:
                return response(200, bomb(), extra=GZIPPED)
            case Fault.GZIP_CUT_OFF:
                return response(200, gzip.compress(body)[:-9], extra=GZIPPED)
            case Fault.WRONG_TYPES:
                return response(200, orjson.dumps(wrong_types(orjson.loads(body))))
        return response(500, b"<h1>Internal Server Error</h1>", content_type="text/html")


def read_films(file: Path) -> Catalogue:
    """Return a catalogue of the films in a gzipped file with one `/3/movie/{id}` reply per line."""
    catalogue = Catalogue()
    with gzip.open(file) as lines:
        for line in lines:
            catalogue.add_film(orjson.loads(line))
    return catalogue


def main() -> None:
    """Serve invented titles, or the films of a file, until interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--movies", type=Path, help="one movie reply per line, gzipped")
    parser.add_argument("--port", type=int, default=9040, help="0: any free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    options = parser.parse_args()
    if options.movies:
        catalogue = read_films(options.movies)
    else:
        catalogue = Catalogue()
        catalogue.add_film(film(101, "tt9000101", title="The Quiet Harbour"))
        catalogue.add_show(show(202, title="Lanterns", seasons=3), "tt9000202", episodes=8)
    server = FakeTmdb(catalogue, port=options.port)
    server.latency = options.latency
    server.on_ready = lambda url: print(url, flush=True)
    with asyncio.Runner() as runner:
        runner.run(server.serve())


if __name__ == "__main__":
    main()
