"""`mediacanon serve`: the server, over our own PostgreSQL or yours."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from cli.options import database_options

if TYPE_CHECKING:
    from mediacanon.settings import Settings

log = logging.getLogger(__name__)

SHUTDOWN = 10
BACKLOG = 2048


@click.command()
@click.option("--host", metavar="HOST", help="Where to listen [HOST, 127.0.0.1].")
@click.option("--port", metavar="PORT", help="On which port, 0 for any free one [PORT, 8080].")
@click.option("--demo", "with_demo", is_flag=True, help="Load the demo catalogue when the database is empty.")
@database_options
def serve(*, with_demo: bool, **options: str | None) -> None:
    """Serve pages, REST and GraphQL until interrupted."""
    from mediacanon.database.embedded import running_database
    from mediacanon.settings import Settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    settings = Settings.from_environment(None, **options)
    # A port that is taken is found out before a database is started.
    with _listen(settings) as listener:
        # A polite kill ends the block below as Ctrl-C does: the database is stopped, too.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with running_database(settings) as dsn:
            asyncio.run(_prepare(dsn, with_demo=with_demo))
            with contextlib.suppress(KeyboardInterrupt):
                _run(settings, dsn, listener)


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
    from mediacanon.errors import WrongSetting

    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise WrongSetting(f"Cannot listen on {where}: {error.strerror or error}. Choose another --port.") from None
    return listener


def _run(settings: "Settings", dsn: str, listener: socket.socket) -> None:
    import uvicorn

    from mediacanon.app import build_app

    config = uvicorn.Config(
        build_app(settings, dsn),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN,
        http="httptools",
        lifespan="on",
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            click.echo(f"MediaCanon serves http://{host}:{listener.getsockname()[1]}")

    Server(config).run(sockets=[listener])
