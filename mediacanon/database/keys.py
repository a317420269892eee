"""Keys and indexes set aside while many rows come in.

The dropped definitions are read from the database itself: schema.sql stays the only place that names an index.
"""

from collections.abc import Sequence

import asyncpg

# A key that other tables refer to stays.
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


async def drop_keys(connection: asyncpg.Connection, tables: Sequence[str]) -> tuple[list[str], list[str]]:
    """Drop the keys and indexes of `tables`.

    Returns the statements that build the keys and indexes, and those that build the foreign keys, which need the first.
    """
    found = await connection.fetch(KEYS_AND_INDEXES, tables)
    foreign_keys = [row for row in found if row["is_foreign_key"]]
    others = [row for row in found if not row["is_foreign_key"]]
    for row in [*foreign_keys, *others]:
        await connection.execute(row["drop"])
    return [row["create"] for row in others], [row["create"] for row in foreign_keys]
