"""Rate limit: so many requests a minute for each client address; further requests get 429 with Retry-After."""

import ipaddress
import math
import time
from collections.abc import Callable

import orjson
from cachetools import LRUCache
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mediacanon.http.cors import read_headers
from mediacanon.http.proxies import read_address, route_path

MINUTE = 60.0
MOST_CLIENTS = 100_000
# Bits of an IPv6 address that name the client's network.
CLIENT_BITS = 64
# Scripts on pages of other sites may read the reason of a refusal and its end.
CORS = read_headers(expose=("Retry-After", "X-Request-Id"))
# /readyz costs the database a query: of this machine's own health checks alone it is exempt.
EXEMPT, EXEMPT_FROM_LOOPBACK = ("/healthz",), ("/healthz", "/readyz")
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


class RateLimit:
    """Middleware: a bucket per address holds a minute's requests and fills at an even pace."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        per_minute: int,
        most_clients: int = MOST_CLIENTS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._per_minute = per_minute
        self._now = now
        # address -> time at which its bucket is full again
        self._full_at: LRUCache[str, float] = LRUCache(maxsize=most_clients)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 429."""
        client = scope["client"][0] if scope.get("client") else ""
        exempt = EXEMPT_FROM_LOOPBACK if client in LOOPBACK else EXEMPT
        if scope["type"] != "http" or route_path(scope) in exempt:
            await self.app(scope, receive, send)
            return
        wait = self._seconds_to_wait(_client(client) if client else "")
        await (_refusal(wait) if wait else self.app)(scope, receive, send)

    def _seconds_to_wait(self, address: str) -> int:
        """Take one request out of an address's bucket and return 0, or the seconds until the bucket holds one."""
        now, one = self._now(), MINUTE / self._per_minute
        full_at = max(self._full_at.get(address, now), now) + one
        if full_at - now > MINUTE:
            return math.ceil(full_at - now - MINUTE)
        self._full_at[address] = full_at
        return 0


def _client(address: str) -> str:
    """Return the bucket of an address: an IPv6 client chooses among the addresses of its /64."""
    if ":" not in address:
        return address
    known = read_address(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, CLIENT_BITS), strict=False))
    return str(known or address)


def _refusal(wait: int) -> Response:
    return Response(
        orjson.dumps({"error": f"Too many requests; try again in {wait} seconds"}),
        status_code=429,
        media_type="application/json",
        headers={"retry-after": str(wait), "cache-control": "no-store", **CORS},
    )
