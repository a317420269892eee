"""Files of pg_dump by somebody else: rows come out, and nothing of theirs runs, even for a superuser."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from mediacanon.database.backup import back_up, restore
from mediacanon.database.programs import find_programs
from mediacanon.errors import MediaCanonError
from tests.conftest import own_database
from tests.database.clusters import superuser

WITNESS = "SELECT rolname FROM pg_roles WHERE rolname = 'intruder'"
# Runs wherever its database is changed or restored, and leaves a role behind, which outlives the database.
INTRUDER = """
CREATE FUNCTION public.act() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'intruder') THEN CREATE ROLE intruder; END IF;
    RETURN true;
END $$;
CREATE FUNCTION public.intrude(anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN public.act(); END $$;
CREATE FUNCTION public.intrude_on_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM public.intrude(1); RETURN NEW; END $$;
CREATE FUNCTION public.intrude_on_definition() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM public.intrude(1); END $$;
"""
HOSTILE = {
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON titles FOR EACH ROW EXECUTE FUNCTION intrude_on_write();"
    "ALTER TABLE titles ENABLE ALWAYS TRIGGER t",
    "an event trigger": "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION intrude_on_definition()",
    "a check": "ALTER TABLE titles ADD CHECK (intrude(id))",
    "a default": "ALTER TABLE titles ADD COLUMN more boolean DEFAULT intrude(1)",
    "a generated column": "ALTER TABLE genres ADD COLUMN more boolean GENERATED ALWAYS AS (intrude(name)) STORED",
    "an index": "ALTER TABLE titles OWNER TO mediacanon; CREATE INDEX more ON titles (intrude(id))",
    "a domain": "CREATE DOMAIN d AS integer CHECK (intrude(VALUE));"
    "ALTER TABLE genres ADD COLUMN more d; UPDATE genres SET more = 1",
    "a view": "CREATE MATERIALIZED VIEW more AS SELECT intrude(1)",
    "fold": "CREATE OR REPLACE FUNCTION fold(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT"
    " AS 'SELECT CASE WHEN public.intrude(1) THEN lower(value) END'",
    "a row rule": "CREATE RULE more AS ON INSERT TO genres DO ALSO SELECT intrude(1)",
    "names": """CREATE TABLE "x; CREATE ROLE intruder; --" AS SELECT 1 AS one;
                CREATE TABLE "\n\\! createuser intruder\nCREATE ROLE intruder;\n" AS SELECT 1 AS one;
                ALTER TABLE genres ADD COLUMN "x"")) FROM stdin; CREATE ROLE intruder; --" text DEFAULT ';'""",
}


@pytest.fixture
async def source(cluster: str, demo_template: str) -> AsyncIterator[str]:
    """Give a superuser's URL of a demo catalogue that becomes hostile."""
    async with own_database(superuser(cluster), template=demo_template) as dsn:
        yield dsn


@pytest.fixture
async def target(cluster: str, schema_template: str) -> AsyncIterator[str]:
    """Give a superuser's URL of an empty catalogue."""
    async with own_database(superuser(cluster), template=schema_template) as dsn:
        yield dsn
        await run(superuser(cluster), "DROP ROLE IF EXISTS intruder")


async def run(dsn: str, *statements: str) -> object:
    """Run statements; return the first value of the last result."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@pytest.mark.parametrize("kind", HOSTILE)
async def test_definitions_of_a_backup_never_run(source: str, target: str, tmp_path: Path, kind: str):
    """All titles come in, none of the definitions does, and no code of theirs has run."""
    await run(source, INTRUDER, HOSTILE[kind], "SELECT 1")
    file = tmp_path / "hostile.dump"
    await back_up(source, file)
    await run(source, "DROP ROLE IF EXISTS intruder", "SELECT 1")
    await restore(target, file)
    assert await run(target, WITNESS) is None
    assert await run(target, "SELECT count(*) FROM titles") == 720
    assert await run(target, "SELECT to_regproc('intrude')") is None
    assert await run(target, "SELECT max(id) FROM titles") < await run(target, "SELECT nextval('titles_id_seq')")


@pytest.mark.parametrize(
    ("statement", "is_refused"),
    [
        (b"COPY public.titles (id", True),
        (b"SELECT pg_catalog.setval('public.titles_id_seq'", False),
        (b"SELECT pg_catalog.set_config('search_path'", False),
    ],
)
async def test_statements_of_a_forged_backup_never_run(
    source: str, target: str, tmp_path: Path, statement: bytes, is_refused: bool
):
    """Statements that pg_restore would run are forged in the file itself: they are refused, or left out."""
    file = tmp_path / "forged.dump"
    await back_up(source, file)
    content = file.read_bytes()
    # The file gives the length of each statement, so the forged one has the same.
    start = content.index(statement)
    end = content.index(b"\n", start)
    file.write_bytes(content[:start] + b"CREATE ROLE intruder;".ljust(end - start) + content[end:])
    if is_refused:
        with pytest.raises(MediaCanonError, match="not as COPY"):
            await restore(target, file)
    else:
        await restore(target, file)
        assert await run(target, "SELECT nextval('titles_id_seq')") > 720
    assert await run(target, WITNESS) is None


async def test_rows_as_inserts_are_refused(source: str, target: str, tmp_path: Path):
    """A backup whose rows are SQL statements is refused with the form that is wanted."""
    major = int(str(await run(source, "SHOW server_version_num"))) // 10000
    file = tmp_path / "inserts.dump"
    done = await asyncio.to_thread(
        find_programs(server=major)[0].run, "pg_dump", "-Fc", "--inserts", f"--file={file}", dsn=source
    )
    assert done.returncode == 0
    with pytest.raises(MediaCanonError, match="not as COPY, the form of `pg_dump -Fc`"):
        await restore(target, file)
    assert await run(target, "SELECT count(*) FROM titles") == 0
