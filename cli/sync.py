"""`mediacanon sync`: imports IMDb's datasets, then fetches posters and facts from TMDB."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import genres
from cli.options import database_options
from cli.output import log_to_stderr

if TYPE_CHECKING:
    from mediacanon.imdb.report import Report
    from mediacanon.imdb.sync import SyncOptions
    from mediacanon.settings import Settings
    from mediacanon.tmdb.backfill import Summary


@click.command()
@database_options
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder of IMDb's files [imdb in the data folder].",
)
@click.option("--offline", is_flag=True, help="Import the files in --dir, without any network.")
@click.option("--force", is_flag=True, help="Import unchanged files, and files much smaller than the last ones.")
@click.option(
    "--scheduled",
    is_flag=True,
    help="For timers: leave names, credits and people alone for MEDIACANON_IMDB_FURTHER_DAYS after their last import.",
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(1, 3),
    default=2,
    show_default=True,
    help="Connections that stage rows in parallel.",
)
@click.option("--no-tmdb", is_flag=True, help="Fetch nothing from TMDB.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
# The original's spelling of `mediacanon genres export` and `import`. Its batch size has no meaning here.
@click.option("--genres-export", type=click.Path(dir_okay=False, path_type=Path), hidden=True)
@click.option("--genres-import", type=click.Path(exists=True, dir_okay=False, path_type=Path), hidden=True)
@click.option("--genres-limit", type=click.IntRange(min=1), default=100, hidden=True)
@click.option("--genres-filter", default="", hidden=True)
@click.option("--batch", type=int, expose_value=False, hidden=True)
@click.pass_context
def sync(  # noqa: PLR0913 - options, each documented above
    context: click.Context,
    /,
    *,
    folder: Path | None,
    offline: bool,
    force: bool,
    scheduled: bool,
    workers: int,
    no_tmdb: bool,
    as_json: bool,
    genres_export: Path | None,
    genres_import: Path | None,
    genres_limit: int,
    genres_filter: str,
    **database: str | None,
) -> None:
    """Import IMDb's datasets: download, stage, merge.

    Readers see the old catalogue until the new one is complete. An interrupted import changes nothing.

    With TMDB_API_KEY set, flagged titles are then fetched from TMDB, most voted first. For a new catalogue this takes
    most of a day. It can be interrupted: the import is kept, and the next run continues.

    The report goes to standard output, progress to standard error. Exit codes: 0 imported or nothing new, 1 refused
    or failed (with a line that gives the reason; the import is kept if the fetch from TMDB fails), 2 wrong usage,
    130 interrupted.
    """
    shared = {**database, "as_json": as_json}
    if genres_export:
        names = [name for part in genres_filter.split(",") if (name := part.strip())]
        context.invoke(genres.export, file=genres_export, limit=genres_limit, names=names, force=force, **shared)
    elif genres_import:
        context.invoke(genres.import_file, file=genres_import, dry_run=False, **shared)
    else:
        _sync(
            folder,
            offline=offline,
            force=force,
            scheduled=scheduled,
            workers=workers,
            no_tmdb=no_tmdb,
            as_json=as_json,
            **database,
        )


def _sync(  # noqa: PLR0913 - the options of the command
    folder: Path | None,
    *,
    offline: bool,
    force: bool,
    scheduled: bool,
    workers: int,
    no_tmdb: bool,
    as_json: bool,
    **database: str | None,
) -> None:
    from cli.report import print_report
    from mediacanon.database.embedded import running_database
    from mediacanon.imdb.datasets import further_files
    from mediacanon.imdb.sync import SyncOptions
    from mediacanon.settings import Settings

    settings = Settings.from_environment(None, **database)
    options = SyncOptions(
        folder=folder or settings.data_dir / "imdb",
        base_url=None if offline else settings.imdb_base_url,
        is_forced=force,
        workers=workers,
        further=further_files(settings.imdb_files),
        rests_for=settings.imdb_further_days if scheduled else 0,
        database=None if settings.database_url else settings.data_dir,
    )
    log_to_stderr()
    # SIGTERM ends the import as Ctrl-C does, so that MediaCanon's own database is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with running_database(settings) as dsn:
        report = asyncio.run(_import(dsn, options))
        if not as_json:
            print_report(report)
        summary = None if no_tmdb or offline else asyncio.run(_backfill(dsn, settings))
    if as_json:
        _print_json(report, summary)
    elif summary:
        click.echo(summary)
    if summary and summary.error:
        click.echo(f"Error: {summary.error}", err=True)
        sys.exit(1)


async def _import(dsn: str, options: "SyncOptions") -> "Report":
    from cli.progress import progress_for
    from mediacanon.database.migrate import migrate
    from mediacanon.imdb.sync import sync as run

    await migrate(dsn)
    with progress_for(sys.stderr) as progress:
        return await run(dsn, options, progress)


async def _backfill(dsn: str, settings: "Settings") -> "Summary | None":
    from cli.progress import progress_for
    from mediacanon.database.pool import open_pool
    from mediacanon.tmdb.backfill import backfill
    from mediacanon.tmdb.enrich import build_client

    client = build_client(settings)
    if client is None:
        return None
    async with client, await open_pool(dsn, size=settings.pool_size) as pool:
        with progress_for(sys.stderr) as progress:
            return await backfill(pool, client, image_base_url=settings.tmdb_image_base_url, progress=progress)


def _print_json(report: "Report", summary: "Summary | None") -> None:
    """Print the report as JSON, with the summary of the TMDB backfill as `tmdb`."""
    import dataclasses

    import orjson

    result = dataclasses.asdict(report) | ({"tmdb": summary} if summary else {})
    click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2))
