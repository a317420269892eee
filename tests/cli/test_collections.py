"""`mediacanon collections`: check, load and list."""

import json

import pytest
from click.testing import CliRunner

from cli.collections import collections as command

RIGHT = "slug: {0}\nname: Drama\nstrategy: filter\nfilter: {{genre: Drama}}\n"


def run(*arguments):
    """Run a command and return its result."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    """Give a folder with one right file."""
    (tmp_path / "drama.yaml").write_text(RIGHT.format("drama"))
    return tmp_path


@pytest.fixture
def wrong(folder):
    """Give a folder with a right file and a wrong one."""
    (folder / "wrong.yaml").write_text(RIGHT.format("wrong").replace("genre", "gener"))
    return folder


def test_check_needs_no_database(monkeypatch):
    """The shipped files are right, whatever DATABASE_URL says."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    result = run("check")
    assert (result.exit_code, result.output) == (0, "46 files, none wrong.\n")


def test_check_names_what_is_wrong(wrong):
    """File, line, key, trouble and a suggestion; exit code 1; the same as JSON."""
    result = run("check", "--dir", wrong)
    assert result.exit_code == 1
    assert result.output == "wrong.yaml:4: filter.gener: is no key here; did you mean genre?\n2 files, 1 wrong.\n"
    result = run("check", "--dir", wrong, "--json")
    assert result.exit_code == 1
    assert json.loads(result.output) == [
        {"file": "wrong.yaml", "line": 4, "key": "filter.gener", "message": "is no key here; did you mean genre?"}
    ]


def test_load_says_what_it_did(database, folder):
    """Created, then unchanged, then deactivated; list shows those that are active."""
    assert run("list", "--db", database).output == "There are no collections yet.\n"
    (folder / "other.yaml").write_text(RIGHT.format("other"))
    result = run("load", "--db", database, "--dir", folder)
    assert (result.exit_code, result.output) == (0, "created drama\ncreated other\n0 collections unchanged.\n")
    (folder / "other.yaml").unlink()
    result = run("load", "--db", database, "--dir", folder)
    assert (result.exit_code, result.output) == (0, "deactivated other\n1 collection unchanged.\n")
    result = run("list", "--db", database)
    assert result.exit_code == 0
    assert result.output.split() == ["drama", "filter", "0", "Drama"]
    assert [row["slug"] for row in json.loads(run("list", "--db", database, "--json").output)] == ["drama"]


def test_load_names_what_could_not_be_used(database, wrong):
    """The right file is loaded all the same; exit code 1; the report as JSON."""
    result = run("load", "--db", database, "--dir", wrong, "--json")
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["created"] == ["drama"]
    assert report["problems"] == ["wrong.yaml:4: filter.gener: is no key here; did you mean genre?"]
