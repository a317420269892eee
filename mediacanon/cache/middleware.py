"""Middleware that serves stored responses before any routing, and has stale lists made anew."""

import logging
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediacanon.cache.responses import CachedResponse, ResponseCache
from mediacanon.http.exchange import EXCHANGE

log = logging.getLogger(__name__)


class ResponseCacheMiddleware:
    """Middleware: serves a stored response before any routing."""

    def __init__(self, app: ASGIApp, cache: ResponseCache) -> None:
        self.app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stored response, or the one of the app."""
        response: CachedResponse | None = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            response = await self._cache.lookup(scope)
            if response is not None:
                self._cache.renew(scope, response, partial(self._make_anew, dict(scope)))
        await (response or self.app)(scope, receive, send)

    async def _make_anew(self, scope: Scope) -> None:
        """Have the app make and store a response in the background."""
        scope.pop(EXCHANGE, None)
        scope["method"] = "GET"
        try:
            await self.app(scope, _no_body, _nowhere)
        except Exception:
            log.exception("A list was not made anew: %.200s", scope["path"])


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(_: Message) -> None:
    """Send nothing."""
