"""`mediacanon collections`: check, load and list."""

import json

import pytest
from click.testing import CliRunner

from cli.collections import collections as command
from cli.genres import genres

VALID = "slug: {0}\nname: Drama\nstrategy: filter\nfilter: {{genre: Drama}}\n"


def run(*arguments):
    """Run `mediacanon collections` and return the result."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    """Return a folder with one valid file."""
    (tmp_path / "drama.yaml").write_text(VALID.format("drama"))
    return tmp_path


@pytest.fixture
def faulty(folder):
    """Return a folder with a valid file and a file with a fault."""
    (folder / "wrong.yaml").write_text(VALID.format("wrong").replace("genre", "gener"))
    return folder


def test_check_needs_no_database(monkeypatch):
    """The shipped files are valid, and DATABASE_URL is not used."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    result = run("check")
    assert (result.exit_code, result.output) == (0, "46 files, none wrong.\n")


def test_check_prints_each_fault(faulty):
    """A fault has file, line, key, message and suggestion, also as JSON; the exit code is 1."""
    result = run("check", "--dir", faulty)
    assert result.exit_code == 1
    assert result.output == "wrong.yaml:4: filter.gener: is no key here; did you mean genre?\n2 files, 1 wrong.\n"
    result = run("check", "--dir", faulty, "--json")
    assert result.exit_code == 1
    assert json.loads(result.output) == [
        {"file": "wrong.yaml", "line": 4, "key": "filter.gener", "message": "is no key here; did you mean genre?"}
    ]


def test_a_custom_genre_is_named_to_check_and_known_to_load(database, folder):
    """Without a database an unknown genre is a fault with a suggestion; `load` knows the genres of its database."""
    (folder / "drama.yaml").write_text(VALID.format("drama").replace("genre: Drama", "genre: heist"))
    result = run("check", "--dir", folder)
    assert result.exit_code == 1
    assert "drama.yaml:4: filter.genre: must be the name of a genre, not 'heist'" in result.output
    assert "did you mean Heists?" in run("check", "--dir", folder, "--genre", "Heists").output
    assert run("check", "--dir", folder, "--genre", "Heist").exit_code == 0
    assert run("load", "--db", database, "--dir", folder).exit_code == 1
    assert CliRunner().invoke(genres, ["add", "Heist", "--db", database]).exit_code == 0
    assert "created drama" in run("load", "--db", database, "--dir", folder).output


def test_load_prints_the_changes(database, folder):
    """Collections are created, then unchanged, then deactivated; list prints the active ones."""
    assert run("list", "--db", database).output == "There are no collections yet.\n"
    (folder / "other.yaml").write_text(VALID.format("other"))
    result = run("load", "--db", database, "--dir", folder)
    assert (result.exit_code, result.output) == (0, "created drama\ncreated other\n0 collections unchanged.\n")
    (folder / "other.yaml").unlink()
    result = run("load", "--db", database, "--dir", folder)
    assert (result.exit_code, result.output) == (0, "deactivated other\n1 collection unchanged.\n")
    result = run("list", "--db", database)
    assert result.exit_code == 0
    assert result.output.split() == ["drama", "filter", "0", "Drama"]
    assert [row["slug"] for row in json.loads(run("list", "--db", database, "--json").output)] == ["drama"]


def test_load_skips_files_with_faults(database, faulty):
    """The valid file is loaded, the report names the fault, and the exit code is 1."""
    result = run("load", "--db", database, "--dir", faulty, "--json")
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["created"] == ["drama"]
    assert report["problems"] == ["wrong.yaml:4: filter.gener: is no key here; did you mean genre?"]
