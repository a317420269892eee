"""Headers that a dialect reads as parameters become a part of the query string, before any cache sees the request."""

from collections.abc import Awaitable, Mapping
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from mediacanon.http.proxies import route_path

# Characters of a value; a longer one is ignored.
LONGEST_VALUE = 100


class HeaderParameters:
    """Middleware: adds the headers of a dialect to the query string, behind its own parameters, which count first.

    `names` has the headers by the prefix of their dialect.
    """

    def __init__(self, app: ASGIApp, names: Mapping[str, tuple[str, ...]]) -> None:
        self._app = app
        self._by_prefix = {
            prefix: {name.lower().encode(): name.encode() for name in headers} for prefix, headers in names.items()
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on."""
        if scope["type"] == "http":
            path = route_path(scope)
            end = path.find("/", 1)
            names = self._by_prefix.get(path if end < 0 else path[:end])
            if names:
                scope = _with_headers(scope, names)
        return self._app(scope, receive, send)


def _with_headers(scope: Scope, names: Mapping[bytes, bytes]) -> Scope:
    found = sorted((names[name], value) for name, value in scope["headers"] if name in names)
    pairs = [b"%s=%s" % (name, quote(value).encode()) for name, value in found if len(value) <= LONGEST_VALUE]
    if not pairs:
        return scope
    query = [scope["query_string"]] if scope["query_string"] else []
    return {**scope, "query_string": b"&".join([*query, *pairs])}
