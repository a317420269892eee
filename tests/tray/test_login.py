"""Start at login: files for launchd and desktops, with the current settings, readable by their owner alone."""

import plistlib
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from mediacanon.settings import Settings
from mediacanon.tray.login import COMMAND, desktop_entry, launch_agent, login_entry
from tests.test_settings import EVERY_SETTING

SETTINGS = Settings.from_environment({"PORT": "9000", "TMDB_API_KEY": "a key", "MEDIACANON_DATA_DIR": "/srv/films"})
AWKWARD = ("one two", 'a"b', "$HOME", "`c`", "back\\slash", "100 %u", "")


def test_the_login_entry_keeps_the_current_settings():
    """Its variables make the same settings; defaults are left out."""
    environment = SETTINGS.as_environment()
    assert environment == {"PORT": "9000", "TMDB_API_KEY": "a key", "MEDIACANON_DATA_DIR": "/srv/films"}
    assert Settings.from_environment(environment) == SETTINGS


def test_toggling_writes_and_deletes(tmp_path: Path):
    """The desktop entry is readable by its owner alone, for it may hold a password."""
    entry = login_entry(SETTINGS, platform="linux", config_home=tmp_path / "config")
    assert not entry.is_there
    entry.toggle()
    assert entry.file == tmp_path / "config" / "autostart" / "mediacanon-tray.desktop"
    assert stat.S_IMODE(entry.file.stat().st_mode) == 0o600
    assert entry.is_there
    entry.toggle()
    assert not entry.is_there


def test_a_launch_agent_is_a_property_list():
    """launchd starts the tray at login, with the settings."""
    agent = plistlib.loads(launch_agent(COMMAND, SETTINGS.as_environment()))
    assert agent["Label"] == "com.mediacanon.tray"
    assert agent["ProgramArguments"] == list(COMMAND)
    assert agent["EnvironmentVariables"]["PORT"] == "9000"
    assert agent["RunAtLoad"] is True


def test_on_macos_it_is_a_user_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The file is in the folder that launchd reads at login."""
    monkeypatch.setenv("HOME", str(tmp_path))
    entry = login_entry(SETTINGS, platform="darwin", config_home=tmp_path)
    assert entry.file == tmp_path / "Library" / "LaunchAgents" / "com.mediacanon.tray.plist"


def test_elsewhere_it_is_not_offered(tmp_path: Path):
    """A platform without support has no entry."""
    assert login_entry(SETTINGS, platform="win32", config_home=tmp_path) is None


def unquoted(line: str) -> list[str]:
    """Return the arguments of an Exec line, unescaped twice as the desktop entry specification has it."""
    value = line.removeprefix("Exec=").replace("\\\\", "\\")
    words, word, position = [], None, 0
    while position < len(value):
        sign = value[position]
        if sign == '"':
            words, word = (words, "") if word is None else ([*words, word], None)
        elif sign == "\\":
            position += 1
            word += value[position]
        elif word is not None:
            word += sign
        position += 1
    return [word.replace("%%", "%") for word in words]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_every_setting_survives_being_written_out_and_read_again(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A login entry written with any settings starts the tray with the same ones."""
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings.from_environment(EVERY_SETTING)
    content = login_entry(settings, platform=platform, config_home=tmp_path).content
    if platform == "darwin":
        environment = plistlib.loads(content)["EnvironmentVariables"]
    else:
        line = next(line for line in content.decode().splitlines() if line.startswith("Exec="))
        words = unquoted(line)[1 : -len(COMMAND)]
        environment = dict(word.split("=", 1) for word in words)
    assert Settings.from_environment(environment) == settings


def test_a_desktop_entry_survives_any_word(tmp_path: Path):
    """Quotes, dollars, backslashes and percent signs are passed unchanged."""
    entry = desktop_entry(AWKWARD, {"DATABASE_URL": "postgresql://u:p%40$@h/d"}).decode()
    line = next(line for line in entry.splitlines() if line.startswith("Exec="))
    assert unquoted(line) == ["env", "DATABASE_URL=postgresql://u:p%40$@h/d", *AWKWARD]
    if shutil.which("desktop-file-validate"):
        file = tmp_path / "mediacanon-tray.desktop"
        file.write_text(entry)
        subprocess.run(["desktop-file-validate", file], check=True)
