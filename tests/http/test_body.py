"""Bodies are read up to a limit."""

from collections.abc import Iterable

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from mediacanon.errors import BadArgument, TooLarge
from mediacanon.http.body import read_body


def request_of(chunks: Iterable[bytes], *, is_whole: bool = True) -> tuple[Request, list[Message]]:
    """Return a request that sends these chunks, and the messages that are still to be received."""
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request"} if is_whole else {"type": "http.disconnect"})

    async def receive() -> Message:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": []}, receive), messages


@pytest.mark.parametrize("chunks", [[], [b""], [b"x" * 1024], [b"x" * 1000, b"y" * 24]])
async def test_a_body_within_the_limit_is_returned_whole(chunks: list[bytes]):
    """The limit itself is within it."""
    request, _ = request_of(chunks)
    assert await read_body(request, most_bytes=1024) == b"".join(chunks)


async def test_reading_stops_at_the_limit():
    """The error names the limit; the chunks after it are not received."""
    request, messages = request_of([b"x" * 1000, b"y" * 25, b"z" * 1000])
    with pytest.raises(TooLarge, match="1 KiB"):
        await read_body(request, most_bytes=1024)
    assert [message.get("body") for message in messages] == [b"z" * 1000, None]


async def test_half_a_body_is_no_body():
    """A client that disconnects in the middle made a bad request; the server has no fault to log."""
    request, _ = request_of([b"x"], is_whole=False)
    with pytest.raises(BadArgument):
        await read_body(request, most_bytes=1024)


@pytest.mark.parametrize(("path", "media_type"), [("/api/movies", "application/json"), ("/add", "text/plain")])
async def test_a_large_body_is_413(demo_client: httpx.AsyncClient, path: str, media_type: str):
    """Endpoints and forms take 64 KiB."""
    headers = {"content-type": media_type}
    assert (await demo_client.post(path, content=b"x" * 70_000, headers=headers)).status_code == 413
