"""Bulk load of an empty catalogue: drops keys and indexes before the merge, and builds them once after the rows.

The tables stay locked against readers meanwhile, so it is for an empty catalogue only. The dropped definitions are read
from the database itself: schema.sql stays the only place that names an index.
"""

import asyncpg

from mediacanon.imdb import datasets

IS_EMPTY = """
SELECT NOT EXISTS (SELECT FROM titles)
   AND NOT EXISTS (SELECT FROM show_episodes)
"""

# Foreign keys are dropped first and created last. A key that tables outside the bulk load refer to stays.
KEYS_AND_INDEXES = """
  WITH bulk AS (SELECT unnest($1::text[])::regclass::oid AS relid)
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS create,
       contype = 'f' AS is_foreign_key
  FROM pg_constraint c
 WHERE conrelid IN (SELECT relid FROM bulk)
   AND contype IN ('f', 'p', 'u')
   AND NOT EXISTS (SELECT
                     FROM pg_constraint elsewhere
                    WHERE elsewhere.contype = 'f'
                      AND elsewhere.conindid = c.conindid
                      AND c.contype <> 'f'
                      AND elsewhere.conrelid NOT IN (SELECT relid FROM bulk))
 UNION ALL
SELECT format('DROP INDEX %s', indexrelid::regclass),
       pg_get_indexdef(indexrelid),
       false
  FROM pg_index i
 WHERE indrelid IN (SELECT relid FROM bulk)
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x'))
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
    found = await connection.fetch(KEYS_AND_INDEXES, bulk_tables())
    foreign_keys = [row for row in found if row["is_foreign_key"]]
    others = [row for row in found if not row["is_foreign_key"]]
    for row in [*foreign_keys, *others]:
        await connection.execute(row["drop"])
    return [row["create"] for row in [*others, *foreign_keys]]


async def build_indexes(connection: asyncpg.Connection, statements: list[str]) -> None:
    """Build the keys and indexes that `drop_indexes` dropped, and gather the tables' statistics."""
    for statement in statements:
        await connection.execute(statement)
    if statements:
        await connection.execute(f"ANALYZE {', '.join(bulk_tables())}")
