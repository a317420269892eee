"""Notifications as workers receive them."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from mediacanon.database.changes import ENGAGEMENT


@asynccontextmanager
async def heard_from(dsn: str) -> AsyncIterator[Callable[[], Awaitable[list[dict[str, Any]]]]]:
    """Yield a function that returns all notifications since the beginning of the block.

    Those of views and clicks are left out: a server stores them some seconds after the requests of earlier tests.
    """
    listener = await asyncpg.connect(dsn)
    payloads: list[dict[str, Any]] = []
    await listener.add_listener("catalog", lambda *event: payloads.append(json.loads(event[3])))

    async def heard() -> list[dict[str, Any]]:
        # PostgreSQL sends pending notifications before the response.
        await listener.execute("SELECT")
        return [each for each in payloads if each.get("stale") != [ENGAGEMENT]]

    try:
        yield heard
    finally:
        await listener.close()
