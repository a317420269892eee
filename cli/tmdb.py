"""`mediacanon tmdb`: fetches from TMDB in bulk."""

import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

import click

from cli.options import database_options
from cli.output import json_option, print_result
from cli.pool import with_database

if TYPE_CHECKING:
    import asyncpg

    from mediacanon.progress import Progress
    from mediacanon.settings import Settings
    from mediacanon.tmdb.backfill import Summary
    from mediacanon.tmdb.client import TmdbClient

limit_option = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Maximum number of titles.")


@click.group()
def tmdb() -> None:
    """Fetch posters, facts and stills from TMDB.

    All commands but reset need TMDB_API_KEY.
    """


@tmdb.command()
@limit_option
@json_option
@database_options
def backfill(limit: int | None, *, as_json: bool, **options: str | None) -> None:
    """Fetch flagged titles from TMDB, most voted first.

    After an interruption the next run continues. Exit codes: 0 done, 1 stopped early or
    every title failed.
    """
    from mediacanon.tmdb.backfill import backfill as run

    run_with_tmdb(
        options,
        lambda pool, client, settings, progress: run(
            pool,
            client,
            image_base_url=settings.tmdb_image_base_url,
            limit=limit,
            progress=progress,
        ),
        as_json=as_json,
    )


@tmdb.command()
@limit_option
@click.option(
    "--skip-synced/--all",
    default=True,
    show_default=True,
    help="Skip shows that were fetched before, or fetch all shows again.",
)
@json_option
@database_options
def images(limit: int | None, *, skip_synced: bool, as_json: bool, **options: str | None) -> None:
    """Fetch the posters of shows and the stills of their episodes."""
    from mediacanon.tmdb.backfill import fetch_images

    run_with_tmdb(
        options,
        lambda pool, client, settings, progress: fetch_images(
            pool,
            client,
            image_base_url=settings.tmdb_image_base_url,
            limit=limit,
            skip_synced=skip_synced,
            progress=progress,
        ),
        as_json=as_json,
    )


@tmdb.command()
@json_option
@database_options
def reset(*, as_json: bool, **options: str | None) -> None:
    """Flag all titles, so that they are fetched again.

    A flagged title is fetched at its next view, or by the next backfill.
    """
    from mediacanon.settings import Settings
    from mediacanon.tmdb.backfill import reset as run

    flagged = with_database(Settings.from_environment(None, **options), run)
    print_result({"flagged": flagged}, f"{flagged:,} titles flagged.", as_json=as_json)


def run_with_tmdb(
    options: Mapping[str, str | None],
    work: "Callable[[asyncpg.Pool, TmdbClient, Settings, Progress], Coroutine[Any, Any, Summary]]",
    *,
    as_json: bool,
) -> None:
    """Run the work with a connection pool and a TMDB client, and print its summary. Exit 1 for a failure."""
    from cli.progress import progress_for
    from mediacanon.errors import WrongSetting
    from mediacanon.settings import Settings
    from mediacanon.tmdb.enrich import build_client

    settings = Settings.from_environment(None, **options)

    async def run(pool: "asyncpg.Pool") -> "Summary":
        client = build_client(settings)
        if client is None:
            raise WrongSetting("TMDB_API_KEY is not set: get a key from TMDB and set it")
        async with client:
            with progress_for(sys.stderr) as progress:
                return await work(pool, client, settings, progress)

    summary = with_database(settings, run)
    print_result(summary, str(summary), as_json=as_json)
    if summary.error:
        click.echo(f"Error: {summary.error}", err=True)
        sys.exit(1)
