"""`mediacanon migrate`: upgrades a database to this version's schema."""

import asyncio

import click

from cli.options import database_options
from cli.output import log_to_stderr


@click.command()
@database_options
def migrate(**options: str | None) -> None:
    """Upgrade the database to this version's schema.

    A database that has the schema already is left as it is.
    """
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import migrate as run
    from mediacanon.settings import Settings

    log_to_stderr()
    with running_database(Settings.from_environment(None, **options)) as dsn:
        asyncio.run(run(dsn, is_forced=True))
    click.echo("The database has the current schema.")
