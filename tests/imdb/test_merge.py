"""The merge, day by day: new, changed, moved and removed rows, and the counts of the report."""

from pathlib import Path

import asyncpg

from mediacanon.imdb import datasets
from mediacanon.imdb.merge import read_merge
from mediacanon.writes import Writes
from tests.imdb.catalogue import Catalogue, changes, run_import
from tests.imdb.files import title, write

ROOT = Path(__file__).parents[2]
SHOW = "tt0100000"
EPISODE = "tt0100001"


async def test_types_are_mapped_as_the_original_did(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """movie and tvMovie are movies, tvSeries and tvMiniSeries shows; other types stay out."""
    kinds = ["movie", "tvMovie", "tvSeries", "tvMiniSeries", "short", "video", "videoGame", "tvSpecial", "tvShort"]
    write(tmp_path, titles=[title(f"tt010000{n}", kind) for n, kind in enumerate(kinds)])
    report = await run_import(database, tmp_path)
    assert (await catalogue.title("tt0100000"))["type"] == "movie"
    assert (await catalogue.title("tt0100001"))["movie_id"]
    assert (await catalogue.title("tt0100002"))["show_id"]
    assert (await catalogue.title("tt0100003"))["type"] == "show"
    assert changes(report, "movies").inserted == changes(report, "shows").inserted == 2
    assert len((await catalogue.dump())["titles"]) == 4


async def test_a_kind_without_changes_reports_none(database: str, tmp_path: Path) -> None:
    """A dump of one show, and a dump without news, insert no movie."""
    write(tmp_path, titles=[title(SHOW, "tvSeries")])
    first = await run_import(database, tmp_path)
    assert (changes(first, "movies").inserted, changes(first, "shows").inserted) == (0, 1)
    again = await run_import(database, tmp_path, force=True)
    assert not any(one.inserted or one.updated for one in again.changes)
    assert changes(again, "shows").unchanged == 1


async def test_names_arrive_letter_by_letter(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """Quotes, backslashes, odd and long names are stored unchanged."""
    names = [
        'Summer of 4\'2"', '"Quoted"', '"', "AC\\DC", "\\N is no null here", "ends in \\", "$", "****", "?", "x",
        "x" * 242, "한국 영화", "50% & <b>", "{1,2}", "a\\tb", "\\.", "\\.\\", "N/A", " leading and trailing ", "e\u0301",
    ]  # fmt: skip
    write(tmp_path, titles=[title(f"tt02000{n:02}", name=name) for n, name in enumerate(names)])
    report = await run_import(database, tmp_path)
    for n, name in enumerate(names):
        assert (await catalogue.title(f"tt02000{n:02}"))["display_name"] == name
    assert not any(report.skipped.values())


async def test_extreme_values_fit(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """8-digit ids, huge episode numbers, running times 0 and 1,669, three million votes, years as isAdult."""
    rows = [
        title("tt9999999", runtime=0),
        title("tt10000000", runtime=1669, genres=None, year=None),
        ("tt10000001", "movie", "Adult", "Adult", 2013, 2013, None, None, "Drama,Drama,Sci-Fi"),
        title(SHOW, "tvSeries"),
    ]
    write(
        tmp_path,
        titles=rows,
        episodes=[(EPISODE, SHOW, 1993, 97251), ("tt0100002", SHOW, 1, 0)],
        ratings=[("tt9999999", "10.0", 3_000_000), ("tt10000000", "1.0", 5), (EPISODE, "8.7", 6)],
    )
    await run_import(database, tmp_path)
    assert (await catalogue.title("tt9999999"))["runtime_minutes"] == 0
    assert (await catalogue.title("tt9999999"))["num_votes"] == 3_000_000
    assert (await catalogue.title("tt10000000"))["average_rating"] == 1
    assert (await catalogue.title("tt10000001"))["genres"] == ["Drama", "Sci-Fi"]
    assert await catalogue.episodes(SHOW) == {"tt0100002": (1, 0, None), EPISODE: (1993, 97251, None)}


async def test_the_mark_of_adult_titles_follows_the_dump(
    database: str, catalogue: Catalogue, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    """1 marks a title, a year or null does not; a mark that alone changes is imported, an edited one stays."""
    marks = {"tt0200001": 1, "tt0200002": 0, "tt0200003": 2013, "tt0200004": None, "tt0200005": 1}
    write(tmp_path, titles=[title(tconst, is_adult=mark) for tconst, mark in marks.items()])
    await run_import(database, tmp_path)
    assert {each: (await catalogue.title(each))["is_adult"] for each in marks} == {
        each: mark == 1 for each, mark in marks.items()
    }
    edited = await catalogue.title("tt0200005")
    await Writes(pool).update_title(edited["id"], {"is_adult": False}, ())
    marks |= {"tt0200001": 0, "tt0200002": 1}
    write(tmp_path, titles=[title(tconst, is_adult=mark) for tconst, mark in marks.items()])
    report = await run_import(database, tmp_path)
    assert changes(report, "movies").updated == 2
    found = {each: (await catalogue.title(each))["is_adult"] for each in marks}
    assert [each for each, is_adult in found.items() if is_adult] == ["tt0200002"]


async def test_a_catalogue_without_the_mark_is_filled_by_the_same_files(
    database: str, catalogue: Catalogue, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    """An upgrade adds the column, and the next import reads the files again though they are those of the last one."""
    write(tmp_path, titles=[title("tt0200001", is_adult=1), title("tt0200002")])
    await run_import(database, tmp_path)
    assert (await run_import(database, tmp_path)).is_unchanged
    before = (await catalogue.dump())["movies"]
    await pool.execute("ALTER TABLE titles DROP COLUMN is_adult CASCADE")
    await pool.execute("DELETE FROM sync_state WHERE key = 'imdb_mapping'")
    await pool.execute("DELETE FROM sync_state WHERE key = 'schema_hash'")
    await pool.execute((ROOT / "schema.sql").read_text())
    await run_import(database, tmp_path)
    assert (await catalogue.title("tt0200001"))["is_adult"]
    assert not (await catalogue.title("tt0200002"))["is_adult"]
    assert (await catalogue.dump())["movies"] == before
    assert len(await pool.fetch("SELECT FROM pg_indexes WHERE indexname LIKE 'idx_titles_discover_%'")) == 9


async def test_episodes_without_a_place_stay_out(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """Episodes without a number, of number -1, of a movie or of no title are skipped and counted, as are ratings."""
    write(
        tmp_path,
        titles=[title(SHOW, "tvSeries"), title("tt0300000")],
        episodes=[
            ("tt0100001", SHOW, None, None), ("tt0100002", SHOW, -1, -1), ("tt0100003", "tt0300000", 1, 1),
            ("tt0100004", "tt0999999", 1, 1), ("tt0100005", SHOW, 1, 1),
        ],
        ratings=[("tt0888888", 5.5, 10)],
    )  # fmt: skip
    report = await run_import(database, tmp_path)
    assert list(await catalogue.episodes(SHOW)) == ["tt0100005"]
    assert changes(report, "episodes").skipped == 4
    assert changes(report, "ratings").skipped == 1


async def test_of_duplicate_places_the_lowest_id_stays(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """Of two episodes of one number the lowest IMDb id wins, on this day and the next, in any order."""
    shows = [title(SHOW, "tvSeries")]
    write(tmp_path, titles=shows, episodes=[("tt0100008", SHOW, 1, 1), ("tt0100007", SHOW, 1, 1)])
    report = await run_import(database, tmp_path)
    assert list(await catalogue.episodes(SHOW)) == ["tt0100007"]
    assert changes(report, "episodes").duplicates == 1
    write(tmp_path, titles=shows, episodes=[("tt0100008", SHOW, 1, 1), ("tt0100007", SHOW, 1, 1), ("tt0100006", SHOW, 1, 1)])  # fmt: skip
    report = await run_import(database, tmp_path)
    assert list(await catalogue.episodes(SHOW)) == ["tt0100006"]
    assert changes(report, "episodes").withdrawn == 1
    again = await run_import(database, tmp_path, force=True)
    assert changes(again, "episodes").unchanged == 1
    assert changes(again, "episodes").duplicates == 2


async def test_names_and_ratings_of_episodes_come_along(database: str, pool: asyncpg.Pool, tmp_path: Path) -> None:
    """tvEpisode rows of basics name the episodes; a rating without a title row still counts."""
    write(
        tmp_path,
        titles=[title(SHOW, "tvSeries"), title(EPISODE, "tvEpisode", "Pilot")],
        episodes=[(EPISODE, SHOW, 1, 1), ("tt0100002", SHOW, 1, 2)],
        ratings=[(EPISODE, "9.9", 1200), ("tt0100002", "7.1", 7)],
    )
    await run_import(database, tmp_path)
    rows = await pool.fetch(
        "SELECT display_name, round(average_rating::numeric, 1)::text, num_votes FROM show_episodes ORDER BY episode"
    )
    assert [tuple(row) for row in rows] == [("Pilot", "9.9", 1200), (None, "7.1", 7)]


async def test_a_renumbered_episode_keeps_its_id_and_facts(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Episodes swap places, move to another season and another show; rows stay, empty seasons go."""
    shows = [title(SHOW, "tvSeries"), title("tt0400000", "tvSeries")]
    ids = [f"tt010000{n}" for n in range(1, 5)]
    write(tmp_path, titles=shows, episodes=[(ids[0], SHOW, 1, 1), (ids[1], SHOW, 1, 2), (ids[2], SHOW, 2, 1), (ids[3], SHOW, 1, 3)])  # fmt: skip
    await run_import(database, tmp_path)
    await pool.execute("UPDATE show_episodes SET synopsis = 'about ' || imdb_id")
    before = dict(await pool.fetch("SELECT imdb_id, id FROM show_episodes"))
    write(tmp_path, titles=shows, episodes=[(ids[0], SHOW, 1, 2), (ids[1], SHOW, 1, 1), (ids[2], SHOW, 3, 9), (ids[3], "tt0400000", 1, 1)])  # fmt: skip
    report = await run_import(database, tmp_path)
    assert changes(report, "episodes").moved == 4
    assert changes(report, "seasons").inserted == 2
    assert changes(report, "seasons").withdrawn == 1
    assert await catalogue.episodes(SHOW) == {ids[1]: (1, 1, None), ids[0]: (1, 2, None), ids[2]: (3, 9, None)}
    assert list(await catalogue.episodes("tt0400000")) == [ids[3]]
    assert dict(await pool.fetch("SELECT imdb_id, id FROM show_episodes")) == before
    assert await pool.fetchval("SELECT bool_and(synopsis = 'about ' || imdb_id) FROM show_episodes")


async def test_episodes_gone_from_the_dump_go(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """An episode without a row, a number or a show is removed, with a season that it leaves empty."""
    shows = [title(SHOW, "tvSeries")]
    write(tmp_path, titles=shows, episodes=[(EPISODE, SHOW, 1, 1), ("tt0100002", SHOW, 2, 1), ("tt0100003", SHOW, 2, 2)])  # fmt: skip
    await run_import(database, tmp_path)
    write(tmp_path, titles=shows, episodes=[(EPISODE, SHOW, 1, 1), ("tt0100002", SHOW, None, None)])
    report = await run_import(database, tmp_path)
    assert list(await catalogue.episodes(SHOW)) == [EPISODE]
    assert changes(report, "episodes").withdrawn == 2
    assert changes(report, "seasons").withdrawn == 1


async def test_episodes_the_original_imported_are_adopted(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Rows without an IMDb id are matched by show, season and number and keep their ids; hand-made episodes stay."""
    shows = [title(SHOW, "tvSeries")]
    episodes = [(EPISODE, SHOW, 1, 1), ("tt0100002", SHOW, 1, 2)]
    write(tmp_path, titles=[*shows, title(EPISODE, "tvEpisode", "Pilot")], episodes=episodes)
    await run_import(database, tmp_path)
    await pool.execute("UPDATE show_episodes SET imdb_id = NULL, display_name = 'old'")
    season = await pool.fetchval("SELECT id FROM show_seasons")
    await pool.execute(
        "INSERT INTO show_episodes (season_id, episode, display_name) VALUES ($1, 99, 'by hand')", season
    )
    before = await pool.fetch("SELECT id FROM show_episodes ORDER BY episode")
    report = await run_import(database, tmp_path, force=True)
    assert changes(report, "episodes").inserted == 0
    assert await catalogue.episodes(SHOW) == {EPISODE: (1, 1, "Pilot"), "tt0100002": (1, 2, "old"), None: (1, 99, "by hand")}  # fmt: skip
    assert await pool.fetch("SELECT id FROM show_episodes ORDER BY episode") == before


async def test_a_title_gone_from_the_dump_is_withdrawn_and_can_return(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, tmp_path: Path
) -> None:
    """A withdrawn title keeps its row, its id and its episodes; its return to the dump ends the withdrawal."""
    rows = [title("tt0500000"), title("tt0500001"), title("tt0500002"), title(SHOW, "tvSeries")]
    episodes = [(EPISODE, SHOW, 1, 1)]
    write(tmp_path, titles=rows, episodes=episodes)
    await run_import(database, tmp_path)
    ids = await pool.fetch("SELECT id FROM titles ORDER BY id")
    write(tmp_path, titles=rows[1:3])
    report = await run_import(database, tmp_path, force=True)
    assert changes(report, "movies").withdrawn == changes(report, "shows").withdrawn == 1
    assert (await catalogue.title("tt0500000"))["withdrawn_at"]
    assert list(await catalogue.episodes(SHOW)) == [EPISODE]
    write(tmp_path, titles=rows, episodes=episodes)
    report = await run_import(database, tmp_path)
    assert changes(report, "movies").updated == changes(report, "shows").updated == 1
    assert not (await catalogue.title("tt0500000"))["withdrawn_at"]
    assert await pool.fetch("SELECT id FROM titles ORDER BY id") == ids


async def test_a_title_whose_type_changed_moves(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """From movie to show and back: the title's id stays, the movie's and show's rows follow."""
    write(tmp_path, titles=[title("tt0600000"), title("tt0600001", "tvSeries")], episodes=[(EPISODE, "tt0600001", 1, 1)])  # fmt: skip
    await run_import(database, tmp_path)
    first = await catalogue.title("tt0600000")
    write(tmp_path, titles=[title("tt0600000", "tvMiniSeries"), title("tt0600001", "tvMovie")], episodes=[(EPISODE, "tt0600000", 1, 1)])  # fmt: skip
    report = await run_import(database, tmp_path)
    moved = await catalogue.title("tt0600000")
    assert (moved["id"], moved["type"], moved["movie_id"]) == (first["id"], "show", None)
    assert moved["show_id"]
    assert (await catalogue.title("tt0600001"))["movie_id"]
    assert list(await catalogue.episodes("tt0600000")) == [EPISODE]
    assert changes(report, "movies").moved == changes(report, "shows").moved == 1


async def test_only_rows_that_differ_are_written(database: str, pool: asyncpg.Pool, tmp_path: Path) -> None:
    """The next day changes `updated_at` and the row version of the changed titles alone."""
    rows = [title(f"tt070000{n}") for n in range(5)]
    write(tmp_path, titles=rows, ratings=[("tt0700000", 5.0, 10), ("tt0700001", 6.0, 10)])
    await run_import(database, tmp_path)
    versions = "SELECT imdb_id, xmin::text, updated_at FROM titles ORDER BY imdb_id"
    before = await pool.fetch(versions)
    rows[2] = title("tt0700002", name="Another Name")
    write(tmp_path, titles=rows, ratings=[("tt0700000", 5.0, 11), ("tt0700001", 6.0, 10)])
    report = await run_import(database, tmp_path)
    after = await pool.fetch(versions)
    touched = [new["imdb_id"] for old, new in zip(before, after, strict=True) if old != new]
    assert touched == ["tt0700000", "tt0700002"]
    assert changes(report, "movies").updated == 2
    assert changes(report, "movies").unchanged == 3
    assert (changes(report, "ratings").updated, changes(report, "ratings").unchanged) == (1, 1)


async def test_ratings_that_vanish_are_removed(database: str, catalogue: Catalogue, tmp_path: Path) -> None:
    """A title without a row in the ratings file loses its rating."""
    write(tmp_path, titles=[title("tt0700000")], ratings=[("tt0700000", 5.0, 10)])
    await run_import(database, tmp_path)
    write(tmp_path, titles=[title("tt0700000")])
    report = await run_import(database, tmp_path)
    assert (await catalogue.title("tt0700000"))["average_rating"] is None
    assert changes(report, "ratings").withdrawn == 1


async def test_hand_made_titles_and_edits_survive(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Titles without an IMDb id, custom genres, locked fields and TMDB's running time stay."""
    await pool.execute("INSERT INTO titles (type, display_name) VALUES ('movie', 'By Hand')")
    write(tmp_path, titles=[title("tt0800000", runtime=None, genres="Drama,Comedy")])
    await run_import(database, tmp_path)
    await pool.execute(
        """INSERT INTO title_genres SELECT t.id, g.id FROM titles t, genres g
            WHERE t.imdb_id = 'tt0800000' AND g.name = 'Cooking'"""
    )
    await pool.execute(
        """UPDATE titles SET display_name = 'Mine', locked_fields = '{display_name}', runtime_minutes = 77
            WHERE imdb_id = 'tt0800000'"""
    )
    write(tmp_path, titles=[title("tt0800000", name="Theirs", runtime=None, genres="Drama,Crime", year=1999)])
    await run_import(database, tmp_path)
    found = await catalogue.title("tt0800000")
    assert (found["display_name"], found["start_year"], found["runtime_minutes"]) == ("Mine", 1999, 77)
    assert found["genres"] == ["Cooking", "Crime", "Drama"]
    by_hand = await pool.fetchrow(
        "SELECT withdrawn_at, updated_at = created_at AS untouched FROM titles WHERE imdb_id IS NULL"
    )
    assert tuple(by_hand) == (None, True)


async def test_episodes_edited_by_hand_survive(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Edited name and place stay, even where IMDb has another episode; ratings and other facts follow the dump."""
    ids = [f"tt010000{n}" for n in range(1, 5)]
    titles = [title(SHOW, "tvSeries"), *(title(each, "tvEpisode", f"IMDb's {each[-1]}") for each in ids)]
    places = [(ids[n], SHOW, 1, n + 1) for n in range(3)]
    write(tmp_path, titles=titles, episodes=places)
    await run_import(database, tmp_path)
    rows = dict(await pool.fetch("SELECT imdb_id, id FROM show_episodes"))
    writes = Writes(pool)
    await writes.update_episode(rows[ids[0]], {"display_name": "Mine"})
    await writes.update_episode(rows[ids[1]], {"episode_number": 9})
    # By its lower id the late episode would win the place, if that were not edited.
    write(tmp_path, titles=[*titles, title("tt0099999", "tvEpisode", "Late")], ratings=[(ids[0], 7.5, 10), (ids[1], 8.5, 20)],
          episodes=[*places, ("tt0099999", SHOW, 1, 9), (ids[3], SHOW, 1, 2)])  # fmt: skip
    for is_forced in (False, True):
        report = await run_import(database, tmp_path, force=is_forced)
        assert await catalogue.episodes(SHOW) == {
            ids[0]: (1, 1, "Mine"), ids[3]: (1, 2, "IMDb's 4"), ids[2]: (1, 3, "IMDb's 3"), ids[1]: (1, 9, "IMDb's 2")
        }  # fmt: skip
    assert changes(report, "episodes").unchanged == 4
    votes = dict(await pool.fetch("SELECT imdb_id, num_votes FROM show_episodes WHERE num_votes IS NOT NULL"))
    assert votes == {ids[0]: 10, ids[1]: 20}
    await writes.update_episode(rows[ids[0]], {}, unlock=["display_name"])
    await writes.update_episode(rows[ids[1]], {}, unlock=["episode_number"])
    await run_import(database, tmp_path, force=True)
    assert await catalogue.episodes(SHOW) == {
        ids[0]: (1, 1, "IMDb's 1"), ids[1]: (1, 2, "IMDb's 2"), ids[2]: (1, 3, "IMDb's 3"), "tt0099999": (1, 9, "Late")
    }  # fmt: skip


async def test_a_season_renumbered_by_hand_stays(
    database: str, pool: asyncpg.Pool, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Its episodes stay in it; an unlocked episode returns to IMDb's place."""
    shows, places = [title(SHOW, "tvSeries")], [(EPISODE, SHOW, 1, 1), ("tt0100002", SHOW, 1, 2)]
    write(tmp_path, titles=shows, episodes=places)
    await run_import(database, tmp_path)
    writes = Writes(pool)
    await writes.update_season(await pool.fetchval("SELECT id FROM show_seasons"), 5)
    await run_import(database, tmp_path, force=True)
    assert await catalogue.episodes(SHOW) == {EPISODE: (5, 1, None), "tt0100002": (5, 2, None)}
    episode_id = await pool.fetchval("SELECT id FROM show_episodes WHERE imdb_id = $1", EPISODE)
    await writes.update_episode(episode_id, {}, unlock=["season_number"])
    await run_import(database, tmp_path, force=True)
    assert await catalogue.episodes(SHOW) == {EPISODE: (1, 1, None), "tt0100002": (5, 2, None)}


def test_the_merge_consists_of_named_steps() -> None:
    """Every step has a name for the report and statements to run."""
    steps = [step for dataset in datasets.ALL for step in read_merge(dataset).steps]
    assert len({name for name, _ in steps}) == len(steps) > 10
    assert all(statements.strip().endswith(";") for _, statements in steps)
