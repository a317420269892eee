"""`mediacanon demo`: fills an empty database with the demo catalogue."""

import asyncio

import click


@click.command()
@click.option("--db", "database_url", metavar="URL", help="The database [DATABASE_URL].")
@click.option("--data-dir", metavar="FOLDER", help="Our own database's home [MEDIACANON_DATA_DIR].")
def demo(database_url: str | None, data_dir: str | None) -> None:
    """Fill an empty database with an invented catalogue to look around in."""
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import migrate
    from mediacanon.errors import MediaCanonError
    from mediacanon.imdb.demo import load_demo
    from mediacanon.settings import Settings

    async def fill(dsn: str) -> None:
        await migrate(dsn)
        await load_demo(dsn)

    try:
        settings = Settings.from_environment(database_url=database_url, data_dir=data_dir)
        with running_database(settings) as dsn:
            asyncio.run(fill(dsn))
    except MediaCanonError as error:
        raise click.ClickException(error.message) from None
    click.echo("The demo catalogue is loaded.")
