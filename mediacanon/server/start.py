"""Starts the server: log, listening socket, database and collections first, then one process or several workers."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial

from mediacanon.database.embedded import running_database
from mediacanon.database.migrate import migrate
from mediacanon.database.pool import open_pool
from mediacanon.database.processes import listening_on
from mediacanon.errors import Conflict, WrongSetting
from mediacanon.imdb.demo import load_demo
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.settings import Settings
from mediacanon.telemetry.logs import start_logging
from mediacanon.writes.collection import load_collections

log = logging.getLogger(__name__)

BACKLOG = 2048
ALL_IPV6, IPV4_DOTS = "::", 3
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def start_server(settings: Settings, *, workers: int, with_demo: bool, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `announce` gets the server's address once it accepts connections.

    `with_demo` loads the demo catalogue into an empty database. Raises WrongSetting for an address or a log file that
    cannot be used, DatabaseUnavailable, and WorkerLost.
    """
    _start_logging(settings)
    _warn_of_open_writes(settings)
    # The server outlives its terminal.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # First of all the sockets: a port in use ends the start before a database is started.
    with contextlib.ExitStack() as stack:
        listeners = _listen(settings, stack)
        # SIGTERM unwinds the block below as Ctrl-C does, so that the database is stopped.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with running_database(settings, is_kept_running=True) as dsn:
            asyncio.run(_prepare(dsn, with_demo=with_demo))
            with contextlib.suppress(KeyboardInterrupt):
                _serve(
                    settings, dsn, listeners, workers=workers, started=lambda: announce(_address(settings, listeners))
                )


def _serve(
    settings: Settings, dsn: str, listeners: Sequence[socket.socket], *, workers: int, started: Callable[[], None]
) -> None:
    if workers == 1:
        # A taken port and a missing database are reported before the application is imported.
        from mediacanon.server.run import run_server  # noqa: PLC0415

        run_server(settings, dsn, listeners, started=started)
    else:
        from mediacanon.server.workers import run_workers  # noqa: PLC0415 - as above

        run_workers(workers, settings, dsn, listeners, started=started)


def _start_logging(settings: Settings) -> None:
    try:
        start_logging(settings)
    except OSError as error:
        raise WrongSetting(f"MEDIACANON_LOG_FILE {settings.log_file} cannot be written: {error.strerror}") from None


def _warn_of_open_writes(settings: Settings) -> None:
    if settings.writes == "open" and not set(settings.hosts) <= set(LOOPBACK):
        log.warning(
            "Every client that reaches %s:%s may change and delete titles. MEDIACANON_WRITES=token or off prevents it.",
            settings.host,
            settings.port,
        )


async def _prepare(dsn: str, *, with_demo: bool) -> None:
    """Migrate the database and load the collections, which are part of this version."""
    await migrate(dsn)
    if with_demo:
        # Conflict: the database has titles, which stay.
        with contextlib.suppress(Conflict):
            await load_demo(dsn)
    async with await open_pool(dsn, size=1) as pool:
        report = await load_collections(pool, search=partial(load_titles_by_rank, pool))
    for problem in report.problems:
        log.warning("%s", problem)


def _listen(settings: Settings, stack: contextlib.ExitStack) -> list[socket.socket]:
    """Return a listening socket for each address, all on one port; the stack closes them.

    Raises WrongSetting with the reason, and with the process that uses the port.
    """
    listeners: list[socket.socket] = []
    port = settings.port
    # A socket of `::` serves IPv4, too, unless addresses of IPv4 have sockets of their own.
    is_dual = socket.has_dualstack_ipv6() and not any(host.count(".") == IPV4_DOTS for host in settings.hosts)
    for host in settings.hosts:
        listener = _listen_on(host, port, is_dual=is_dual and host == ALL_IPV6)
        listeners.append(stack.enter_context(listener))
        port = listener.getsockname()[1]
    return listeners


def _listen_on(host: str, port: int, *, is_dual: bool) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # The whole address: that of a link has the number of its interface.
        return socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=is_dual)
    except (OSError, UnicodeError) as error:
        raise WrongSetting(f"Cannot listen on {_at(host, port)}: {_why_not(error, port)}") from None


def _why_not(error: Exception, port: int) -> str:
    """Return the reason why an address cannot be listened on, and the way out."""
    number = error.errno if isinstance(error, OSError) and not isinstance(error, socket.gaierror) else None
    if number in (errno.EADDRINUSE, errno.EACCES):
        owner = listening_on(port) if number == errno.EADDRINUSE else None
        return f"{os.strerror(number)}{f' by {owner}' if owner else ''}. Choose another --port."
    reason = os.strerror(number) if number else getattr(error, "strerror", None) or "it is not a name or address"
    return f"{reason}. HOST must be an address of this machine, or several between commas."


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address(settings: Settings, listeners: Sequence[socket.socket]) -> str:
    return f"http://{_at(settings.hosts[0], listeners[0].getsockname()[1])}"
