"""The origin of a request: the site it comes from, and the host it names."""

import ipaddress
from collections.abc import Container
from urllib.parse import urlsplit

from starlette.requests import Request

_SAME_SITE = ("same-origin", "none")


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


def is_allowed_host(request: Request, hosts: Container[str]) -> bool:
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
