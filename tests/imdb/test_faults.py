"""What can go wrong with an import, and that nothing changes then."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from mediacanon.errors import DatabaseUnavailable, ImportRefused
from mediacanon.imdb.datasets import BASICS, EPISODE, RATINGS
from tests.imdb.catalogue import Catalogue, changes, run_import
from tests.imdb.files import text, title, write

MANY = [title(f"tt1{n:06}", name=f"Film {n}") for n in range(3000)]


def basics(folder: Path, content: bytes) -> None:
    """Replace title.basics by `content`, compressed."""
    (folder / BASICS.file).write_bytes(gzip.compress(content))


@pytest.fixture
async def yesterday(database: str, tmp_path: Path) -> Path:
    """Give a folder of three thousand titles that have been imported."""
    write(tmp_path, titles=MANY)
    await run_import(database, tmp_path)
    return tmp_path


async def denial(database: str, catalogue: Catalogue, folder: Path, *, force: bool = False) -> str:
    """Import, expect to be refused with nothing changed, return the message."""
    before = await catalogue.dump()
    with pytest.raises(ImportRefused) as refused:
        await run_import(database, folder, force=force)
    assert await catalogue.dump() == before
    return str(refused.value)


async def test_a_missing_file_stops_the_import(database: str, catalogue: Catalogue, yesterday: Path) -> None:
    """The message names the file."""
    (yesterday / EPISODE.file).unlink()
    assert "title.episode.tsv.gz is missing" in await denial(database, catalogue, yesterday)


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
async def test_a_file_truncated_in_its_compressed_data_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path, keep: float
) -> None:
    """However little is missing."""
    whole = gzip.compress(text(BASICS, [*MANY, title("tt2000000")]))
    (yesterday / BASICS.file).write_bytes(whole[: int(len(whole) * keep)])
    assert "title.basics.tsv.gz is truncated" in await denial(database, catalogue, yesterday)


async def test_a_file_that_ends_inside_a_row_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path
) -> None:
    """Sound compression around text that was cut."""
    basics(yesterday, text(BASICS, [*MANY, title("tt2000000")])[:-30])
    assert "ends inside a row" in await denial(database, catalogue, yesterday)


async def test_a_missing_last_newline_is_fine(database: str, catalogue: Catalogue, yesterday: Path) -> None:
    """The last row counts when it is whole."""
    basics(yesterday, text(BASICS, [*MANY, title("tt2000000", name="Last")])[:-1])
    await run_import(database, yesterday)
    assert (await catalogue.title("tt2000000"))["display_name"] == "Last"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "another header"),
        (gzip.compress(b"\t".join(name.encode() for name in BASICS.header) + b"\n"), "has no rows"),
        (b"<html>Not today</html>", "is no gzip file"),
        (gzip.compress(b"tconst\ttitleType\n"), "another header"),
        (gzip.compress(text(BASICS, MANY).replace(b"genres\n", b"genres\textra\n", 1)), "another header"),
        (gzip.compress(text(RATINGS, [("tt1000000", 5.0, 5)])), "another header"),
        (gzip.compress(b"x" * (3 << 20)), "another header"),
        (gzip.compress(text(BASICS, []) + b"x" * (9 << 20)), "line longer than"),
        (gzip.compress(text(BASICS, MANY))[:-8] + b"\0" * 8, "cannot be read"),
    ],
    ids=["empty", "empty-gzip", "header-only", "html", "short-header", "extra-column", "other-file", "no-newline", "endless-line", "wrong-checksum"],
)  # fmt: skip
async def test_a_file_of_another_format_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path, content: bytes, complaint: str
) -> None:
    """Which file and why."""
    (yesterday / BASICS.file).write_bytes(content)
    message = await denial(database, catalogue, yesterday)
    assert complaint in message
    assert BASICS.file in message


async def test_a_file_half_as_long_as_the_last_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path
) -> None:
    """--force imports it all the same."""
    write(yesterday, titles=MANY[:1400])
    message = await denial(database, catalogue, yesterday)
    assert "title.basics.tsv.gz has 1,401 rows; the last import had 3,001" in message
    report = await run_import(database, yesterday, force=True)
    assert changes(report, "movies").withdrawn == 1600


async def test_a_catalogue_another_program_filled_is_guarded_too(
    database: str, catalogue: Catalogue, pool: asyncpg.Pool, yesterday: Path
) -> None:
    """Without the rows of the last import the titles of the catalogue stand for them."""
    await pool.execute("DELETE FROM sync_state")
    write(yesterday, titles=MANY[:10])
    assert "the catalogue has 3,000" in await denial(database, catalogue, yesterday)


BAD_ROWS = {
    "year": b"tt2000001\tmovie\tBad\tBad\t0\tMMXX\t\\N\t\\N\tDrama\n",
    "few": b"tt2000001\tmovie\tBad\tBad\t0\n",
    "many": b"tt2000001\tmovie\tBad\tBad\t0\t2001\t\\N\t\\N\tDrama\tMore\n",
    "blank": b"\n",
    "utf8": b"tt2000001\tmovie\tB\xffd\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "nul": b"tt2000001\tmovie\tB\x00d\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "control": b"tt2000001\tmovie\t\x01Bad\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "carriage": b"tt2000001\tmovie\tB\rd\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "end-of-data": b"\\.\n",
    "id": b"nm2000001\tmovie\tBad\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "no-name": b"tt2000001\tmovie\t\\N\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "huge-year": b"tt2000001\tmovie\tBad\tBad\t0\t99999999999\t\\N\t\\N\tDrama\n",
}


@pytest.mark.parametrize("bad", BAD_ROWS.values(), ids=BAD_ROWS)
@pytest.mark.parametrize("at", [0, 1500, 3000])
async def test_a_malformed_row_is_skipped_and_shown_with_its_line(
    database: str, catalogue: Catalogue, tmp_path: Path, bad: bytes, at: int
) -> None:
    """First, in the middle and last; all other rows arrive."""
    lines = text(BASICS, MANY).splitlines(keepends=True)
    write(tmp_path)
    basics(tmp_path, b"".join([*lines[: at + 1], bad, *lines[at + 1 :]]))
    report = await run_import(database, tmp_path)
    assert changes(report, "movies").inserted == 3000
    assert report.skipped[BASICS.file] == 1
    assert str(report.examples[0]).startswith(f"{BASICS.file}:{at + 2}: ")


async def test_the_first_ten_malformed_rows_are_shown(database: str, tmp_path: Path) -> None:
    """In their order, of all that were counted."""
    write(tmp_path)
    rows = [title(f"tt{n:07}", year="soon" if n % 1500 == 7 else 2001) for n in range(1, 18_001)]  # type: ignore[arg-type]
    basics(tmp_path, text(BASICS, rows))
    report = await run_import(database, tmp_path)
    assert report.skipped[BASICS.file] == 12
    assert [row.line for row in report.examples] == [8 + 1500 * n for n in range(10)]


async def test_more_than_one_malformed_row_in_a_thousand_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path
) -> None:
    """It shows what it found."""
    rows = [*MANY, *[title(f"tt200000{n}", year="soon") for n in range(4)]]  # type: ignore[arg-type]
    basics(yesterday, text(BASICS, rows))
    message = await denial(database, catalogue, yesterday)
    assert "4 of 3,004 rows are malformed" in message
    assert "title.basics.tsv.gz:3002: " in message


async def test_a_file_with_carriage_returns_throughout_is_read(
    database: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Somebody repacked it on another system."""
    write(tmp_path)
    basics(tmp_path, text(BASICS, MANY).replace(b"\n", b"\r\n"))
    await run_import(database, tmp_path)
    assert (await catalogue.title("tt1000007"))["genres"] == ["Drama"]


SLOW_IMPORT = """
import asyncio, sys
from pathlib import Path
from mediacanon.imdb.sync import SyncOptions, sync
asyncio.run(sync(sys.argv[1], SyncOptions(folder=Path(sys.argv[2]), base_url=None)))
"""
IMPORTING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mediacanon sync' AND datname = current_database()"
)


async def _import_that_waits(database: str, folder: Path, pool: asyncpg.Pool) -> subprocess.Popen[bytes]:
    """Start an import in a process of its own and return when its merge waits for a row we hold."""
    process = subprocess.Popen([sys.executable, "-c", SLOW_IMPORT, database, str(folder)], stderr=subprocess.PIPE)
    while not await pool.fetchval(f"{IMPORTING} AND wait_event_type = 'Lock'"):
        assert process.poll() is None
        await asyncio.sleep(0.02)
    return process


async def test_kill_9_leaves_the_old_catalogue_and_the_next_run_works(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, yesterday: Path
) -> None:
    """Killed inside its transaction, the import leaves no lock and no half."""
    before = await catalogue.dump()
    write(yesterday, titles=[title("tt1000000", name="Today"), *MANY[1:]])
    async with pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM sync_state FOR UPDATE")
        process = await _import_that_waits(database, yesterday, pool)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        while await pool.fetchval(IMPORTING):
            await asyncio.sleep(0.05)
    assert await catalogue.dump() == before
    report = await run_import(database, yesterday)
    assert changes(report, "movies").updated == 1
    assert not await pool.fetchval("SELECT to_regnamespace('imdb_staging')::text")


async def test_a_lost_connection_leaves_the_old_catalogue(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, yesterday: Path
) -> None:
    """The server ends the import's session: one clear error, nothing changed, the next run works."""
    before = await catalogue.dump()
    write(yesterday, titles=[title("tt1000000", name="Today"), *MANY[1:]])
    async with pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM sync_state FOR UPDATE")
        running = asyncio.create_task(run_import(database, yesterday))
        while not await pool.fetchval(f"{IMPORTING} AND wait_event_type = 'Lock'"):
            await asyncio.sleep(0.02)
        await pool.execute(IMPORTING.replace("count(*)", "pg_terminate_backend(pid)"))
        with pytest.raises(DatabaseUnavailable, match="nothing changed"):
            await running
    assert await catalogue.dump() == before
    assert changes(await run_import(database, yesterday), "movies").updated == 1
