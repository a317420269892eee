"""CORS: every site may read, no site but our own may write (the Fetch standard, section 3.2)."""

from collections.abc import Iterable

ALLOW_ANY_ORIGIN = {"access-control-allow-origin": "*"}
# One day, in seconds, during which a browser sends no second preflight.
MAX_AGE = "86400"


def read_headers(*, vary: str = "", expose: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of a response that every site may read; `expose` names the headers scripts may see."""
    exposed = ", ".join(expose)
    return {
        **ALLOW_ANY_ORIGIN,
        **({"access-control-expose-headers": exposed} if exposed else {}),
        **({"vary": vary} if vary else {}),
    }


def preflight_headers(*, methods: Iterable[str], allow: Iterable[str]) -> dict[str, str]:
    """Return the headers of a preflight response: the allowed methods and request headers."""
    return {
        "access-control-allow-methods": ", ".join(methods),
        "access-control-allow-headers": ", ".join(allow),
        "access-control-max-age": MAX_AGE,
    }
