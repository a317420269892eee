"""The difference and the whole files lead to the same catalogue: random dumps, edits and crashes, imported both ways."""

import gzip
import os
import random
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.imdb import sync as importing
from mediacanon.imdb.datasets import ALL
from mediacanon.imdb.stage import Staged
from mediacanon.imdb.stage_difference import stage_difference as stage_differing
from mediacanon.imdb.sync import Report
from tests.conftest import own_database
from tests.imdb.catalogue import run_import
from tests.imdb.files import Row, replace, text

ROUNDS = int(os.environ.get("MEDIACANON_IMPORT_ROUNDS", "14"))
SEED = int(os.environ.get("MEDIACANON_IMPORT_SEED", "7"))
SHOWS = [f"tt01000{n:02}" for n in range(6)]
TITLES = [*SHOWS, *(f"tt02000{n:02}" for n in range(8))]
EPISODES = [f"tt03000{n:02}" for n in range(24)]
IDS = [*TITLES, *EPISODES]
# One malformed row in a thousand is accepted.
FILLERS = [f"tt09{n:05}" for n in range(2500)]
KINDS = ["movie", "movie", "tvMovie", "tvSeries", "tvSeries", "tvMiniSeries", "short", "tvEpisode"]
MALFORMED = "soon"
# Functions of the import that a crash may meet.
CRASHES = [
    "_check_rows",
    "drop_indexes",
    "build_indexes",
    "count_changes",
    "keep_counts",
    "notify_everything",
    "keep_files",
]

EDITS = [
    "UPDATE titles SET display_name = '{word}', locked_fields = '{{display_name}}' WHERE imdb_id = '{title}'",
    "UPDATE titles SET locked_fields = '{{}}' WHERE imdb_id = '{title}'",
    "UPDATE titles SET num_votes = {number}, imdb_genres = 'Drama' WHERE imdb_id = '{title}'",
    "UPDATE titles SET runtime_minutes = COALESCE(runtime_minutes, {number}) WHERE imdb_id = '{title}'",
    "UPDATE titles SET imdb_id = NULL WHERE imdb_id = '{title}'",
    ("UPDATE titles SET imdb_id = '{other}', locked_fields = '{{imdb_id}}', withdrawn_at = NULL WHERE imdb_id = '{title}'"
    " AND NOT EXISTS (SELECT FROM titles WHERE imdb_id = '{other}')"),
    "DELETE FROM titles WHERE imdb_id = '{title}'",
    ("WITH made AS (INSERT INTO titles (type, display_name, imdb_id) SELECT 'show', '{word}', '{title}'"
    " WHERE NOT EXISTS (SELECT FROM titles WHERE imdb_id = '{title}') RETURNING id)"
    " INSERT INTO shows (title_id) SELECT id FROM made"),
    ("INSERT INTO show_seasons (show_id, season) SELECT s.id, {small} FROM shows s JOIN titles t ON t.id = s.title_id"
    " WHERE t.imdb_id = '{show}' ON CONFLICT DO NOTHING"),
    ("INSERT INTO show_episodes (season_id, episode, display_name) SELECT ss.id, {small}, '{word}' FROM show_seasons ss"
    " JOIN shows s ON s.id = ss.show_id JOIN titles t ON t.id = s.title_id"
    " WHERE t.imdb_id = '{show}' ON CONFLICT DO NOTHING"),
    "UPDATE show_episodes SET episode = {number}, locked_fields = '{{episode_number}}' WHERE imdb_id = '{episode}'",
    "UPDATE show_episodes SET display_name = '{word}', locked_fields = '{{display_name}}' WHERE imdb_id = '{episode}'",
    "UPDATE show_episodes SET locked_fields = NULL WHERE imdb_id = '{episode}'",
    "UPDATE show_episodes SET display_name = COALESCE(display_name, '{word}') WHERE imdb_id = '{episode}'",
    "UPDATE show_episodes SET imdb_id = NULL WHERE imdb_id = '{episode}'",
    "DELETE FROM show_episodes WHERE imdb_id = '{episode}'",
    ("WITH numbered AS (UPDATE show_seasons ss SET season = {number} FROM shows s, titles t"
    " WHERE s.id = ss.show_id AND t.id = s.title_id AND t.imdb_id = '{show}' AND ss.season = {small} RETURNING ss.id)"
    " UPDATE show_episodes SET locked_fields = '{{season_number}}' WHERE season_id IN (SELECT id FROM numbered)"),
    ("DELETE FROM show_seasons ss USING shows s, titles t"
    " WHERE s.id = ss.show_id AND t.id = s.title_id AND t.imdb_id = '{show}' AND ss.season = {small}"),
]  # fmt: skip

CONTENT = [
    """SELECT t.imdb_id, t.type, t.display_name, t.original_title, t.start_year, t.end_year, t.runtime_minutes, t.is_adult,
              t.average_rating, t.num_votes, t.imdb_genres, t.withdrawn_at IS NULL, t.locked_fields,
              EXISTS (SELECT FROM movies WHERE title_id = t.id), EXISTS (SELECT FROM shows WHERE title_id = t.id),
              ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id WHERE tg.title_id = t.id ORDER BY 1)
         FROM titles t ORDER BY t.imdb_id, t.display_name, t::text""",
    """SELECT t.imdb_id, t.display_name, ss.season, e.episode, e.imdb_id, e.display_name, e.average_rating, e.num_votes, e.locked_fields
         FROM titles t JOIN shows s ON s.title_id = t.id JOIN show_seasons ss ON ss.show_id = s.id
         LEFT JOIN show_episodes e ON e.season_id = ss.id ORDER BY 1, 2, 3, 4""",
    "SELECT counts FROM kept_counts WHERE question = 'rows'",
]  # fmt: skip


class Dump:
    """IMDb's files, which change from day to day."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._titles: dict[str, Row] = {}
        self._episodes: dict[str, Row] = {}
        self._ratings: dict[str, Row] = {}
        self._day = 0
        for _ in range(60):
            self.change()

    def change(self) -> None:
        """Change a row of a file, or take it out."""
        chance = self._chance
        match chance.choice("ttteeeerr"):
            case "t":
                key = chance.choice(IDS)
                self._titles[key] = (key, *self._title(key))
            case "e":
                key = chance.choice(EPISODES)
                place = chance.choice(
                    [(None, None), (1, MALFORMED), *[(chance.randrange(3), chance.randrange(4))] * 14]
                )
                self._episodes[key] = (key, chance.choice(TITLES if chance.random() < 0.1 else SHOWS), *place)
            case "r":
                key = chance.choice(IDS)
                votes = MALFORMED if chance.random() < 0.1 else chance.randrange(5, 50)
                self._ratings[key] = (key, chance.randrange(10, 100) / 10, votes)
        if chance.random() < 0.15:
            rows = chance.choice([self._titles, self._episodes, self._ratings])
            rows.pop(chance.choice(list(rows) or [""]), None)

    def _title(self, key: str) -> Row:
        chance = self._chance
        kind = "tvEpisode" if key in EPISODES else "tvSeries" if key in SHOWS else "movie"
        if chance.random() < 0.2:
            kind = chance.choice(KINDS)
        name = chance.choice(["Sun", "Moon", "Star", "Rain"])
        year = MALFORMED if chance.random() < 0.05 else chance.choice([None, 1999, 2001])
        genres = chance.choice([None, "Drama", "Drama,Comedy", "Crime"])
        return (kind, name, name, chance.choice([0, 1]), year, None, chance.choice([None, 90]), genres)

    def write(self, folders: list[Path]) -> None:
        """Write the files into each folder. At most two rows of each are malformed."""
        self._day += 1
        fillers = [
            [(key, "short", key, key, 0, None, None, None, None) for key in FILLERS],
            [(key, FILLERS[0], 1, 1) for key in FILLERS],
            [(key, 5.0, self._day if key == FILLERS[0] else 5) for key in FILLERS],
        ]
        for dataset, rows, filler in zip(ALL, (self._titles, self._episodes, self._ratings), fillers, strict=True):
            malformed = [key for key, row in rows.items() if MALFORMED in row]
            lines = [row for key, row in rows.items() if key not in malformed[2:]]
            content = gzip.compress(text(dataset, sorted([*lines, *filler], key=lambda row: row[0])), 1)
            for folder in folders:
                replace(folder / dataset.file, content)


def make_edit(chance: random.Random) -> str:
    """Return a statement of a person, or of TMDB."""
    names = {"title": TITLES, "other": IDS, "show": SHOWS, "episode": EPISODES, "word": ["Mine", "Ours"]}
    chosen = {name: chance.choice(values) for name, values in names.items()}
    return chance.choice(EDITS).format(**chosen, number=chance.randrange(4, 9), small=chance.randrange(4))


class Catalogue:
    """A database under one of the two ways of importing."""

    def __init__(self, pool: asyncpg.Pool, dsn: str, folder: Path, *, is_whole: bool) -> None:
        self._pool = pool
        self._dsn = dsn
        self.folder = folder
        self._is_whole = is_whole

    async def edit(self, statement: str) -> None:
        """Execute an edit; a taken number or id refuses it."""
        with suppress(asyncpg.UniqueViolationError):
            await self._pool.execute(statement)

    async def run(self, meanwhile: str | None = None, monkeypatch: pytest.MonkeyPatch | None = None) -> Report:
        """Import the files in the folder; an edit is made before the merge begins."""
        if not (meanwhile and monkeypatch):
            return await run_import(self._dsn, self.folder, force=self._is_whole)
        begin = importing.drop_indexes

        async def drop_indexes(connection: asyncpg.Connection) -> list[str]:
            await self.edit(meanwhile)
            return await begin(connection)

        with monkeypatch.context() as patched:
            patched.setattr(importing, "drop_indexes", drop_indexes)
            return await run_import(self._dsn, self.folder, force=self._is_whole)

    async def content(self) -> list[list[tuple[Any, ...]]]:
        """Return the rows without the numbers that they have here alone."""
        return [[tuple(row) for row in await self._pool.fetch(query)] for query in CONTENT]


class CrashError(Exception):
    """The end of an import at a random function."""


def crash(*_: object, **__: object) -> None:
    """Stand in for a function of the import."""
    raise CrashError


async def test_both_ways_lead_to_the_same_catalogue(
    cluster: str, schema_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every import the rows, the kept counts and the report are those of an import of the whole files."""
    chance = random.Random(SEED)
    differences: list[Path] = []

    async def stage_difference(*arguments: Any) -> list[Staged]:
        staged = await stage_differing(*arguments)
        differences.append(arguments[2])
        return staged

    monkeypatch.setattr(importing, "stage_difference", stage_difference)
    async with AsyncExitStack() as opened:
        ways = []
        for name in ("difference", "whole"):
            dsn = await opened.enter_async_context(own_database(cluster, template=schema_template))
            pool = await opened.enter_async_context(await open_pool(dsn, size=1))
            (tmp_path / name).mkdir()
            ways.append(Catalogue(pool, dsn, tmp_path / name, is_whole=name == "whole"))
        dump = Dump(chance)
        for number in range(ROUNDS):
            await import_a_day(ways, dump, chance, monkeypatch, f"seed {SEED}, round {number}")
    assert len(differences) > ROUNDS // 2


async def import_a_day(
    ways: list[Catalogue], dump: Dump, chance: random.Random, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Change files and catalogues, import both ways, perhaps with a crash or an edit meanwhile, and compare."""
    for _ in range(chance.randrange(8)):
        dump.change()
    dump.write([way.folder for way in ways])
    edits = [make_edit(chance) for _ in range(chance.randrange(4))]
    for statement in edits:
        for way in ways:
            await way.edit(statement)
    crashed = ""
    if chance.random() < 0.2:
        with monkeypatch.context() as patched:
            patched.setattr(importing, crashed := chance.choice(CRASHES), crash)
            with suppress(CrashError):
                await ways[0].run()
    # After a crash behind the commit one way has nothing left to import.
    meanwhile = make_edit(chance) if not crashed and chance.random() < 0.2 else None
    reports = [await way.run(meanwhile, monkeypatch) for way in ways]
    if meanwhile:
        # The whole files have been compared after this edit, the difference compares it the next time.
        dump.change()
        dump.write([way.folder for way in ways])
        reports = [await way.run() for way in ways]
    where += f", after {edits}, a crash in {crashed or 'no function'}, {meanwhile} meanwhile"
    one, other = [await way.content() for way in ways]
    for rows, others in zip(one, other, strict=True):
        assert [row for row in rows if row not in others] == [row for row in others if row not in rows], where
    if not reports[0].is_unchanged:
        facts = [(report.changes, report.rows, report.skipped, report.examples) for report in reports]
        assert meanwhile or facts[0] == facts[1], where
