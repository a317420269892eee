"""The import as a whole: refusals, locks, interruptions, readers, and real dumps."""

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
from mediacanon.imdb import datasets
from mediacanon.imdb.sync import IMPORT_LOCK
from tests.imdb.catalogue import Catalogue, changes, denial, run_import
from tests.imdb.files import MANY, replace, title, write

SHOW = "tt0100000"
EPISODE = "tt0100001"
SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[3] / "shared")
IMDB = SHARED / "data" / "imdb"
has_dumps = pytest.mark.skipif(not IMDB.is_dir(), reason="the real dumps are not here")


async def test_unchanged_files_are_not_imported_again(database: str, tmp_path: Path) -> None:
    """The hash in sync_state decides; --force imports all the same and finds no change."""
    write(tmp_path, titles=[title("tt0900000")])
    await run_import(database, tmp_path)
    assert (await run_import(database, tmp_path)).is_unchanged
    forced = await run_import(database, tmp_path, force=True)
    assert not forced.is_unchanged
    assert changes(forced, "movies").unchanged == 1


async def test_a_second_import_is_refused(database: str, pool: asyncpg.Pool, tmp_path: Path) -> None:
    """While one import holds the lock another refuses; afterwards it runs."""
    write(tmp_path, titles=[title("tt0900000")])
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", IMPORT_LOCK)
        with pytest.raises(ImportRefused, match="Another import is running"):
            await run_import(database, tmp_path)
        await connection.execute("SELECT pg_advisory_unlock($1)", IMPORT_LOCK)
    assert changes(await run_import(database, tmp_path), "movies").inserted == 1


async def test_ids_that_a_file_repeats_count_once(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """Of a repeated title, episode or rating the first row is imported."""
    write(
        tmp_path,
        titles=[title("tt0900000", name="First"), title("tt0900000", name="Second"), title(SHOW, "tvSeries")],
        episodes=[(EPISODE, SHOW, 1, 1), (EPISODE, SHOW, 1, 2)],
        ratings=[("tt0900000", 5.0, 10), ("tt0900000", 6.0, 10)],
    )
    report = await run_import(database, tmp_path)
    assert (await catalogue.title("tt0900000"))["display_name"] == "First"
    assert list(report.skipped.values()) == [1, 1, 1]


async def test_readers_see_the_old_catalogue_until_the_commit(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    """While the merge waits in its last step, a reader is not blocked and sees yesterday's names."""
    write(tmp_path, titles=[title("tt0900000", name="Yesterday")])
    await run_import(database, tmp_path)
    write(tmp_path, titles=[title("tt0900000", name="Today")])
    async with pool.acquire() as holder, holder.transaction():
        # The merge writes sync_state last, and waits for the lock of its row.
        await holder.execute("SELECT FROM sync_state FOR UPDATE")
        running = asyncio.create_task(run_import(database, tmp_path))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mediacanon sync' AND wait_event_type = 'Lock'"
        while not await pool.fetchval(waiting):
            await asyncio.sleep(0.02)
        assert await pool.fetchval("SELECT display_name FROM titles") == "Yesterday"
    await running
    assert await pool.fetchval("SELECT display_name FROM titles") == "Today"


async def test_a_file_half_as_long_as_the_last_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path
) -> None:
    """--force imports the file all the same."""
    write(yesterday, titles=MANY[:1400])
    message = await denial(database, catalogue, yesterday)
    assert "title.basics.tsv.gz has 1,401 rows; the last import had 3,001" in message
    report = await run_import(database, yesterday, force=True)
    assert changes(report, "movies").withdrawn == 1600


async def test_a_catalogue_of_another_program_is_guarded_too(
    database: str, catalogue: Catalogue, pool: asyncpg.Pool, yesterday: Path
) -> None:
    """Without row counts of a last import the catalogue's titles are counted."""
    await pool.execute("DELETE FROM sync_state")
    write(yesterday, titles=MANY[:10])
    assert "the catalogue has 3,000" in await denial(database, catalogue, yesterday)


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
    """Start an import in a process of its own; return when its merge waits for a row lock of the test."""
    process = subprocess.Popen([sys.executable, "-c", SLOW_IMPORT, database, str(folder)], stderr=subprocess.PIPE)
    while not await pool.fetchval(f"{IMPORTING} AND wait_event_type = 'Lock'"):
        assert process.poll() is None
        await asyncio.sleep(0.02)
    return process


async def test_kill_9_leaves_the_old_catalogue_and_the_next_run_works(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, yesterday: Path
) -> None:
    """An import killed inside its transaction leaves no lock and no partial change."""
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
        # The session holds the lock of imports until it has ended.
        while await pool.fetchval(IMPORTING):
            await asyncio.sleep(0.05)
    assert await catalogue.dump() == before
    assert changes(await run_import(database, yesterday), "movies").updated == 1


def rows(day: str, file: str) -> dict[str, tuple[str, ...]]:
    """Return a dump's rows by tconst."""
    with gzip.open(IMDB / day / file, "rt", encoding="utf-8", newline="\n") as lines:
        next(lines)
        return {row[0]: tuple(row[1:]) for row in (line.rstrip("\n").split("\t") for line in lines)}


def placed(day: str) -> dict[str, tuple[str, ...]]:
    """Return the episodes of the dump that have a show and a number, by tconst."""
    shows = {
        tconst for tconst, row in rows(day, "title.basics.tsv.gz").items() if row[0] in ("tvSeries", "tvMiniSeries")
    }
    episodes = rows(day, "title.episode.tsv.gz")
    return {tconst: row for tconst, row in episodes.items() if row[0] in shows and row[1] != "\\N" and row[2] != "\\N"}


def bring(day: str, folder: Path) -> Path:
    """Put the files of a real dump into `folder`."""
    for file in datasets.ALL:
        replace(folder / file.file, (IMDB / day / file.file).read_bytes())
    return folder


@has_dumps
async def test_two_real_days(database: str, pool: asyncpg.Pool, catalogue: Catalogue, tmp_path: Path) -> None:
    """Famous shows are complete, and the second day's report equals the difference of the files."""
    first = await run_import(database, bring("real", tmp_path))
    breaking_bad = await catalogue.episodes("tt0903747")
    assert len({season for season, _, _ in breaking_bad.values()}) == 5
    assert len(breaking_bad) == 62
    assert all(name for _, _, name in breaking_bad.values())
    assert len(await catalogue.episodes("tt0096697")) > 800
    unrated = """SELECT count(*) FROM show_episodes e JOIN show_seasons ss ON ss.id = e.season_id
                   JOIN shows s ON s.id = ss.show_id JOIN titles t ON t.id = s.title_id
                  WHERE t.imdb_id = 'tt0903747' AND e.average_rating IS NULL"""
    assert await pool.fetchval(unrated) == 0
    assert not any(first.skipped.values())

    second = await run_import(database, bring("real-next-day", tmp_path))
    old, new = placed("real"), placed("real-next-day")
    episodes = changes(second, "episodes")
    assert changes(first, "episodes").inserted == len(old)
    assert episodes.inserted == len(new.keys() - old.keys())
    assert episodes.withdrawn == len(old.keys() - new.keys())
    assert episodes.moved == sum(old[key] != new[key] for key in old.keys() & new.keys())

    known = await pool.fetch("SELECT imdb_id FROM titles UNION ALL SELECT imdb_id FROM show_episodes")
    # A few ids are both a title and an episode; each row has the rating.
    known_ids = [row[0] for row in known]
    was, now = rows("real", "title.ratings.tsv.gz"), rows("real-next-day", "title.ratings.tsv.gz")
    ratings = changes(second, "ratings")
    both = was.keys() & now.keys()
    assert ratings.updated == sum(was[key] != now[key] for key in known_ids if key in both)
    assert sum(was[key] != now[key] for key in both) == 71_254
    assert ratings.unchanged + ratings.updated + ratings.inserted == sum(key in now for key in known_ids)


@has_dumps
async def test_small_and_head_dumps_import_clean(database: str, tmp_path: Path) -> None:
    """One dump has real episode names, the other dangling references."""
    report = await run_import(database, bring("small", tmp_path))
    assert changes(report, "movies").inserted == 2000
    assert changes(report, "episodes").inserted == 979
    report = await run_import(database, bring("head-2025", tmp_path), force=True)
    assert not any(report.skipped.values())


@has_dumps
async def test_the_truncated_dump_is_refused(database: str, tmp_path: Path) -> None:
    """A real file ends inside a row."""
    for file in ("title.episode.tsv.gz", "title.ratings.tsv.gz"):
        (tmp_path / file).write_bytes((IMDB / "small" / file).read_bytes())
    cut = (IMDB / "odd" / "title.basics.truncated-mid-row.tsv").read_bytes()
    (tmp_path / "title.basics.tsv.gz").write_bytes(gzip.compress(cut))
    with pytest.raises(ImportRefused, match=r"truncated|malformed"):
        await run_import(database, tmp_path)
