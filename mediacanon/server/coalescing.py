"""Coalesced writes: head and body of a response leave in one packet.

uvicorn writes head and body separately. Each write is a system call that wakes the client: for a small response the
two were a quarter of its cost (docs/decisions/009).
"""

import asyncio
from typing import Any

# A buffer of more bytes goes to the transport at once, whose flow control pauses the writer.
MAX_BUFFERED = 64 * 1024


class CoalescingTransport:
    """A transport that sends the writes of one turn of the event loop together, at the next turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._buffer: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the transport's own
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Buffer the data until the next turn; a buffer above the bound is sent now."""
        if not self._buffer:
            self._loop.call_soon(self._flush)
        self._buffer.append(data)
        self._size += len(data)
        if self._size > MAX_BUFFERED:
            self._flush()

    def close(self) -> None:
        """Close the connection after the buffered data."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        buffer, self._buffer, self._size = self._buffer, [], 0
        # The client may have disconnected since the write.
        if buffer and not self._transport.is_closing():
            self._transport.writelines(buffer)
