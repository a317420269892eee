"""CORS: every site may read, no site but our own may write (the Fetch standard, section 3.2)."""

import re
from collections.abc import Iterable

ALLOW_ANY_ORIGIN = {"access-control-allow-origin": "*"}
# One day, in seconds, during which a browser sends no second preflight.
MAX_AGE = "86400"
# The request headers of a preflight that asks for none, or for malformed ones.
ALLOWED = ("Content-Type", "Accept", "If-None-Match", "X-Request-Id")
LONGEST_REQUESTED = 1_000
# A script must not speak for a proxy.
_NAMES = re.compile(
    r"(?i)(?!(?:.*[, \t])?(?:x-)?forwarded)[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*"
)


def read_headers(*, vary: str = "", expose: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of a response that every site may read; `expose` names the headers scripts may see."""
    exposed = ", ".join(expose)
    return {
        **ALLOW_ANY_ORIGIN,
        **({"access-control-expose-headers": exposed} if exposed else {}),
        **({"vary": vary} if vary else {}),
    }


def preflight_headers(*, methods: Iterable[str], requested: str | None = None) -> dict[str, str]:
    """Return the headers of a preflight response: the allowed methods, and the request headers that it asks for.

    A read may carry any header: clients add their own (Apollo, axios, jQuery). `*` would leave out Authorization.
    """
    allowed = ", ".join(ALLOWED)
    if requested and len(requested) <= LONGEST_REQUESTED and _NAMES.fullmatch(requested):
        allowed = requested
    return {
        "access-control-allow-methods": ", ".join(methods),
        "access-control-allow-headers": allowed,
        "access-control-max-age": MAX_AGE,
        "vary": "Access-Control-Request-Headers",
    }
