"""Settings: defaults, environment, options, and the messages for wrong values and renamed variables."""

import dataclasses
import os
import re
from pathlib import Path

import pytest

from mediacanon import paths
from mediacanon.errors import WrongSetting
from mediacanon.settings import RENAMED, Settings, override_environment, proxy_for

WRONG = {
    "PORT": ("99999", "a port from 0 to 65535"),
    "TMDB_BASE_URL": ("api.tmdb", "http(s) URL"),
    "MEDIACANON_POOL_SIZE": ("0", "connections from 1"),
    "TMDB_WAIT": ("-1", "seconds"),
    "TMDB_LANGUAGES": ("english", "languages between commas"),
    "MEDIACANON_DIALECTS": ("omdb,kodi", "tmdb between commas"),
    "MEDIACANON_IMDB_FILES": ("title.basics", "files between commas, of title.akas"),
    "MEDIACANON_COUNTRY": ("Germany", "an ISO 3166-1 code"),
    "MEDIACANON_ALLOWED_HOSTS": ("media.example.org:8080", "names without ports"),
}
# A value of each setting that is not its default, awkward where it can be.
EVERY_SETTING = {
    "HOST": "media.lan,::1",
    "PORT": "9000",
    "DATABASE_URL": "postgresql://me:p%40$%22@host/db?options=-c%20jit%3Doff",
    "DATABASE_REPLICA_URL": "postgresql://me:`p`@standby,other/db,postgresql://me:`p`@third/db",
    "DATABASE_POOLER_URL": "postgresql://me:p\\@pooler/db",
    "MEDIACANON_DATA_DIR": "/srv/films 'of mine' 100 %u ",
    "TMDB_API_KEY": "eyJhbGciOiJub25lIn0",
    "TMDB_BASE_URL": "http://tmdb.lan",
    "TMDB_IMAGE_BASE_URL": "http://images.lan/t/p",
    "TMDB_WAIT": "0.1",
    "TMDB_RATE": "0",
    "TMDB_LANGUAGES": "de,en,pt-BR",
    "MEDIACANON_TMDB_PASSTHROUGH": "on",
    "MEDIACANON_COUNTRY": "DE",
    "MEDIACANON_IMAGE_CACHE_MB": "1e3",
    "MEDIACANON_RESPONSE_CACHE_MB": "0.5",
    "MEDIACANON_DIALECTS": "lists,stremio",
    "MEDIACANON_SHARED_MAX_AGE": "30",
    "MEDIACANON_PURGE_URL": "http://cache.lan:6081,http://other.lan",
    "IMDB_BASE_URL": "http://imdb.lan",
    "MEDIACANON_IMDB_FILES": "name.basics,title.crew",
    "MEDIACANON_IMDB_FURTHER_DAYS": "1.5",
    "MEDIACANON_LOG_FILE": '"/var/log/a \\"log\\""',
    "MEDIACANON_ADULT": "hide",
    "MEDIACANON_POSTERLESS": "show",
    "MEDIACANON_LOG_FORMAT": "json",
    "MEDIACANON_POOL_SIZE": "3",
    "MEDIACANON_KEEP_ALIVE": "75",
    "MEDIACANON_WRITES": "token",
    "MEDIACANON_WRITE_TOKEN": "hush $HOME 'hush'",
    "MEDIACANON_ALLOWED_HOSTS": "media.lan,films.lan",
    "MEDIACANON_RATE_LIMIT": "60",
    "MEDIACANON_TRUSTED_PROXIES": "172.16.0.0/12,fd00::/8",
    "MEDIACANON_BASE_PATH": "/media",
    "MEDIACANON_FRAME_ANCESTORS": "self https://dashboard.example.org",
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


def test_every_setting_survives_being_written_out_and_read_again():
    """Each value is spelled as its variable takes it, blanks and quotes at its ends included."""
    settings = Settings.from_environment(EVERY_SETTING)
    changed = {field.name for field in dataclasses.fields(Settings) if getattr(settings, field.name) != field.default}
    assert changed == {field.name for field in dataclasses.fields(Settings)}
    assert set(settings.as_environment()) == set(EVERY_SETTING)
    assert Settings.from_environment(settings.as_environment()) == settings
    for folder in ("/x ", '/"x"', "/x'", "/ x"):
        quoted = Settings.from_environment({"MEDIACANON_DATA_DIR": f'"{folder}"'})
        assert str(quoted.data_dir) == folder
        assert Settings.from_environment(quoted.as_environment()) == quoted


@pytest.mark.parametrize("around", ["{}\r", "{}\r\n", " {}\t", '"{}"', "'{}'", " '{}'\r"])
def test_blanks_and_quotes_around_any_value_are_not_part_of_it(around: str):
    """Files with Windows' line ends, and files read by programs that keep quotes, make the same settings."""
    plain = EVERY_SETTING | {"MEDIACANON_DATA_DIR": "/x", "MEDIACANON_LOG_FILE": "/log"}
    wrapped = {name: around.format(value) for name, value in plain.items()}
    assert Settings.from_environment(wrapped) == Settings.from_environment(plain)
    assert Settings.from_environment({"PORT": '""', "MEDIACANON_DATA_DIR": "' '"}) == Settings.from_environment({})


@pytest.mark.parametrize("name", EVERY_SETTING)
def test_a_control_character_within_any_value_is_refused(name: str):
    """No login entry could hold it, and no folder should be made of it."""
    with pytest.raises(WrongSetting, match=f"^{name} is "):
        Settings.from_environment({name: EVERY_SETTING[name][:1] + "\n1" + EVERY_SETTING[name][1:]})


def test_a_secret_copied_with_its_header_is_the_secret():
    """`Bearer` before a key or token is not part of it."""
    copied = {"TMDB_API_KEY": "Bearer eyJhbGciOiJub25lIn0", "MEDIACANON_WRITE_TOKEN": '"bearer  hush"'}
    settings = Settings.from_environment(copied)
    assert (settings.tmdb_api_key, settings.write_token) == ("eyJhbGciOiJub25lIn0", "hush")


@pytest.mark.parametrize(
    ("host", "hosts"),
    [("[::1]", ("::1",)), ("::", ("::",)), (" 127.0.0.1, [::1],", ("127.0.0.1", "::1")), (",", None)],
)
def test_addresses_are_taken_as_people_write_them(host: str, hosts: tuple[str, ...] | None):
    """Brackets are taken off, several addresses stand between commas."""
    if hosts is None:
        with pytest.raises(WrongSetting, match="host names or addresses, separated by commas"):
            Settings.from_environment({"HOST": host})
    else:
        assert Settings.from_environment({"HOST": host}).hosts == hosts


def test_the_default_data_folder_has_no_stray_blanks(monkeypatch: pytest.MonkeyPatch):
    """XDG_DATA_HOME is cleaned as the settings are."""
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data\r")
    monkeypatch.setattr("mediacanon.settings.os.geteuid", lambda: 1000)
    monkeypatch.setattr("mediacanon.settings.sys.platform", "linux")
    assert Settings.from_environment({}).data_dir == Path("/srv/data/mediacanon")


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://api.example", None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://api.example", "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "https://api.example", "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "https://api.example", None),
        ({"ALL_PROXY": "http://proxy:3128"}, "https://api.example", "http://proxy:3128"),
        ({"ALL_PROXY": "http://proxy:3128", "NO_PROXY": "example"}, "https://api.example", None),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "127.0.0.1"}, "http://127.0.0.1:80", None),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, "http://api.example", None),
    ],
)
def test_a_proxy_is_found_as_other_programs_find_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
):
    """HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


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
