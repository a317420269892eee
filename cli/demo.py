"""`mediacanon demo`: loads the demo catalogue into an empty database."""

import asyncio

import click

from cli.options import database_options


@click.command()
@database_options
def demo(**database: str | None) -> None:
    """Load an invented catalogue into an empty database."""
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import migrate
    from mediacanon.imdb.demo import load_demo
    from mediacanon.settings import Settings

    async def fill(dsn: str) -> None:
        await migrate(dsn)
        await load_demo(dsn)

    with running_database(Settings.from_environment(None, **database)) as dsn:
        asyncio.run(fill(dsn))
    click.echo("The demo catalogue is loaded.")
