"""`mediacanon db`: backup, restore, reset and psql."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest
from click.testing import CliRunner, Result

from cli import main
from tests.database.clusters import ask, superuser

ROOT = Path(__file__).parents[2]
COUNT = "SELECT count(*) FROM titles"
Run = Callable[..., Result]


@pytest.fixture
def run(demo_database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `mediacanon db` on the test's own demo catalogue, with input for its prompts."""
    monkeypatch.setenv("DATABASE_URL", demo_database)

    def invoke(*arguments: object, answer: str = "") -> Result:
        return CliRunner().invoke(main, ["db", *map(str, arguments)], input=answer)

    return invoke


def psql(dsn: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `mediacanon db psql` to its end."""
    command = [sys.executable, "-m", "cli", "db", "psql", *arguments]
    environment = {**os.environ, "DATABASE_URL": dsn}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT, **options)


def test_a_backup_is_restored(run: Run, demo_database: str, tmp_path: Path) -> None:
    """Rows deleted after the backup are back; both commands print a summary."""
    file = tmp_path / "catalogue.dump"
    done = run("backup", file)
    assert (done.exit_code, done.output.startswith(f"{file}: ")) == (0, True)
    assert orjson.loads(run("backup", file, "--json").stdout)["bytes"] == file.stat().st_size
    ask(demo_database, "DELETE FROM titles")
    restored = run("restore", file)
    assert (restored.exit_code, ask(demo_database, COUNT)) == (0, 720)
    assert restored.output.startswith(f"{file} is now the database {urlsplit(demo_database).path[1:]} on ")


def test_a_file_of_another_kind_is_not_restored(run: Run, demo_database: str, tmp_path: Path) -> None:
    """The error is one line with exit code 1, and the database is kept. A missing file is wrong usage."""
    (tmp_path / "notes.txt").write_text("notes")
    refused = run("restore", tmp_path / "notes.txt")
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert "is no backup" in refused.output
    assert run("restore", tmp_path / "missing").exit_code == 2
    assert ask(demo_database, COUNT) == 720


def test_reset_asks_first(run: Run, demo_database: str) -> None:
    """The answer no and the end of input keep the data; yes and --yes delete it."""
    assert [run("reset", answer=answer).exit_code for answer in ("n\n", "")] == [1, 1]
    assert ask(demo_database, COUNT) == 720
    assert run("reset", answer="y\n").exit_code == 0
    assert ask(demo_database, COUNT) == 0
    assert (
        run("reset", "--yes").output
        == f"Emptied the database {urlsplit(demo_database).path[1:]} on {host(demo_database)}.\n"
    )


def host(dsn: str) -> str:
    """Return the socket folder of the test's cluster, as messages print it."""
    return str(ask(superuser(dsn), "SHOW unix_socket_directories")).strip('"')


def test_psql_is_opened_on_the_database(demo: str) -> None:
    """psql gets its arguments and standard input, and its exit code is the command's."""
    assert psql(demo, "-Atc", COUNT).stdout == "720\n"
    assert psql(demo, "-At", input="SELECT current_database();").stdout == f"{urlsplit(demo).path[1:]}\n"
    failed = psql(demo, "-v", "ON_ERROR_STOP=1", input="SELECT nope;")
    assert (failed.returncode, 'column "nope" does not exist' in failed.stderr) == (3, True)


def test_an_unreachable_database_is_one_line_without_the_password(tmp_path: Path) -> None:
    """Every command names the database and the reason."""
    url = "postgresql://me:secret@127.0.0.1:1/none"
    for arguments in (["backup", str(tmp_path / "x")], ["restore", __file__], ["reset", "--yes"], ["psql"]):
        done = CliRunner().invoke(main, ["db", *arguments], env={"DATABASE_URL": url})
        assert (done.exit_code, done.output.count("\n")) == (1, 1)
        assert done.output.startswith("Error: Cannot use the database none on 127.0.0.1:1: ")
        assert "secret" not in done.output
