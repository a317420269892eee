"""The bulk load of an empty catalogue."""

from pathlib import Path

import asyncpg

from tests.imdb.catalogue import run_import
from tests.imdb.files import title, write


async def test_indexes_dropped_for_the_first_import_are_built_again(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    """After a first import the tables have exactly the keys, indexes and active triggers of schema.sql."""
    catalogue = """SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
                    UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
                    UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"""
    before = await pool.fetch(catalogue)
    write(tmp_path, titles=[title("tt0900000")])
    await run_import(database, tmp_path)
    assert await pool.fetch(catalogue) == before
    assert len(before) > 30
