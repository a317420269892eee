"""So many requests a minute for each client address; who sends more is told to wait."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

MINUTE = 60.0
MOST_CLIENTS = 100_000
# A page of another site learns why it gets no answer, and when it will get one again.
CORS = {"access-control-allow-origin": "*", "access-control-expose-headers": "Retry-After, X-Request-Id"}
# Probes of the machine the server runs on are no clients.
EXEMPT = ("/healthz", "/readyz")


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
        self._most_clients = most_clients
        self._now = now
        # address -> when its bucket will be full again; those asked about least recently are forgotten first
        self._full_at: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 429."""
        if scope["type"] != "http" or scope["path"] in EXEMPT:
            await self.app(scope, receive, send)
            return
        wait = self._seconds_to_wait(scope["client"][0] if scope.get("client") else "")
        if not wait:
            await self.app(scope, receive, send)
            return
        refusal = Response(
            orjson.dumps({"error": f"Too many requests; try again in {wait} seconds"}),
            status_code=429,
            media_type="application/json",
            headers={"retry-after": str(wait), "cache-control": "no-store", **CORS},
        )
        await refusal(scope, receive, send)

    def _seconds_to_wait(self, address: str) -> int:
        """Take one request out of an address's bucket and return 0, or how long until there is one."""
        now, one = self._now(), MINUTE / self._per_minute
        full_at = max(self._full_at.get(address, now), now) + one
        if full_at - now > MINUTE:
            return math.ceil(full_at - now - MINUTE)
        self._full_at[address] = full_at
        self._full_at.move_to_end(address)
        if len(self._full_at) > self._most_clients:
            self._full_at.popitem(last=False)
        return 0
