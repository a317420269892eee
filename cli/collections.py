"""`mediacanon collections`: checks the YAML files, loads them into the database, lists the collections."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import database_options
from cli.output import counted, json_option, print_result
from cli.pool import with_database

if TYPE_CHECKING:
    import asyncpg

    from mediacanon.loaders.collection import CollectionRow
    from mediacanon.writes.collection import LoadReport

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder of the YAML files [MediaCanon's own collections].",
)
CHANGES = ("created", "updated", "deactivated", "reactivated")


@click.group()
def collections() -> None:
    """Check, load and list the collections of the discover page."""


@collections.command()
@folder_option
@click.option("--genre", "genres", multiple=True, metavar="GENRE", help="A custom genre of the catalogue; repeatable.")
@json_option
def check(*, folder: Path | None, genres: tuple[str, ...], as_json: bool) -> None:
    """Check every YAML file, without a database.

    Genres that people added are unknown without a database: name each with --genre. `load` knows them.
    Each fault is printed with file, line and key. Exit codes: 0 all files are valid, 1 a file has a fault.
    """
    from mediacanon.curation.collection_files import read_collection_files
    from mediacanon.paths import COLLECTIONS

    files = read_collection_files(folder or COLLECTIONS, genres=genres)
    wrong = len({problem.file for problem in files.problems}) if files.names else 0
    lines = [*map(str, files.problems), f"{counted(len(files.names), 'file')}, {wrong or 'none'} wrong."]
    print_result(files.problems, "\n".join(lines), as_json=as_json)
    if files.problems:
        raise click.exceptions.Exit(1)


@collections.command()
@folder_option
@json_option
@database_options
def load(*, folder: Path | None, as_json: bool, **options: str | None) -> None:
    """Load the YAML files into the database.

    A running server shows the new collections at once. A file with a fault leaves its collection unchanged; a
    malformed entry of a list is left out.

    Exit codes: 0 all files are loaded, 1 some files or titles could not be used: each is named, and the others are
    loaded.
    """
    from mediacanon.paths import COLLECTIONS
    from mediacanon.settings import Settings

    work = partial(_load, folder=folder or COLLECTIONS)
    report = with_database(Settings.from_environment(None, **options), work)
    print_result(report, "\n".join(_report_lines(report)), as_json=as_json)
    if report.problems:
        raise click.exceptions.Exit(1)


@collections.command("list")
@json_option
@database_options
def list_(*, as_json: bool, **options: str | None) -> None:
    """List the active collections in the order of the discover page."""
    from mediacanon.loaders.collection import load_active_collections
    from mediacanon.settings import Settings

    rows = with_database(Settings.from_environment(None, **options), load_active_collections)
    print_result(rows, "\n".join(_row_lines(rows)) or "There are no collections yet.", as_json=as_json)


async def _load(pool: "asyncpg.Pool", *, folder: Path) -> "LoadReport":
    from mediacanon.loaders.search import load_titles_by_rank
    from mediacanon.writes.collection import load_collections

    return await load_collections(pool, search=partial(load_titles_by_rank, pool), folder=folder)


def _report_lines(report: "LoadReport") -> Iterator[str]:
    for change in CHANGES:
        yield from (f"{change} {slug}" for slug in getattr(report, change))
    yield f"{counted(report.unchanged, 'collection')} unchanged."
    yield from report.problems


def _row_lines(rows: "Sequence[CollectionRow]") -> Iterator[str]:
    width = max((len(row.slug) for row in rows), default=0)
    for row in rows:
        pinned = "pinned" if row.pinned else ""
        yield f"{row.slug:{width}}  {row.strategy:6}  {row.engagement_count:6g}  {pinned:6}  {row.name}"
