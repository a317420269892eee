"""Everything that changes the catalogue on behalf of a client: `Writes` is the index of all changes."""

import asyncpg


class Writes:
    """The changes of one request, each in a transaction of its own."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
