"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


host_option = click.option("--host", metavar="HOST", help="Host name or address to listen on [HOST, 127.0.0.1].")


def database_options(command: Command) -> Command:
    """Add the options that name the database: a URL, or the data folder of MediaCanon's own one."""
    home = click.option("--data-dir", metavar="FOLDER", help="MediaCanon's data folder [MEDIACANON_DATA_DIR].")
    url = click.option("--db", "database_url", metavar="URL", help="Your PostgreSQL database [DATABASE_URL].")
    return url(home(command))
