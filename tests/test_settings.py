"""Settings: defaults, environment, options, and the messages for wrong values and renamed variables."""

import dataclasses
import os
import re
from pathlib import Path

import pytest

from mediacanon import paths
from mediacanon.errors import WrongSetting
from mediacanon.settings import RENAMED, Settings, override_environment

WRONG = {
    "PORT": ("99999", "a port from 0 to 65535"),
    "TMDB_BASE_URL": ("api.tmdb", "http(s) URL"),
    "MEDIACANON_POOL_SIZE": ("0", "connections from 1"),
    "TMDB_WAIT": ("-1", "seconds"),
    "MEDIACANON_ALLOWED_HOSTS": ("media.example.org:8080", "names without ports"),
}
DATABASES = ("DATABASE_URL", "DATABASE_REPLICA_URL", "DATABASE_POOLER_URL")


def test_defaults_suit_one_machine():
    """The server listens on loopback, port 8080, and runs its own database."""
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 8080, None)


def test_options_win_over_the_environment():
    """An option is parsed and checked like its variable."""
    assert Settings.from_environment({"PORT": "1"}, port="2").port == 2
    assert Settings.from_environment({"PORT": "1"}, port=None).port == 1
    assert Settings.from_environment({"PORT": " "}).port == 8080


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_one_clear_line(name: str):
    """The line has the variable, its value and the accepted values."""
    value, wanted = WRONG[name]
    with pytest.raises(WrongSetting) as raised:
        Settings.from_environment({name: value})
    message = str(raised.value)
    assert name in message
    assert repr(value) in message
    assert wanted in message
    assert "\n" not in message


def test_secrets_are_not_repeated():
    """The repr of the settings shows neither a key nor a database password."""
    url = "postgresql://me:hush-hush@host/db"
    secrets = {"TMDB_API_KEY": "hush-hush", "MEDIACANON_WRITE_TOKEN": "hush-hush"}
    settings = Settings.from_environment(secrets | dict.fromkeys(DATABASES, url))
    assert (settings.tmdb_api_key, settings.database_url) == ("hush-hush", url)
    assert "hush-hush" not in repr(settings)


@pytest.mark.parametrize("name", DATABASES)
def test_the_message_for_a_wrong_database_has_no_password(name: str):
    """The line has the variable and the accepted values, not the value."""
    with pytest.raises(WrongSetting) as raised:
        Settings.from_environment({name: "mysql://me:hush-hush@host/db"})
    assert str(raised.value) == f"{name} is not usable; it must be postgresql://user@host/database"


@pytest.mark.parametrize("token", ["gehêim", "two\nlines"])
def test_a_token_that_no_header_carries_is_refused(token: str):
    """The line has the accepted values, not the token."""
    with pytest.raises(WrongSetting, match="MEDIACANON_WRITE_TOKEN is not usable; it must be a secret in ASCII"):
        Settings.from_environment({"MEDIACANON_WRITE_TOKEN": token})


def test_settings_cannot_be_changed():
    """The settings of the start stay until the end."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_environment({}).port = 1


def test_any_setting_can_be_set_by_an_option():
    """`mediacanon --set NAME=VALUE` wins over the environment; an unknown name is one line with the nearest known one."""
    from click.testing import CliRunner

    from cli import main

    wrong = CliRunner().invoke(main, ["--set", "TMDB_WAITS=3", "demo"])
    assert wrong.exit_code == 1
    assert "did you mean TMDB_WAIT?" in wrong.output
    refused = CliRunner(env={"PORT": "1"}).invoke(main, ["--set", "PORT=many", "serve"])
    assert refused.exit_code == 1
    assert "PORT is 'many'" in refused.output


@pytest.mark.parametrize("old", RENAMED)
def test_a_renamed_variable_is_refused_with_its_new_name(old: str):
    """An ignored variable of an earlier version would open or close the server silently."""
    new = RENAMED[old]
    assert new in {field.metadata["env"] for field in dataclasses.fields(Settings)}
    for environment in ({old: "1"}, {old: "", new: "1"}):
        with pytest.raises(WrongSetting, match=f"^{old} is now {new}$"):
            Settings.from_environment(environment)
    for assignment in (f"{old}=1", old):
        with pytest.raises(WrongSetting, match=f"^{old} is now {new}$"):
            override_environment([assignment])
    assert old not in os.environ


def test_every_setting_is_documented():
    """docs/operations.md has a row for each variable."""
    text = (paths.PACKAGE.parent / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    assert documented == {field.metadata["env"] for field in dataclasses.fields(Settings)}


def test_nothing_else_reads_the_environment():
    """settings.py alone reads environment variables."""
    allowed = {"settings.py"}
    readers = {
        path.name
        for folder in ("mediacanon", "cli")
        for path in (paths.PACKAGE.parent / folder).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    assert readers <= allowed
    assert Path(paths.SCHEMA_SQL).is_file()
