"""Loading an empty catalogue: keys and indexes are set aside and built once, after the rows.

Locks readers out of the tables, so it is for an empty catalogue only. What is set aside is read from the
database itself: schema.sql stays the only place that names an index.
"""

import asyncpg

TABLES = ["titles", "movies", "shows", "show_seasons", "show_episodes", "title_genres"]

IS_EMPTY = """
SELECT NOT EXISTS (SELECT FROM titles)
   AND NOT EXISTS (SELECT FROM show_episodes)
"""

# Foreign keys go first and come last. A key that tables outside the bulk load refer to stays.
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


async def set_indexes_aside(connection: asyncpg.Connection) -> list[str]:
    """Drop the keys and indexes of an empty catalogue; return the statements that build them, in order.

    Returns an empty list, and drops nothing, when the catalogue holds anything.
    """
    if not await connection.fetchval(IS_EMPTY):
        return []
    found = await connection.fetch(KEYS_AND_INDEXES, TABLES)
    foreign_keys = [row for row in found if row["is_foreign_key"]]
    others = [row for row in found if not row["is_foreign_key"]]
    for row in [*foreign_keys, *others]:
        await connection.execute(row["drop"])
    return [row["create"] for row in [*others, *foreign_keys]]
