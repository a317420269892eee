"""Runs uvicorn over the application, with its garbage collector set for a server."""

import asyncio
import gc
import socket
from collections.abc import Callable

import uvicorn

from mediacanon.server.app import build_app
from mediacanon.server.uvicorn_protocol import HttpProtocol
from mediacanon.settings import Settings

# Seconds for open requests to end; then they are cancelled. What they wrote and PostgreSQL want time, too.
DRAIN = 3
# Objects made before they are looked through: an answer of 250 episodes makes a thousand.
GARBAGE = 20_000


def run_server(
    settings: Settings,
    dsn: str,
    listener: socket.socket,
    *,
    started: Callable[[], None],
    lifeline: int | None = None,
) -> None:
    """Serve in this process, having called `started`, until a signal ends it or `lifeline` becomes readable."""
    config = uvicorn.Config(
        build_app(settings, dsn),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN,
        http=HttpProtocol,
        lifespan="on",
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            if lifeline is not None:
                asyncio.get_running_loop().add_reader(lifeline, self._end, lifeline)
            await super().startup(sockets)
            started()

        def _end(self, lifeline: int) -> None:
            asyncio.get_running_loop().remove_reader(lifeline)
            self.should_exit = True

    # What was built lives as long as the process: looking through it for garbage took a tenth of the time of answering.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    Server(config).run(sockets=[listener])
