"""Output of commands: text for people, or JSON for programs."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def json_option(command: Command) -> Command:
    """Add --json, passed to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


def print_result(result: object, text: str, *, as_json: bool) -> None:
    """Print a result (dataclasses, lists, dicts) as JSON, or `text` that describes it."""
    if as_json:
        import orjson

        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(text)


def log_to_stderr() -> None:
    """Log to standard error, apart from the result on standard output."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    # httpx logs every request at INFO.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 title`, `2,000 titles`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
