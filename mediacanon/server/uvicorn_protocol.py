"""uvicorn's HTTP protocol with bounds on heads, pipelined requests, time and connections, lenient with sloppy clients.

uvicorn has no bound on heads, on pipelined requests, on the time that a slow client may take, and closes no idle
connection to make room. An offer of another protocol costs a request its body, and UTF-8 in a target is an error.
"""

import asyncio
import http
import logging
import resource
import time
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from mediacanon.http.cors import ALLOW_ANY_ORIGIN
from mediacanon.http.exchange import new_request_id
from mediacanon.server.coalescing import CoalescingTransport

log = logging.getLogger(__name__)

# Bytes of a target, and of a whole head with it (RFC 9110, sections 4.1 and 5.4, ask for 8,000 of a target).
LONGEST_TARGET, LARGEST_HEAD = 16 * 1024, 64 * 1024
# Bytes parsed at a time: so many pipelined requests at most exist beside the one that is answered.
SLICE = 1024
# Seconds for a head, for the body after it, and for a client to take a response that fills all buffers.
HEAD_SECONDS, BODY_SECONDS, WRITE_SECONDS = 10.0, 60.0, 30.0
MOST_CONNECTIONS = 4_000
# Open files that are not for connections: pools, listeners, logs, images.
RESERVED_FILES = 100
MINUTE = 60.0
# The headers of an offer to speak another protocol, which is ignored (RFC 9110, section 7.8).
OFFER = frozenset({b"upgrade", b"http2-settings"})
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(slots=True)
class ConnectionLimit:
    """The number of connections that a process may hold."""

    most: int
    logged_at: float = float("-inf")

    def log_once_a_minute(self) -> None:
        """Log the reason of a refusal."""
        now = time.monotonic()
        if now - self.logged_at >= MINUTE:
            self.logged_at = now
            log.warning("All %s connections are in use: new ones are refused. `ulimit -n` bounds them", self.most)


def connection_limit() -> ConnectionLimit:
    """Return the limit for this process: its open files, raised as far as the system allows, less some for itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + RESERVED_FILES
    if hard == resource.RLIM_INFINITY or hard > soft:
        soft = wanted if hard == resource.RLIM_INFINITY else min(max(soft, wanted), hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return ConnectionLimit(min(MOST_CONNECTIONS, max(soft - RESERVED_FILES, soft // 4)))


class HttpProtocol(HttpToolsProtocol):
    """One connection: one request at a time, each within bounds of size and time."""

    def __init__(self, *args: Any, limit: ConnectionLimit | None = None, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **options)
        self._limit = limit or ConnectionLimit(MOST_CONNECTIONS)
        # Received, and not parsed while earlier requests are answered.
        self._unparsed: list[bytes] = []
        self._head_size = 0
        self._in_line, self._in_message, self._in_body, self._has_ended = True, False, False, False
        self._message_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin a connection, unless the process holds as many as it may."""
        super().connection_made(cast("asyncio.Transport", CoalescingTransport(transport, self.loop)))
        if len(self.connections) > self._limit.most and not self._close_idle():
            self._limit.log_once_a_minute()
            self.refuse(http.HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections; try again in a minute")
            return
        # A connection without a request is closed as an idle one is.
        self.timeout_keep_alive_task = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _close_idle(self) -> bool:
        """Close another connection that waits for its next request; return whether there is one."""
        for other in self.connections:
            if isinstance(other, HttpProtocol) and other is not self and other.is_idle:
                other.transport.close()
                self.connections.discard(other)
                return True
        return False

    @property
    def is_idle(self) -> bool:
        """True if no request is under way."""
        return not self._in_message and not self._is_answering

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._unparsed.clear()
        self._stop_timers()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Let the response of a client go out that has closed its sending half (RFC 9112, section 9.6)."""
        self._has_ended = True
        is_answered = self.is_idle or self._in_message
        if is_answered:
            # A response of this very turn is still in the buffer; the event loop would close without it.
            self.transport.close()
        return not is_answered

    def data_received(self, data: bytes) -> None:
        """Parse a part of a request, or keep it until the requests before it are answered."""
        self._unset_keepalive_if_required()
        if self._unparsed or self._is_busy:
            self._unparsed.append(data)
            self.flow.pause_reading()
            return
        self._parse(data)

    @property
    def _is_busy(self) -> bool:
        """True while a complete request is being answered."""
        return self._is_answering and not self._in_message

    @property
    def _is_answering(self) -> bool:
        # uvicorn types the cycle as if every connection had one.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _parse(self, data: bytes) -> None:
        """Parse until a request is whole; keep the rest."""
        for start in range(0, len(data), SLICE):
            if self._is_busy:
                self._unparsed.append(data[start:])
                self.flow.pause_reading()
                return
            self._feed(data[start : start + SLICE] if len(data) > SLICE else data)
            if self.transport.is_closing():
                return
        self._time_message()

    def _feed(self, data: bytes) -> None:
        if self._in_line:
            data = _with_ascii_target(data)
            self._in_line = b"\n" not in data
        if not self._in_body:
            self._head_size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.refuse(http.HTTPStatus.BAD_REQUEST, "This is not HTTP/1.1")
        if self._in_message and not self._in_body and not self.transport.is_closing():
            self._check_head()

    def _check_head(self) -> None:
        if not self.headers and len(self.url) > LONGEST_TARGET:
            self.refuse(http.HTTPStatus.REQUEST_URI_TOO_LONG, f"A target may have {LONGEST_TARGET:,} bytes")
        elif self._head_size > LARGEST_HEAD:
            status = http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.refuse(status, f"The head of a request may have {LARGEST_HEAD // 1024} KiB")

    def _decline(self, rest: bytes) -> None:
        """Ignore the offer of another protocol: parse the same request without it, and its body."""
        if self.scope["method"] == "CONNECT":
            self.refuse(http.HTTPStatus.BAD_REQUEST, "This server is no proxy")
            return
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        closes = any(name == b"connection" and b"close" in value.lower() for name, value in self.headers)
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        lines += [b"%s: %s" % each for each in self.headers if each[0] not in OFFER and each[0] != b"connection"]
        lines += [b"connection: close"] if closes else []
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))
        if rest:
            self._feed(rest)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_message = True

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the request is parsed again without its offer of another protocol."""
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            return
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        if not self._in_body:
            return
        self._in_line, self._in_message, self._in_body, self._head_size = True, False, False, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Parse the next request, or wait for it."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._unparsed and not self._is_busy:
            data, self._unparsed = b"".join(self._unparsed), []
            self._unset_keepalive_if_required()
            self._parse(data)
        elif self._has_ended and not self.pipeline:
            self.transport.close()

    def _time_message(self) -> None:
        """Start the timer of a request that is not whole yet: one for its head, one for its body."""
        if self._message_timer is not None:
            if self._in_message and not self._in_body:
                return
            self._message_timer.cancel()
            self._message_timer = None
        if self._in_message:
            seconds = BODY_SECONDS if self._in_body else HEAD_SECONDS
            self._message_timer = self.loop.call_later(seconds, self._time_out)

    def _time_out(self) -> None:
        if self._in_body:
            self.transport.abort()
        else:
            self.refuse(http.HTTPStatus.REQUEST_TIMEOUT, f"A request must arrive within {HEAD_SECONDS:.0f} seconds")

    def pause_writing(self) -> None:
        """Stop the writer; close the connection if the client takes nothing for a while."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Let the writer go on."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _stop_timers(self) -> None:
        for timer in (self._message_timer, self._write_timer):
            if timer is not None:
                timer.cancel()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that uvicorn cannot read."""
        self.refuse(http.HTTPStatus.BAD_REQUEST, msg)

    def refuse(self, status: http.HTTPStatus, message: str) -> None:
        """Send an error in the form of the contract and close the connection."""
        id_ = new_request_id().decode()
        log.info("request %s of %s: %s %s", id_, self.client[0] if self.client else "?", status.value, message)
        body = orjson.dumps({"error": message})
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            "x-request-id": id_,
            **ALLOW_ANY_ORIGIN,
        }
        lines = [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
        self.transport.write(b"".join([STATUS_LINE[status.value], *lines, b"\r\n", body]))
        self.transport.close()


def _with_ascii_target(data: bytes) -> bytes:
    """Return data that begins with a request line, its target escaped where a client left UTF-8 as it is."""
    end = data.find(b"\n")
    line = data if end < 0 else data[:end]
    if line.isascii():
        return data
    return b" ".join(quote(part, safe=_PRINTABLE + "\r").encode() for part in line.split(b" ")) + data[len(line) :]
