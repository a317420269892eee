"""`mediacanon tray`: a tray icon that keeps the server running."""

import logging
import sys
from pathlib import Path

import click

from cli.options import database_options, host_option


@click.command()
@host_option
@click.option("--port", metavar="PORT", help="Port to listen on [PORT, 8080].")
@click.option(
    "--config-home",
    type=click.Path(path_type=Path),
    envvar="XDG_CONFIG_HOME",
    default=Path.home() / ".config",
    hidden=True,
)
@database_options
def tray(*, config_home: Path, **options: str | None) -> None:
    """Show a tray icon that keeps the server running.

    Its menu opens the pages, starts an import, shows the log and toggles the start at login. The tray restarts the
    server when it ends, and stops it on Quit. A server that runs already, such as a service, is shown and left alone.
    """
    from mediacanon.settings import Settings
    from mediacanon.tray.application import Tray
    from mediacanon.tray.icon import run_icon
    from mediacanon.tray.login import login_entry

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    settings = Settings.from_environment(None, **options)
    database = _arguments({"--db": options["database_url"], "--data-dir": options["data_dir"]})
    listening = _arguments({"--host": options["host"], "--port": options["port"]})
    login = login_entry(settings, platform=sys.platform, config_home=config_home)
    run_icon(Tray(settings, serve=[*listening, *database], sync=database, login=login))


def _arguments(options: dict[str, str | None]) -> list[str]:
    return [word for name, value in options.items() if value for word in (name, value)]
