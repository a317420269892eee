"""`mediacanon serve`: the server, in one process or several."""

import click

from cli.options import database_options, host_option


@click.command()
@host_option
@click.option("--port", metavar="PORT", help="Port to listen on, 0 for any free one [PORT, 8080].")
@click.option("--workers", metavar="N", type=click.IntRange(1), default=1, help="Number of server processes [1].")
@click.option("--demo", "with_demo", is_flag=True, help="Load the demo catalogue into an empty database.")
@database_options
def serve(*, workers: int, with_demo: bool, **options: str | None) -> None:
    """Serve pages, REST and GraphQL until interrupted."""
    from mediacanon.settings import Settings

    settings = Settings.from_environment(None, **options)
    # Imported after the settings were checked: it takes a second.
    from mediacanon.server.start import start_server

    start_server(
        settings,
        workers=workers,
        with_demo=with_demo,
        announce=lambda address: click.echo(f"MediaCanon serves {address}"),
    )
