"""An import started from the menu: `mediacanon sync` as a child process, with progress parsed from its output."""

import re
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from mediacanon.tray.supervisor import start_child, stop_child

# `2026-11-23 20:30:43 title.basics.tsv.gz: 34%, 1.5 of 4.4 MB, 3.0 MB/s, 1 s left`
PROGRESS = re.compile(r"^(?:\S+ \S+ )?(?P<step>[^:]+): (?P<share>\d+%),")
MAX_LINE_LENGTH = 80


def progress_of(line: str) -> str | None:
    """Return step and percentage of a progress line, None for any other line."""
    found = PROGRESS.match(line)
    return f"{found['step']} {found['share']}" if found else None


class ImportRun:
    """A run of one import; `line` is its status for the menu."""

    def __init__(self, command: Sequence[str], log_file: Path) -> None:
        self.line = "Import: starting"
        self._log_file = log_file
        log_file.parent.mkdir(parents=True, exist_ok=True)
        self._child = start_child(command, subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, args=[self._child.stdout], daemon=True)
        self._reader.start()

    @property
    def is_running(self) -> bool:
        """True while the import runs."""
        return self._reader.is_alive()

    def stop(self) -> None:
        """Stop a running import, which leaves the catalogue unchanged."""
        stop_child(self._child)
        self._reader.join()

    def _read(self, output: IO[bytes]) -> None:
        last = ""
        with output, self._log_file.open("ab", buffering=0) as log:
            for raw in output:
                log.write(raw)
                last = raw.decode(errors="replace").strip() or last
                self.line = f"Import: {progress}" if (progress := progress_of(last)) else self.line
        stop_child(self._child)
        self.line = "Import: done" if self._child.returncode == 0 else f"Import failed: {last}"[:MAX_LINE_LENGTH]
