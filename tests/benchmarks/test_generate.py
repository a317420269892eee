"""The generated files: IMDb's format at any scale, reproducible, and with plausible changes a day later."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.dump import KINDS
from benchmarks.generate import generate
from mediacanon.imdb import datasets

SCALE = 0.002
Rows = dict[str, list[str]]


def read(folder: Path) -> dict[str, Rows]:
    """Return the rows of each file by id, after a check of its header."""
    files = {}
    for dataset in datasets.ALL:
        lines = gzip.decompress((folder / dataset.file).read_bytes()).decode().split("\n")
        assert lines.pop() == ""
        assert tuple(lines[0].split("\t")) == dataset.header
        rows = [line.split("\t") for line in lines[1:]]
        assert [row[0] for row in rows] == sorted({row[0] for row in rows})
        files[dataset.table] = {row[0]: row for row in rows}
    return files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@pytest.fixture(scope="module")
def today(folder: Path) -> dict[str, Rows]:
    generate(folder / "today", SCALE)
    return read(folder / "today")


@pytest.fixture(scope="module")
def next_day(folder: Path) -> dict[str, Rows]:
    generate(folder / "next", SCALE, next_day=True)
    return read(folder / "next")


def test_rows_follow_the_scale(today: dict[str, Rows]) -> None:
    """Types have their share of the public dump's rows, and every row has all columns."""
    total = sum(count for count, _ in KINDS.values()) * SCALE
    assert len(today["basics"]) == pytest.approx(total, rel=0.01)
    assert len(today["ratings"]) == pytest.approx(1_560_000 * SCALE, rel=0.1)
    assert {row[1] for row in today["basics"].values()} == set(KINDS)
    for dataset in datasets.ALL:
        rows = today[dataset.table].values()
        assert {len(row) for row in rows} == {len(dataset.header)}
        assert all(all(row) for row in rows)


def test_episodes_belong_to_shows(today: dict[str, Rows]) -> None:
    """Parents are shows, a few of them missing; season and number are known together."""
    basics = today["basics"]
    parents = [basics.get(row[1]) for row in today["episode"].values()]
    known = [parent for parent in parents if parent]
    assert {parent[1] for parent in known} <= {"tvSeries", "tvMiniSeries"}
    assert len(known) > 0.98 * len(parents)
    assert all((row[2] == "\\N") == (row[3] == "\\N") for row in today["episode"].values())
    unnumbered = sum(row[2] == "\\N" for row in today["episode"].values())
    assert unnumbered == pytest.approx(0.2 * len(parents), rel=0.1)


def test_same_scale_and_seed_give_same_bytes(folder: Path, today: dict[str, Rows]) -> None:
    """A second run writes the same files; another seed does not."""
    generate(folder / "again", SCALE)
    generate(folder / "other", SCALE, seed=8)
    for dataset in datasets.ALL:
        first = (folder / "today" / dataset.file).read_bytes()
        assert first == (folder / "again" / dataset.file).read_bytes()
        assert first != (folder / "other" / dataset.file).read_bytes()


def further_rows(folder: Path) -> dict[str, list[list[str]]]:
    """Return the rows of the further files, after a check of their headers and of the order of their ids as text."""
    files = {}
    for dataset in datasets.FURTHER:
        header, *lines = gzip.decompress((folder / dataset.file).read_bytes()).decode().removesuffix("\n").split("\n")
        assert tuple(header.split("\t")) == dataset.header
        rows = files[dataset.table] = [line.split("\t") for line in lines]
        assert {len(row) for row in rows} == {len(dataset.header)}
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
        assert all(all(row) for row in rows)
    return files


def test_further_files_have_the_ratios_scripts_and_quirks_of_the_public_ones(
    folder: Path, today: dict[str, Rows], next_day: dict[str, Rows]
) -> None:
    """Names in several scripts and machine-made ones, at most ten of a cast, crew beyond principals, missing people."""
    rows = further_rows(folder / "today")
    total = len(today["basics"])
    assert len(rows["akas"]) / total == pytest.approx(4.4, rel=0.1)
    assert len(rows["principals"]) / total == pytest.approx(8.2, rel=0.1)
    machine = [row for row in rows["akas"] if "#" in row[2]]
    assert len(machine) / len(rows["akas"]) == pytest.approx(0.5, abs=0.1)
    assert {*Counter(row[0] for row in machine).values()} == {8}
    texts = "".join(row[2] for row in rows["akas"])
    assert set("灯守등حשผκС") <= set(texts)
    assert any("\x02" in row[6] for row in rows["akas"])
    cast = Counter((row[0]) for row in rows["principals"] if row[3] in ("actor", "actress", "self"))
    assert max(cast.values()) == 10
    assert any(r"\"Ace\"" in row[5] for row in rows["principals"])
    people = {row[0] for row in rows["names"]}
    credited = {row[2] for row in rows["principals"]}
    assert 0 < len(credited - people) / len(credited) < 0.02
    in_crew = {(row[0], one) for row in rows["crew"] for one in f"{row[1]},{row[2]}".split(",")}
    in_principals = {(row[0], row[2]) for row in rows["principals"] if row[3] in ("director", "writer")}
    assert in_principals <= in_crew
    assert 0 < len(in_crew - in_principals) / len(in_crew) < 0.3
    later = further_rows(folder / "next")
    changed = {row[0] for row in {*map(tuple, rows["principals"])} ^ {*map(tuple, later["principals"])}}
    assert 0.001 < len(changed) / total < 0.01


def test_next_day_changes_one_name_in_a_hundred(today: dict[str, Rows], next_day: dict[str, Rows]) -> None:
    """About 1 % of the titles change their name and no other fact."""
    shared = today["basics"].keys() & next_day["basics"].keys()
    changed = [i for i in shared if today["basics"][i] != next_day["basics"][i]]
    assert len(changed) == pytest.approx(0.01 * len(shared), rel=0.2)
    for imdb_id in changed:
        assert next_day["basics"][imdb_id][2] == today["basics"][imdb_id][2] + " Redux"
        assert next_day["basics"][imdb_id][4:] == today["basics"][imdb_id][4:]


def test_next_day_changes_one_rating_in_ten(today: dict[str, Rows], next_day: dict[str, Rows]) -> None:
    """About 10 % of the ratings gain votes."""
    shared = today["ratings"].keys() & next_day["ratings"].keys()
    changed = [i for i in shared if today["ratings"][i] != next_day["ratings"][i]]
    assert len(changed) == pytest.approx(0.1 * len(shared), rel=0.2)
    assert all(int(next_day["ratings"][i][2]) > int(today["ratings"][i][2]) for i in changed)


def test_next_day_adds_removes_and_renumbers(today: dict[str, Rows], next_day: dict[str, Rows]) -> None:
    """A few titles are added and removed, and a few episodes are renumbered within their show."""
    before, after = today["basics"].keys(), next_day["basics"].keys()
    assert 0 < len(before - after) < len(after - before) < 0.002 * len(before)
    episodes, moved = today["episode"], next_day["episode"]
    renumbered = [i for i in episodes.keys() & moved.keys() if episodes[i] != moved[i]]
    assert 0 < len(renumbered) < 0.001 * len(episodes)
    assert all(moved[i][:3] == episodes[i][:3] for i in renumbered)
