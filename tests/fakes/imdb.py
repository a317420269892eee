"""A fake of IMDb's download server: a real HTTP server with validators, ranges, and faults on demand.

`with FakeImdb(files) as imdb:` serves `{name: bytes}` on a port of its own; `imdb.misbehave(...)` switches a fault on;
`imdb.requests` lists the requests. A file's ETag is the hash of its bytes.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

# Last-Modified of all files: 2026-01-01 00:00:00 UTC.
CHANGED = 1_767_225_600
BLOCK = 4096


class Fault(Enum):
    """A fault of a download server."""

    SERVER_ERROR = auto()
    SLOW_DOWN = auto()  # 429 with Retry-After
    NOT_FOUND = auto()
    HTML = auto()  # a login page instead of the file, 200
    DROP = auto()  # half of the body, then the connection ends
    HANG = auto()  # half of the body, then nothing until the server ends
    SHORT = auto()  # half of the file, with the length of the half
    CORRUPT = auto()  # a changed byte in the middle
    LIES_ABOUT_RANGE = auto()  # 206 with the right headers and other bytes
    WRONG_RANGE = auto()  # 206 from the first byte on, whatever the request's range
    WHOLE_LIE = auto()  # 200 to a range request, with the requested range only
    UNSATISFIABLE = auto()  # 416
    REDIRECT_LOOP = auto()
    ENDLESS = auto()  # a gzip file without a length that never ends
    HUGE = auto()  # a length of 64 PiB
    UNASKED_NOT_MODIFIED = auto()  # 304 to an unconditional request


@dataclass(slots=True)
class Misbehaviour:
    """A fault of responses for `file` (empty: all), the next `times` of them (None: all)."""

    fault: Fault
    file: str
    times: int | None

    def applies(self, file: str) -> bool:
        """Return whether the fault hits this request, and count it."""
        if self.file not in file or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request and the status of its response."""

    file: str
    headers: Mapping[str, str]
    status: int


class FakeImdb:
    """IMDb on a local port."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.requests: list[Request] = []
        self.has_ranges = True
        self.has_validators = True
        self.hanging = threading.Semaphore(0)  # released once for each response that hangs
        self.closing = threading.Event()
        self._misbehaviour: deque[Misbehaviour] = deque()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """The server's URL: http://127.0.0.1:port."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def misbehave(self, fault: Fault, *, file: str = "", times: int | None = None) -> None:
        """Respond to requests for `file` with a fault, `times` times or from now on; in the order of the calls."""
        self._misbehaviour.append(Misbehaviour(fault, file, times))

    def behave(self) -> None:
        """Forget all faults."""
        self._misbehaviour.clear()

    def fault_of(self, file: str) -> Fault | None:
        """Return the fault of the next response for `file`; None: no fault."""
        return next((one.fault for one in self._misbehaviour if one.applies(file)), None)

    def statuses(self, file: str) -> list[int]:
        """Return the statuses of the responses for `file`, in order."""
        return [request.status for request in self.requests if request.file == file]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, imdb: FakeImdb) -> None:
        self.imdb = imdb
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: many tests let clients hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Respond with the file, or with a fault."""
        imdb = self.server.imdb
        self.file = self.path.rsplit("/", 1)[-1]
        fault = imdb.fault_of(self.file)
        if fault in _RESPONSES:
            _RESPONSES[fault](self)
        elif (content := imdb.files.get(self.file)) is None:
            self._respond(404, b"Not here")
        else:
            self._send_file(content, fault)

    def _send_file(self, content: bytes, fault: Fault | None) -> None:
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        validators = {"ETag": etag, "Last-Modified": formatdate(CHANGED, usegmt=True)}
        if not self.server.imdb.has_validators:
            validators = {}
        if validators and etag in self.headers.get("If-None-Match", ""):
            self._respond(304, b"", validators)
            return
        start = self._first_byte(etag)
        if start is None:
            self._whole(content, fault, validators)
        elif start >= len(content):
            self._respond(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        else:
            self._rest(content, start, fault, validators)

    def _first_byte(self, etag: str) -> int | None:
        """Return the first byte of the requested range; None: the whole file."""
        asked = self.headers.get("Range")
        if not (asked and self.server.imdb.has_ranges and self.headers.get("If-Range", etag) == etag):
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _whole(self, content: bytes, fault: Fault | None, validators: dict[str, str]) -> None:
        if fault is Fault.SHORT:
            content = content[: len(content) // 2]
        if fault is Fault.CORRUPT:
            content = _corrupted(content)
        self._respond(200, content, validators, fault=fault)

    def _rest(self, content: bytes, start: int, fault: Fault | None, validators: dict[str, str]) -> None:
        if fault is Fault.WHOLE_LIE:
            self._respond(200, content[start:], validators)
            return
        if fault is Fault.WRONG_RANGE:
            start = 0
        where = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        rest = content[start:]
        if fault is Fault.LIES_ABOUT_RANGE:
            rest = bytes(reversed(rest))
        self._respond(206, rest, validators | where, fault=fault)

    def _respond(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, fault: Fault | None = None
    ) -> None:
        imdb = self.server.imdb
        imdb.requests.append(Request(self.file, dict(self.headers.items()), status))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if fault not in {Fault.DROP, Fault.HANG}:
            self.wfile.write(body)
            return
        self.wfile.write(body[: len(body) // 2])
        if fault is Fault.HANG:
            self.wfile.flush()
            imdb.hanging.release()
            imdb.closing.wait()
        self.close_connection = True

    def _endless(self) -> None:
        self.server.imdb.requests.append(Request(self.file, dict(self.headers.items()), 200))
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"\x1f\x8b")
        while not self.server.imdb.closing.is_set():
            self.wfile.write(bytes(BLOCK))


def _corrupted(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


_RESPONSES = {
    Fault.SERVER_ERROR: lambda handler: handler._respond(503, b"Later", {"Retry-After": "0"}),
    Fault.SLOW_DOWN: lambda handler: handler._respond(429, b"Slower", {"Retry-After": "0"}),
    Fault.NOT_FOUND: lambda handler: handler._respond(404, b"Not here"),
    Fault.HTML: lambda handler: handler._respond(200, b"<html>Log in</html>", {"Content-Type": "text/html"}),
    Fault.UNSATISFIABLE: lambda handler: handler._respond(416, b""),
    Fault.REDIRECT_LOOP: lambda handler: handler._respond(302, b"", {"Location": handler.path}),
    Fault.HUGE: lambda handler: handler._respond(200, b"\x1f\x8b", {"Content-Length": str(1 << 56)}, fault=Fault.DROP),
    Fault.UNASKED_NOT_MODIFIED: lambda handler: handler._respond(304, b""),
    Fault.ENDLESS: _Handler._endless,
}
