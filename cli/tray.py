"""`mediacanon tray`: an icon that keeps the server running."""

import logging
import sys
from pathlib import Path

import click

from cli.options import database_options


@click.command()
@click.option("--host", metavar="HOST", help="Where to listen [HOST, 127.0.0.1].")
@click.option("--port", metavar="PORT", help="On which port [PORT, 8080].")
@click.option(
    "--config-home",
    type=click.Path(path_type=Path),
    envvar="XDG_CONFIG_HOME",
    default=Path.home() / ".config",
    hidden=True,
)
@database_options
def tray(*, config_home: Path, **options: str | None) -> None:
    """Show an icon: the server's address, imports, logs, start at login.

    The server runs as long as the icon is there, and is started again when it ends. Where it already runs, as a
    service does, the icon is its remote control.
    """
    from mediacanon.settings import Settings
    from mediacanon.tray.application import Tray
    from mediacanon.tray.icon import run_icon
    from mediacanon.tray.login import login_entry

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    settings = Settings.from_environment(None, **options)
    database = _spelled({"--db": options["database_url"], "--data-dir": options["data_dir"]})
    listening = _spelled({"--host": options["host"], "--port": options["port"]})
    login = login_entry(settings, platform=sys.platform, config_home=config_home)
    run_icon(Tray(settings, serve=[*listening, *database], sync=database, login=login))


def _spelled(options: dict[str, str | None]) -> list[str]:
    return [word for name, value in options.items() if value for word in (name, value)]
