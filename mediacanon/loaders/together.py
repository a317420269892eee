"""Statements that go to the database together: the parts of one page cost one round trip.

A turn of the event loop often loads several kinds of facts of the same titles. Each statement by itself costs a
connection, a message to the database and a message back, which takes longer than most of the statements. `Together`
stands in for the pool: it sends the statements of a turn as one statement whose columns are their rows.

    SELECT ARRAY(SELECT part FROM (SELECT ... WHERE f.title_id = ANY($1::integer[])) AS part),
           ARRAY(SELECT part FROM (SELECT ... WHERE x.title_id = ANY($2::integer[])) AS part)

There is one such statement, with all known parts: a part that the turn lacks has null in place of its lists. So it
is prepared once for each connection, and its size is bounded.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import asyncpg

# With fewer parts the statements go by themselves: the parts without keys cost more than what is saved.
FEWEST = 3
_PARAMETER = re.compile(r"\$(\d+)")

Records = Sequence[asyncpg.Record]


class Together:
    """A pool for statements of known texts; all their parameters are lists."""

    def __init__(self, pool: asyncpg.Pool, statements: Sequence[str]) -> None:
        self._pool = pool
        self._sizes = {each: max(int(found[1]) for found in _PARAMETER.finditer(each)) for each in statements}
        parts, first = [], 0
        for statement, size in self._sizes.items():
            parts.append(_part(statement, first))
            first += size
        self.sql = f"SELECT {', '.join(parts)}"
        # The statements of this turn of the event loop, each with its parameters and its caller's future.
        self._turn: dict[str, tuple[tuple[Any, ...], asyncio.Future[Records | None]]] | None = None

    async def fetch(self, statement: str, *parameters: Any) -> Records:  # noqa: ANN401 - as the statement declares them
        """Return the rows of a statement. Raises as the pool does."""
        turn = self._turn
        if turn is not None and statement in turn:
            return await self._alone(statement, parameters)
        future: asyncio.Future[Records | None] = asyncio.get_running_loop().create_future()
        if turn is not None:
            turn[statement] = (parameters, future)
            found = await future
        else:
            turn = self._turn = {statement: (parameters, future)}
            found = await self._lead(turn, future)
        return await self._alone(statement, parameters) if found is None else found

    async def _lead(
        self,
        turn: dict[str, tuple[tuple[Any, ...], asyncio.Future[Records | None]]],
        own: asyncio.Future[Records | None],
    ) -> Records | None:
        """Send the statements of a turn for all callers; None where each has to send its own."""
        results: dict[str, Records] = {}
        try:
            try:
                # The other callers of this turn.
                await asyncio.sleep(0)
            finally:
                self._turn = None
            if len(turn) >= FEWEST:
                parameters = [
                    value
                    for statement, size in self._sizes.items()
                    for value in (turn[statement][0] if statement in turn else (None,) * size)
                ]
                row = await self._pool.fetchrow(self.sql, *parameters)
                results = dict(zip(self._sizes, row or (), strict=True))
        except (asyncpg.PostgresError, asyncpg.DataError):
            # One part may fail alone: each caller meets its own error.
            results = {}
        finally:
            for statement, (_, future) in turn.items():
                if not future.done():
                    future.set_result(results.get(statement))
        return own.result()

    async def _alone(self, statement: str, parameters: tuple[Any, ...]) -> Records:
        found: Records = await self._pool.fetch(statement, *parameters)
        return found


def _part(statement: str, first: int) -> str:
    """Return the rows of a statement as an array, its parameters counted from `first`."""
    renumbered = _PARAMETER.sub(lambda found: f"${int(found[1]) + first}", statement)
    return f"ARRAY(SELECT part FROM ({renumbered}) AS part)"
