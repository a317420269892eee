"""Fixtures: a real server over each event loop."""

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from mediacanon.server.uvicorn_protocol import HttpProtocol
from tests.server.endpoints import THREAD, echo, endless, large, small, stream


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def address(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """Run a server with these endpoints in a thread, over each event loop; yield host and port."""
    app = Starlette(
        routes=[
            Route(f"/{one.__name__}", one, methods=["GET", "POST"]) for one in (small, large, stream, endless, echo)
        ]
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, http=HttpProtocol, loop=request.param, log_config=None, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, name=THREAD, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join()
