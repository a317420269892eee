"""The import on real dumps, when they are there: MEDIACANON_SHARED or ../shared names their folder."""

import gzip
import os
from pathlib import Path

import asyncpg
import pytest

from tests.imdb.catalogue import Catalogue, changes, run_import

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[3] / "shared")
IMDB = SHARED / "data" / "imdb"

pytestmark = pytest.mark.skipif(not IMDB.is_dir(), reason="the real dumps are not here")


def rows(day: str, file: str) -> dict[str, tuple[str, ...]]:
    """Return a dump's rows by tconst."""
    with gzip.open(IMDB / day / file, "rt", encoding="utf-8", newline="\n") as lines:
        next(lines)
        return {row[0]: tuple(row[1:]) for row in (line.rstrip("\n").split("\t") for line in lines)}


def placed(day: str) -> dict[str, tuple[str, ...]]:
    """Return the episodes that stand in a show of the dump, by tconst."""
    shows = {
        tconst for tconst, row in rows(day, "title.basics.tsv.gz").items() if row[0] in ("tvSeries", "tvMiniSeries")
    }
    episodes = rows(day, "title.episode.tsv.gz")
    return {tconst: row for tconst, row in episodes.items() if row[0] in shows and row[1] != "\\N" and row[2] != "\\N"}


async def test_two_real_days(database: str, pool: asyncpg.Pool, catalogue: Catalogue) -> None:
    """The famous shows are whole, and the second day's report is the files' own difference."""
    first = await run_import(database, IMDB / "real")
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

    second = await run_import(database, IMDB / "real-next-day")
    old, new = placed("real"), placed("real-next-day")
    episodes = changes(second, "episodes")
    assert changes(first, "episodes").inserted == len(old)
    assert episodes.inserted == len(new.keys() - old.keys())
    assert episodes.withdrawn == len(old.keys() - new.keys())
    assert episodes.moved == sum(old[key] != new[key] for key in old.keys() & new.keys())

    known = await pool.fetch("SELECT imdb_id FROM titles UNION ALL SELECT imdb_id FROM show_episodes")
    # A few ids are a title and an episode at once: each keeps its rating.
    known_ids = [row[0] for row in known]
    was, now = rows("real", "title.ratings.tsv.gz"), rows("real-next-day", "title.ratings.tsv.gz")
    ratings = changes(second, "ratings")
    both = was.keys() & now.keys()
    assert ratings.updated == sum(was[key] != now[key] for key in known_ids if key in both)
    assert sum(was[key] != now[key] for key in both) == 71_254
    assert ratings.unchanged + ratings.updated + ratings.inserted == sum(key in now for key in known_ids)


async def test_small_and_head_dumps_import_clean(database: str, catalogue: Catalogue) -> None:
    """Titles with real episode names, and a cut whose references dangle."""
    report = await run_import(database, IMDB / "small")
    assert changes(report, "movies").inserted == 2000
    assert changes(report, "episodes").inserted == 979
    report = await run_import(database, IMDB / "head-2025", force=True)
    assert not any(report.skipped.values())


async def test_the_truncated_dump_is_refused(database: str, tmp_path: Path) -> None:
    """A real file that ends inside a row."""
    from mediacanon.errors import ImportRefused

    for file in ("title.episode.tsv.gz", "title.ratings.tsv.gz"):
        (tmp_path / file).write_bytes((IMDB / "small" / file).read_bytes())
    cut = (IMDB / "odd" / "title.basics.truncated-mid-row.tsv").read_bytes()
    (tmp_path / "title.basics.tsv.gz").write_bytes(gzip.compress(cut))
    with pytest.raises(ImportRefused, match=r"truncated|malformed"):
        await run_import(database, tmp_path)
