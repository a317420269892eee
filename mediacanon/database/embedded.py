"""MediaCanon's own PostgreSQL: started by its first user, shared with the others, stopped by the last.

Two locks beside the cluster, dropped by the kernel however their holders end: `start.lock` is held alone while
a server is started or stopped, `users.lock` together by everybody who uses it.
"""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Never
from urllib.parse import quote

import asyncpg

from mediacanon.database import locks
from mediacanon.database.cluster import OWNER, START_PATIENCE, Cluster
from mediacanon.database.places import find_place
from mediacanon.database.server_settings import PORT
from mediacanon.errors import DatabaseUnavailable
from mediacanon.settings import Settings

log = logging.getLogger(__name__)

DATABASE = "mediacanon"
# Seconds between looks at whether our server lives.
WATCH = 0.5
# Another process may be starting the server, or stopping it.
_TURN_PATIENCE = START_PATIENCE + 180
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class EmbeddedPostgres:
    """One user of the cluster under `data_dir`, which has a Unix socket and no TCP port.

    `parameters` are PostgreSQL settings for the server, should this user be the one who starts it.
    """

    def __init__(self, data_dir: Path, *, parameters: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self._parameters = dict(parameters or {})
        self._cluster: Cluster | None = None
        self._seat = -1

    def start(self) -> str:
        """Make the cluster if there is none, start its server unless it runs, and return the database's URL.

        Call it outside of event loops. Raises DatabaseUnavailable saying what is in the way.
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
        """Start the server anew whenever it is gone while the block runs."""
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(WATCH):
                try:
                    if self._cluster and not self._cluster.has_server:
                        log.warning("MediaCanon's own PostgreSQL is gone; starting it anew")
                        self.start()
                except DatabaseUnavailable as error:
                    log.warning("%s", error)

        watcher = threading.Thread(target=watch, name="own PostgreSQL")
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()

    def stop(self) -> None:
        """Leave the server; the last user stops it. Without a start, or the second time, nothing happens."""
        if self._cluster and self._seat >= 0:
            with locks.exclusive(self._cluster.place / "start.lock", patience=_TURN_PATIENCE):
                self._leave_seat(self._cluster)

    def _join(self, cluster: Cluster) -> str:
        with locks.exclusive(cluster.place / "start.lock", patience=_TURN_PATIENCE):
            if self._seat < 0:
                self._seat = locks.share(cluster.place / "users.lock")
            try:
                return _url(cluster.ensure_running(_answers), DATABASE)
            except BaseException:
                self._leave_seat(cluster)
                raise

    def _leave_seat(self, cluster: Cluster) -> None:
        os.close(self._seat)
        self._seat = -1
        if not locks.is_held(cluster.place / "users.lock"):
            cluster.stop()


@contextlib.contextmanager
def running_database(settings: Settings, *, is_kept_running: bool = False) -> Iterator[str]:
    """Give the URL of the operator's database, or of our own, whose server runs at least as long as the block.

    `is_kept_running` has our own started anew should it die.
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
        finally:
            postgres.stop()


@contextlib.contextmanager
def _ended_by_exception() -> Iterator[None]:
    """Turn signals that would end this process on the spot into SystemExit, so that the server is left in order."""
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


def _answers(sockets: Path) -> bool:
    """Tell whether a server answers at the socket in `sockets`, and see that it has our database."""
    try:
        asyncio.run(_ensure_database(sockets))
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return False
    return True


async def _ensure_database(sockets: Path) -> None:
    with contextlib.suppress(asyncpg.InvalidCatalogNameError):
        connection = await asyncpg.connect(_url(sockets, DATABASE))
        return await connection.close()
    connection = await asyncpg.connect(_url(sockets, "postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


def _url(sockets: Path, database: str) -> str:
    """Return the URL of a database; the port, which names the socket, keeps PGPORT from naming another."""
    return f"postgresql://{OWNER}@/{database}?host={quote(str(sockets), safe='')}&port={PORT}"
