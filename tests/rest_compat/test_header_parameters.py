"""Headers of a dialect are parameters of the query string, before any cache sees the request."""

import pytest
from starlette.types import Receive, Scope, Send

from mediacanon.rest_compat.header_parameters import HeaderParameters


async def query_seen(path: str, query: bytes, *headers: tuple[bytes, bytes]) -> bytes:
    """Return the query string that the app gets, and check that the scope of the server stays as it was."""
    seen: list[bytes] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["query_string"])

    async def nothing(*_: object) -> None:
        """Do nothing."""

    scope = {"type": "http", "path": path, "query_string": query, "headers": list(headers)}
    await HeaderParameters(app, {"/plex": ("X-Plex-Language", "X-Plex-Start")})(dict(scope), nothing, nothing)
    assert scope["query_string"] == query
    return seen[0]


@pytest.mark.parametrize(
    ("path", "query", "headers", "wanted"),
    [
        ("/plex/a", b"", [(b"x-plex-language", b"de-DE")], b"X-Plex-Language=de-DE"),
        (
            "/plex",
            b"b=1",
            [(b"x-plex-start", b"2"), (b"x-plex-language", b"a&b=%")],
            b"b=1&X-Plex-Language=a%26b%3D%25&X-Plex-Start=2",
        ),
        ("/plex/a", b"b=1", [(b"x-plex-token", b"secret"), (b"cookie", b"x")], b"b=1"),
        ("/plexus/a", b"", [(b"x-plex-language", b"de-DE")], b""),
        ("/plex/a", b"", [(b"x-plex-language", b"x" * 101)], b""),
    ],
)
async def test_headers_follow_the_query_string(path: str, query: bytes, headers: list, wanted: bytes):
    """Only those of the dialect below its prefix, escaped, in one order, and of a sensible length."""
    assert await query_seen(path, query, *headers) == wanted
