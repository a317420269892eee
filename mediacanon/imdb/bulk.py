"""Bulk load of an empty catalogue: drops keys and indexes before the merge, and builds them once after the rows.

The triggers rest meanwhile: they note changes, and an import counts anew at its end.

The tables stay locked against readers meanwhile, so it is for an empty catalogue only.
"""

import asyncpg

from mediacanon.database.keys import drop_keys
from mediacanon.imdb import datasets

IS_EMPTY = """
SELECT NOT EXISTS (SELECT FROM titles)
   AND NOT EXISTS (SELECT FROM show_episodes)
"""


def bulk_tables() -> list[str]:
    """Return the tables that the datasets fill, in their order."""
    return [table for dataset in datasets.ALL for table in dataset.fills]


async def drop_indexes(connection: asyncpg.Connection) -> list[str]:
    """Drop the keys and indexes of an empty catalogue; return the statements that build them, in order.

    Returns an empty list, and drops nothing, if the catalogue has rows.
    """
    if not await connection.fetchval(IS_EMPTY):
        return []
    others, foreign_keys = await drop_keys(connection, bulk_tables())
    for table in bulk_tables():
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return [*others, *foreign_keys, *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in bulk_tables())]


async def build_indexes(connection: asyncpg.Connection, statements: list[str]) -> None:
    """Build the keys and indexes that `drop_indexes` dropped, and gather the tables' statistics."""
    for statement in statements:
        await connection.execute(statement)
    if statements:
        await connection.execute(f"ANALYZE {', '.join(bulk_tables())}")
