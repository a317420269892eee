"""`mediacanon tmdb`: enrichment in bulk."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import asyncpg

    from mediacanon.imdb.progress import Progress
    from mediacanon.settings import Settings
    from mediacanon.tmdb.backfill import Summary
    from mediacanon.tmdb.client import TmdbClient

T = TypeVar("T")
Command = Callable[..., None]

limit_option = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many titles.")


def database_options(command: Command) -> Command:
    """Add the options that name the database."""
    home = click.option("--data-dir", metavar="FOLDER", help="Our own database's home [MEDIACANON_DATA_DIR].")
    url = click.option("--db", "database_url", metavar="URL", help="The database [DATABASE_URL].")
    return url(home(command))


@click.group()
def tmdb() -> None:
    """Fetch posters, facts and stills from TMDB (needs TMDB_API_KEY, except reset)."""


@tmdb.command()
@limit_option
@database_options
def backfill(limit: int | None, **options: str | None) -> None:
    """Fetch flagged titles, most voted first; interrupted, the next run goes on."""
    from mediacanon.tmdb.backfill import backfill as run

    ask_tmdb(
        options,
        lambda pool, client, settings, progress: run(
            pool,
            client,
            image_base_url=settings.tmdb_image_base_url,
            limit=limit,
            progress=progress,
        ),
    )


@tmdb.command()
@limit_option
@click.option(
    "--skip-synced/--all",
    default=True,
    show_default=True,
    help="Leave out shows that have been looked for.",
)
@database_options
def images(limit: int | None, *, skip_synced: bool, **options: str | None) -> None:
    """Fetch posters of shows and stills of all their episodes."""
    from mediacanon.tmdb.backfill import fetch_images

    ask_tmdb(
        options,
        lambda pool, client, settings, progress: fetch_images(
            pool,
            client,
            image_base_url=settings.tmdb_image_base_url,
            limit=limit,
            skip_synced=skip_synced,
            progress=progress,
        ),
    )


@tmdb.command()
@database_options
def reset(**options: str | None) -> None:
    """Flag all titles to be fetched from TMDB again, at the next look or backfill."""
    from mediacanon.tmdb.backfill import reset as run

    flagged = with_database(read_settings(options), run)
    click.echo(f"{flagged:,} titles flagged.")


def ask_tmdb(
    options: Mapping[str, str | None],
    work: "Callable[[asyncpg.Pool, TmdbClient, Settings, Progress], Coroutine[Any, Any, Summary]]",
) -> None:
    """Do the work with a database and TMDB at hand; exit 1 if it stopped early."""
    from cli.progress import progress_for
    from mediacanon.tmdb.enrich import build_client

    settings = read_settings(options)

    async def run(pool: "asyncpg.Pool") -> "Summary":
        client = build_client(settings)
        if client is None:
            raise click.ClickException("TMDB_API_KEY is not set: get a key from TMDB and set it")
        async with client:
            with progress_for(sys.stderr) as progress:
                return await work(pool, client, settings, progress)

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    summary = with_database(settings, run)
    click.echo(summary)
    if summary.stopped:
        sys.exit(1)


def read_settings(options: Mapping[str, str | None]) -> "Settings":
    """Return the settings with the command line's options on top."""
    from mediacanon.errors import WrongSetting
    from mediacanon.settings import Settings

    try:
        return Settings.from_environment(None, **options)
    except WrongSetting as error:
        raise click.ClickException(error.message) from None


def with_database(settings: "Settings", work: "Callable[[asyncpg.Pool], Awaitable[T]]") -> T:
    """Return what the work gives, done with a pool on the database as schema.sql has it."""
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import migrate
    from mediacanon.database.pool import open_pool
    from mediacanon.errors import MediaCanonError

    async def run(dsn: str) -> T:
        await migrate(dsn)
        async with await open_pool(dsn, size=settings.pool_size) as pool:
            return await work(pool)

    try:
        with running_database(settings) as dsn:
            return asyncio.run(run(dsn))
    except MediaCanonError as error:
        raise click.ClickException(error.message) from None
