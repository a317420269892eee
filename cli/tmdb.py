"""`mediacanon tmdb`: enrichment in bulk."""

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

limit_option = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many titles.")


@click.group()
def tmdb() -> None:
    """Fetch posters, facts and stills from TMDB (needs TMDB_API_KEY, except reset)."""


@tmdb.command()
@limit_option
@json_option
@database_options
def backfill(limit: int | None, *, as_json: bool, **options: str | None) -> None:
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
        as_json=as_json,
    )


@tmdb.command()
@limit_option
@click.option(
    "--skip-synced/--all",
    default=True,
    show_default=True,
    help="Leave out shows that have been looked for.",
)
@json_option
@database_options
def images(limit: int | None, *, skip_synced: bool, as_json: bool, **options: str | None) -> None:
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
        as_json=as_json,
    )


@tmdb.command()
@json_option
@database_options
def reset(*, as_json: bool, **options: str | None) -> None:
    """Flag all titles to be fetched from TMDB again, at the next look or backfill."""
    from mediacanon.settings import Settings
    from mediacanon.tmdb.backfill import reset as run

    flagged = with_database(Settings.from_environment(None, **options), run)
    print_result({"flagged": flagged}, f"{flagged:,} titles flagged.", as_json=as_json)


def ask_tmdb(
    options: Mapping[str, str | None],
    work: "Callable[[asyncpg.Pool, TmdbClient, Settings, Progress], Coroutine[Any, Any, Summary]]",
    *,
    as_json: bool,
) -> None:
    """Do the work with a database and TMDB at hand; exit 1 if it stopped early."""
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
    if summary.stopped:
        sys.exit(1)
