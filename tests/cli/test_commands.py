"""Features of all commands: instant help, completion, errors in one line, exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
# Prints the libraries and modules that the help has imported.
HELP = """
import sys
from cli import main
LIGHT = ("mediacanon", "mediacanon.errors")
main(sys.argv[1:], standalone_mode=False)
print([name for name in sys.modules if name.split(".")[0] in {"asyncpg", "graphql", "httpx", "strawberry", "starlette", "uvicorn", "rich", "mediacanon"} and name not in LIGHT])
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run mediacanon to its end."""
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **environment}, cwd=ROOT
    )


def paths(command: click.Command, *before: str) -> list[tuple[str, ...]]:
    """Return the words that call a command and each of its subcommands."""
    below = [] if not isinstance(command, click.Group) else command.list_commands(click.Context(command))
    found = [before]
    for name in below:
        found += paths(command.get_command(click.Context(command), name), *before, name)
    return found


@pytest.mark.parametrize("words", paths(main), ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    """The help describes the command and each option."""
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith("Usage: ")
    command: click.Command = main
    for word in words:
        command = command.get_command(click.Context(command), word)
    assert command.help
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("words", [words for words in paths(main) if words], ids=" ".join)
def test_the_summary_of_a_command_fits_its_line(words: tuple[str, ...]) -> None:
    """The list of commands shows the first sentence of the help, uncut."""
    *group, name = words
    listed = CliRunner().invoke(main, [*group, "--help"], terminal_width=80).output
    summary = re.search(rf"^  {name} +(\S.*)$", listed, re.MULTILINE)
    assert summary
    assert not summary[1].endswith("...")


def test_help_imports_no_library() -> None:
    """Help is instant: it imports neither drivers nor modules of MediaCanon, except the errors."""
    for words in ([], ["genres"], ["db"], ["doctor"], ["sync"]):
        command = [sys.executable, "-c", HELP, *words, "--help"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        assert done.stdout.splitlines()[-1] == "[]"


def test_shells_complete_commands_and_options() -> None:
    """Bash, zsh and fish have a script, and complete the names of the commands."""
    for shell in ("bash", "zsh", "fish"):
        assert "_MEDIACANON_COMPLETE" in run(_MEDIACANON_COMPLETE=f"{shell}_source").stdout
    words = {"_MEDIACANON_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    offered = {line.partition(",")[2] for line in run(COMP_WORDS="mediacanon ", **words).stdout.splitlines()}
    assert offered == set(COMMANDS)
    words["COMP_CWORD"] = "2"
    assert "plain,export" in run(COMP_WORDS="mediacanon genres ex", **words).stdout


def test_errors_are_one_line() -> None:
    """The exit code is 1; --debug shows the traceback. Wrong usage is exit code 2."""
    wrong = {"DATABASE_URL": "mysql://nobody"}
    plain = run("genres", "list", **wrong)
    assert (plain.returncode, plain.stdout, plain.stderr.count("\n")) == (1, "", 1)
    assert plain.stderr.startswith("Error: DATABASE_URL is not usable; it must be ")
    assert "Traceback" in run("--debug", "genres", "list", **wrong).stderr
    assert run("genres", "nope").returncode == 2
    assert run("genres", "export").returncode == 2


def test_help_lists_every_command() -> None:
    """Each command has a summary in the list, and a help of its own."""
    listed = run("--help")
    assert listed.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name}\s+\S+", listed.stdout, re.MULTILINE)
        own = run(name, "--help")
        assert (own.returncode, f"{name} " in own.stdout) == (0, True)


def test_debug_shows_the_traceback_of_a_wrong_setting() -> None:
    """The traceback ends with the message."""
    failed = run("--debug", "serve", PORT="many")
    assert failed.returncode == 1
    assert "Traceback" in failed.stderr
    assert "PORT is 'many'" in failed.stderr
