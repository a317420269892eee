"""The database in our own cluster: created, and brought over from earlier versions.

Its owner is the role of every request and no superuser: a statement smuggled into a request can neither read the
server's files nor run programs. In clusters of earlier versions the superuser owned everything. Their LC_CTYPE was C,
with which pg_trgm sees no letter outside ASCII.
"""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import asyncpg

from mediacanon.database.cluster import LC_CTYPE, SUPERUSER
from mediacanon.database.server_settings import PORT

DATABASE, OWNER = "mediacanon", "mediacanon_owner"
# Seconds that a session of an earlier version may hold a table that is handed over.
_LOCK_TIMEOUT = 30
# Tables, views, routines and schemas, but those of an extension. Sequences of columns follow their tables.
_HAND_OVER = f"""
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('ALTER %s %s OWNER TO {OWNER}', found.type, found.identity)
          FROM (SELECT 'pg_class'::regclass AS kind, c.oid, c.relnamespace AS place FROM pg_class c
                 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                 UNION ALL
                SELECT 'pg_proc'::regclass, p.oid, p.pronamespace FROM pg_proc p
                 UNION ALL
                SELECT 'pg_namespace'::regclass, n.oid, n.oid FROM pg_namespace n) AS object,
               pg_identify_object(object.kind, object.oid, 0) AS found
         WHERE object.place NOT IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname ~ '^(pg_|information_schema$)')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = object.kind AND d.objid = object.oid AND d.deptype IN ('a', 'e', 'i'))
    LOOP
        EXECUTE command;
    END LOOP;
END $$
"""


# With PostgreSQL's own locales LC_CTYPE matters to pg_trgm alone; with libc's it would change stored folded names.
_OLD_CTYPE = """
SELECT datctype IN ('C', 'POSIX') AND datlocprovider = 'b' FROM pg_database WHERE datname = current_database()
"""
_IS_ALONE = """
SELECT NOT EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid())
"""
# The schema is applied again by the next upgrade, which builds the indexes in sessions of the new LC_CTYPE.
_NEW_CTYPE = f"""
DO $$
DECLARE
    name text;
BEGIN
    UPDATE pg_database SET datctype = '{LC_CTYPE}' WHERE datname IN ('{DATABASE}', 'template0', 'template1');
    FOR name IN
        SELECT DISTINCT i.indexrelid::regclass::text
          FROM pg_index i, unnest(i.indclass::oid[]) AS class JOIN pg_opclass o ON o.oid = class
         WHERE o.opcname IN ('gin_trgm_ops', 'gist_trgm_ops')
    LOOP
        EXECUTE 'DROP INDEX ' || name;
    END LOOP;
    IF to_regclass('public.sync_state') IS NOT NULL THEN
        DELETE FROM public.sync_state WHERE key = 'schema_hash';
    END IF;
END $$
"""


async def ensure_database(sockets: Path) -> None:
    """Create our database and its owner in the server at the socket in `sockets`, or bring them over, if needed."""
    try:
        async with _connected(own_url(sockets)) as connection:
            if not await connection.fetchval(_OLD_CTYPE):
                return
    except (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError):
        await _make(sockets)
    async with _connected(_url(sockets, SUPERUSER, DATABASE)) as connection:
        await _modernise(connection)


async def _make(sockets: Path) -> None:
    async with _connected(_url(sockets, SUPERUSER, "postgres")) as connection:
        with contextlib.suppress(asyncpg.DuplicateDatabaseError):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    async with _connected(_url(sockets, SUPERUSER, DATABASE)) as connection, connection.transaction():
        # Together: once the owner is there, everything is its own. A restore creates a database.
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}s'")
        if not await connection.fetchval("SELECT to_regrole($1)", OWNER):
            await connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
        await connection.execute(f"ALTER DATABASE {DATABASE} OWNER TO {OWNER}")
        await connection.execute(_HAND_OVER)


async def _modernise(connection: asyncpg.Connection) -> None:
    """Change an LC_CTYPE of C, unless this system has no better one or a session with the old one is open."""
    if not await connection.fetchval(_OLD_CTYPE) or not await connection.fetchval(_IS_ALONE):
        return
    try:
        # With an unknown one, nobody could connect any more.
        await connection.execute(f"CREATE COLLATION pg_temp.known (PROVIDER = libc, LOCALE = '{LC_CTYPE}')")
    except asyncpg.PostgresError:
        return
    await connection.execute(_NEW_CTYPE)


def own_url(sockets: Path) -> str:
    """Return the URL of our database for its owner."""
    return _url(sockets, OWNER, DATABASE)


@contextlib.asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def _url(sockets: Path, role: str, database: str) -> str:
    """Return the URL of a database; its port names the socket, so PGPORT cannot select another one."""
    return f"postgresql://{role}@/{database}?host={quote(str(sockets), safe='')}&port={PORT}"
