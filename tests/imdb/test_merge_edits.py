"""The merge and people's edits: no edit stops an import, and no import overwrites an edit."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from mediacanon.imdb.sync import Report
from mediacanon.writes import Writes
from tests.imdb.catalogue import Catalogue, changes, run_import
from tests.imdb.files import title, write

SHOW, OTHER = "tt0100000", "tt0200000"
EPISODES = [(f"tt01000{n:02}", SHOW, 1, n) for n in (1, 2, 3)]
SHOWS = [title(SHOW, "tvSeries", "Show"), title(OTHER, "tvSeries", "Other")]


@pytest.fixture
async def imported(database: str, tmp_path: Path) -> Path:
    """Return a folder with two shows, one of them with three episodes, and a film that have been imported."""
    write(tmp_path, titles=[*SHOWS, title("tt0300000", name="Film")], episodes=EPISODES)
    await run_import(database, tmp_path)
    return tmp_path


async def ids(pool: asyncpg.Pool) -> dict[str, int]:
    """Return the id of each episode by its IMDb id."""
    return {
        row[0]: row[1] for row in await pool.fetch("SELECT imdb_id, id FROM show_episodes WHERE imdb_id IS NOT NULL")
    }


async def show_of(pool: asyncpg.Pool, episode: str) -> str | None:
    """Return the IMDb id of the show that an episode belongs to."""
    return await pool.fetchval(
        """SELECT t.imdb_id FROM show_episodes e JOIN show_seasons ss ON ss.id = e.season_id
             JOIN shows s ON s.id = ss.show_id JOIN titles t ON t.id = s.title_id WHERE e.imdb_id = $1""",
        episode,
    )


@pytest.mark.parametrize("imdb_id", [None, "tt0999999"])
async def test_a_changed_or_cleared_id_of_a_show_stops_no_import(
    database: str, pool: asyncpg.Pool, imported: Path, imdb_id: str | None
) -> None:
    """The show comes anew under its id, and its episodes move there with their ids."""
    before = await ids(pool)
    await pool.execute("UPDATE titles SET imdb_id = $1 WHERE imdb_id = $2", imdb_id, SHOW)
    report = await run_import(database, imported, force=True)
    assert await ids(pool) == before
    assert [await show_of(pool, episode) for episode, *_ in EPISODES] == [SHOW] * 3
    assert changes(report, "episodes").moved == 3


async def test_a_show_merged_into_another_gives_it_its_episodes(
    database: str, pool: asyncpg.Pool, imported: Path
) -> None:
    """IMDb merges two shows: the episodes move with their ids, and the show that is gone is withdrawn."""
    before = await ids(pool)
    write(imported, titles=[SHOWS[1]], episodes=[(episode, OTHER, 1, n) for episode, _, _, n in EPISODES])
    await run_import(database, imported)
    assert await ids(pool) == before
    assert [await show_of(pool, episode) for episode, *_ in EPISODES] == [OTHER] * 3
    assert await pool.fetchval("SELECT withdrawn_at IS NOT NULL FROM titles WHERE imdb_id = $1", SHOW)


async def test_an_episode_made_by_hand_keeps_its_place(database: str, pool: asyncpg.Pool, imported: Path) -> None:
    """A known episode that IMDb moves to its place does not push it out."""
    season = await pool.fetchval("SELECT season_id FROM show_episodes WHERE imdb_id = $1", EPISODES[0][0])
    made = await Writes(pool).create_episode(season, {"episode_number": 9, "display_name": "By hand"})
    write(imported, titles=SHOWS, episodes=[*EPISODES[:2], (EPISODES[2][0], SHOW, 1, 9)])
    await run_import(database, imported)
    row = await pool.fetchrow("SELECT * FROM show_episodes WHERE id = $1", made)
    assert (row["episode"], row["display_name"], row["imdb_id"]) == (9, "By hand", None)


async def test_a_title_with_an_id_outside_the_mapping_stays(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, imported: Path
) -> None:
    """A title that was given the id of a short is not withdrawn the next night."""
    film = (await catalogue.title("tt0300000"))["id"]
    await Writes(pool).update_title(film, {"imdb_id": "tt0000001"})
    write(imported, titles=SHOWS, episodes=EPISODES)
    await run_import(database, imported)
    assert (await catalogue.title("tt0000001"))["withdrawn_at"] is None


@pytest.fixture
def edit_before(database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Give a function that has statements committed right before the first run of a step of the merge."""
    timed = Report.timed

    def prepare(step: str, *statements: str) -> list[str]:
        pending = list(statements)

        @contextlib.contextmanager
        def editing(self: Report, name: str) -> Iterator[None]:
            if name == step and pending:
                # A thread of its own: the import's event loop waits here.
                editor = threading.Thread(target=asyncio.run, args=(executed(database, *pending),))
                editor.start()
                editor.join()
                pending.clear()
            with timed(self, name):
                yield

        monkeypatch.setattr(Report, "timed", editing)
        return pending

    return prepare


async def executed(dsn: str, *statements: str) -> None:
    """Run statements over a connection of their own."""
    connection = await asyncpg.connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_an_edit_while_an_import_runs_is_kept(
    database: str, catalogue: Catalogue, imported: Path, edit_before
) -> None:
    """Between comparison and update: a name edited by hand, and a running time that TMDB tells."""
    write(
        imported,
        titles=[*SHOWS, title("tt0300000", name="IMDb's new name", runtime=None)],
        episodes=EPISODES,
        ratings=[("tt0300000", 8.0, 10)],
    )

    pending = edit_before(
        "locking titles",
        "UPDATE titles SET display_name = 'Mine', runtime_minutes = 77, locked_fields = '{display_name}'"
        " WHERE imdb_id = 'tt0300000'",
    )
    await run_import(database, imported)
    film = await catalogue.title("tt0300000")
    assert not pending
    assert (film["display_name"], film["runtime_minutes"], film["num_votes"]) == ("Mine", 77, 10)


async def test_an_episode_edited_while_an_import_runs_is_kept(
    database: str, pool: asyncpg.Pool, imported: Path, edit_before
) -> None:
    """Its number and its name, though IMDb moves and renames it in the same import."""
    episode = EPISODES[2][0]
    write(
        imported,
        titles=[*SHOWS, title(episode, "tvEpisode", "IMDb's name"), title("tt0300000", name="Film")],
        episodes=[*EPISODES[:2], (episode, SHOW, 2, 1)],
    )

    pending = edit_before(
        "locking episodes",
        "UPDATE show_episodes SET display_name = 'Mine', episode = 30, locked_fields = '{display_name,episode_number}'"
        f" WHERE imdb_id = '{episode}'",
    )
    await run_import(database, imported)
    row = await pool.fetchrow("SELECT * FROM show_episodes WHERE imdb_id = $1", episode)
    assert not pending
    assert (row["display_name"], row["episode"]) == ("Mine", 30)


@pytest.mark.parametrize("step", ["adopting episodes", "inserting seasons"])
async def test_a_show_deleted_while_an_import_runs_is_left_out(
    database: str, pool: asyncpg.Pool, imported: Path, edit_before, step: str
) -> None:
    """The import ends, and has everything else."""
    new = [(f"tt02000{n:02}", OTHER, 1, n) for n in (1, 2)]
    more = [(f"tt01000{n:02}", SHOW, 2, n) for n in (11, 12)]
    write(imported, titles=[*SHOWS, title("tt0300000", name="Film")], episodes=[*EPISODES, *more, *new])

    pending = edit_before(step, f"DELETE FROM titles WHERE imdb_id = '{SHOW}'")
    await run_import(database, imported)
    assert not pending
    assert [await show_of(pool, episode) for episode, *_ in new] == [OTHER, OTHER]


async def test_an_id_taken_while_an_import_runs_is_compared_again(
    database: str, catalogue: Catalogue, imported: Path, edit_before
) -> None:
    """A title made by hand with the id of a new film: the merge begins again and finds it."""
    write(imported, titles=[*SHOWS, title("tt0300000", name="Film"), title("tt0400000", name="New")], episodes=EPISODES)

    pending = edit_before(
        "inserting titles",
        "INSERT INTO titles (type, display_name, imdb_id, locked_fields)"
        " VALUES ('movie', 'Mine', 'tt0400000', '{display_name}')",
    )
    await run_import(database, imported)
    assert not pending
    assert (await catalogue.title("tt0400000"))["display_name"] == "Mine"


async def test_an_overlong_name_is_a_skipped_row(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """A name that no index can hold is counted and shown, and the rest is imported."""
    letters = random.Random(7)
    endless = "".join(chr(letters.randrange(0x4E00, 0x9FA5)) for _ in range(3000))
    write(tmp_path, titles=[title("tt0300000", name="Film"), title("tt0300001", name=endless)])
    report = await run_import(database, tmp_path)
    assert (await catalogue.title("tt0300000"))["display_name"] == "Film"
    assert report.skipped["title.basics.tsv.gz"] == 1
    assert "too long" in str(report.examples[0])


async def test_a_deadlock_begins_the_merge_again(database: str, catalogue: Catalogue, imported: Path) -> None:
    """A writer that locks an episode before its title: whichever is the victim, the import ends."""
    write(
        imported,
        titles=[title(SHOW, "tvSeries", "New name"), SHOWS[1], title("tt0300000", name="Film")],
        episodes=EPISODES,
        ratings=[(EPISODES[0][0], 7.0, 70), (SHOW, 7.0, 70)],
    )
    other = await asyncpg.connect(database)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("UPDATE show_episodes SET synopsis = 'x' WHERE imdb_id = $1", EPISODES[0][0])
    run = asyncio.create_task(run_import(database, imported))
    watcher = await asyncpg.connect(database)
    async with asyncio.timeout(60):
        while not await watcher.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT l.granted AND a.application_name = 'mediacanon sync')"
        ):
            await asyncio.sleep(0.05)
    await watcher.close()
    with contextlib.suppress(asyncpg.DeadlockDetectedError):
        await other.execute("UPDATE titles SET tmdb_popularity = 1 WHERE imdb_id = $1", SHOW)
    with contextlib.suppress(asyncpg.PostgresError):
        await transaction.rollback()
    await run
    await other.close()
    assert (await catalogue.title(SHOW))["display_name"] == "New name"
