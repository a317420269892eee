"""The difference and the whole of the further files lead to the same rows: random days, edits, crashes and rests."""

import gzip
import os
import random
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.imdb import import_further
from mediacanon.imdb.datasets import AKAS, CREW, FURTHER, NAMES, PRINCIPALS, FurtherDataset
from mediacanon.imdb.report import Report
from mediacanon.imdb.stage import Staged
from mediacanon.imdb.stage_further import FurtherStage, Kept
from mediacanon.imdb.sync import SyncOptions, sync
from tests.conftest import own_database
from tests.imdb.files import Row, replace, text, title, write

ROUNDS = int(os.environ.get("MEDIACANON_IMPORT_ROUNDS", "6"))
SEED = int(os.environ.get("MEDIACANON_IMPORT_SEED", "11"))
TITLES = [f"tt01000{n:02}" for n in range(12)]
PEOPLE = [f"nm00000{n:02}" for n in range(1, 25)]
NAMES_OF_TITLES = ["Sun", "Moon", "Брат", "The Star", "Rain"]
# One malformed row in a thousand is accepted.
FILLERS = range(2500)
MALFORMED = "soon"
CRASHES = ["exchange_titles", "take_place", "notify_everything", "keep_files", "build_anew"]
EDITS = [
    "UPDATE titles SET display_name = '{word}', locked_fields = '{{display_name}}' WHERE imdb_id = '{title}'",
    "UPDATE titles SET display_name = 'Sun', locked_fields = '{{}}' WHERE imdb_id = '{title}'",
    "UPDATE titles SET imdb_id = NULL WHERE imdb_id = '{title}'",
    ("UPDATE titles SET imdb_id = '{other}', locked_fields = '{{imdb_id}}', withdrawn_at = NULL WHERE imdb_id = '{title}'"
    " AND NOT EXISTS (SELECT FROM titles WHERE imdb_id = '{other}')"),
    "DELETE FROM titles WHERE imdb_id = '{title}'",
    "UPDATE people SET name = '{word}', locked_fields = '{{name}}' WHERE id = {person}",
    "UPDATE people SET birth_year = 1900, locked_fields = NULL WHERE id = {person}",
    "DELETE FROM people WHERE id = {person}",
]  # fmt: skip
TITLE = "COALESCE(t.imdb_id, t.display_name)"
CONTENT = [
    f"SELECT {TITLE}, a.region, a.kind, a.name FROM title_akas a JOIN titles t ON t.id = a.title_id ORDER BY 1, 2, 3, 4",
    f"SELECT {TITLE}, n.fame, n.is_working, n.name FROM title_names n JOIN titles t ON t.id = n.title_id ORDER BY 1, 2, 3, 4",
    f"SELECT {TITLE}, c.ordinal, c.person_id, c.category, c.job, c.characters FROM credits c JOIN titles t ON t.id = c.title_id ORDER BY 1, 2",
    "SELECT id, name, birth_year, fame, professions, known_for, locked_fields, withdrawn_at IS NULL FROM people ORDER BY 1",
]


class Dump:
    """IMDb's files, which change from day to day."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._titles = {key: title(key, name="Sun") for key in TITLES}
        self._votes = {key: (key, 5.0, 10) for key in TITLES}
        self._rows: dict[str, dict[str, list[Row]]] = {dataset.noun: {} for dataset in FURTHER}
        self._day = 0
        for _ in range(80):
            self.change()

    def change(self) -> None:
        """Change the rows of a title or a person, or take them out."""
        chance, key, person = self._chance, self._chance.choice(TITLES), self._chance.choice(PEOPLE)
        match chance.choice("tvaappcnn"):
            case "t":
                kind = chance.choice(["movie", "movie", "tvSeries", "short"])
                self._titles[key] = title(key, kind, chance.choice(NAMES_OF_TITLES))
            case "v":
                self._votes[key] = (key, 5.0, chance.randrange(5, 5000))
            case "a":
                names = [chance.choice(NAMES_OF_TITLES) for _ in range(chance.randrange(4))]
                kinds = [chance.choice(["imdbDisplay", "working", None]) for _ in names]
                self._rows[AKAS.noun][key] = [
                    (key, MALFORMED if chance.random() < 0.05 else n, name, "DE", None, kind, None, 0)
                    for n, (name, kind) in enumerate(zip(names, kinds, strict=True), 1)
                ]
            case "p":
                self._rows[PRINCIPALS.noun][key] = [
                    (key, n, chance.choice(PEOPLE), chance.choice(["actor", "director", "writer"]), None, None)
                    for n in range(1, 1 + chance.randrange(5))
                ]
            case "c":
                lists = [",".join(chance.sample(PEOPLE, chance.randrange(3))) or None for _ in range(2)]
                self._rows[CREW.noun][key] = [(key, *lists)]
            case "n":
                year = MALFORMED if chance.random() < 0.05 else chance.choice([None, 1950])
                self._rows[NAMES.noun][person] = [(person, chance.choice(["Ann", "Bob", None]), year, None, None, None)]
        if chance.random() < 0.15:
            self._rows[chance.choice(FURTHER).noun].pop(chance.choice([key, person]), None)

    def write(self, folders: list[Path]) -> None:
        """Write the files into each folder. At most two rows of each are malformed, and one file may not be sorted."""
        self._day += 1
        # A row of each day: a file that has not changed is not imported.
        titles = [*self._titles.values(), title("tt0900000", "short", str(self._day))]
        for folder in folders:
            write(folder, titles=titles, ratings=self._votes.values())
        today = [(n, str(self._day if n == 9 else 0)) for n in FILLERS]
        fillers: list[list[Row]] = [
            [(f"tt09{n:05}", 1, day, None, None, None, None, 0) for n, day in today],
            [(f"tt09{n:05}", 1, "nm0000001", "actor", day, None) for n, day in today],
            [(f"tt09{n:05}", "nm0000001", day) for n, day in today],
            [(f"nm09{n:05}", day, None, None, None, None) for n, day in today],
        ]
        for dataset, filler in zip(FURTHER, fillers, strict=True):
            rows = [row for rows in self._rows[dataset.noun].values() for row in rows]
            malformed = [row for row in rows if MALFORMED in row][2:]
            lines = sorted([*(row for row in rows if row not in malformed), *filler], key=lambda row: str(row[0]))
            if self._chance.random() < 0.02:
                lines[5], lines[70] = lines[70], lines[5]
            for folder in folders:
                replace(folder / dataset.file, gzip.compress(text(dataset, lines), 1))


def make_edit(chance: random.Random) -> str:
    """Return a statement of a person."""
    word, person = chance.choice(NAMES_OF_TITLES), chance.choice(PEOPLE)
    one, other = chance.choice(TITLES), chance.choice(TITLES)
    return chance.choice(EDITS).format(word=word, title=one, other=other, person=int(person[2:]))


class CrashError(Exception):
    """The end of an import at a random function."""


def crash(*_: object, **__: object) -> None:
    """Stand in for a function of the import."""
    raise CrashError


async def test_both_ways_lead_to_the_same_rows(
    cluster: str, schema_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every import the rows and the report are those of an import of whole files."""
    chance, differences = random.Random(SEED), list[FurtherDataset]()
    stage_difference = FurtherStage.stage_difference

    async def noted(stage: FurtherStage, kept: Kept) -> Staged:
        staged = await stage_difference(stage, kept)
        differences.append(stage.dataset)
        return staged

    monkeypatch.setattr(FurtherStage, "stage_difference", noted)
    async with AsyncExitStack() as opened:
        pools, folders, dsns = [], [tmp_path / name for name in ("difference", "whole")], []
        for folder in folders:
            folder.mkdir()
            dsns.append(await opened.enter_async_context(own_database(cluster, template=schema_template)))
            pools.append(await opened.enter_async_context(await open_pool(dsns[-1], size=1)))
        dump = Dump(chance)
        for number in range(ROUNDS):
            for _ in range(chance.randrange(8)):
                dump.change()
            dump.write(folders)
            edits = [make_edit(chance) for _ in range(chance.randrange(3))]
            for statement in edits:
                for pool in pools:
                    with suppress(asyncpg.UniqueViolationError):
                        await pool.execute(statement)
            chosen = FURTHER if chance.random() < 0.8 else tuple(one for one in FURTHER if chance.random() < 0.6)
            crashed = ""
            if chance.random() < 0.25:
                with monkeypatch.context() as patched:
                    patched.setattr(import_further, crashed := chance.choice(CRASHES), crash)
                    with suppress(CrashError):
                        await run(dsns[0], folders[0], chosen)
            where = f"seed {SEED}, round {number}, after {edits}, a crash in {crashed or 'no function'}, {[one.noun for one in chosen]}"
            reports = [await run(dsns[0], folders[0], chosen), await run(dsns[1], folders[1], chosen, is_forced=True)]
            rows = [[[tuple(row) for row in await pool.fetch(query)] for query in CONTENT] for pool in pools]
            for one, other in zip(*rows, strict=True):
                assert [row for row in one if row not in other] == [row for row in other if row not in one], where
            if not crashed:
                facts = [
                    {each.kind: (each.inserted, each.updated, each.withdrawn, each.unchanged, each.skipped)
                     for each in report.changes} for report in reports
                ]  # fmt: skip
                assert facts[0] == {kind: facts[1][kind] for kind in facts[0]}, where
    assert len(differences) > ROUNDS


async def run(dsn: str, folder: Path, chosen: Any, *, is_forced: bool = False) -> Report:
    """Import the files of the folder."""
    return await sync(dsn, SyncOptions(folder=folder, base_url=None, further=chosen, is_forced=is_forced))
