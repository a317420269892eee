"""One PostgreSQL cluster on disk and its server: created, started, recovered and stopped.

The caller holds the cluster's start lock for every call. The server and all its children inherit a shared lock on
`server.lock`. While that lock is held, a process of the server lives, even after its postmaster was killed. Once the
lock is free, every remaining pid file and socket is stale.
"""

import logging
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

log = logging.getLogger(__name__)

SUPERUSER = "mediacanon"
# Replaying 4 GB of WAL takes minutes on a slow disk.
START_TIMEOUT = 600.0
_POLL_INTERVAL = 0.01
_LOG_TAIL = 8
# Signal and timeout in seconds: fast shutdown, then immediate (the next start recovers), then kill.
_STOPPING = ((signal.SIGINT, 120.0), (signal.SIGQUIT, 20.0), (signal.SIGKILL, 5.0))
# Seconds for the fast shutdown of a server that recovers: it may not succeed, as on a full disk.
_STOPPING_RECOVERY = 5.0
_BUILTIN_LOCALE_SINCE = 17
# What is a letter: pg_trgm asks libc, and with C only ASCII is.
LC_CTYPE = "C.UTF-8"
_STILL_IN_USE = "is still in use"
NO_SPACE = "No space left on device"
_CAUSES = {
    NO_SPACE: "the disk is full",
    "Disk quota exceeded": "the disk quota is used up",
    "File too large": "a file may not grow any larger",
    "Permission denied": "a permission is wrong",
    "Cannot allocate memory": "memory is short",
    "Read-only file system": "the disk is read-only",
}


class Cluster:
    """The cluster in `place`, run as `account`; `parameters` override its settings from the next launch on."""

    def __init__(self, place: Path, account: ServerAccount, *, parameters: Mapping[str, str]) -> None:
        self.place = place
        self.account = account
        self.folder = place / "cluster"
        # PostgreSQL shows it in every process title of this server, which identifies its orphans.
        self.name = f"{SUPERUSER}-{digest(place)}"
        self._parameters = parameters
        self._server_lock = place / "server.lock"
        self._startup_log = place / "startup.log"
        self._log_ends = {path: path.stat().st_size for path in self._logs()}

    def ensure_running(self, is_ready: Callable[[Path], bool]) -> Path:
        """Return the socket folder of the server once `is_ready` accepts it; start the server if it does not run.

        Raises DatabaseUnavailable with the end of the server's log when the server does not start.
        """
        launched = said = False
        started = time.monotonic()
        while time.monotonic() < started + START_TIMEOUT:
            if not said and time.monotonic() > started + locks.PATIENCE:
                log.warning("Waiting for PostgreSQL in %s: it starts, or recovers after an interruption", self.place)
                said = True
            sockets = self._ready_socket()
            if sockets and is_ready(sockets):
                return sockets
            if not locks.is_held(self._server_lock):
                if launched and _STILL_IN_USE not in self._new_log():
                    raise DatabaseUnavailable(self._failure("did not start", self._new_log()))
                self._launch()
                launched = True
            elif not launched and not self._postmaster():
                self._end_orphans()
            time.sleep(_POLL_INTERVAL)
        raise DatabaseUnavailable(self._failure("is still not ready", self._new_log()))

    @property
    def is_disk_full(self) -> bool:
        """True if the server's log has told so since this object was made."""
        return NO_SPACE in self._new_log()

    @property
    def has_server(self) -> bool:
        """True while a postmaster lives, also during start and shutdown; orphaned backends do not count.

        Raises OSError while open files or memory are too short to see it.
        """
        return self._postmaster() is not None

    def stop(self) -> None:
        """Stop the server, if it runs: fast and clean, else by force (the next start recovers)."""
        is_sound = self._ready_socket() is not None and not self.is_disk_full
        for number, timeout in _STOPPING:
            if self._stopped_by(number, timeout if is_sound else min(timeout, _STOPPING_RECOVERY)):
                return

    def _stopped_by(self, number: signal.Signals, timeout: float) -> bool:
        sent = False
        deadline = time.monotonic() + timeout
        while locks.is_held(self._server_lock):
            if time.monotonic() > deadline:
                return False
            pid = None if sent else self._postmaster()
            if pid:
                processes.send(pid, number)
                sent = True
            elif number == signal.SIGKILL:
                self._end_orphans()
            time.sleep(_POLL_INTERVAL)
        return True

    def _pid_file(self) -> list[str]:
        """Return the lines of postmaster.pid: pid, folder, start, port, socket folder, host, memory, status."""
        try:
            lines = (self.folder / "postmaster.pid").read_bytes().split(b"\n")
        except OSError as error:
            processes.raise_shortage(error)
            return []
        return [os.fsdecode(line) for line in lines]

    def _ready_socket(self) -> Path | None:
        match self._pid_file():
            # A copied cluster contains the original's pid file, and the original may be running.
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
        """End backends whose postmaster is dead: a new server cannot start while they hold the shared memory."""
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
        """Create the cluster under another name and rename it once complete: an unfinished one is never used."""
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
            made = self._run_locked(
                [
                    *(binaries.folder / "initdb", "-D", target, "-U", SUPERUSER, "--auth=trust"),
                    *("--encoding=UTF8", "--data-checksums", "--no-sync", "--no-instructions"),
                    *locale,
                ]
            )
            if made.returncode == 0:
                return
            failure = made.stderr.decode(errors="replace")
        raise DatabaseUnavailable(self._failure("could not be set up", failure))

    def _flush(self, binaries: Binaries) -> None:
        """Flush the new files to disk in a background process: with --no-sync the first start does not wait for it."""
        if self._parameters.get("fsync") != "off":
            initdb: list[str | Path] = [binaries.folder / "initdb", "--sync-only", "-D", self.folder]
            self.account.run(["/bin/sh", "-c", '"$0" "$@" </dev/null >/dev/null 2>&1 &', *initdb])

    def _remove_leftovers(self, sockets: Path) -> None:
        """Remove the pid file and sockets of a killed server: its pid may belong to another program by now."""
        if self._postmaster():
            return
        for stale in (self.folder / "postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)

    def _spawn(self, binaries: Binaries) -> None:
        """Start the server detached: a shell starts it in the background and exits."""
        script = '"$@" </dev/null >"$0" 2>&1 &'
        server: list[str | Path] = [binaries.folder / "postgres", "-D", self.folder, "-c", f"cluster_name={self.name}"]
        self._run_locked(["/bin/sh", "-c", script, self._startup_log, *server])

    def _run_locked(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
        """Run a program that inherits `server.lock` with its children: they stay protected even if we are killed."""
        lock = locks.share(self._server_lock)
        try:
            return self.account.run(command, keep_open=(lock,))
        finally:
            os.close(lock)

    def _logs(self) -> list[Path]:
        return [*sorted((self.place / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)]

    def _new_log(self) -> str:
        """Return the log lines that the server wrote since its launch."""
        written = [self._startup_log.read_bytes()] if self._startup_log.exists() else []
        for file in self._logs():
            text = file.read_bytes()
            end = self._log_ends.get(file, 0)
            written.append(text[end if end <= len(text) else 0 :])
        return b"".join(written).decode(errors="replace")

    def _failure(self, predicate: str, log: str) -> str:
        """Return the error message: the failure, its cause where the log names a known one, and the log's end."""
        lines = [line for line in log.splitlines() if line.strip()]
        cause = next((known for sign, known in _CAUSES.items() if sign in log), None)
        sentence = f"MediaCanon's own PostgreSQL in {self.place} {predicate}"
        return "\n".join([f"{sentence}: {cause}." if cause else f"{sentence}.", *lines[-_LOG_TAIL:]])


def _locale_options(major: int) -> list[list[str]]:
    """Return initdb's options for UTF-8 names sorted by code point, the same on every system; best first."""
    if major >= _BUILTIN_LOCALE_SINCE:
        builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return [[*builtin, f"--lc-ctype={LC_CTYPE}"], builtin]
    return [[f"--locale={LC_CTYPE}"], ["--locale=C"]]


def _write(path: Path, content: bytes, account: ServerAccount) -> None:
    """Replace a file atomically."""
    descriptor, unfinished = tempfile.mkstemp(prefix=f"{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        account.take(descriptor)
        file.write(content)
    Path(unfinished).replace(path)
