"""Databases that cannot work, or work poorly, say so at once with the remedy."""

from urllib.parse import urlsplit

import pytest

from mediacanon.database.migrate import connected, migrate
from mediacanon.database.programs import with_database
from mediacanon.database.suitability import shortcomings
from mediacanon.errors import DatabaseUnavailable
from tests.conftest import own_database
from tests.database.clusters import as_role, superuser


async def execute(dsn: str, *statements: str) -> None:
    """Run statements."""
    async with connected(dsn) as connection:
        for statement in statements:
            await connection.execute(statement)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_an_encoding_other_than_utf8_is_refused(cluster: str, encoding: str):
    """The message names the encoding and the statement that creates a suitable database."""
    await execute(
        cluster,
        "DROP DATABASE IF EXISTS bytes",
        f"CREATE DATABASE bytes TEMPLATE template0 ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'",
    )
    try:
        with pytest.raises(DatabaseUnavailable, match=f"encoding {encoding}.*CREATE DATABASE .*ENCODING 'UTF8'"):
            await migrate(with_database(cluster, "bytes"))
    finally:
        await execute(cluster, "DROP DATABASE bytes WITH (FORCE)")


async def test_trigrams_outside_the_search_path_are_named(cluster: str):
    """An extension in a schema outside the path is found at every start; the remedy in the message works."""
    async with own_database(cluster) as dsn:
        await execute(dsn, "CREATE SCHEMA extensions", "CREATE EXTENSION pg_trgm SCHEMA extensions")
        with pytest.raises(DatabaseUnavailable, match="pg_trgm is in the schema extensions") as failure:
            await migrate(dsn)
        await execute(dsn, failure.value.message.partition(": ")[2])
        await migrate(dsn)
        await execute(dsn, f'ALTER DATABASE "{urlsplit(dsn).path[1:]}" RESET search_path')
        with pytest.raises(DatabaseUnavailable, match="pg_trgm"):
            await migrate(dsn)


async def test_missing_rights_are_named_with_their_remedy(cluster: str):
    """A role without rights learns each missing one; once granted, the schema is applied without superuser."""
    async with own_database(cluster) as dsn:
        await execute(superuser(dsn), "CREATE ROLE reader LOGIN")
        try:
            as_reader = as_role("reader", dsn)
            with pytest.raises(
                DatabaseUnavailable, match="reader may not create tables in the schema public"
            ) as failure:
                await migrate(as_reader)
            await execute(dsn, failure.value.message.partition(": ")[2].partition(", or")[0])
            with pytest.raises(DatabaseUnavailable, match="may not create the extension pg_trgm"):
                await migrate(as_reader)
            await execute(dsn, "CREATE EXTENSION pg_trgm")
            await migrate(as_reader)
            await execute(dsn, "REVOKE ALL ON SCHEMA public FROM PUBLIC, reader")
            with pytest.raises(DatabaseUnavailable, match="No schema of the search_path is open to the role reader"):
                await migrate(as_reader)
        finally:
            await execute(superuser(dsn), "DROP OWNED BY reader CASCADE", "DROP ROLE reader")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'", []),
        ("LOCALE_PROVIDER libc LOCALE 'C'", ["upper and lower case", "other scripts"]),
    ],
)
async def test_a_locale_that_makes_search_poorer_is_told(cluster: str, locale: str, words: list[str]):
    """Each poorer kind of search is a sentence with the locale; the database works all the same."""
    await execute(cluster, f"CREATE DATABASE letters TEMPLATE template0 ENCODING 'UTF8' {locale}")
    dsn = with_database(cluster, "letters")
    try:
        await migrate(dsn)
        async with connected(dsn) as connection:
            found = await shortcomings(connection)
        assert len(found) == len(words)
        assert all(
            word in sentence and "LC_CTYPE is C:" in sentence for word, sentence in zip(words, found, strict=True)
        )
    finally:
        await execute(cluster, "DROP DATABASE letters WITH (FORCE)")
