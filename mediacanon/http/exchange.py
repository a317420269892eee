"""Request ids, and the exchange of a request and its response."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The ids of a process share their first half; the other half is a counter.
_PROCESS = secrets.token_hex(4).encode()
_NUMBERS = count(1)
_NO_CACHE = (b"cache-control", b"no-cache")
EXCHANGE = "mediacanon.exchange"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True)
class Exchange:
    """A request and its response, found in the scope by `exchange_of`."""

    scope: Scope
    id: str
    # The path pattern that metrics count the request by; empty: the one of Starlette's route.
    route: str = ""
    # The cached response that was sent, which knows the view or click it counts as.
    viewed: object = None
    # Status 0: no response. `size` is the body's in bytes.
    status: int = 0
    size: int = 0
    seconds: float = 0.0


def exchange_of(scope: Scope) -> Exchange | None:
    """Return the exchange of a request, None outside the middleware."""
    exchange: Exchange | None = scope.get(EXCHANGE)
    return exchange


class RequestIds:
    """Middleware: gives every request an id and sends it back; a well-formed id from a proxy is kept.

    A response that does not say for how long caches may store it says `no-cache`: they have rules of their own else.

    `finished` is called with each exchange at its end, also after an exception.
    """

    def __init__(self, app: ASGIApp, finished: Callable[[Exchange], None] | None = None) -> None:
        self.app = app
        self._finished = finished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the app's response with the request's id in X-Request-Id, and a Cache-Control."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, given = time.perf_counter(), b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
        id_ = given if given and _REQUEST_ID.fullmatch(given) else new_request_id()
        exchange = scope[EXCHANGE] = Exchange(scope, id_.decode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                headers = message["headers"] = [*message.get("headers", ()), (b"x-request-id", id_)]
                # A generator would take three times as long, of every response.
                for name, _ in headers:
                    if name == b"cache-control":
                        break
                else:
                    headers.append(_NO_CACHE)
            else:
                exchange.size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            exchange.status = exchange.status or 500
            raise
        finally:
            exchange.seconds = time.perf_counter() - began
            if self._finished:
                self._finished(exchange)


def new_request_id() -> bytes:
    """Return an id that no other request of this machine has."""
    return b"%s%08x" % (_PROCESS, next(_NUMBERS))


def request_id(request: HTTPConnection) -> str:
    """Return the id of a request, empty outside the middleware."""
    exchange = exchange_of(request.scope)
    return exchange.id if exchange else ""
