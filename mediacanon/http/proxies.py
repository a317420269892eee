"""Reverse proxies: the client, the host and the path of a request as a trusted proxy received it."""

import ipaddress
import re
from collections.abc import Awaitable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from mediacanon.http.memo import memoised
from mediacanon.settings import BASE_PATH, Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# The key of the scope that has the Host header as it arrived, where a proxy names another one.
RECEIVED_HOST = "mediacanon.received_host"
LONGEST_ADDRESS, MOST_ADDRESSES = 60, 10_000
# Entries of X-Forwarded-For that are read, from the nearest proxy on.
MOST_HOPS = 32
_FORWARDED = b"x-forwarded-"
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_PORT = re.compile(r"^\[(.*)\](?::[0-9]+)?$|^([0-9.]+):[0-9]+$")
LONGEST_PREFIX = 200


def base_path(scope: Scope) -> str:
    """Return the path below which the server is reached, empty for the root."""
    base: str = scope.get("app_root_path", scope.get("root_path", ""))
    return base


def route_path(scope: Scope) -> str:
    """Return the path of a request below the base path."""
    path: str = scope["path"]
    base = base_path(scope)
    return path[len(base) :] if base else path


def sent_path(scope: Scope) -> str:
    """Return the path of a request below the base path as it was sent, with its escapes."""
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    base = base_path(scope)
    return path.removeprefix(base) if base and path.startswith(f"{base}/") else path


def read_prefix(text: str) -> str | None:
    """Return a path prefix such as /media, empty for the root, None for a malformed one."""
    prefix = text.strip().rstrip("/")
    if not prefix:
        return ""
    return prefix if len(prefix) <= LONGEST_PREFIX and BASE_PATH.fullmatch(prefix) else None


@memoised(most=MOST_ADDRESSES, longest=LONGEST_ADDRESS)
def read_address(text: str) -> Address | None:
    """Return the address in a text, also beside a port; None without one. IPv6 unwraps to IPv4 where it maps one."""
    text = text.strip()
    match = _PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((match[1] or match[2]) if match else text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class TrustedProxies:
    """Middleware: believes X-Forwarded-For, -Proto, -Host and -Prefix of trusted networks, and of no other peer.

    A request is served below `base` whether or not the proxy takes the base off the path.
    """

    def __init__(self, app: ASGIApp, *, networks: Sequence[Network], base: str = "") -> None:
        self.app = app
        self._networks = networks
        self._base = base

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, as the outermost trusted proxy received it."""
        if scope["type"] == "http":
            self._apply(scope)
        return self.app(scope, receive, send)

    def _apply(self, scope: Scope) -> None:
        given: dict[bytes, str] = {}
        for name, value in scope["headers"]:
            if name.startswith(_FORWARDED):
                text = value.decode("latin-1")
                given[name] = f"{given[name]},{text}" if name in given else text
        base = self._base
        if given and self._trusts(read_address(scope["client"][0]) if scope.get("client") else None):
            self._forward(scope, given)
            base = read_prefix(_last(given.get(b"x-forwarded-prefix", ""))) or base
        if base:
            path = scope["path"]
            scope["root_path"] = base
            scope["path"] = path if path == base or path.startswith(f"{base}/") else base + path

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)

    def _forward(self, scope: Scope, given: dict[bytes, str]) -> None:
        if hops := given.get(b"x-forwarded-for"):
            scope["client"] = self._client(hops, scope["client"])
        if (scheme := _last(given.get(b"x-forwarded-proto", "")).lower()) in ("http", "https"):
            scope["scheme"] = scheme
        if _HOST.fullmatch(host := _last(given.get(b"x-forwarded-host", ""))):
            received = next((value for name, value in scope["headers"] if name == b"host"), b"")
            scope[RECEIVED_HOST] = received.decode("latin-1")
            others = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [(b"host", host.encode()), *others]

    def _client(self, hops: str, client: tuple[str, int]) -> tuple[str, int]:
        """Return the nearest address that is no trusted proxy's, else the farthest one."""
        for hop in reversed(hops.rsplit(",", MOST_HOPS)[-MOST_HOPS:]):
            address = read_address(hop)
            if address is None:
                break
            client = (str(address), 0)
            if not self._trusts(address):
                break
        return client


def _last(values: str) -> str:
    """Return the last of the values between commas: the nearest proxy's."""
    return values.rpartition(",")[2].strip()
