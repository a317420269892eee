"""Runs a command's work with a connection pool on the database."""

import asyncio
from typing import TYPE_CHECKING, TypeVar

from cli.output import log_to_stderr

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg

    from mediacanon.settings import Settings

T = TypeVar("T")


def with_database(settings: "Settings", work: "Callable[[asyncpg.Pool], Awaitable[T]]") -> T:
    """Return the result of `work`, run with a pool on the migrated database. The log goes to standard error."""
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import migrate
    from mediacanon.database.pool import open_pool

    async def run(dsn: str) -> T:
        await migrate(dsn)
        async with await open_pool(dsn, size=settings.pool_size) as pool:
            return await work(pool)

    log_to_stderr()
    with running_database(settings) as dsn:
        return asyncio.run(run(dsn))
