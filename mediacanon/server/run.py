"""Runs uvicorn over the application, with the garbage collector tuned for a server."""

import asyncio
import gc
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import uvicorn

from mediacanon.server.app import build_app
from mediacanon.server.uvicorn_protocol import HttpProtocol, connection_limit
from mediacanon.settings import Settings

# Seconds for open requests to end before they are cancelled. The shutdown also writes pending views and stops
# PostgreSQL, within the time that service managers allow.
DRAIN_TIMEOUT = 3
# Allocations between collections: a response of 250 episodes makes a thousand objects.
GC_THRESHOLD = 20_000


class _Server(uvicorn.Server):
    """uvicorn's server with a callback once it serves, and an optional lifeline."""

    def __init__(self, config: uvicorn.Config, *, started: Callable[[], None], lifeline: int | None) -> None:
        super().__init__(config)
        self._on_started = started
        self._lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._lifeline is not None:
            asyncio.get_running_loop().add_reader(self._lifeline, self._stop, self._lifeline)
        await super().startup(sockets)
        self._on_started()

    def _stop(self, lifeline: int) -> None:
        asyncio.get_running_loop().remove_reader(lifeline)
        self.should_exit = True


def run_server(
    settings: Settings,
    dsn: str,
    listeners: Sequence[socket.socket],
    *,
    started: Callable[[], None],
    lifeline: int | None = None,
) -> None:
    """Serve in this process until a signal arrives or the file descriptor `lifeline` becomes readable.

    Calls `started` once the server accepts connections.
    """
    config = uvicorn.Config(
        build_app(settings, dsn),
        log_config=None,
        access_log=False,
        server_header=False,
        # The application reads the headers of trusted proxies itself.
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_TIMEOUT,
        timeout_keep_alive=settings.keep_alive,
        http=cast("type[asyncio.Protocol]", partial(HttpProtocol, limit=connection_limit())),
        lifespan="on",
    )
    # The application lives as long as the process: scanning it for garbage took a tenth of the time of a request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    _Server(config, started=started, lifeline=lifeline).run(sockets=list(listeners))
