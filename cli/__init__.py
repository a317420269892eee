"""The command line: `mediacanon` and its commands, each in a module that is imported when it is called."""

import importlib
import sys
from typing import Any

import click

# command -> (module, attribute)
COMMANDS = {
    "serve": ("cli.serve", "serve"),
    "sync": ("cli.sync", "sync"),
    "tmdb": ("cli.tmdb", "tmdb"),
    "demo": ("cli.demo", "demo"),
    "migrate": ("cli.migrate", "migrate"),
    "genres": ("cli.genres", "genres"),
    "collections": ("cli.collections", "collections"),
    "db": ("cli.database", "db"),
    "doctor": ("cli.doctor", "doctor"),
    "tray": ("cli.tray", "tray"),
    "schema": ("cli.schema", "schema"),
}
INTERRUPTED = 130


class Commands(click.Group):
    """A group that imports a command when it is called, and prints MediaCanon's errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Return the command of a name, None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run a command. MediaCanon's errors become one line on standard error and exit code 1.

        With --debug they are raised, and show their traceback.
        """
        from mediacanon.errors import MediaCanonError

        try:
            return super().invoke(ctx)
        except MediaCanonError as error:
            if ctx.params.get("debug"):
                raise
            raise click.ClickException(error.message) from None
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            sys.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mediacanon")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Override a setting for this run; repeatable."
)
def main(*, debug: bool, settings: tuple[str, ...]) -> None:  # noqa: ARG001 - `invoke` reads debug
    """MediaCanon: IMDb's datasets and TMDB in one clean catalogue of movies and shows."""
    if settings:
        from mediacanon.settings import override_environment

        override_environment(settings)
