"""One PostgreSQL cluster on disk and the server that runs it: made, started, recovered and stopped.

Everything here is called while the caller holds the cluster's start lock. The server and all its children
inherit a shared lock on `server.lock`: while it is held something of the server lives, even after its postmaster
was killed; once it is free, every pid file and socket left behind is stale.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mediacanon.database import locks, processes
from mediacanon.database.account import ServerAccount
from mediacanon.database.binaries import Binaries, find_binaries
from mediacanon.database.places import digest, socket_folder
from mediacanon.database.server_settings import SOCKET, configuration, server_settings
from mediacanon.errors import DatabaseUnavailable

OWNER = "mediacanon"
# Replaying 4 GB of WAL takes minutes on a slow disk.
START_PATIENCE = 600.0
_LOOK_AGAIN = 0.01
_LOG_TAIL = 8
# Fast shutdown, then immediate (the next start recovers), then the end.
_STOPPING = ((signal.SIGINT, 120.0), (signal.SIGQUIT, 20.0), (signal.SIGKILL, 5.0))
_BUILTIN_LOCALE_SINCE = 17
_LOCALES = ("C.UTF-8", "C")
_STILL_IN_USE = "is still in use"
_CAUSES = {
    "No space left on device": "the disk is full",
    "Disk quota exceeded": "the disk quota is used up",
    "File too large": "a file may not grow any larger",
    "Permission denied": "a permission is wrong",
    "Cannot allocate memory": "memory is short",
    "Read-only file system": "the disk is read-only",
}


class Cluster:
    """The cluster in `place`, run as `account`; `parameters` override its settings at the next launch."""

    def __init__(self, place: Path, account: ServerAccount, *, parameters: Mapping[str, str]) -> None:
        self.place = place
        self.account = account
        self.folder = place / "cluster"
        # Shown in every process title of this server, which is how its orphans are known.
        self.name = f"{OWNER}-{digest(place)}"
        self._parameters = parameters
        self._server_lock = place / "server.lock"
        self._startup_log = place / "startup.log"
        self._log_ends: dict[Path, int] = {}

    def ensure_running(self, answers: Callable[[Path], bool]) -> Path:
        """Return the folder of a socket where `answers` holds: of the running server, or of a new one.

        Raises DatabaseUnavailable with the end of the server's log when it does not start.
        """
        launched = False
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            sockets = self._ready_socket()
            if sockets and answers(sockets):
                return sockets
            if not locks.is_held(self._server_lock):
                if launched and _STILL_IN_USE not in self._new_log():
                    raise DatabaseUnavailable(self._explained("did not start", self._new_log()))
                self._launch()
                launched = True
            elif not launched and not self._postmaster():
                self._end_orphans()
            time.sleep(_LOOK_AGAIN)
        raise DatabaseUnavailable(self._explained("is still not ready", self._new_log()))

    @property
    def has_server(self) -> bool:
        """Whether the server runs, or is on its way up or down; its orphans do not count."""
        return self._postmaster() is not None

    def stop(self) -> None:
        """End the server, if it runs: quickly and cleanly, else by force (the next start recovers)."""
        for number, patience in _STOPPING:
            if self._gone_after(number, patience):
                return

    def _gone_after(self, number: signal.Signals, patience: float) -> bool:
        sent = False
        deadline = time.monotonic() + patience
        while locks.is_held(self._server_lock):
            if time.monotonic() > deadline:
                return False
            pid = None if sent else self._postmaster()
            if pid:
                processes.send(pid, number)
                sent = True
            elif number == signal.SIGKILL:
                self._end_orphans()
            time.sleep(_LOOK_AGAIN)
        return True

    def _pid_file(self) -> list[str]:
        """Return the lines of postmaster.pid: pid, folder, start, port, socket folder, host, memory, status."""
        try:
            lines = (self.folder / "postmaster.pid").read_bytes().split(b"\n")
        except OSError:
            return []
        return [os.fsdecode(line) for line in lines]

    def _ready_socket(self) -> Path | None:
        match self._pid_file():
            # A copied cluster has the original's pid file, and the original may run.
            case [_, _, _, _, folder, _, _, status, *_] if status.strip() == "ready" and self._postmaster():
                return Path(folder)
        return None

    def _postmaster(self) -> int | None:
        """Return the pid of our postmaster; None when the pid file names no process or another program."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return None
        running = processes.command_line(int(lines[0]))
        is_ours = self.name.encode() in running or os.fsencode(self.folder) in running
        return int(lines[0]) if is_ours else None

    def _end_orphans(self) -> None:
        """End backends whose postmaster is dead: until they let go of the shared memory nobody can start."""
        for pid in processes.server_children(self.name):
            processes.send(pid, signal.SIGQUIT)

    def _launch(self) -> None:
        binaries = self._fitting_binaries()
        if not self.folder.exists():
            self._make(binaries)
        sockets = socket_folder(self.place, self.account, self.name)
        self._remove_leftovers(sockets)
        settings = server_settings(sockets, self._parameters)
        _write(self.folder / "mediacanon.conf", configuration(settings), self.account)
        self._log_ends = {path: path.stat().st_size for path in self._logs()}
        self._spawn(binaries)

    def _fitting_binaries(self) -> Binaries:
        try:
            major = int((self.folder / "PG_VERSION").read_text())
        except FileNotFoundError:
            major = None
        return find_binaries(self.account, major=major)

    def _make(self, binaries: Binaries) -> None:
        """Make the cluster under another name and rename it when whole: a half-made one is never taken for it."""
        for leftover in self.place.glob("unfinished-*"):
            shutil.rmtree(leftover)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=self.place))
        self.account.take(unfinished)
        try:
            self._initdb(binaries, unfinished)
            with (unfinished / "postgresql.conf").open("a") as main:
                main.write("\ninclude 'mediacanon.conf'\n")
            unfinished.rename(self.folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        self._flush(binaries)

    def _initdb(self, binaries: Binaries, target: Path) -> None:
        failure = ""
        for locale in _locale_options(binaries.major):
            made = self._run_known(
                [
                    *(binaries.folder / "initdb", "-D", target, "-U", OWNER, "--auth=trust"),
                    *("--encoding=UTF8", "--data-checksums", "--no-sync", "--no-instructions"),
                    *locale,
                ]
            )
            if made.returncode == 0:
                return
            failure = made.stderr.decode(errors="replace")
        raise DatabaseUnavailable(self._explained("could not be set up", failure))

    def _flush(self, binaries: Binaries) -> None:
        """Let a process of its own bring the new files to disk: --no-sync saves a newcomer that wait."""
        if self._parameters.get("fsync") != "off":
            initdb: list[str | Path] = [binaries.folder / "initdb", "--sync-only", "-D", self.folder]
            self.account.run(["/bin/sh", "-c", '"$0" "$@" </dev/null >/dev/null 2>&1 &', *initdb])

    def _remove_leftovers(self, sockets: Path) -> None:
        """Remove what a killed server left: PostgreSQL would trust a pid that is another program's by now."""
        if self._postmaster():
            return
        for stale in (self.folder / "postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)

    def _spawn(self, binaries: Binaries) -> None:
        """Start the server as nobody's child."""
        script = '"$@" </dev/null >"$0" 2>&1 &'
        server: list[str | Path] = [binaries.folder / "postgres", "-D", self.folder, "-c", f"cluster_name={self.name}"]
        self._run_known(["/bin/sh", "-c", script, self._startup_log, *server])

    def _run_known(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
        """Run a program that holds `server.lock`, as do its children: nobody disturbs them, even if we are killed."""
        lock = locks.share(self._server_lock)
        try:
            return self.account.run(command, keep_open=(lock,))
        finally:
            os.close(lock)

    def _logs(self) -> list[Path]:
        return [*sorted((self.place / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)]

    def _new_log(self) -> str:
        """Return what the server wrote since its launch."""
        written = [self._startup_log.read_bytes()] if self._startup_log.exists() else []
        for log in self._logs():
            text = log.read_bytes()
            end = self._log_ends.get(log, 0)
            written.append(text[end if end <= len(text) else 0 :])
        return b"".join(written).decode(errors="replace")

    def _explained(self, what: str, log: str) -> str:
        lines = [line for line in log.splitlines() if line.strip()]
        cause = next((known for sign, known in _CAUSES.items() if sign in log), None)
        sentence = f"MediaCanon's own PostgreSQL in {self.place} {what}"
        return "\n".join([f"{sentence}: {cause}." if cause else f"{sentence}.", *lines[-_LOG_TAIL:]])


def _locale_options(major: int) -> list[list[str]]:
    """Return initdb's options for names in UTF-8 sorted by code point, alike on every system; best first."""
    if major >= _BUILTIN_LOCALE_SINCE:
        return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [[f"--locale={locale}"] for locale in _LOCALES]


def _write(path: Path, content: bytes, account: ServerAccount) -> None:
    """Replace a file whole or not at all."""
    descriptor, unfinished = tempfile.mkstemp(prefix=f"{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        account.take(descriptor)
        file.write(content)
    Path(unfinished).replace(path)
