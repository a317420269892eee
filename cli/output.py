"""What commands print: for people, or as JSON for programs."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def json_option(command: Command) -> Command:
    """Add --json, handed to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


def print_result(result: object, text: str, *, as_json: bool) -> None:
    """Print a result (dataclasses, lists, dicts) as JSON, or what it is in words."""
    if as_json:
        import orjson

        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(text)


def log_to_stderr() -> None:
    """Have what happens on the way told on standard error, apart from the result."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    # It tells every request.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def counted(number: int, noun: str) -> str:
    """Return how many: `1 title`, `2,000 titles`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
