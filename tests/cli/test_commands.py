"""What all commands have in common: instant help, completion, errors in one line, exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
# Prints what else was read to answer.
HELP = """
import sys
from cli import main
LIGHT = ("mediacanon", "mediacanon.errors")
main(sys.argv[1:], standalone_mode=False)
print([name for name in sys.modules if name.split(".")[0] in {"asyncpg", "httpx", "strawberry", "rich", "mediacanon"} and name not in LIGHT])
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run mediacanon to its end."""
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **environment}, cwd=ROOT
    )


def paths(command: click.Command, *before: str) -> list[tuple[str, ...]]:
    """Return the words that lead to a command and to those below it."""
    below = [] if not isinstance(command, click.Group) else command.list_commands(click.Context(command))
    found = [before]
    for name in below:
        found += paths(command.get_command(click.Context(command), name), *before, name)
    return found


@pytest.mark.parametrize("words", paths(main), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """What it does, and each option in words."""
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith("Usage: ")
    command: click.Command = main
    for word in words:
        command = command.get_command(click.Context(command), word)
    unexplained = [one.name for one in command.params if isinstance(one, click.Option) and not (one.help or one.hidden)]
    assert unexplained == []


def test_help_reads_no_library() -> None:
    """So that it is there at once: neither drivers nor our own modules but the errors, for any group."""
    for words in ([], ["genres"], ["db"], ["doctor"], ["sync"]):
        command = [sys.executable, "-c", HELP, *words, "--help"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        assert done.stdout.splitlines()[-1] == "[]"


def test_shells_complete_commands_and_options() -> None:
    """Bash, zsh and fish have a script, and the answers are the commands."""
    for shell in ("bash", "zsh", "fish"):
        assert "_MEDIACANON_COMPLETE" in run(_MEDIACANON_COMPLETE=f"{shell}_source").stdout
    words = {"_MEDIACANON_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    offered = {line.partition(",")[2] for line in run(COMP_WORDS="mediacanon ", **words).stdout.splitlines()}
    assert offered == set(COMMANDS)
    words["COMP_CWORD"] = "2"
    assert "plain,export" in run(COMP_WORDS="mediacanon genres ex", **words).stdout


def test_errors_are_one_line_unless_asked_for_more() -> None:
    """Exit code 1; with --debug a traceback. Wrong usage is exit code 2."""
    wrong = {"DATABASE_URL": "mysql://nobody"}
    plain = run("genres", "list", **wrong)
    assert (plain.returncode, plain.stdout, plain.stderr.count("\n")) == (1, "", 1)
    assert plain.stderr.startswith("Error: DATABASE_URL is not usable; it must be ")
    assert "Traceback" in run("--debug", "genres", "list", **wrong).stderr
    assert run("genres", "nope").returncode == 2
    assert run("genres", "export").returncode == 2
