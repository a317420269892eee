"""The origin of a request: the site it comes from, the host it names, and whether it may write."""

import hmac
import ipaddress
from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from mediacanon.errors import Forbidden, MediaCanonError, Unauthorized, beginning, quoted
from mediacanon.http.proxies import RECEIVED_HOST

_SAME_SITE = ("same-origin", "none")
DEFAULT_PORTS = {"http": 80, "https": 443}
# Characters: no host name is longer. urlsplit keeps the texts it has split, and has no bound on their length.
LONGEST_HOST = 300


def is_cross_site(request: Request) -> bool:
    """Return whether a browser sends the request on behalf of another site. Other programs never do."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        # Preferred to comparing Origin with Host, which proxies rewrite.
        return site not in _SAME_SITE
    origin = request.headers.get("origin")
    return origin is not None and not _is_same_host(origin, request.headers.get("host", ""))


def _is_same_host(origin: str, host: str) -> bool:
    """Return whether Host names the host and port of an origin; a missing port is the default of its scheme."""
    if host and origin.partition("://")[2] == host:
        return True
    if max(len(origin), len(host)) > LONGEST_HOST:
        return False
    try:
        of_origin, of_host = urlsplit(origin), urlsplit(f"//{host}")
        default = DEFAULT_PORTS.get(of_origin.scheme)
        ports = [each.port or default for each in (of_origin, of_host)]
    except ValueError:
        return False
    names = [(each.hostname or "").removesuffix(".") for each in (of_origin, of_host)]
    return bool(names[0]) and names[0] == names[1] and ports[0] == ports[1]


def cross_site_denial(request: Request) -> Forbidden | None:
    """Return the error of a write on behalf of another site, None for a write of this site or of a program."""
    if not is_cross_site(request):
        return None
    message = "A page of another site may read, not write."
    if "sec-fetch-site" not in request.headers:
        host = quoted(request.headers.get("host", ""))
        message += f" If this page is this server's, its proxy must forward the Host header: it names {host}."
    return Forbidden(message)


def is_from_browser(request: Request) -> bool:
    """Return whether a browser sends the request: every browser adds one of these headers to a write."""
    return "sec-fetch-site" in request.headers or "origin" in request.headers


def is_allowed_host(request: Request, hosts: Container[str]) -> bool:
    """Return whether a request names this server by an address, as localhost, or as one of `hosts`.

    Any name on the internet can resolve to 127.0.0.1: a browser then takes this server for the site of that name.
    """
    return denied_host(request, hosts) is None


def denied_host(request: Request, hosts: Container[str]) -> str | None:
    """Return the host name of a request that is not allowed, None where all are.

    A proxy's X-Forwarded-Host does not excuse the Host that arrived: a rebound page may send both.
    """
    given = (request.headers.get("host", ""), request.scope.get(RECEIVED_HOST))
    names = [_host_name(host) for host in given if host is not None]
    return next((name for name in names if not _is_allowed(name, hosts)), None)


def _is_allowed(name: str, hosts: Container[str]) -> bool:
    return name in hosts or name == "localhost" or name.endswith(".localhost") or _is_address(name)


def _host_name(host: str) -> str:
    """Return the name or address in a Host header in lower case, empty if it is malformed."""
    if len(host) > LONGEST_HOST:
        return f"{host[:LONGEST_HOST]}…"
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class WritePolicy:
    """The requests that may write: all of them (`open`), those with the `token`, none (`off`)."""

    mode: str
    token: str | None
    allowed_hosts: Container[str]

    def denial(self, request: Request) -> MediaCanonError | None:
        """Return the error of a request that may not write, None where it may."""
        if denial := cross_site_denial(request):
            return denial
        if self.mode == "off":
            return Forbidden("This server takes no writes.")
        if self.mode == "token":
            return None if self._has_token(request) else Unauthorized()
        if is_from_browser(request) and (host := denied_host(request, self.allowed_hosts)) is not None:
            return Forbidden(
                f"Browsers may write here once MEDIACANON_ALLOWED_HOSTS lists {beginning(host) or 'the Host'}."
            )
        return None

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_same = hmac.compare_digest(given.strip().encode("latin-1"), str(self.token).encode())
        return is_same and scheme.lower() == "bearer"
