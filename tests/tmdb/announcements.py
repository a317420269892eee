"""What workers hear of changes."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


@asynccontextmanager
async def heard_from(dsn: str) -> AsyncIterator[Callable[[], Awaitable[list[dict[str, Any]]]]]:
    """Give what tells all that has been announced until it is asked."""
    listener = await asyncpg.connect(dsn)
    said: list[dict[str, Any]] = []
    await listener.add_listener("catalog", lambda *event: said.append(json.loads(event[3])))

    async def heard() -> list[dict[str, Any]]:
        # PostgreSQL sends what there is to hear before it answers.
        await listener.execute("SELECT")
        return said

    try:
        yield heard
    finally:
        await listener.close()
