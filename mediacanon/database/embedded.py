"""MediaCanon's own PostgreSQL: started by its first user, shared with the others, stopped by the last.

Two locks stand beside the cluster. `start.lock` is exclusive and held while a server starts or stops. `users.lock` is
shared by all processes that use the server. The kernel drops both however their holders end.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Never

import asyncpg

from mediacanon.database import locks
from mediacanon.database.cluster import NO_SPACE, START_TIMEOUT, Cluster
from mediacanon.database.own_database import ensure_database, own_url
from mediacanon.database.places import find_place
from mediacanon.errors import DatabaseUnavailable
from mediacanon.settings import Settings

log = logging.getLogger(__name__)

# Gigabytes that the first import takes.
ROOM_GB = 15
# Seconds between two checks that our server lives.
WATCH_INTERVAL = 0.5
# Seconds between two log lines of a check that cannot be made.
BLIND_INTERVAL = 60.0
# Long enough for another process that starts or stops the server.
_LOCK_TIMEOUT = START_TIMEOUT + 180
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class EmbeddedPostgres:
    """One user of the cluster under `data_dir`, which has a Unix socket and no TCP port.

    `parameters` are PostgreSQL settings that apply if this user starts the server.
    """

    def __init__(self, data_dir: Path, *, parameters: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self._parameters = dict(parameters or {})
        self._cluster: Cluster | None = None
        self._users_lock = -1

    def start(self) -> str:
        """Create the cluster if it is missing, start its server unless it runs, and return the database's URL.

        Call it outside of event loops. Raises DatabaseUnavailable with the reason.
        """
        try:
            place, account = find_place(self.data_dir)
            self._cluster = Cluster(place, account, parameters=self._parameters)
            return self._join(self._cluster)
        except OSError as error:
            raise DatabaseUnavailable(f"{self.data_dir} cannot hold a database: {error}") from error
        except asyncpg.PostgresError as error:
            raise DatabaseUnavailable(f"MediaCanon's own PostgreSQL in {self.data_dir} refuses us: {error}") from error

    @contextlib.contextmanager
    def kept_running(self) -> Iterator[None]:
        """Restart the server whenever it dies while the block runs."""
        is_over = threading.Event()

        def watch() -> None:
            logged_at = float("-inf")
            while not is_over.wait(WATCH_INTERVAL):
                try:
                    if self._cluster and not self._cluster.has_server:
                        log.warning("MediaCanon's own PostgreSQL is gone; restarting it")
                        self.start()
                except DatabaseUnavailable as error:
                    log.warning("%s", error)
                except OSError as error:
                    if time.monotonic() - logged_at >= BLIND_INTERVAL:
                        logged_at = time.monotonic()
                        log.warning("MediaCanon's own PostgreSQL cannot be watched: %s", error.strerror)

        watcher = threading.Thread(target=watch, name="own PostgreSQL")
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()

    def explained(self, error: DatabaseUnavailable) -> DatabaseUnavailable:
        """Return an error of the block that used the server, with the remedy if the disk is full."""
        if self._users_lock < 0 or not self._cluster:
            return error
        # The server's log may lag behind its message.
        if NO_SPACE not in error.message and not self._cluster.is_disk_full:
            return error
        free = shutil.disk_usage(self._cluster.place).free // 1_000_000
        return DatabaseUnavailable(
            f"The disk is full: {self._cluster.place} has {free:,} MB left, and a first import needs {ROOM_GB} GB."
            f" Make room, or move MEDIACANON_DATA_DIR. {error.message}"
        )

    def stop(self) -> None:
        """Leave the server; the last user stops it. Does nothing before a start and after a stop."""
        if self._cluster and self._users_lock >= 0:
            with locks.exclusive(self._cluster.place / "start.lock", timeout=_LOCK_TIMEOUT):
                self._leave(self._cluster)

    def _join(self, cluster: Cluster) -> str:
        with locks.exclusive(cluster.place / "start.lock", timeout=_LOCK_TIMEOUT):
            if self._users_lock < 0:
                self._users_lock = locks.share(cluster.place / "users.lock")
            try:
                return own_url(cluster.ensure_running(_is_ready))
            except BaseException:
                self._leave(cluster)
                raise

    def _leave(self, cluster: Cluster) -> None:
        os.close(self._users_lock)
        self._users_lock = -1
        if not locks.is_held(cluster.place / "users.lock"):
            cluster.stop()


@contextlib.contextmanager
def running_database(settings: Settings, *, is_kept_running: bool = False) -> Iterator[str]:
    """Yield the URL of the operator's database, or of our own, whose server runs at least as long as the block.

    With `is_kept_running` our own server is restarted if it dies.
    """
    if settings.database_url:
        yield settings.database_url
        return
    postgres = EmbeddedPostgres(settings.data_dir)
    with _ended_by_exception():
        try:
            dsn = postgres.start()
            with postgres.kept_running() if is_kept_running else contextlib.nullcontext():
                yield dsn
        except DatabaseUnavailable as error:
            raise postgres.explained(error) from error
        finally:
            postgres.stop()


@contextlib.contextmanager
def _ended_by_exception() -> Iterator[None]:
    """Turn signals that would kill this process into SystemExit, so that the server is left in order."""
    is_main = threading.current_thread() is threading.main_thread()
    ours = [number for number in _ENDING if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> Never:
    raise SystemExit(128 + number)


def _is_ready(sockets: Path) -> bool:
    """Return whether the server at the socket in `sockets` accepts connections; create our database if missing."""
    try:
        asyncio.run(ensure_database(sockets))
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return False
    return True
