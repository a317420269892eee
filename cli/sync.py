"""`mediacanon sync`: IMDb's dump into the catalogue."""

import asyncio
import logging
import sys
from pathlib import Path

import click


@click.command()
@click.option("--db", "database_url", help="PostgreSQL URL instead of DATABASE_URL.")
@click.option("--data-dir", help="Folder of our own database and downloads instead of MEDIACANON_DATA_DIR.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of IMDb's files  [default: imdb in the data folder]",
)
@click.option("--offline", is_flag=True, help="Use the files in --dir as they are.")
@click.option("--force", is_flag=True, help="Import unchanged files, and files much smaller than the last.")
@click.option(
    "--workers",
    type=click.IntRange(1, 3),
    default=2,
    show_default=True,
    help="Files staged at the same time.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def sync(
    *,
    database_url: str | None,
    data_dir: str | None,
    folder: Path | None,
    offline: bool,
    force: bool,
    workers: int,
    as_json: bool,
) -> None:
    """Import IMDb's dump: download, stage, merge.

    Readers see the old catalogue until the new one is whole; stopping at any moment changes nothing.
    """
    from cli.progress import progress_for
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import migrate
    from mediacanon.imdb.sync import Report, SyncOptions
    from mediacanon.imdb.sync import sync as run_import
    from mediacanon.settings import Settings

    settings = Settings.from_environment(database_url=database_url, data_dir=data_dir)
    options = SyncOptions(
        folder=folder or settings.data_dir / "imdb",
        base_url=None if offline else settings.imdb_base_url,
        is_forced=force,
        workers=workers,
    )

    async def run(dsn: str) -> Report:
        await migrate(dsn)
        with progress_for(sys.stderr) as progress:
            return await run_import(dsn, options, progress)

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    with running_database(settings) as dsn:
        report = asyncio.run(run(dsn))
    if as_json:
        import orjson

        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        print_report(report)
