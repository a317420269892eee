"""The further files: alternative titles, credits and people of the titles that the catalogue holds."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mediacanon.errors import ImportRefused
from mediacanon.imdb.datasets import FURTHER, NAMES, PRINCIPALS, further_files
from mediacanon.imdb.sync import SyncOptions, sync
from tests.database.clusters import superuser
from tests.imdb.catalogue import changes, run_import
from tests.imdb.files import title, write, write_further

FILM, SHOW, EPISODE = "tt0100001", "tt0100002", "tt0100003"
AKAS = [
    (FILM, 1, "Ein Film", "DE", None, "imdbDisplay", None, 0),
    (FILM, 10, 'Le "Film" \\ déjà', "CA", "fr", "imdbDisplay", None, 0),
    (FILM, 2, "A Film", None, None, "original", None, 1),
    (FILM, 3, "映画", "JP", "ja", "alternative\x02festival", "literal title\x02reissue title", 0),
    (FILM, 4, "Blue Moon", "XWW", "en", None, None, 0),
    (EPISODE, 1, "Folge #1.1", "DE", "de", None, None, 0),
    (EPISODE, 2, "Pilot", None, None, "original", None, 1),
    ("tt0999999", 1, "A Short", "US", None, "imdbDisplay", None, 0),
]
PRINCIPAL_ROWS = [
    (FILM, 1, "nm0000001", "actor", None, '["Sam \\"Ace\\" Spade"]'),
    (FILM, 2, "nm0000002", "actress", None, '["Eve","Eve\'s Twin"]'),
    (FILM, 3, "nm0000001", "actor", None, '["A Voice"]'),
    (FILM, 4, "nm0000003", "director", None, None),
    (FILM, 5, "nm0000003", "writer", "screenplay", None),
    (FILM, 6, "nm0000003", "writer", "novel", None),
    (FILM, 7, "nm12345678", "puppeteer", "puppeteer", None),
    (FILM, 8, "nm0000009", "producer", "executive producer", "no JSON"),
    (SHOW, 1, "nm0000002", "self", None, '["Self"]'),
    ("tt0999999", 1, "nm0000005", "actor", None, None),
]
CREW_ROWS = [
    (EPISODE, "nm0000003", None),
    (FILM, "nm0000003,nm0000004", "nm0000003,nm0000008"),
    (SHOW, None, "nm0000004,nm0000004"),
]
NAME_ROWS = [
    ("nm0000001", "Ann Actor", "0037", 1999, "actor,producer", f"{FILM},tt0999999"),
    ("nm0000002", "Bea Ägir", 1970, None, "actress", None),
    ("nm0000003", "Cid Director", None, None, None, None),
    ("nm0000004", "Dan Writer", -525, -456, "writer", SHOW),
    ("nm0000005", "Uncredited Here", None, None, None, None),
    ("nm0000009", None, None, None, None, None),
    ("nm12345678", "Zoe Puppets", None, None, "puppeteer", None),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with all seven files of a day."""
    titles = [title(FILM, name="A Film"), title(SHOW, "tvSeries", "A Show"), title(EPISODE, "tvEpisode", "Pilot")]
    write(tmp_path, titles=titles, episodes=[(EPISODE, SHOW, 1, 1)], ratings=[(FILM, 7.0, 1024), (SHOW, 6.0, 9)])
    write_further(tmp_path, akas=AKAS, principals=PRINCIPAL_ROWS, crew=CREW_ROWS, people=NAME_ROWS)
    return tmp_path


async def names_of(pool: asyncpg.Pool, imdb_id: str) -> list[tuple[Any, ...]]:
    """Return the alternative titles of a title."""
    rows = await pool.fetch(
        """SELECT a.region, a.language, a.kind, a.attributes, a.name
             FROM title_akas a JOIN titles t ON t.id = a.title_id WHERE t.imdb_id = $1 ORDER BY a.name""",
        imdb_id,
    )
    return [tuple(row) for row in rows]


async def credits_of(pool: asyncpg.Pool, imdb_id: str) -> list[tuple[Any, ...]]:
    """Return the credits of a title in order: ordinal, person, category, job, characters."""
    rows = await pool.fetch(
        """SELECT c.ordinal, c.person_id, k.name, c.job, c.characters
             FROM credits c JOIN titles t ON t.id = c.title_id JOIN credit_categories k ON k.id = c.category
            WHERE t.imdb_id = $1 ORDER BY c.ordinal""",
        imdb_id,
    )
    return [tuple(row) for row in rows]


FILM_CREDITS = [
    (1, 1, "actor", None, 'Sam "Ace" Spade\nA Voice'),
    (2, 2, "actress", None, "Eve\nEve's Twin"),
    (4, 3, "director", None, None),
    (5, 3, "writer", "novel\nscreenplay", None),
    (7, 12345678, "puppeteer", None, None),
    (8, 9, "producer", "executive producer", "no JSON"),
    (10002, 4, "director", None, None),
    (20002, 8, "writer", None, None),
]
KEYS = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
           UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
           UNION ALL SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"""


async def searched_names(pool: asyncpg.Pool) -> list[tuple[str, int, bool]]:
    """Return the alternative titles of the film as search has them: name, fame, whether it is a working title."""
    rows = await pool.fetch(
        "SELECT n.name, n.fame, n.is_working FROM title_names n JOIN titles t ON t.id = n.title_id"
        ' WHERE t.imdb_id = $1 ORDER BY n.name COLLATE "C"',
        FILM,
    )
    return [tuple(row) for row in rows]


async def test_the_first_import_keeps_the_rows_of_known_titles(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """Texts are as in the file, several roles of a person are one credit, crew adds who is missing; nobody is lost."""
    before = await pool.fetch(KEYS)
    write_further(folder, people=[*NAME_ROWS, ("nm0000004", "Twice", None, None, None, None)])
    report = await run_import(database, folder)
    assert await names_of(pool, FILM) == [
        (None, None, "original", None, "A Film"),
        ("XWW", "en", "other", None, "Blue Moon"),
        ("DE", None, "display", None, "Ein Film"),
        ("CA", "fr", "display", None, 'Le "Film" \\ déjà'),
        ("JP", "ja", "alternative", ["literal title", "reissue title"], "映画"),
    ]
    assert await searched_names(pool) == [
        ("| blue moon |", 10, False),
        ("| ein film |", 10, False),
        ("| le film deja |", 10, False),
        ("| yinghua |", 10, False),
        ("| 映 画 |", 10, False),
    ]
    assert await credits_of(pool, FILM) == FILM_CREDITS
    assert await credits_of(pool, SHOW) == [(1, 2, "self", None, "Self"), (20001, 4, "writer", None, None)]
    people = await pool.fetch(
        "SELECT id, name, birth_year, death_year, fame, professions, known_for FROM people ORDER BY 1"
    )
    assert [tuple(row) for row in people] == [
        (1, "Ann Actor", 37, 1999, 10, "actor,producer", f"{FILM},tt0999999"),
        (2, "Bea Ägir", 1970, None, 10, "actress", None),
        (3, "Cid Director", None, None, 10, None, None),
        (4, "Dan Writer", -525, -456, 10, "writer", SHOW),
        (12345678, "Zoe Puppets", None, None, 7, "puppeteer", None),
    ]
    assert await pool.fetchval("SELECT department FROM credit_categories WHERE name = 'puppeteer'") == "crew"
    assert await pool.fetch(KEYS) == before
    counted = {
        kind: (counts.inserted, counts.skipped)
        for kind in ("akas", "principals", "crew", "people")
        if (counts := changes(report, kind))
    }
    assert counted == {"akas": (5, 3), "principals": (7, 3), "crew": (3, 1), "people": (5, 3)}
    assert report.dangling == {PRINCIPALS.file: 1, "title.crew.tsv.gz": 1}
    assert (report.rows[NAMES.file], report.skipped[NAMES.file]) == (8, 1)
    assert await pool.fetchval("SELECT to_regnamespace('imdb_staging')") is None
    assert (await run_import(database, folder)).is_unchanged
    forced = await run_import(database, folder, force=True)
    assert {(one.inserted, one.updated, one.withdrawn) for one in forced.changes if one.kind in counted} == {(0, 0, 0)}
    assert await credits_of(pool, FILM) == FILM_CREDITS


async def test_the_next_day_replaces_the_titles_that_differ(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """Other titles' rows stay, edits of people stay, nobody is deleted; crew follows a change of principals."""
    await run_import(database, folder)
    untouched = await pool.fetch(
        "SELECT ctid, * FROM credits WHERE title_id = (SELECT id FROM titles WHERE imdb_id = $1)", SHOW
    )
    await pool.execute("UPDATE people SET name = 'Edited', locked_fields = '{name}' WHERE id = 1")
    newcomer = (FILM, 1, "nm0000006", "actor", None, None)
    shifted = [(row[0], row[1] + 1, *row[2:]) for row in PRINCIPAL_ROWS if row[0] == FILM and row[2] != "nm0000003"]
    write_further(
        folder,
        akas=[row for row in AKAS if row[3] != "DE"],
        principals=[newcomer, *shifted, *PRINCIPAL_ROWS[8:]],
        people=[
            ("nm0000001", "Ann Renamed", 1938, 1999, "actor", None),
            *NAME_ROWS[2:],
            ("nm0000006", "New Star", None, None, None, None),
        ],
    )
    report = await run_import(database, folder)
    assert [row[4] for row in await names_of(pool, FILM)] == ["A Film", "Blue Moon", 'Le "Film" \\ déjà', "映画"]
    assert await credits_of(pool, FILM) == [
        (1, 6, "actor", None, None),
        (2, 1, "actor", None, 'Sam "Ace" Spade\nA Voice'),
        (3, 2, "actress", None, "Eve\nEve's Twin"),
        (8, 12345678, "puppeteer", None, None),
        (9, 9, "producer", "executive producer", "no JSON"),
        (10001, 3, "director", None, None),
        (10002, 4, "director", None, None),
        (20001, 3, "writer", None, None),
        (20002, 8, "writer", None, None),
    ]
    assert (
        await pool.fetch(
            "SELECT ctid, * FROM credits WHERE title_id = (SELECT id FROM titles WHERE imdb_id = $1)", SHOW
        )
        == untouched
    )
    people = {row["id"]: row for row in await pool.fetch("SELECT * FROM people")}
    assert (people[1]["name"], people[1]["birth_year"], people[1]["known_for"]) == ("Edited", 1938, None)
    assert people[2]["withdrawn_at"] is not None
    assert people[6]["name"] == "New Star"
    assert [(one.inserted, one.updated, one.withdrawn) for one in report.changes if one.kind == "people"] == [(1, 1, 1)]
    write(folder, titles=[title(SHOW, "tvSeries", "A Show")])
    write_further(folder, akas=AKAS[-1:], people=NAME_ROWS)
    await run_import(database, folder, force=True)
    assert len(await names_of(pool, FILM)) == 4, "a withdrawn title keeps its names"
    assert await pool.fetchval("SELECT withdrawn_at FROM people WHERE id = 2") is None


async def test_what_is_not_there_stays_as_it_is(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """A file that is missing, not selected, cut short, or without room changes nothing of its part."""
    (folder / NAMES.file).unlink()
    akas = SyncOptions(folder=folder, base_url=None, further=further_files(["title.akas", "name.basics"]))
    await sync(database, akas)
    assert await pool.fetchval("SELECT count(*) FROM title_akas") == 5
    assert await pool.fetchval("SELECT count(*) FROM credits") == 0
    for dataset in FURTHER:
        (folder / dataset.file).unlink(missing_ok=True)
    write_further(folder, principals=PRINCIPAL_ROWS)
    no_room = SyncOptions(folder=folder, base_url=None, database=Path("/proc"))
    with pytest.raises(ImportRefused, match=r"title.principals take up to .* select fewer files in MEDIACANON_IMDB"):
        await sync(database, no_room)
    # Notes for a file that is not there any more.
    await pool.execute("INSERT INTO imdb_unmerged (noun, about) SELECT 'people', 1 FROM generate_series(1, 9)")
    await run_import(database, folder)
    assert await pool.fetchval("SELECT count(*) FROM imdb_unmerged") == 1
    assert await pool.fetchval("SELECT count(*) FROM title_akas") == 5
    assert await pool.fetchval("SELECT count(*) FROM credits") == 7
    whole = (folder / PRINCIPALS.file).read_bytes()
    (folder / PRINCIPALS.file).write_bytes(gzip.compress(gzip.decompress(whole)[:-9]))
    with pytest.raises(ImportRefused, match="ends inside a row"):
        await run_import(database, folder)
    write_further(folder, principals=PRINCIPAL_ROWS[:2], people=NAME_ROWS)
    with pytest.raises(ImportRefused, match="has 2 rows; the last import had 10"):
        await run_import(database, folder)
    assert await pool.fetchval("SELECT count(*) FROM credits") == 7
    bad = ("nmABCDEFG", "No Number", None, None, None, None)
    (folder / PRINCIPALS.file).write_bytes(whole)
    many = [(f"nm1{n:06}", f"Extra {n}", None, None, None, None) for n in range(2000)]
    write_further(folder, people=[*NAME_ROWS, bad, *many])
    report = await run_import(database, folder)
    assert report.skipped[NAMES.file] == 1
    assert "No Number" in report.examples[0].text
    assert await pool.fetchval("SELECT count(*) FROM people") == 4


async def test_the_first_import_keeps_owners_and_grants(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """Of the tables that change places: a superuser may import for a server that reads under another role."""
    await pool.execute("GRANT SELECT ON people TO PUBLIC; GRANT SELECT, INSERT ON credits TO pg_monitor")
    rights = (
        "SELECT relname, relowner, relacl::text[] FROM pg_class WHERE relname = ANY ($1) AND relkind = 'r' ORDER BY 1"
    )
    tables = ["title_akas", "title_names", "people", "credits"]
    before = await pool.fetch(rights, tables)
    await run_import(superuser(database), folder)
    assert await pool.fetch(rights, tables) == before
    assert await pool.fetchval("SELECT count(*) FROM people") == 5


async def test_a_refused_file_keeps_no_words_from_search(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """Those of the titles, and of the files before it, are what a mistyped word may mean."""
    whole = gzip.decompress((folder / PRINCIPALS.file).read_bytes())
    (folder / PRINCIPALS.file).write_bytes(gzip.compress(whole[:-9]))
    with pytest.raises(ImportRefused, match="ends inside a row"):
        await run_import(database, folder)
    assert await pool.fetchval("SELECT count(*) FROM name_words WHERE word IN ('film', 'show')") == 2


async def test_readers_wait_for_no_exchange(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """Neither the first import nor the next keeps a reader waiting while it writes, and a title may be deleted."""
    await run_import(database, folder, force=True)
    await pool.execute("TRUNCATE credits; DELETE FROM sync_state WHERE key = 'imdb_file:title.principals.tsv.gz'")
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mediacanon sync' AND wait_event_type = 'Lock'"
    )
    for credits_before in (0, 7):
        async with pool.acquire() as holder, holder.transaction():
            # The last statement before the commit, or before the tables change places.
            await holder.execute("LOCK TABLE sync_state IN EXCLUSIVE MODE")
            running = asyncio.create_task(run_import(database, folder))
            while not await pool.fetchval(waiting):
                await asyncio.sleep(0.02)
            assert await pool.fetchval("SELECT count(*) FROM credits WHERE ordinal < 10000") == credits_before
        await running
        write_further(folder, principals=PRINCIPAL_ROWS[:-2])
    await pool.execute("DELETE FROM titles WHERE imdb_id = $1", FILM)
    assert await credits_of(pool, FILM) == []
    assert await pool.fetchval("SELECT count(*) FROM people") == 5


async def test_an_exchange_gives_way_to_readers(
    database: str, pool: asyncpg.Pool, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who reads titles and then their names gets both, and the import goes on without a new beginning."""
    await sync(database, SyncOptions(folder=folder, base_url=None, further=()))
    waiting = "SELECT mode FROM pg_locks WHERE relation = 'titles'::regclass AND NOT granted"
    async with pool.acquire() as reader:
        async with reader.transaction():
            await reader.execute("SELECT count(*) FROM titles")
            running = asyncio.create_task(run_import(database, folder))
            while await pool.fetchval(waiting) != "AccessExclusiveLock":
                assert not running.done()
                await reader.execute("SELECT count(*) FROM titles")
                await asyncio.sleep(0.01)
            assert await reader.fetchval("SELECT count(*) FROM title_akas") == 0
        await running
    assert await pool.fetchval("SELECT count(*) FROM title_akas") == 5
    assert "begins again" not in caplog.text


async def test_a_timer_leaves_a_file_alone_until_it_is_due(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """Each counts from its own import, a file that reads another comes with it; by hand, or forced, all are imported."""
    await run_import(database, folder)
    write_further(folder, akas=AKAS[:4], principals=PRINCIPAL_ROWS[:-1], crew=CREW_ROWS[:2], people=NAME_ROWS[:-1])
    names, files = [dataset.name for dataset in FURTHER], [dataset.file for dataset in FURTHER]
    timer = SyncOptions(folder=folder, base_url=None, rests_for=7)
    report = await sync(database, timer)
    assert (report.resting, report.is_unchanged) == (names, True)
    await pool.execute(
        "UPDATE sync_state SET updated_at = now() - interval '6 days 17 hours' WHERE key LIKE 'imdb_file:%'"
    )
    assert (await sync(database, timer)).resting == names
    longer = "UPDATE sync_state SET updated_at = now() - interval '6 days 19 hours' WHERE key = 'imdb_file:' || $1"
    await pool.execute(longer, "title.akas.tsv.gz")
    report = await sync(database, timer)
    assert (report.resting, list(report.rows)) == (names[1:], files[:1])
    assert len(await names_of(pool, FILM)) == 4
    await pool.execute(longer, "title.crew.tsv.gz")
    report = await sync(database, timer)
    assert (report.resting, list(report.rows)) == (names[:2], files[2:])
    assert (await sync(database, timer)).resting == names
    assert list((await run_import(database, folder)).rows) == files[1:]
    assert (
        list((await sync(database, SyncOptions(folder=folder, base_url=None, rests_for=7, is_forced=True))).rows)[3:]
        == files
    )
    # An earlier version's import lacks a fact.
    await pool.execute("UPDATE sync_state SET value = '{}' WHERE key = 'imdb_file:title.akas.tsv.gz'")
    assert (await sync(database, timer)).resting == names[1:]


EPISODES = [("tt0100003", 1), ("tt0100004", 2), ("tt0100005", 3)]
EPISODE_ROWS = [
    ("tt0100003", 1, "nm0000002", "actress", None, '["Eve","Eve\'s Twin"]'),
    ("tt0100003", 2, "nm0000005", "actor", None, '["A \\"Guest\\""]'),
    ("tt0100003", 3, "nm0000002", "actress", None, '["Narrator"]'),
    ("tt0100003", 4, "nm0000003", "stunts", "stunts", None),
    ("tt0100004", 1, "nm0000003", "director", None, None),
    ("tt0100004", 2, "nm0000001", "self", None, '["Self"]'),
    ("tt0999998", 1, "nm0000001", "actor", None, None),
]


async def test_credits_of_episodes_are_imported_on_request(database: str, pool: asyncpg.Pool, folder: Path) -> None:
    """One row an episode, staged once with those of titles; people of episodes alone are people; the next day changes."""
    chosen = further_files(["title.principals", "episode.credits", "name.basics"])
    options = SyncOptions(folder=folder, base_url=None, further=chosen)
    titles = [title(SHOW, "tvSeries", "A Show"), *(title(id_, "tvEpisode", id_) for id_, _ in EPISODES), title(FILM)]
    write(folder, titles=titles, episodes=[(id_, SHOW, 1, number) for id_, number in EPISODES])
    write_further(folder, principals=sorted([*PRINCIPAL_ROWS, *EPISODE_ROWS]))
    await run_import(database, folder)
    assert await pool.fetchval("SELECT count(*) FROM episode_credits") == 0, "off by default"
    before = await pool.fetch(KEYS)
    stored = "SELECT e.imdb_id, c.people, c.categories, c.characters FROM episode_credits c JOIN show_episodes e ON e.id = c.episode_id ORDER BY 1"

    async def rows() -> list[tuple[object, ...]]:
        return [tuple(row) for row in await pool.fetch(stored)]

    report = await sync(database, options)
    stunts = await pool.fetchval("SELECT id FROM credit_categories WHERE name = 'stunts'")
    first = ("tt0100003", [2, 5, 3], [2, 1, stunts], 'Eve\tEve\'s Twin\tNarrator\nA "Guest"')
    assert await rows() == [first, ("tt0100004", [3, 1], [6, 3], "\nSelf")]
    assert await pool.fetch(KEYS) == before
    counts = changes(report, "episode_credits")
    assert (counts.inserted, counts.skipped) == (2, report.rows[PRINCIPALS.file] - 6)
    assert [name for name in report.seconds if name.startswith("staging")] == [
        "staging episode_credits",
        "staging people",
    ]
    assert await pool.fetchval("SELECT fame FROM people WHERE id = 5") == 0
    assert (await sync(database, options)).is_unchanged
    moved = [("tt0100005", 1, "nm0000002", "actress", None, None), *EPISODE_ROWS[:2]]
    write_further(folder, principals=sorted([*PRINCIPAL_ROWS, *moved]))
    counts = changes(await sync(database, options), "episode_credits")
    assert (counts.inserted, counts.updated, counts.withdrawn, counts.unchanged) == (1, 1, 1, 0)
    assert [row[0] for row in await rows()] == ["tt0100003", "tt0100005"]
    await run_import(database, folder)
    assert len(await rows()) == 2, "what is no longer selected stays"
