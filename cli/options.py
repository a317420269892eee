"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def database_options(command: Command) -> Command:
    """Add the options that name the database."""
    home = click.option("--data-dir", metavar="FOLDER", help="Our own database's home [MEDIACANON_DATA_DIR].")
    url = click.option("--db", "database_url", metavar="URL", help="The database [DATABASE_URL].")
    return url(home(command))
