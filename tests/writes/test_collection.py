"""Loading collections: upserts by slug, vanished and returned files, listed titles, the original's database."""

import asyncio
import gzip
import os
import subprocess
from functools import partial
from pathlib import Path

import pytest

from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.migrate import migrate
from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.writes.collection import LoadReport, load_collections
from tests.conftest import own_database

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[3] / "shared")
ORIGINAL = SHARED / "contract" / "catalog.sql.gz"
LISTED = """SELECT t.imdb_id FROM collection_titles ct JOIN collections c ON c.id = ct.collection_id
              JOIN titles t ON t.id = ct.title_id WHERE c.slug = $1 ORDER BY ct.rank"""


@pytest.fixture
def folder(tmp_path):
    """Give a function that writes a collection's file into the folder of `load`."""

    def write(slug, text="filter: {genre: Drama}", *, strategy="filter", name=None):
        content = f"slug: {slug}\nname: {name or slug.title()}\nstrategy: {strategy}\n{text}\n"
        (tmp_path / f"{slug}.yaml").write_text(content)

    return write


@pytest.fixture
def load(pool, tmp_path):
    """Give a function that loads the folder."""
    return partial(load_collections, pool, search=partial(load_titles_by_rank, pool), folder=tmp_path)


@pytest.fixture
async def rows(pool):
    """Give a function that returns the collections by slug."""

    async def fetch():
        return {row["slug"]: dict(row) for row in await pool.fetch("SELECT * FROM collections")}

    return fetch


async def add_title(pool, imdb_id, name="x", year=2000, type_="movie"):
    """Add a title and return its id."""
    return await pool.fetchval(
        "INSERT INTO titles (type, display_name, imdb_id, start_year) VALUES ($1, $2, $3, $4) RETURNING id",
        type_,
        name,
        imdb_id,
        year,
    )


async def test_loading_twice_changes_nothing(load, folder, rows, published):
    """The first loading creates a row per file and publishes it; the second leaves even the timestamps."""
    folder("one", "description: First.\npinned: true\nlanguages: [en, fr]\nregions: [global]\nfilter: {type: show}")
    folder("two", "titles: [tt0000001]", strategy="static")
    assert (await load()).created == ["one", "two"]
    first = await rows()
    one = first["one"]
    assert (one["name"], one["description"], one["strategy"], one["pinned"]) == ("One", "First.", "filter", True)
    assert (one["filter_params"], one["languages"], one["regions"]) == ({"type": "show"}, ["en", "fr"], ["global"])
    assert (one["active"], one["engagement_count"]) == (True, 0)
    assert (first["two"]["filter_params"], first["two"]["description"]) == (None, None)
    assert await published() == [{"tags": ["collections", "lists"]}]
    assert await load() == LoadReport(unchanged=2, problems=["two: titles: tt0000001 is unknown"])
    assert await rows() == first
    assert await published() == []


async def test_ids_clicks_and_active_stay(load, folder, rows, pool):
    """A changed file updates its row; id, click count and `active` stay."""
    folder("one")
    folder("two")
    await load()
    await pool.execute("UPDATE collections SET engagement_count = 7, active = false WHERE slug = 'one'")
    before = await rows()
    folder("one", "filter: {genre: Comedy}", name="Renamed")
    report = await load()
    after = await rows()
    assert (report.updated, report.unchanged, report.reactivated) == (["one"], 1, [])
    assert after["one"]["name"] == "Renamed"
    assert after["one"]["filter_params"] == {"genre": "Comedy"}
    for column in ("id", "engagement_count", "active", "created_at"):
        assert after["one"][column] == before["one"][column]
    assert after["two"] == before["two"]


async def test_a_vanished_file_deactivates_until_it_returns(load, folder, rows, tmp_path, published):
    """The collection of a vanished file is deactivated once, keeps its id, and is reactivated with the file."""
    folder("one")
    folder("two")
    await load()
    before = await rows()
    (tmp_path / "two.yaml").unlink()
    await published()
    assert (await load()).deactivated == ["two"]
    assert await published() == [{"tags": ["collections", "lists"]}]
    assert await load() == LoadReport(unchanged=1)
    assert (await rows())["two"]["active"] is False
    folder("two")
    assert await load() == LoadReport(reactivated=["two"], unchanged=2)
    assert {slug: row["id"] for slug, row in (await rows()).items()} == {s: r["id"] for s, r in before.items()}
    assert (await rows())["two"]["active"] is True


async def test_an_operators_choice_outlives_a_vanished_file(load, folder, rows, pool, tmp_path):
    """A collection deactivated by the operator stays so after its file vanishes and returns."""
    folder("one")
    folder("two")
    await load()
    await pool.execute("UPDATE collections SET active = false WHERE slug = 'two'")
    (tmp_path / "two.yaml").unlink()
    assert (await load()).deactivated == []
    folder("two")
    assert (await load()).reactivated == []
    assert (await rows())["two"]["active"] is False


async def test_a_wrong_file_leaves_its_collection_as_it_is(load, folder, rows, tmp_path):
    """An invalid file is reported, does not count as vanished, and does not stop the others."""
    folder("one")
    await load()
    before = await rows()
    (tmp_path / "one.yaml").write_text("slug: one\nnmae: x\n")
    folder("two")
    report = await load()
    assert report.created == ["two"]
    assert report.deactivated == []
    assert report.problems[0] == "one.yaml:2: nmae: is no key here; did you mean name?"
    assert (await rows())["one"] == before["one"]


@pytest.mark.parametrize("gone", ["missing", "empty", "wrong"])
async def test_without_any_file_nothing_changes(load, folder, rows, tmp_path, gone):
    """A missing folder, an empty one and one without a valid file change no collection."""
    folder("one")
    await load()
    before = await rows()
    match gone:
        case "missing":
            report = await load(folder=tmp_path / "nowhere")
        case "empty":
            (tmp_path / "one.yaml").unlink()
            report = await load()
        case "wrong":
            (tmp_path / "one.yaml").write_text("{")
            report = await load()
    assert len(report.problems) == 1
    assert await rows() == before


async def test_collections_without_a_file_are_left_alone(load, folder, rows, pool):
    """A row created by hand is neither changed nor deactivated."""
    await pool.execute("INSERT INTO collections (name, slug, strategy) VALUES ('Hand', 'hand', 'static')")
    before = await rows()
    folder("one")
    await load()
    await load()
    assert (await rows())["hand"] == before["hand"]


async def test_a_static_list_keeps_its_order(load, folder, pool):
    """Ranks follow the file; unknown ids are reported; a new order, a removal and a late title are loaded."""
    for imdb_id in ("tt0000001", "tt0000002", "tt0000003"):
        await add_title(pool, imdb_id)
    folder("list", "titles: [tt0000003, tt0000009, tt0000001]", strategy="static")
    report = await load()
    assert report.problems == ["list: titles: tt0000009 is unknown"]
    assert [row[0] for row in await pool.fetch(LISTED, "list")] == ["tt0000003", "tt0000001"]
    folder("list", "titles: [tt0000002, tt0000003, tt0000009]", strategy="static")
    await add_title(pool, "tt0000009")
    assert await load() == LoadReport(updated=["list"])
    assert [row[0] for row in await pool.fetch(LISTED, "list")] == ["tt0000002", "tt0000003", "tt0000009"]
    assert await load() == LoadReport(unchanged=1)


async def test_a_malformed_entry_is_lost_and_not_its_list(load, folder, pool):
    """It is told with its line and reason; the others are loaded, in their order."""
    for imdb_id in ("tt0000001", "tt0000003"):
        await add_title(pool, imdb_id)
    folder("list", "titles: [tt0000003, nm0000002, tt0000001]", strategy="static")
    report = await load()
    assert report.created == ["list"]
    [problem] = report.problems
    assert "titles[2]: must be an IMDb id such as tt0903747, not 'nm0000002'" in problem
    assert [row[0] for row in await pool.fetch(LISTED, "list")] == ["tt0000003", "tt0000001"]


async def test_a_list_that_becomes_a_filter_lists_nothing(load, folder, pool):
    """The strategy of the file decides: a filter has no listed titles."""
    await add_title(pool, "tt0000001")
    folder("list", "titles: [tt0000001]", strategy="static")
    await load()
    folder("list")
    assert (await load()).updated == ["list"]
    assert await pool.fetchval("SELECT count(*) FROM collection_titles") == 0


async def test_names_are_resolved_only_when_unambiguous(load, folder, pool):
    """A unique name counts, with year and type if given; similar, ambiguous and repeated names are reported."""
    dune = await add_title(pool, "tt0000001", "Dune", 2021)
    await add_title(pool, "tt0000002", "Dune", 1984)
    await add_title(pool, "tt0000003", "Dune Drifter", 2020)
    office = await add_title(pool, "tt0000004", "The Office", 2005, "show")
    await add_title(pool, "tt0000005", "The Office", 2005)
    amelie = await add_title(pool, "tt0000006", "Amélie", 2001)
    number = await add_title(pool, "tt0000007", "2012", 2009)
    folder(
        "picks",
        "titles:\n- {title: Dune, year: 2021}\n- {title: Dune}\n- {title: The Office, year: 2005, type: show}\n"
        "- {title: amelie}\n- {title: Dune Drift}\n- {title: Dune, year: 1999}\n- {title: '2012', year: 2009}\n"
        "- tt0000001\n- {title: Nothing Like It}\n",
        strategy="llm",
    )
    report = await load()
    assert report.problems == [
        "picks: titles: Dune could be any of 2 titles",
        "picks: titles: Dune Drift is unknown",
        "picks: titles: Dune (1999) is unknown",
        "picks: titles: tt0000001 is listed above",
        "picks: titles: Nothing Like It is unknown",
    ]
    found = await pool.fetch("SELECT title_id, rank FROM collection_titles ORDER BY rank")
    assert [tuple(row) for row in found] == [(dune, 1), (office, 3), (amelie, 4), (number, 7)]


async def test_several_workers_load_at_once(load, folder, rows):
    """Concurrent loadings queue up: one creates the rows, the others change nothing, and ids have no gaps."""
    for number in range(5):
        folder(f"c{number}")
    reports = await asyncio.gather(*(load() for _ in range(4)))
    assert sorted(len(report.created) for report in reports) == [0, 0, 0, 5]
    assert sorted(row["id"] for row in (await rows()).values()) == [1, 2, 3, 4, 5]


@pytest.mark.skipif(not ORIGINAL.exists(), reason="the original's database is not here")
async def test_an_originals_database_is_taken_over(cluster):
    """Every id, slug, click count and `active` stays; collections without a shipped file stay untouched."""
    async with own_database(cluster) as dsn:
        psql = find_binaries(server_account(None)).folder / "psql"
        script = gzip.decompress(ORIGINAL.read_bytes())
        await asyncio.to_thread(
            subprocess.run,
            [psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", dsn],
            input=script,
            capture_output=True,
            check=True,
        )
        await migrate(dsn)
        async with await open_pool(dsn, size=2) as pool:
            columns = (
                "SELECT id, slug, strategy, pinned, active, engagement_count, created_at FROM collections ORDER BY id"
            )
            listed = "SELECT * FROM collection_titles ORDER BY 1, 2"
            own = "SELECT * FROM collections WHERE slug NOT LIKE 'top-%' ORDER BY id"
            before = [await pool.fetch(sql) for sql in (columns, listed, own)]
            report = await load_collections(pool, search=partial(load_titles_by_rank, pool))
            assert [await pool.fetch(sql) for sql in (columns, listed, own)] == before
            assert (report.created, report.deactivated, report.problems) == ([], [], [])
            assert len(report.updated) == 46
            korean = await pool.fetchval("SELECT filter_params FROM collections WHERE slug = 'top-korean-shows'")
            assert korean["lang"] == "ko"
            assert "genre" not in korean
            assert (await load_collections(pool, search=partial(load_titles_by_rank, pool))).unchanged == 46
