"""`mediacanon genres`: lists, adds and reviews custom genres; a review is a text file that people edit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import database_options
from cli.output import counted, json_option, print_result
from cli.pool import with_database

if TYPE_CHECKING:
    import asyncpg

    from mediacanon.curation.genre_review import TitleToReview
    from mediacanon.settings import Settings
    from mediacanon.writes.genre import ReviewCounts

DEFAULT_LIMIT = 100
# A file of another kind has a mistake in each line.
MAX_MISTAKES_SHOWN = 50


@click.group()
def genres() -> None:
    """List, add and assign custom genres such as Cooking."""


@genres.command("list")
@json_option
@database_options
def list_genres(*, as_json: bool, **options: str | None) -> None:
    """List all genres with their number of titles."""
    from cli.report import table
    from mediacanon.loaders import Loaders
    from mediacanon.settings import Settings

    found = with_database(Settings.from_environment(None, **options), lambda pool: Loaders(pool).genres())
    rows = [(genre.name, "custom" if genre.is_custom else "IMDb", f"{genre.count:,}") for genre in found]
    print_result(found, "\n".join(table(("genre", "source", "titles"), rows)), as_json=as_json)


@genres.command()
@click.argument("name")
@json_option
@database_options
def add(name: str, *, as_json: bool, **options: str | None) -> None:
    """Add a custom genre.

    Imports never change custom genres.
    """
    from mediacanon.settings import Settings
    from mediacanon.writes.genre import create_custom_genre

    settings = Settings.from_environment(None, **options)
    stored = with_database(settings, lambda pool: create_custom_genre(pool, name))
    print_result({"name": stored}, f"Added the custom genre {stored}.", as_json=as_json)


@genres.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="Maximum number of titles.",
)
@click.option("--genre", "names", multiple=True, metavar="GENRE", help="Only titles of this genre; repeatable.")
@click.option("--force", is_flag=True, help="Overwrite an existing FILE.")
@json_option
@database_options
def export(
    file: Path, *, limit: int, names: tuple[str, ...], force: bool, as_json: bool, **options: str | None
) -> None:
    """Write unreviewed titles to FILE, most voted first.

    Edit the file, then load it with `mediacanon genres import`. With TMDB_API_KEY set, missing countries are fetched
    from TMDB.
    """
    from mediacanon.settings import Settings

    settings = Settings.from_environment(None, **options)
    titles = export_reviews(settings, file, limit=limit, genres=names, is_forced=force)
    print_result(
        {"file": str(file), "titles": titles}, f"{counted(titles, 'title')} to review in {file}.", as_json=as_json
    )


@genres.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print the changes without storing them.")
@json_option
@database_options
def import_file(file: Path, *, dry_run: bool, as_json: bool, **options: str | None) -> None:
    """Store the genres of a reviewed FILE.

    Each title gets the custom genres of its line GENRES, and counts as reviewed. A file with a mistake is not stored
    at all; each mistake is printed with its line.
    """
    from mediacanon.settings import Settings

    counts = import_reviews(Settings.from_environment(None, **options), file, is_rehearsal=dry_run)
    print_result(counts, describe(counts, is_rehearsal=dry_run), as_json=as_json)


def export_reviews(settings: "Settings", file: Path, *, limit: int, genres: Sequence[str], is_forced: bool) -> int:
    """Write titles to review to a file and return their number. Raises Conflict if the file exists."""
    from mediacanon.curation.genre_review import format_reviews
    from mediacanon.errors import Conflict
    from mediacanon.loaders.genre import load_custom_genres

    # An edited file is hours of work.
    if file.exists() and not is_forced:
        raise Conflict(f"{file} exists already; --force overwrites it")

    async def export_from(pool: "asyncpg.Pool") -> int:
        titles = await _titles_to_review(pool, settings, genres=genres, limit=limit)
        _write(file, format_reviews(titles, await load_custom_genres(pool)))
        return len(titles)

    return with_database(settings, export_from)


def import_reviews(settings: "Settings", file: Path, *, is_rehearsal: bool = False) -> "ReviewCounts":
    """Store the reviews of a file and return the counts.

    Raises BadArgument with all mistakes of the file; nothing is stored then.
    """
    from mediacanon.curation.genre_review import parse_reviews
    from mediacanon.errors import BadArgument
    from mediacanon.writes.genre import find_mistakes, store_reviews

    read = parse_reviews(_read(file))
    if not read.reviews and not read.mistakes:
        raise BadArgument(f"{file} has no titles")

    async def import_into(pool: "asyncpg.Pool") -> "ReviewCounts":
        mistakes = sorted(read.mistakes + await find_mistakes(pool, read.reviews))
        if mistakes:
            shown = [f"  {file}:{one.line}: {one.message}" for one in mistakes[:MAX_MISTAKES_SHOWN]]
            rest = [f"  and {len(mistakes) - len(shown)} more"] if mistakes[MAX_MISTAKES_SHOWN:] else []
            header = f"{counted(len(mistakes), 'mistake')} in {file}, nothing was stored:"
            raise BadArgument("\n".join([header, *shown, *rest]))
        return await store_reviews(pool, read.reviews, is_rehearsal=is_rehearsal)

    return with_database(settings, import_into)


def describe(counts: "ReviewCounts", *, is_rehearsal: bool = False) -> str:
    """Return the counts of stored reviews as a sentence."""
    done = f"{counted(counts.reviewed, 'title')} reviewed, {counts.changed:,} changed"
    links = f"{counted(counts.given, 'genre')} added, {counts.taken:,} removed"
    return f"{done}: {links}.{' Nothing was stored (--dry-run).' if is_rehearsal else ''}"


async def _titles_to_review(
    pool: "asyncpg.Pool", settings: "Settings", *, genres: Sequence[str], limit: int
) -> "list[TitleToReview]":
    from mediacanon.errors import BadArgument
    from mediacanon.loaders.genre import load_genre_names, load_titles_to_review
    from mediacanon.vocabulary import genres_named

    known = await load_genre_names(pool)
    wanted = list[str]()
    for name in genres:
        if not (found := genres_named(name, known)):
            raise BadArgument(f"There is no genre {name!r}; `mediacanon genres list` prints all")
        wanted += found
    titles = await load_titles_to_review(pool, genres=wanted, limit=limit)
    if await _fill_countries(pool, settings, [title.title_id for title in titles if not title.origin_country]):
        titles = await load_titles_to_review(pool, genres=wanted, limit=limit)
    return titles


async def _fill_countries(pool: "asyncpg.Pool", settings: "Settings", title_ids: Sequence[int]) -> bool:
    """Fetch countries from TMDB if there is a key; return whether it was asked. Failures are only reported."""
    from mediacanon.tmdb.countries import fill_countries
    from mediacanon.tmdb.enrich import build_client

    client = build_client(settings)
    if client is None or not title_ids:
        return False
    async with client:
        failures = await fill_countries(pool, client, title_ids, image_base_url=settings.tmdb_image_base_url)
    if failures:
        click.echo(f"The country of {counted(len(failures), 'title')} is unknown: {failures[0]}", err=True)
    return True


def _read(file: Path) -> str:
    from mediacanon.errors import BadArgument

    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise BadArgument(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadArgument(f"{file}:{line}: not UTF-8; save the file in that encoding") from None


def _write(file: Path, text: str) -> None:
    """Write a file atomically."""
    from mediacanon.errors import BadArgument

    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadArgument(f"{file} cannot be written: {error.strerror}") from None
