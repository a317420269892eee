"""Starts the server: log, listening socket, database and collections first, then one process or several workers."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
from collections.abc import Callable
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
    # First of all the socket: a port in use ends the start before a database is started.
    with _listen(settings) as listener:
        # SIGTERM unwinds the block below as Ctrl-C does, so that the database is stopped.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with running_database(settings, is_kept_running=True) as dsn:
            asyncio.run(_prepare(dsn, with_demo=with_demo))
            with contextlib.suppress(KeyboardInterrupt):
                _serve(settings, dsn, listener, workers=workers, started=lambda: announce(_address(settings, listener)))


def _serve(settings: Settings, dsn: str, listener: socket.socket, *, workers: int, started: Callable[[], None]) -> None:
    if workers == 1:
        # A taken port and a missing database are reported before the application is imported.
        from mediacanon.server.run import run_server  # noqa: PLC0415

        run_server(settings, dsn, listener, started=started)
    else:
        from mediacanon.server.workers import run_workers  # noqa: PLC0415 - as above

        run_workers(workers, settings, dsn, listener, started=started)


def _start_logging(settings: Settings) -> None:
    try:
        start_logging(settings)
    except OSError as error:
        raise WrongSetting(f"MEDIACANON_LOG_FILE {settings.log_file} cannot be written: {error.strerror}") from None


def _warn_of_open_writes(settings: Settings) -> None:
    if settings.writes == "open" and settings.host not in LOOPBACK:
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


def _listen(settings: Settings) -> socket.socket:
    """Return a listening socket. Raises WrongSetting with the reason, and with the process that uses the port."""
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        owner = listening_on(settings.port) if error.errno == errno.EADDRINUSE else None
        by = f" by {owner}" if owner else ""
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
        where = f"{settings.host}:{settings.port}"
        raise WrongSetting(f"Cannot listen on {where}: {why}{by}. Choose another --port.") from None


def _address(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"
