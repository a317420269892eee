"""Transport to TMDB: a bounded number of connections, and the only place where the key joins a request.

Requests go to httpx's transports without its client. The client logs the URL of each request, puts requests into its
exceptions and takes a third of the time; without it nothing outside this module ever holds the key.
"""

import asyncio
import zlib
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import urlencode

import httpx

from mediacanon.errors import WrongSetting
from mediacanon.settings import proxy_for
from mediacanon.tmdb.replies import MalformedReply

V4_START = "eyJ"
HEADERS = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "MediaCanon"}
# Bytes of a body, both as it is sent and as it is decoded: several times the largest season.
MOST_BYTES = 8 * 1024 * 1024
GZIP = zlib.MAX_WBITS | 16


class _Target(NamedTuple):
    """The parts of a URL that httpx's transports read."""

    raw_scheme: bytes
    raw_host: bytes
    port: int | None
    raw_path: bytes


class _Request(NamedTuple):
    """The parts of a request that httpx's transports read.

    An `httpx.Request` parses and quotes its URL anew, which takes an eighth of the time of a backfill.
    """

    url: _Target
    headers: httpx.Headers
    extensions: Mapping[str, object]
    method: str = "GET"
    stream: httpx.AsyncByteStream = httpx.ByteStream(b"")


class Reply(NamedTuple):
    """A response with its body decoded."""

    status_code: int
    headers: httpx.Headers
    content: bytes


class TmdbTransport:
    """Sends requests over at most `connections` connections, signed with a v3 key or a v4 token.

    There is one httpx transport per connection. A pool scans all its connections whenever a request starts or ends, so
    20 pools of one manage several times the requests of one pool of 20.
    """

    def __init__(self, key: str, *, base_url: str, connections: int, timeout: float) -> None:
        self._base = httpx.URL(base_url)
        is_token = key.startswith(V4_START)
        host = {"host": self._base.netloc.decode()}
        self._headers = httpx.Headers(HEADERS | host | ({"authorization": f"Bearer {key}"} if is_token else {}))
        self._params = {} if is_token else {"api_key": key}
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
        # httpx bounds each read, not their sum: a response that drips would take for ever.
        self._whole_response = 2 * timeout
        self._idle = _transports(connections, proxy=proxy_for(base_url))
        self._all = tuple(self._idle)
        self._free = asyncio.Semaphore(connections)

    async def get(self, path: str, params: Mapping[str, str]) -> Reply:
        """Return the response with its body read; redirects are not followed.

        The wait for a free connection is unbounded: it is no failure of TMDB's. Raises httpx.HTTPError, TimeoutError if
        the response took too long, or MalformedReply for a body beyond the bound.
        """
        base, query = self._base, urlencode({**params, **self._params})
        target = base.raw_path + f"{path}?{query}".encode()
        request = _Request(_Target(base.raw_scheme, base.raw_host, base.port, target), self._headers, self._extensions)
        async with self._free:
            connection = self._idle.pop()
            try:
                async with asyncio.timeout(self._whole_response):
                    response = await connection.handle_async_request(cast("httpx.Request", request))
                    try:
                        content = await _read(response)
                    finally:
                        await response.aclose()
            finally:
                self._idle.append(connection)
        return Reply(response.status_code, response.headers, content)

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            await connection.aclose()


def _transports(number: int, *, proxy: str | None) -> list[httpx.AsyncHTTPTransport]:
    context, one = httpx.create_ssl_context(), httpx.Limits(max_connections=1)
    try:
        return [httpx.AsyncHTTPTransport(verify=context, limits=one, proxy=proxy) for _ in range(number)]
    except (ValueError, ImportError, httpx.InvalidURL):
        # The proxy's URL may hold a password.
        raise WrongSetting("HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is not usable; it must be http://HOST:PORT") from None


async def _read(response: httpx.Response) -> bytes:
    """Return the body, which httpx would decode before it could be measured."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise MalformedReply("TMDB's reply is too long")
    return _decoded(body) if response.headers.get("content-encoding", "").lower() == "gzip" else bytes(body)


def _decoded(body: bytearray) -> bytes:
    inflater = zlib.decompressobj(GZIP)
    try:
        decoded = inflater.decompress(body, MOST_BYTES)
    except zlib.error:
        raise MalformedReply from None
    if not inflater.eof:
        raise MalformedReply("TMDB's reply is too long, or cut off")
    return decoded
