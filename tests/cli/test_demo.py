"""`mediacanon demo`: fills an empty database, and refuses any other."""

import pytest
from click.testing import CliRunner

from cli import main


def test_demo_fills_an_empty_database_once(database: str) -> None:
    """The first run loads the catalogue; the second is refused in one line."""
    first = CliRunner().invoke(main, ["demo", "--db", database])
    assert (first.exit_code, first.output) == (0, "The demo catalogue is loaded.\n")
    second = CliRunner().invoke(main, ["demo", "--db", database])
    assert second.exit_code == 1
    assert second.output.startswith("Error: The database holds titles already")
    assert second.output.count("\n") == 1


def test_demo_names_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value is one line that names the variable."""
    monkeypatch.setenv("PORT", "many")
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 1
    assert "PORT is 'many'" in result.output
    assert result.output.count("\n") == 1
