"""HTTP as uvicorn speaks it, but for how an answer goes out: head and body in one packet.

uvicorn writes them one after the other, and each write is a call into the kernel that wakes the client: for a small
answer they are a quarter of what it costs.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Bytes that wait at most; more are for the transport to hold, which tells the writer to pause.
MOST_WAITING = 64 * 1024


class CoalescingTransport:
    """A transport that sends at the next turn of the event loop what was written in this one."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the transport's own
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send bytes with what else is written in this turn, or now where they are many."""
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)
        self._size += len(data)
        if self._size > MOST_WAITING:
            self._send()

    def close(self) -> None:
        """Close the connection once all is sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        # Who has hung up meanwhile gets nothing.
        if waiting and not self._transport.is_closing():
            self._transport.writelines(waiting)


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over a transport that gathers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin a connection."""
        super().connection_made(cast("asyncio.Transport", CoalescingTransport(transport, self.loop)))
