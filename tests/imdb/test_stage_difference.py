"""Staging of what has changed: the lines it takes, and the doubts that lead to the whole files."""

import gzip
from pathlib import Path

import asyncpg
import pytest

from mediacanon.imdb import stage_difference
from mediacanon.imdb import sync as importing
from mediacanon.imdb.datasets import BASICS
from mediacanon.imdb.imported_files import IMPORTED
from mediacanon.writes import Writes
from tests.imdb.catalogue import Catalogue, changes, run_import
from tests.imdb.files import MANY, replace, text, title, write

SHOW = "tt0100000"
DOUBT = "The whole files are compared"


@pytest.fixture
def staged(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of staged titles at each merge."""
    counts: list[int] = []
    begin = importing.drop_indexes

    async def drop_indexes(connection: asyncpg.Connection) -> list[str]:
        counts.append(await pool.fetchval(f"SELECT count(*) FROM {BASICS.staging_table}"))
        return await begin(connection)

    monkeypatch.setattr(importing, "drop_indexes", drop_indexes)
    return counts


async def test_only_titles_that_may_differ_are_staged(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, yesterday: Path, staged: list[int]
) -> None:
    """Of three thousand titles: a changed one, a rated one, an edited one, a deleted one and a new one."""
    edited = (await catalogue.title("tt1000003"))["id"]
    await Writes(pool).update_title(edited, {"display_name": "Edited", "start_year": 1999})
    await Writes(pool).delete_title((await catalogue.title("tt1000004"))["id"])
    titles = [MANY[0], title("tt1000001", name="Changed"), *MANY[2:], title("tt2000000")]
    write(yesterday, titles=titles, ratings=[("tt1000002", 5.0, 50)])
    report = await run_import(database, yesterday)
    assert staged == [5]
    movies = changes(report, "movies")
    assert (movies.inserted, movies.updated, movies.unchanged) == (2, 2, 2997)
    assert (await catalogue.title("tt1000003"))["display_name"] == "Edited"
    assert (await catalogue.title("tt1000004"))["display_name"] == "Film 4"
    assert not await pool.fetchval("SELECT count(*) FROM imdb_unsettled")


async def test_an_edit_of_an_earlier_version_is_not_missed(
    database: str, pool: asyncpg.Pool, yesterday: Path, staged: list[int]
) -> None:
    """It noted no edits: its catalogue is compared with the whole files."""
    await pool.execute("UPDATE sync_state SET value = '2' WHERE key = 'imdb_mapping'")
    write(yesterday, titles=[*MANY, title("tt2000000")])
    await run_import(database, yesterday)
    assert staged == [3001]


async def test_malformed_rows_are_counted_again(database: str, tmp_path: Path) -> None:
    """A malformed row that nobody changed is shown the next day, with its line of that day."""
    bad = title("tt1000500", year="soon")  # type: ignore[arg-type]
    titles = [*MANY[:500], bad, *MANY[501:]]
    write(tmp_path, titles=titles)
    await run_import(database, tmp_path)
    write(tmp_path, titles=[title("tt0900000"), *titles])
    report = await run_import(database, tmp_path)
    assert report.skipped[BASICS.file] == 1
    assert str(report.examples[0]).startswith(f"{BASICS.file}:504: ")


@pytest.mark.parametrize("doubt", ["disorder", "too much", "repeated"])
async def test_a_doubt_leads_to_the_whole_files(
    database: str,
    yesterday: Path,
    staged: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    doubt: str,
) -> None:
    """The import has the same result, and says why it takes longer."""
    titles = [*MANY[:1000], title("tt1001000", name="Changed"), *MANY[1001:]]
    if doubt == "disorder":
        titles = [titles[2000], *titles[:2000], *titles[2001:]]
    elif doubt == "repeated":
        titles.insert(1000, titles[1000])
    else:
        monkeypatch.setattr(stage_difference, "MOST_COMPARED", 0)
    replace(yesterday / BASICS.file, gzip.compress(text(BASICS, titles)))
    report = await run_import(database, yesterday)
    assert DOUBT in caplog.text
    assert staged[-1] >= 3000
    assert changes(report, "movies").updated >= 1


async def test_the_kept_files_of_another_import_are_not_used(
    database: str, yesterday: Path, staged: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """A second catalogue was imported from the same folder meanwhile."""
    write(yesterday / IMPORTED, titles=MANY[:5])
    write(yesterday, titles=[*MANY, title("tt2000000")])
    await run_import(database, yesterday)
    assert (staged, caplog.text) == ([3001], "")


@pytest.mark.parametrize("bad", [b"\x01tt2000001", b"\\N", b"tt2\xff", b"tt2\x00"])
async def test_a_changed_line_whose_id_cannot_be_stored_is_a_doubt(
    database: str, yesterday: Path, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    """Two such lines would hide the ids between them: the whole files are compared, and the rows are counted."""
    rest = b"\tmovie\tBad\tBad\t0\t2001\t\\N\t\\N\tDrama\n"
    content = text(BASICS, [*MANY, title("tt2000000")]) + bad + rest
    replace(yesterday / BASICS.file, gzip.compress(content))
    report = await run_import(database, yesterday)
    assert DOUBT in caplog.text
    assert (changes(report, "movies").inserted, report.skipped[BASICS.file]) == (1, 1)


async def test_a_show_edited_after_the_staging_keeps_its_episodes(
    database: str, pool: asyncpg.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id changes while an episode has moved: the next import finds both, and the episodes have their ids."""
    shows = [title(SHOW, "tvSeries"), title("tt0200000", "tvSeries")]
    write(tmp_path, titles=shows, episodes=[("tt0100001", SHOW, 1, 1), ("tt0100002", SHOW, 1, 2)])
    await run_import(database, tmp_path)
    ids = await pool.fetch("SELECT imdb_id, id FROM show_episodes ORDER BY 1")
    begin = importing.drop_indexes

    async def drop_indexes(connection: asyncpg.Connection) -> list[str]:
        await pool.execute("UPDATE titles SET imdb_id = 'tt0999999' WHERE imdb_id = $1", SHOW)
        return await begin(connection)

    write(tmp_path, titles=shows, episodes=[("tt0100001", SHOW, 1, 1), ("tt0100002", SHOW, 1, 3)])
    with monkeypatch.context() as patched:
        patched.setattr(importing, "drop_indexes", drop_indexes)
        await run_import(database, tmp_path)
    assert await pool.fetch("SELECT imdb_id, id FROM show_episodes ORDER BY 1") == ids
    write(
        tmp_path, titles=[*shows, title("tt0300000")], episodes=[("tt0100001", SHOW, 1, 1), ("tt0100002", SHOW, 1, 3)]
    )
    await run_import(database, tmp_path)
    assert await pool.fetch("SELECT imdb_id, id FROM show_episodes ORDER BY 1") == ids
    assert await Catalogue(pool).episodes(SHOW) == {"tt0100001": (1, 1, None), "tt0100002": (1, 3, None)}
