"""What all faces of the server need of HTTP: request ids, entity tags, and who may write from a browser."""

import hashlib
import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The ids of a process share their first half, and count up in the other one.
_PROCESS = secrets.token_hex(4).encode()
_NUMBERS = count(1)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SAME_SITE = ("same-origin", "none")


@dataclass(slots=True)
class Exchange:
    """A request and what was answered: status 0 where nothing was, `size` in bytes, how long it took."""

    scope: Scope
    status: int = 0
    size: int = 0
    seconds: float = 0.0


class RequestIds:
    """Middleware: every request has an id, a proxy's where it sends a proper one, and every answer tells it.

    `finished` is called with each exchange once it is over, however it ended.
    """

    def __init__(self, app: ASGIApp, finished: Callable[[Exchange], None] | None = None) -> None:
        self.app = app
        self._finished = finished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the request's id in X-Request-Id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, exchange = time.perf_counter(), Exchange(scope)
        given = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
        id_ = given if given and _REQUEST_ID.fullmatch(given) else b"%s%08x" % (_PROCESS, next(_NUMBERS))
        scope.setdefault("state", {})["request_id"] = id_.decode()

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", id_)]
            else:
                exchange.size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, tell)
        except Exception:
            exchange.status = exchange.status or 500
            raise
        finally:
            exchange.seconds = time.perf_counter() - began
            if self._finished:
                self._finished(exchange)


def request_id(request: HTTPConnection) -> str:
    """Return the id of a request, empty outside the middleware."""
    id_: str = request.scope.get("state", {}).get("request_id", "")
    return id_


def is_cross_site(request: Request) -> bool:
    """Return whether a browser sends this on behalf of another site; programs other than browsers never do."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        # The browser's own word. Host may be another than the browser's: proxies rewrite it.
        return site not in _SAME_SITE
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def is_from_browser(request: Request) -> bool:
    """Return whether a browser sends this; in a write each of them tells one of these."""
    return "sec-fetch-site" in request.headers or "origin" in request.headers


def is_at_home(request: Request, hosts: Container[str]) -> bool:
    """Return whether a request names this server by an address, as localhost, or as one of `hosts`.

    Anybody can have a name of theirs lead to 127.0.0.1: then browsers take what is here for their site.
    """
    name = host_name(request)
    return name in hosts or name == "localhost" or name.endswith(".localhost") or _is_address(name)


def host_name(request: Request) -> str:
    """Return the name or address in a request's Host, lower case, empty where there is none."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def entity_tag(body: bytes) -> str:
    """Return a strong entity tag of a body."""
    # Processors know SHA-256: of the strong ones it is the fastest.
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def conditional(
    request: Request, body: bytes, *, media_type: str, tag: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return 200 with the body and its entity tag, or 304 where the client has it already."""
    tag = tag or entity_tag(body)
    answer_headers = {"etag": tag, "cache-control": "no-cache", **(headers or {})}
    known = request.headers.get("if-none-match")
    if known and has_tag(known, tag):
        return Response(status_code=304, headers=answer_headers)
    return Response(body, media_type=media_type, headers=answer_headers)


def has_tag(if_none_match: str, tag: str) -> bool:
    """Return whether If-None-Match names the tag; a proxy that compressed the body may have made it weak."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or tag in known
