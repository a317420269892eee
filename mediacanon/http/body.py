"""Request bodies, read up to a limit."""

from starlette.requests import ClientDisconnect, Request

from mediacanon.errors import BadArgument, TooLarge


async def read_body(request: Request, *, most_bytes: int) -> bytes:
    """Return the body of a request.

    Raises TooLarge as soon as more than `most_bytes` have arrived, BadArgument where the client leaves before the end.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                raise TooLarge(f"A request body may have {most_bytes // 1024} KiB")
    except ClientDisconnect:
        raise BadArgument("The connection closed before the end of the body") from None
    return bytes(body)
