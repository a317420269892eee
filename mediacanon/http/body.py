"""Request bodies, read up to a limit."""

from starlette.requests import Request

from mediacanon.errors import TooLarge


async def read_body(request: Request, *, most_bytes: int) -> bytes:
    """Return the body of a request. Raises TooLarge as soon as more than `most_bytes` have arrived."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise TooLarge(f"A request body may have {most_bytes // 1024} KiB")
    return bytes(body)
