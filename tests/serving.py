"""The app under test: built as `serve` builds it, called in-process through ASGI or over a real socket."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import uvicorn

from mediacanon.database.changes import LISTS, Change, tag_of
from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.server.app import Application, build_app
from mediacanon.server.uvicorn_protocol import HttpProtocol
from mediacanon.settings import Settings
from mediacanon.writes.collection import load_collections

# CI checks everything, so missing npm packages fail a test there instead of skipping it.
IS_CI = "CI" in os.environ
# The demo has further facts of TMDB; a test with facts of its own begins without them.
NO_FURTHER_FACTS = "TRUNCATE title_facts, title_texts, tmdb_names, franchises"
# Removed with the object, at the end of the process.
_DATA_DIR = tempfile.TemporaryDirectory(prefix="mediacanon-tests-")


def app_of(dsn: str, **environment: str) -> Application:
    """Return the app over a database, with these settings and none of the machine's."""
    return build_app(Settings.from_environment({"MEDIACANON_DATA_DIR": _DATA_DIR.name, **environment}), dsn)


@contextlib.asynccontextmanager
async def client_of(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the app without a socket; the block runs inside the app's lifespan."""
    async with app.services.lifespan():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://mediacanon.test") as client:
            yield client


@contextlib.asynccontextmanager
async def served(app: Application) -> AsyncIterator[str]:
    """Give the address of the app, which listens on a free port."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=HttpProtocol, log_config=None, lifespan="on", proxy_headers=False
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # they are pytest's
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def certain() -> bool:
    """Stand in for the round trip of ChangeListener: all published changes have been received."""
    return True


def title_change(*title_ids: int) -> Change:
    """Return the change that a write to these titles publishes."""
    return Change(frozenset({LISTS, *(tag_of("title", title_id) for title_id in title_ids)}))


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    """Return the JSON response to a GraphQL document."""
    response = await client.post("/graphql", json={"query": query, "variables": variables})
    result: dict[str, Any] = response.json()
    return result


async def run_program(*command: str, **environment: str) -> tuple[int, str]:
    """Run a program to its end; return its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def with_collections(dsn: str) -> str:
    """Load the shipped collections into a database and return its URL."""
    async with await open_pool(dsn, size=1) as pool:
        await load_collections(pool, search=partial(load_titles_by_rank, pool))
    return dsn
