"""An import started from the menu: `mediacanon sync` as a child, its progress read from what it prints."""

import re
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from mediacanon.tray.supervisor import start_child, stop_child

# `title.basics.tsv.gz: 34%, 1.5 of 4.4 MB, 3.0 MB/s, 1 s left` with date and time before it
FAR = re.compile(r"^(?:\S+ \S+ )?(?P<step>[^:]+): (?P<share>\d+%),")
LONGEST_LINE = 80


def far_of(line: str) -> str | None:
    """Return how far an import is according to a line it printed, None when the line does not say."""
    found = FAR.match(line)
    return f"{found['step']} {found['share']}" if found else None


class ImportRun:
    """One import from its start to its end; `line` tells how it stands."""

    def __init__(self, command: Sequence[str], log_file: Path) -> None:
        self.line = "Import: starting"
        self._log_file = log_file
        log_file.parent.mkdir(parents=True, exist_ok=True)
        self._child = start_child(command, subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, args=[self._child.stdout], daemon=True)
        self._reader.start()

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self._reader.is_alive()

    def stop(self) -> None:
        """Give it up, should it run: the catalogue stays as it was."""
        stop_child(self._child)
        self._reader.join()

    def _read(self, output: IO[bytes]) -> None:
        last = ""
        with output, self._log_file.open("ab", buffering=0) as log:
            for raw in output:
                log.write(raw)
                last = raw.decode(errors="replace").strip() or last
                self.line = f"Import: {far}" if (far := far_of(last)) else self.line
        stop_child(self._child)
        self.line = "Import: done" if self._child.returncode == 0 else f"Import failed: {last}"[:LONGEST_LINE]
