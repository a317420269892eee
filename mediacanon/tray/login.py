"""Start at login: a launchd agent on macOS, an XDG autostart entry on Linux."""

import os
import plistlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediacanon.settings import Settings

COMMAND = (sys.executable, "-P", "-m", "cli", "tray")
LABEL = "com.mediacanon.tray"

Render = Callable[[Sequence[str], Mapping[str, str]], bytes]


@dataclass(frozen=True, slots=True)
class LoginEntry:
    """A file that starts the tray at login."""

    file: Path
    content: bytes

    @property
    def is_there(self) -> bool:
        """True if the file exists: the tray starts at login."""
        return self.file.exists()

    def toggle(self) -> None:
        """Write the file, or delete it. It is readable by its owner alone, for it may hold a database password."""
        if self.is_there:
            self.file.unlink()
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        target = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(target, "wb") as file:
            file.write(self.content)


def login_entry(settings: Settings, *, platform: str, config_home: Path) -> LoginEntry | None:
    """Return the entry for this platform, None for a platform without support."""
    if platform == "darwin":
        file, render = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist", launch_agent
    elif platform == "linux":
        file, render = config_home / "autostart" / "mediacanon-tray.desktop", desktop_entry
    else:
        return None
    # A session has none of the shell's variables.
    return LoginEntry(file, render(COMMAND, settings.as_environment()))


def launch_agent(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """Return a launchd property list that runs the command at login."""
    agent = {
        "Label": LABEL,
        "ProgramArguments": list(command),
        "EnvironmentVariables": dict(environment),
        "RunAtLoad": True,
        "LimitLoadToSessionType": "Aqua",
        "ProcessType": "Interactive",
    }
    return plistlib.dumps(agent)


def desktop_entry(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """Return an XDG desktop entry that runs the command at login."""
    words = ["env", *(f"{name}={value}" for name, value in environment.items()), *command]
    lines = ["[Desktop Entry]", "Type=Application", "Name=MediaCanon", "Comment=Movie and TV metadata server"]
    # The specification escapes twice: the arguments of Exec, then the value of any key.
    execute = " ".join(map(_quoted, words)).replace("\\", "\\\\")
    return "\n".join([*lines, f"Exec={execute}", "Terminal=false", ""]).encode()


def _quoted(word: str) -> str:
    escaped = re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%")
    return f'"{escaped}"'
