"""Rows of every earlier schema, loaded into today's: each row, id and sequence comes back, or nothing changes."""

import asyncio
import gzip
from collections import Counter
from pathlib import Path

import pytest

from mediacanon.database.backup import back_up, restore
from mediacanon.errors import DatabaseUnavailable
from tests.conftest import own_database
from tests.database.test_migrate import COLUMNS, ORIGINAL, SCHEMA, SEQUENCES, all_rows, fetch
from tests.database.test_migrate import restore as run_script

# What a MediaCanon before some of our columns had, and what an operator may have added.
EARLIER = """
DO $$ DECLARE f regprocedure; BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', f);
    END LOOP;
END $$;
DROP TABLE noted_changes, kept_counts, viewed_titles, title_akas, people, credits, credit_categories CASCADE;
ALTER TABLE titles DROP COLUMN search_names, DROP COLUMN withdrawn_at, DROP COLUMN locked_fields CASCADE;
ALTER TABLE title_views DROP COLUMN views;
ALTER TABLE collection_clicks DROP COLUMN clicks;
ALTER TABLE titles ALTER COLUMN display_name TYPE varchar(500), DROP CONSTRAINT titles_imdb_id_key;
DROP FUNCTION fold;
DROP EXTENSION pg_trgm CASCADE;
DELETE FROM sync_state WHERE key LIKE 'schema%';
UPDATE titles SET display_name = E'Tab\\t, back\\\\slash, line\\nend \\\\.' WHERE id = 7;
DELETE FROM titles WHERE id = (SELECT max(id) FROM titles);
"""
ADDED = """
CREATE TABLE notes AS SELECT 1 AS one;
ALTER TABLE genres ADD COLUMN "my colour" text DEFAULT 'red';
"""
COUNT = "SELECT count(*) FROM titles"


async def test_a_backup_of_an_earlier_version_is_upgraded(demo_database: str, database: str, tmp_path: Path, caplog):
    """Rows, ids and sequences of an earlier schema are in today's; what is not MediaCanon's is named and left out."""
    schema = await fetch(database, SCHEMA)
    await asyncio.to_thread(run_script, demo_database, EARLIER.encode())
    columns = await fetch(demo_database, COLUMNS)
    before, sequences = await all_rows(demo_database, columns), await fetch(demo_database, SEQUENCES)
    await asyncio.to_thread(run_script, demo_database, ADDED.encode())
    await back_up(demo_database, tmp_path / "earlier.dump")
    await restore(database, tmp_path / "earlier.dump")
    after = await all_rows(database, columns)
    assert len(before["titles"]) == 719
    assert before["sync_state"] <= after["sync_state"]
    assert after | {"sync_state": before["sync_state"]} == before
    views = Counter[int]()
    for title_id, number in await fetch(database, "SELECT title_id, views FROM title_views"):
        views[title_id] += number
    assert sorted(views.items()) == sorted(await fetch(database, "SELECT title_id, views FROM viewed_titles")) != []
    assert set(sequences) <= set(await fetch(database, SEQUENCES))
    assert sorted(await fetch(database, SCHEMA)) == sorted(schema)
    assert "has no such tables: 'notes'" in caplog.text
    assert "genres has no such columns: 'my colour'" in caplog.text


async def test_a_backup_of_the_original_is_upgraded(cluster: str, database: str, tmp_path: Path):
    """Every row, id and sequence of the original's database is in today's schema."""
    if not ORIGINAL.exists():
        pytest.skip("the original's database is not here")
    schema = await fetch(database, SCHEMA)
    async with own_database(cluster) as original:
        await asyncio.to_thread(run_script, original, gzip.decompress(ORIGINAL.read_bytes()))
        columns = await fetch(original, COLUMNS)
        before, sequences = await all_rows(original, columns), await fetch(original, SEQUENCES)
        await back_up(original, tmp_path / "original.dump")
    await restore(database, tmp_path / "original.dump")
    after = await all_rows(database, columns)
    assert len(before["titles"]) > 1000
    assert before["sync_state"] <= after["sync_state"]
    assert after | {"sync_state": before["sync_state"]} == before
    assert set(sequences) <= set(await fetch(database, SEQUENCES))
    assert sorted(await fetch(database, SCHEMA)) == sorted(schema)


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE titles DROP CONSTRAINT titles_imdb_id_key; UPDATE titles SET imdb_id = 'tt1'",
        "ALTER TABLE movies DROP CONSTRAINT movies_title_id_fkey; UPDATE movies SET title_id = -id",
        "DROP TRIGGER note_changed_title ON titles; ALTER TABLE titles ALTER COLUMN tmdb_id TYPE text; UPDATE titles SET tmdb_id = 'seven'",
        "ALTER TABLE titles ALTER COLUMN display_name DROP NOT NULL; UPDATE titles SET display_name = NULL",
    ],
)
async def test_rows_that_break_a_rule_change_nothing(demo_database: str, database: str, tmp_path: Path, damage: str):
    """A backup whose rows break a key, a reference, a type or a check is refused in one line."""
    await asyncio.to_thread(run_script, demo_database, damage.encode())
    await back_up(demo_database, tmp_path / "broken.dump")
    with pytest.raises(DatabaseUnavailable, match=r"cannot be restored, the database is as it was: .+") as refused:
        await restore(database, tmp_path / "broken.dump")
    assert "\n" not in refused.value.message
    assert await fetch(database, COUNT) == [(0,)]
