"""`mediacanon db`: backs up, restores, queries and empties the database."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import click

from cli.options import database_options
from cli.output import json_option, print_result

PASS_THROUGH = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group()
def db() -> None:
    """Back up, restore, query or empty the database."""


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@database_options
def backup(file: Path, *, as_json: bool, **options: str | None) -> None:
    """Write a backup of the whole database to FILE.

    The backup is consistent: it holds the database at one moment, even while the server and an import are running. An
    existing FILE is replaced once the backup is complete.
    """
    from cli.progress import amount
    from mediacanon.database.backup import back_up
    from mediacanon.database.embedded import running_database
    from mediacanon.settings import Settings

    with running_database(Settings.from_environment(None, **options)) as dsn:
        size = asyncio.run(back_up(dsn, file.absolute()))
    print_result({"file": str(file), "bytes": size}, f"{file}: {amount(size, None, 'bytes')}.", as_json=as_json)


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@database_options
def restore(file: Path, *, as_json: bool, **options: str | None) -> None:
    """Replace the database with the backup in FILE.

    The old database stays until the new one is complete. Its clients are then disconnected, and reconnect to the new
    one.
    """
    from mediacanon.database.backup import restore as run
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import address
    from mediacanon.settings import Settings

    with running_database(Settings.from_environment(None, **options)) as dsn:
        asyncio.run(run(dsn, file.absolute()))
    where = address(dsn)
    print_result({"file": str(file), "database": where}, f"{file} is now {where}.", as_json=as_json)


@db.command(context_settings=PASS_THROUGH)
@database_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...], **options: str | None) -> None:
    """Open psql on the database.

    ARGUMENTS are passed to psql, as in `mediacanon db psql -c 'SELECT 1'`. The exit code is psql's.
    """
    from mediacanon.database.backup import server_of
    from mediacanon.database.embedded import running_database
    from mediacanon.database.programs import find_programs
    from mediacanon.settings import Settings

    with running_database(Settings.from_environment(None, **options)) as dsn:
        _, major = asyncio.run(server_of(dsn))
        command, environment = find_programs(server=major)[0].command("psql", *arguments, dsn=dsn)
        # Ctrl-C is for psql, where it cancels the query and keeps the session.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            code = subprocess.run(command, check=False, env=environment).returncode  # noqa: S603 - the operator's command
        finally:
            signal.signal(signal.SIGINT, before)
    sys.exit(code)


@db.command()
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@database_options
def reset(*, yes: bool, as_json: bool, **options: str | None) -> None:
    """Replace the database with an empty one. All data is lost."""
    from mediacanon.database.backup import reset as run
    from mediacanon.database.embedded import running_database
    from mediacanon.database.migrate import address
    from mediacanon.settings import Settings

    with running_database(Settings.from_environment(None, **options)) as dsn:
        where = address(dsn)
        if not yes:
            click.confirm(f"Empty {where}? All its data will be lost.", abort=True, err=True)
        asyncio.run(run(dsn))
    print_result({"database": where}, f"Emptied {where}.", as_json=as_json)
