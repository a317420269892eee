"""Every SQL constant fits the schema, and its columns fit the row that they fill."""

import datetime as dt
import importlib
import pkgutil
import types
import typing

import asyncpg
import pytest

import mediacanon.loaders
import mediacanon.writes
from mediacanon.loaders.credit import CreditRow
from mediacanon.loaders.movie import MovieRow
from mediacanon.loaders.name import NameRow
from mediacanon.loaders.person import PersonFactsRow, PersonRow
from mediacanon.loaders.season import EpisodeRow, SeasonRow, SeasonWithEpisodesRow
from mediacanon.loaders.show import ShowRow
from mediacanon.loaders.title import TitleRow
from mediacanon.loaders.title_facts import TitleTextRow, TmdbNameRow

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
# Templates completed with columns or conditions when they run; the tests of their functions run them.
COMPLETED = frozenset({"IDS_BY_VIEWS", "IDS_IN_ORDER", "KNOWN", "TITLES_BY_SEARCH"})
PYTHON_TYPES = {
    "int4": int,
    "int8": int,
    "text": str,
    "bool": bool,
    "float4": float,
    "float8": float,
    "numeric": float,
    "date": dt.date,
    "timestamp": dt.datetime,
    "timestamptz": dt.datetime,
    "text[]": list,
    "jsonb": dict,
}
# constant -> the row class, and the number of columns before its own
ROWS = {
    "TITLES_BY_ID": (TitleRow, 0),
    "TITLES_BY_IMDB_ID": (TitleRow, 0),
    "TITLES_BY_TMDB_ID": (TitleRow, 0),
    "MOVIES_BY_ID": (MovieRow, 0),
    "SHOWS_BY_ID": (ShowRow, 0),
    "EPISODES_BY_ID": (EpisodeRow, 0),
    "EPISODES_BY_SEASON_ID": (EpisodeRow, 0),
    "SEASONS_BY_ID": (SeasonRow, 0),
    "SEASONS_BY_SHOW_ID": (SeasonRow, 0),
    "SEASONS_WITH_EPISODES_BY_ID": (SeasonWithEpisodesRow, 0),
    "SEASONS_WITH_EPISODES_BY_SHOW_ID": (SeasonWithEpisodesRow, 0),
    "TEXTS_BY_TITLE_ID": (TitleTextRow, 0),
    "KEYWORDS_BY_TITLE_ID": (TmdbNameRow, 0),
    "COMPANIES_BY_TITLE_ID": (TmdbNameRow, 0),
    "NETWORKS_BY_TITLE_ID": (TmdbNameRow, 0),
    "NAMES_BY_TITLE_ID": (NameRow, 0),
    "DISPLAY_NAMES_BY_TITLE_ID": (NameRow, 0),
    "PEOPLE_BY_ID": (PersonRow, 0),
    "PEOPLE_BY_TMDB_ID": (PersonRow, 0),
    "FACTS_BY_PERSON_ID": (PersonFactsRow, 0),
    "CREDITS_BY_TITLE_ID": (CreditRow, 1),
    "CREDITS_BY_PERSON_ID": (CreditRow, 1),
    "CREDITS_BY_EPISODE_ID": (CreditRow, 1),
}


def statements() -> dict[str, str]:
    """Return every SQL constant of the loaders and writes by module and name."""
    found = {}
    for package in (mediacanon.loaders, mediacanon.writes):
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(info.name)).items():
                if name.isupper() and isinstance(value, str) and value.strip().startswith(VERBS):
                    found[name] = value
    return found


STATEMENTS = statements()


@pytest.fixture
async def connection(demo: str):
    """Give a connection to the demo catalogue."""
    connection = await asyncpg.connect(demo)
    yield connection
    await connection.close()


def test_statements_are_found():
    """The search for constants finds them."""
    assert len(STATEMENTS) > 30
    assert ROWS.keys() <= STATEMENTS.keys()


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - COMPLETED))
async def test_every_statement_fits_the_schema(connection: asyncpg.Connection, name: str):
    """PostgreSQL accepts it: tables, columns, types."""
    await connection.prepare(STATEMENTS[name])


def leaves(row: type) -> list[typing.Any]:
    """Return the types of a row's columns: nested rows are unfolded, fields with a default left out."""
    hints = typing.get_type_hints(row)
    filled_in = getattr(row, "_field_defaults", {})
    kinds = [kind for name, kind in hints.items() if name not in filled_in]
    return [leaf for kind in kinds for leaf in (leaves(kind) if is_row(kind) else [kind])]


def is_row(kind: typing.Any) -> bool:
    """Return whether a type is a nested row."""
    return isinstance(kind, type) and kind.__name__.endswith("Row")


def accepts(kind: typing.Any, value: type) -> bool:
    """Return whether a value of a type fits an annotation."""
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    return value in [typing.get_origin(option) or option for option in options]


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_columns_fit_their_row(connection: asyncpg.Connection, name: str):
    """A statement has as many columns as its row has fields, each of its type."""
    row, first = ROWS[name]
    columns = (await connection.prepare(STATEMENTS[name])).get_attributes()[first:]
    kinds = leaves(row)
    assert len(columns) == len(kinds)
    wrong = [
        (column.name, column.type.name, kind)
        for column, kind in zip(columns, kinds, strict=True)
        if not accepts(kind, PYTHON_TYPES[column.type.name])
    ]
    assert wrong == []
