"""The suitability of a database for the schema: faults that make it useless, and faults that make search poorer."""

from collections.abc import Sequence

import asyncpg

from mediacanon.errors import DatabaseUnavailable

ENCODING = "SELECT current_setting('server_encoding'), current_database()"
TRIGRAMS = """
SELECT n.nspname::text, n.nspname = ANY (current_schemas(true)) AS is_in_path
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pg_trgm'
"""
RIGHTS = """
SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database, current_schema() AS schema,
       has_schema_privilege(current_schema(), 'CREATE') AS may_create
"""
FOLDS_CASE = "SELECT lower('Ж') = 'ж'"
HAS_TRIGRAMS = "SELECT cardinality(show_trgm('жюль')) > 0"
LC_CTYPE = "SELECT datctype FROM pg_database WHERE datname = current_database()"

NEW_DATABASE = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_CTYPE 'C.UTF-8'"


async def refuse_unsuitable(connection: asyncpg.Connection) -> None:
    """Raise DatabaseUnavailable, with the remedy, for a database in which the catalogue cannot work."""
    [(encoding, database)] = await connection.fetch(ENCODING)
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"The database {database} has the encoding {encoding}, which cannot hold every name."
            f" Create another one: {NEW_DATABASE.format('NAME')}"
        )
    [rights] = await connection.fetch(RIGHTS)
    if rights["schema"] is None:
        raise DatabaseUnavailable(
            f"No schema of the search_path is open to the role {rights['role']}:"
            f" CREATE SCHEMA IF NOT EXISTS public; GRANT USAGE, CREATE ON SCHEMA public TO {rights['role']}"
        )
    trigrams = await connection.fetchrow(TRIGRAMS)
    if trigrams and not trigrams["is_in_path"]:
        schema = trigrams["nspname"]
        raise DatabaseUnavailable(
            f"The extension pg_trgm is in the schema {schema}, which is not in the search_path:"
            f' ALTER DATABASE "{database}" SET search_path = public, {schema}'
        )


async def refuse_without_rights(connection: asyncpg.Connection) -> None:
    """Raise DatabaseUnavailable, with the remedy, for a role that may not create the tables."""
    [rights] = await connection.fetch(RIGHTS)
    if not rights["may_create"]:
        raise DatabaseUnavailable(
            f"The role {rights['role']} may not create tables in the schema {rights['schema']}:"
            f" GRANT CREATE ON SCHEMA {rights['schema']} TO {rights['role']}, or make it the owner of the database:"
            f" ALTER DATABASE {rights['database']} OWNER TO {rights['role']}"
        )


def missing_extension(error: asyncpg.PostgresError) -> str | None:
    """Return the remedy for a failed CREATE EXTENSION, None for any other error."""
    if isinstance(error, asyncpg.FeatureNotSupportedError | asyncpg.UndefinedFileError) and "extension" in str(error):
        return "The server lacks PostgreSQL's extension pg_trgm: install your system's postgresql-contrib"
    if isinstance(error, asyncpg.InsufficientPrivilegeError) and "extension" in str(error):
        return "The role may not create the extension pg_trgm: CREATE EXTENSION pg_trgm needs a superuser"
    return None


async def shortcomings(connection: asyncpg.Connection) -> Sequence[str]:
    """Return the faults of the locale that make search poorer, each in a sentence; the schema must be there."""
    found = []
    if not await connection.fetchval(FOLDS_CASE):
        found.append("upper and lower case of letters beyond ASCII (É, Ж) are different letters in search")
    if await connection.fetchrow(TRIGRAMS) and not await connection.fetchval(HAS_TRIGRAMS):
        found.append("names in Cyrillic, Greek, Chinese and other scripts are found as they are written, without typos")
    if not found:
        return []
    locale = await connection.fetchval(LC_CTYPE)
    return [f"LC_CTYPE is {locale}: {sentence}" for sentence in found]
