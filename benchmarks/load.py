"""A load generator: concurrent connections request paths in turn, one request after the other, for some seconds.

`python -m benchmarks.load ADDRESS SECONDS CONNECTIONS PATH...` prints one JSON object: requests a second, milliseconds
of the median and the 99th percentile, status and bytes of the last response. It runs in a process of its own.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from urllib.parse import urlsplit

import orjson
import uvloop

HEADER_END = b"\r\n\r\n"
LENGTH = b"content-length: "
OK = b"HTTP/1.1 200 "


class Client(asyncio.Protocol):
    """One connection that sends the next request as soon as the response is complete."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], until: float) -> None:
        self.requests = requests
        self.latencies = latencies
        self.until = until
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.head = b""
        self.missing = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # asyncio's stubs are wider
        self._send()

    def _send(self) -> None:
        self.received = b""
        self.missing = -1
        self.started = time.perf_counter()
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        """Count down to the end of the response."""
        if self.missing < 0:
            self.received += data
            head, found, body = self.received.partition(HEADER_END)
            if not found:
                return
            self.head = head
            if not head.startswith(OK):
                self.done.set_exception(ConnectionError(f"the server responded {head.splitlines()[0]!r}"))
                return
            length = head.lower().partition(LENGTH)[2].partition(b"\r\n")[0]
            self.missing = int(length or 0) - len(body)
        else:
            self.missing -= len(data)
        if self.missing <= 0:
            now = time.perf_counter()
            self.latencies.append(now - self.started)
            if now < self.until:
                self._send()
            elif not self.done.done():
                self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report that the server closed the connection."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


async def load(address: str, paths: Sequence[str], *, seconds: float, connections: int) -> dict[str, object]:
    """Run the load; return its figures."""
    place = urlsplit(address)
    head = f"HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: */*\r\n\r\n"
    requests = cycle([f"GET {path} {head}".encode() for path in paths])
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    started = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Client(requests, latencies, until), place.hostname, place.port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    elapsed = time.perf_counter() - started
    last = made[0][1].head
    for transport, _ in made:
        transport.abort()
    latencies.sort()
    return {
        "per_second": len(latencies) / elapsed,
        "requests": len(latencies),
        "median_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[int(len(latencies) * 0.99)],
        "status": int(last.split()[1]),
        "bytes": int(last.lower().partition(LENGTH)[2].partition(b"\r\n")[0]),
    }


if __name__ == "__main__":
    address, seconds, connections, *paths = sys.argv[1:]
    found = uvloop.run(load(address, paths, seconds=float(seconds), connections=int(connections)))
    print(orjson.dumps(found).decode())
