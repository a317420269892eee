"""Puts gathered rows in the place of a table's rows, without keeping readers waiting.

The rows that a table shall have are gathered in the staging schema, as `next_TABLE`. An empty table is built anew
beside the old one, with its keys and indexes at the end, and the two change places. In a table with rows, the rows of a
title are replaced where they differ: digests of them all are compared, since a new row may have moved the others.
"""

import asyncio
from dataclasses import dataclass
from itertools import islice

import asyncpg

from mediacanon.database.keys import KEYS_AND_INDEXES
from mediacanon.database.staging import STAGING_SCHEMA
from mediacanon.http.retries import backoff

COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
  FROM pg_attribute
 WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
"""
SCHEMA = "SELECT quote_ident(current_schema())"
# Statements that give a table of this name the owner, the grants and the triggers that it has now.
RIGHTS = """
SELECT format('ALTER TABLE %s OWNER TO %s', oid::regclass, relowner::regrole) AS statement, 0 AS place
  FROM pg_class
 WHERE oid = $1::text::regclass AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
 UNION ALL
SELECT format('GRANT %s ON %s TO %s%s', privilege_type, c.oid::regclass,
              CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), 1
  FROM pg_class c, aclexplode(relacl)
 WHERE c.oid = $1::text::regclass AND grantee <> relowner
 UNION ALL
SELECT pg_get_triggerdef(oid), 2
  FROM pg_trigger
 WHERE tgrelid = $1::text::regclass AND NOT tgisinternal
 ORDER BY place
"""
# A table is dropped with a lock on the one that its foreign key names, too: a reader of that, who reads the table next,
# would be a deadlock, which PostgreSQL ends with an error after a second. The import gives way before.
SHORT_WAIT, USUAL_WAIT = "SET LOCAL lock_timeout = '400ms'", "SET LOCAL lock_timeout TO DEFAULT"
FIRST_PAUSE, LONGEST_PAUSE, MOST_ATTEMPTS = 0.05, 2.0, 50


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Counts of rows: a row that differs is withdrawn and inserted."""

    inserted: int
    withdrawn: int


def _gathered(table: str) -> str:
    return f"{STAGING_SCHEMA}.next_{table}"


async def is_empty(connection: asyncpg.Connection, table: str) -> bool:
    """Return whether a table has no row."""
    return not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})")


async def build_anew(connection: asyncpg.Connection, table: str, *, order: str) -> Exchanged:
    """Build a table with the gathered rows, and with the keys and indexes of `table`, which is empty, beside it."""
    schema, columns = await connection.fetchval(SCHEMA), await connection.fetchval(COLUMNS, _gathered(table))
    new = f"{STAGING_SCHEMA}.{table}"
    keys = await connection.fetch(KEYS_AND_INDEXES, [table])
    await connection.execute(f"DROP TABLE IF EXISTS {new}")
    await connection.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS INCLUDING GENERATED)")
    filled = f"INSERT INTO {new} ({columns}) SELECT {columns} FROM {_gathered(table)} ORDER BY {order}"
    inserted = rows_of(await connection.execute(filled))
    for key in sorted(keys, key=lambda key: key["is_foreign_key"]):
        await connection.execute(_for(new, table, schema, key["create"]))
    await connection.execute(f"ANALYZE {new}")
    return Exchanged(inserted, 0)


async def take_place(connection: asyncpg.Connection, table: str) -> None:
    """Put the table that `build_anew` built in the place of the empty one; readers wait for the commit."""
    schema, rights = await connection.fetchval(SCHEMA), await connection.fetch(RIGHTS, table)
    for pause in islice(backoff(FIRST_PAUSE, LONGEST_PAUSE), MOST_ATTEMPTS):
        try:
            # The savepoint gives the locks back.
            async with connection.transaction():
                await connection.execute(f"{SHORT_WAIT}; DROP TABLE {table}; {USUAL_WAIT}")
            break
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(pause)
    else:
        await connection.execute(f"DROP TABLE {table}")
    await connection.execute(f"ALTER TABLE {STAGING_SCHEMA}.{table} SET SCHEMA {schema}")
    for right in rights:
        await connection.execute(right["statement"])


def _for(new: str, table: str, schema: str, statement: str) -> str:
    """Return the statement that builds a key or an index, for the new table."""
    keys = statement.replace(f"ALTER TABLE {table} ", f"ALTER TABLE {new} ", 1)
    return keys.replace(f" ON {schema}.{table} ", f" ON {new} ", 1)


async def exchange_titles(
    connection: asyncpg.Connection, table: str, *, among: str = "true", is_difference: bool = False, noted: str = ""
) -> Exchanged:
    """Replace the rows of the titles whose rows differ from the gathered ones; `among`: the rows that are compared.

    In a difference only the titles in `compared` are. A withdrawn title keeps its rows. `noted` is executed before the
    rows of the titles in `changed_TABLE` are replaced.
    """
    next_, columns = _gathered(table), await connection.fetchval(COLUMNS, _gathered(table))
    changed = f"{STAGING_SCHEMA}.changed_{table}"
    compared = f"{among} AND title_id IN (SELECT id FROM {STAGING_SCHEMA}.compared)" if is_difference else among
    digest = f"count(*) AS rows, bit_xor(hash_record_extended(ROW({columns}), 0)) AS digest"
    await connection.execute(f"""
        CREATE UNLOGGED TABLE {changed} AS
        SELECT title_id
          FROM (SELECT title_id, {digest} FROM {next_} GROUP BY title_id) AS next
          FULL JOIN (SELECT title_id, {digest} FROM {table} WHERE {compared} GROUP BY title_id) AS old USING (title_id)
         WHERE (next.rows, next.digest) IS DISTINCT FROM (old.rows, old.digest)
           AND (next.rows IS NOT NULL OR EXISTS (SELECT FROM titles t WHERE t.id = title_id AND t.withdrawn_at IS NULL))
    """)
    await connection.execute(f"ANALYZE {changed}")
    if noted:
        await connection.execute(noted)
    withdrawn = await connection.execute(
        f"DELETE FROM {table} old USING {changed} c WHERE old.title_id = c.title_id AND {among}"
    )
    inserted = await connection.execute(f"""
        INSERT INTO {table} ({columns})
        SELECT {columns}
          FROM {next_} JOIN {changed} USING (title_id)
         ORDER BY title_id
    """)
    return Exchanged(rows_of(inserted), rows_of(withdrawn))


def rows_of(status: str) -> int:
    """Return the number of rows in the status of a statement."""
    return int(status.rsplit(maxsplit=1)[-1])
