"""`mediacanon serve`: the server, over our own PostgreSQL or yours, in one process or several."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING

import click

from cli.options import database_options

if TYPE_CHECKING:
    from mediacanon.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 2048
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--host", metavar="HOST", help="Where to listen [HOST, 127.0.0.1].")
@click.option("--port", metavar="PORT", help="On which port, 0 for any free one [PORT, 8080].")
@click.option("--workers", metavar="N", type=click.IntRange(1), default=1, help="In how many processes [1].")
@click.option("--demo", "with_demo", is_flag=True, help="Load the demo catalogue when the database is empty.")
@database_options
def serve(*, workers: int, with_demo: bool, **options: str | None) -> None:
    """Serve pages, REST and GraphQL until interrupted."""
    from mediacanon.database.embedded import running_database
    from mediacanon.settings import Settings

    settings = Settings.from_environment(None, **options)
    _start_logging(settings)
    _warn_of_open_writes(settings)
    # A terminal that is closed does not end the server.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A port that is taken is found out before a database is started.
    with _listen(settings) as listener:
        # A polite kill ends the block below as Ctrl-C does: the database is stopped, too.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with running_database(settings, is_kept_running=True) as dsn:
            asyncio.run(_prepare(dsn, with_demo=with_demo))
            with contextlib.suppress(KeyboardInterrupt):
                tell = partial(_tell_address, settings.host, listener)
                if workers == 1:
                    from mediacanon.server.run import run_server

                    run_server(settings, dsn, listener, started=tell)
                else:
                    from mediacanon.server.workers import run_workers

                    run_workers(workers, settings, dsn, listener, started=tell)


def _start_logging(settings: "Settings") -> None:
    from mediacanon.errors import WrongSetting
    from mediacanon.telemetry.logs import start_logging

    try:
        start_logging(settings)
    except OSError as error:
        raise WrongSetting(f"MEDIACANON_LOG_FILE {settings.log_file} cannot be written: {error.strerror}") from None


def _warn_of_open_writes(settings: "Settings") -> None:
    if settings.writes == "open" and settings.host not in LOOPBACK:
        log.warning(
            "Everybody who reaches %s:%s may change and delete titles. MEDIACANON_WRITES=token or off closes that.",
            settings.host,
            settings.port,
        )


async def _prepare(dsn: str, *, with_demo: bool) -> None:
    from mediacanon.database.migrate import migrate
    from mediacanon.database.pool import open_pool
    from mediacanon.errors import Conflict
    from mediacanon.imdb.demo import load_demo
    from mediacanon.loaders.search import load_titles_by_rank
    from mediacanon.writes.collection import load_collections

    await migrate(dsn)
    if with_demo:
        # A catalogue with titles is somebody's own: it stays as it is.
        with contextlib.suppress(Conflict):
            await load_demo(dsn)
    async with await open_pool(dsn, size=1) as pool:
        report = await load_collections(pool, search=partial(load_titles_by_rank, pool))
    for problem in report.problems:
        log.warning("%s", problem)


def _listen(settings: "Settings") -> socket.socket:
    from mediacanon.database.processes import listening_on
    from mediacanon.errors import WrongSetting

    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        who = listening_on(settings.port) if error.errno == errno.EADDRINUSE else None
        by = f" by {who}" if who else ""
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
        raise WrongSetting(f"Cannot listen on {where}: {why}{by}. Choose another --port.") from None
    return listener


def _tell_address(host: str, listener: socket.socket) -> None:
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"MediaCanon serves http://{shown}:{listener.getsockname()[1]}")
