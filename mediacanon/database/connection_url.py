"""libpq's parameters in a database URL, translated into arguments of asyncpg.

asyncpg sends every parameter that it does not know to the server as a setting, which refuses the connection. libpq's
own programs (pg_dump, psql) receive the URL unchanged.
"""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from mediacanon.errors import DatabaseUnavailable

# Parameters with the same meaning in asyncpg.
TAKEN = frozenset(
    [
        "host",
        "port",
        "dbname",
        "database",
        "user",
        "password",
        "passfile",
        "service",
        "target_session_attrs",
        "krbsrvname",
        "gsslib",
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "sslpassword",
        "sslnegotiation",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
    ]
)
# Parameters that become settings of the session.
SETTINGS = frozenset({"application_name", "options"})
# Parameters without a meaning here: asyncpg authenticates without channel binding and GSSAPI encryption, always speaks
# UTF-8, sends the server's name in TLS, and the kernel's defaults of TCP hold.
DROPPED = frozenset(
    [
        "channel_binding",
        "gssencmode",
        "gssdelegation",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "client_encoding",
        "fallback_application_name",
        "load_balance_hosts",
        "require_auth",
        "requirepeer",
        "requiressl",
        "sslcertmode",
        "sslcompression",
        "sslsni",
        "min_protocol_version",
        "max_protocol_version",
    ]
)
# Parameters that are translated one by one.
TRANSLATED = frozenset({"connect_timeout", "hostaddr"})
FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
# The value of sslrootcert that means the certificates of the operating system.
SYSTEM = "system"


def connect_options(dsn: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments for asyncpg's `connect` to the database at `dsn`; the URL's settings win over `settings`.

    Raises DatabaseUnavailable for a parameter that libpq does not know and for an unreadable certificate.
    """
    parameters = dict(url_parameters(dsn))
    unknown = sorted(parameters.keys() - TAKEN - SETTINGS - DROPPED - TRANSLATED)
    if unknown:
        raise DatabaseUnavailable(
            f"The database URL has an unknown parameter: {', '.join(unknown)[:100]};"
            " a setting of the session is written options=-c%20name%3Dvalue"
        )
    own = {name: value for name, value in parameters.items() if name in SETTINGS}
    options: dict[str, Any] = {"server_settings": {**settings, **own}, **_timeout(parameters)}
    taken = {name: value for name, value in parameters.items() if name in TAKEN and value}
    if not urlsplit(dsn).netloc.rpartition("@")[2] and "host" not in taken and parameters.get("hostaddr"):
        taken["host"] = parameters["hostaddr"]
    if taken.get("sslrootcert") == SYSTEM:
        options["ssl"] = _system_certificates(taken)
    _check_files(taken)
    return {"dsn": with_parameters(dsn, taken), **options}


def url_parameters(dsn: str) -> list[tuple[str, str]]:
    """Return the parameters of a URL as libpq reads them: a plus sign is itself, no blank."""
    query = urlsplit(dsn).query
    pairs = [part.partition("=") for part in query.split("&") if part]
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def with_parameters(dsn: str, parameters: Mapping[str, str]) -> str:
    """Return a URL with these parameters instead of its own."""
    bare = dsn.partition("#")[0].partition("?")[0]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return f"{bare}?{query}" if query else bare


def _timeout(parameters: Mapping[str, str]) -> dict[str, float]:
    """Return connect_timeout; libpq waits without end for zero, a negative number and none."""
    given = parameters.get("connect_timeout", "")
    try:
        seconds = int(given or 0)
    except ValueError:
        raise DatabaseUnavailable(f"connect_timeout of the database URL is no whole number: {given[:40]}") from None
    return {"timeout": float(seconds)} if seconds > 0 else {}


def _system_certificates(taken: dict[str, str]) -> ssl.SSLContext:
    """Return the TLS context of sslrootcert=system and remove its parameters; as in libpq it implies verify-full."""
    mode = taken.pop("sslmode", "verify-full")
    del taken["sslrootcert"]
    if mode != "verify-full":
        raise DatabaseUnavailable(f"sslrootcert=system of the database URL needs sslmode=verify-full, not {mode[:40]}")
    _check_files(taken)
    context = ssl.create_default_context()
    certificate, key = taken.pop("sslcert", None), taken.pop("sslkey", None)
    if certificate:
        context.load_cert_chain(certificate, key, password=taken.pop("sslpassword", ""))
    return context


def _check_files(taken: Mapping[str, str]) -> None:
    """Name an unreadable file; the driver's own message does not."""
    for name in FILES:
        if file := taken.get(name):
            try:
                with open(file, "rb"):  # noqa: PTH123 - a path of libpq's
                    pass
            except OSError as error:
                raise DatabaseUnavailable(f"{name} of the database URL, {file}: {error.strerror}") from None
