"""`mediacanon demo`: fills an empty database with the demo catalogue."""

import asyncio

import click

from cli.options import database_options


@click.command()
@database_options
def demo(**database: str | None) -> None:
    """Fill an empty database with an invented catalogue to look around in."""
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
