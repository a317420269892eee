"""Coalesced writes: head and body in one packet, in order, complete, with bounded buffers."""

import asyncio
import logging
import socket
import struct
import sys

import pytest

from mediacanon.server import coalescing
from tests.server.endpoints import GET, LARGE, PIECES, TCP_INFO, THREAD


def packets_received(writer: asyncio.StreamWriter) -> int:
    """Return the number of data packets that a client has received: tcpi_data_segs_in of Linux."""
    [packets] = struct.unpack_from("I", writer.get_extra_info("socket").getsockopt(socket.SOL_TCP, TCP_INFO, 160), 152)
    return int(packets)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the packets")
async def test_head_and_body_come_together(address: tuple[str, int]) -> None:
    """A small response is one packet."""
    reader, writer = await asyncio.open_connection(*address)
    for number in range(1, 11):
        writer.write(GET % b"/small?7")
        assert (await reader.readuntil(b"<7>")).startswith(b"HTTP/1.1 200 OK\r\n")
        assert packets_received(writer) == number
    writer.close()


async def test_responses_keep_their_order(address: tuple[str, int]) -> None:
    """Pipelined requests are answered in order, and the last one closes the connection."""
    reader, writer = await asyncio.open_connection(*address)
    requests = b"".join(GET % b"/small?%d" % number for number in range(20))
    writer.write(requests + b"GET /small?20 HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    responses = await reader.read()
    assert [part[: part.index(b">")] for part in responses.split(b"<")[1:]] == [b"%d" % number for number in range(21)]
    writer.close()


async def test_a_response_without_body_is_sent(address: tuple[str, int]) -> None:
    """The response to HEAD is a head alone."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"HEAD /small HTTP/1.1\r\nHost: here\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(65536), 60)).endswith(
        b"content-length: 2\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n"
    )
    writer.close()


async def test_a_stream_is_not_held_back(address: tuple[str, int]) -> None:
    """The first parts of a stream arrive long before its end."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(GET % b"/stream")
    async with asyncio.timeout(60):
        await reader.readuntil(b"3\r\none\r\n3\r\ntwo\r\n")
    writer.close()


async def test_large_responses_are_complete(address: tuple[str, int]) -> None:
    """A client that reads slowly gets every byte."""
    reader, writer = await asyncio.open_connection(*address, limit=1024)
    writer.write(GET % b"/large")
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.1)
    assert await reader.readexactly(LARGE) == b"x" * LARGE
    writer.close()


async def test_a_client_that_does_not_read_pauses_the_response(address: tuple[str, int]) -> None:
    """The application waits once the buffers are full: they are bounded."""
    _, writer = await asyncio.open_connection(*address, limit=1024)
    PIECES.clear()
    writer.write(GET % b"/endless")
    made = 0
    async with asyncio.timeout(60):
        while made == 0 or len(PIECES) > made:
            made = len(PIECES)
            await asyncio.sleep(0.2)
    assert 0 < made < 20_000
    writer.close()


async def test_a_disconnected_client_is_no_error(address: tuple[str, int], caplog: pytest.LogCaptureFixture) -> None:
    """A client that disconnects before the response logs nothing, and the next request is served."""
    caplog.set_level(logging.WARNING)
    for _ in range(20):
        with socket.create_connection(address) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(GET % b"/large")
        await asyncio.sleep(0)
    await test_responses_keep_their_order(address)
    # Servers of other tests may log at the same time.
    assert not [record for record in caplog.records if record.threadName == THREAD]


class Transport(asyncio.Transport):
    """A transport that records its data."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.sent: list[bytes] = []
        self.is_closed = False

    def writelines(self, list_of_data: list[bytes]) -> None:  # type: ignore[override]
        self.sent.append(b"".join(list_of_data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


async def test_a_full_buffer_is_sent_at_once() -> None:
    """Writes of one turn are buffered up to the bound, above which they go to the transport."""
    inner = Transport()
    transport = coalescing.CoalescingTransport(inner, asyncio.get_running_loop())
    transport.write(b"a" * coalescing.MAX_BUFFERED)
    assert inner.sent == []
    transport.write(b"b")
    assert [len(part) for part in inner.sent] == [coalescing.MAX_BUFFERED + 1]
    transport.write(b"c")
    transport.write(b"d")
    await asyncio.sleep(0)
    assert inner.sent[1:] == [b"cd"]


async def test_closing_sends_the_buffer_first() -> None:
    """Data written before the close arrives, data written after it is dropped."""
    inner = Transport()
    transport = coalescing.CoalescingTransport(inner, asyncio.get_running_loop())
    transport.write(b"last words")
    transport.close()
    transport.write(b"too late")
    await asyncio.sleep(0)
    assert (inner.sent, inner.is_closed) == ([b"last words"], True)
    assert transport.is_closing()
    assert transport.get_extra_info("peername") == ("127.0.0.1", 1)
