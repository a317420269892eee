"""Worker processes: several servers on the same listening sockets, restarted when they die, stopped together.

A worker holds one end of a pipe to its parent: a message means that it serves, the end of file that it is dead. In turn
a worker stops when its parent is gone. docs/decisions/011 compares this with uvicorn's supervisor.
"""

import contextlib
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from mediacanon.database.processes import command_line
from mediacanon.errors import MediaCanonError
from mediacanon.http.retries import backoff
from mediacanon.settings import Settings, share_metrics
from mediacanon.telemetry.logs import start_logging

log = logging.getLogger(__name__)

# A worker that lived this long is restarted at once, one that died younger after a pause of the back-off.
STABLE_AFTER = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# Seconds from SIGTERM to SIGKILL: longer than open requests may take.
STOP_TIMEOUT = 5.0

# A spawned process inherits none of the parent's event loops, threads and locks.
_processes = multiprocessing.get_context("spawn")

Pauses = Iterator[float]


class WorkerLost(MediaCanonError):  # noqa: N818 - named after the event
    """A worker ended before it served; the lines above say why."""


@dataclass
class Worker:
    """A server process, its end of the pipe, and the pauses before the restarts of its slot."""

    process: BaseProcess
    pipe: Connection
    pauses: Pauses
    is_serving: bool = False
    started_at: float = field(default_factory=time.monotonic)


@dataclass
class Restart:
    """A restart that is due at a moment of the monotonic clock."""

    due: float
    pauses: Pauses


class Supervisor:
    """Starts workers, restarts dead ones and stops all; `start` makes the process, `metrics` is Prometheus' folder."""

    def __init__(self, start: Callable[[Pauses], Worker], metrics: Path) -> None:
        self._start = start
        self._metrics = metrics
        self._workers: dict[Connection, Worker] = {}
        self._restarts: list[Restart] = []

    def add(self, pauses: Pauses | None = None) -> None:
        """Start a worker, which does not start without the folder of the metrics."""
        with contextlib.suppress(OSError):
            self._metrics.mkdir(parents=True, exist_ok=True)
        worker = self._start(pauses or _new_pauses())
        self._workers[worker.pipe] = worker

    @property
    def are_all_serving(self) -> bool:
        """True if every worker serves."""
        return not self._restarts and all(worker.is_serving for worker in self._workers.values())

    @property
    def has_lost_worker(self) -> bool:
        """True if a dead worker waits for its restart."""
        return bool(self._restarts)

    def handle_next(self) -> None:
        """Wait for messages of the workers or for the next restart, and handle them."""
        restart = min(self._restarts, key=lambda each: each.due, default=None)
        timeout = None if restart is None else max(0.0, restart.due - time.monotonic())
        readable = wait(list(self._workers), timeout)
        for pipe in readable:
            if isinstance(pipe, Connection):
                self._receive(self._workers[pipe])
        if restart and not readable:
            self._restarts.remove(restart)
            self.add(restart.pauses)

    def _receive(self, worker: Worker) -> None:
        try:
            worker.is_serving = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker)

    def _bury(self, worker: Worker) -> None:
        """Clean up after a dead worker and schedule its restart."""
        del self._workers[worker.pipe]
        worker.pipe.close()
        worker.process.join()
        # Its files have its process id, or that with the number of a renewal.
        for files in (worker.process.pid, f"{worker.process.pid}-*"):
            mark_process_dead(files, str(self._metrics))  # type: ignore[no-untyped-call]
        now = time.monotonic()
        is_stable = now - worker.started_at >= STABLE_AFTER
        pauses = _new_pauses() if is_stable else worker.pauses
        pause = 0.0 if is_stable else next(pauses)
        log.error("Worker %s ended (%s); restart in %s s", worker.process.pid, _reason(worker), pause)
        self._restarts.append(Restart(now + pause, pauses))

    def stop(self) -> None:
        """Stop all workers; a worker that is still alive after the timeout is killed."""
        deadline = time.monotonic() + STOP_TIMEOUT
        for worker in self._workers.values():
            worker.process.terminate()
        for worker in self._workers.values():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                log.warning("Worker %s does not stop; killing it", worker.process.pid)
                worker.process.kill()
                worker.process.join()


def _new_pauses() -> Pauses:
    return backoff(FIRST_PAUSE, LONGEST_PAUSE)


def _reason(worker: Worker) -> str:
    code = worker.process.exitcode or 0
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def run_workers(
    number: int, settings: Settings, dsn: str, listeners: Sequence[socket.socket], *, started: Callable[[], None]
) -> None:
    """Serve in `number` processes until a signal raises KeyboardInterrupt; call `started` once all serve.

    Raises WorkerLost if one of the first workers dies before it serves: its restart would fail the same way.
    """
    with _metrics_folder(settings.data_dir / "metrics") as folder:
        # Inherited by the workers, whose gauges and counters then live in files of the folder.
        share_metrics(folder)
        supervisor = Supervisor(partial(_start, settings, dsn, listeners), folder)
        try:
            for _ in range(number):
                supervisor.add()
            while not supervisor.are_all_serving:
                supervisor.handle_next()
                if supervisor.has_lost_worker:
                    raise WorkerLost
            started()
            while True:
                supervisor.handle_next()
        finally:
            with _signals_ignored():
                # Open in the parent, a socket would go on accepting connections that no worker serves.
                for listener in listeners:
                    listener.close()
                supervisor.stop()


@contextlib.contextmanager
def _metrics_folder(parent: Path) -> Iterator[Path]:
    """Yield a folder for the metrics of this server's workers, and delete it at the end.

    A folder of the system for temporary files is cleaned while the server runs; it serves if `parent` is not writable.
    """
    folder = parent / str(os.getpid())
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _delete_left_folders(parent)
        folder.mkdir()
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="mediacanon-metrics-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _delete_left_folders(parent: Path) -> None:
    """Delete the folders of killed servers. In a container each server has the process id of the one before."""
    for folder in parent.iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid() or not command_line(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)


def _start(settings: Settings, dsn: str, listeners: Sequence[socket.socket], pauses: Pauses) -> Worker:
    pipe, workers_end = _processes.Pipe(duplex=False)
    process = _processes.Process(target=work, args=(settings, dsn, listeners, workers_end), daemon=True)
    process.start()
    workers_end.close()
    return Worker(process, pipe, pauses)


@contextlib.contextmanager
def _signals_ignored() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def work(settings: Settings, dsn: str, listeners: Sequence[socket.socket], pipe: Connection) -> None:
    """Serve as a worker, in a process of its own, until SIGTERM or until the parent is gone."""
    # In a process group of its own: Ctrl-C reaches the parent alone, which then stops the workers.
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start_logging(settings)
    # The parent needs no application.
    from mediacanon.server.run import run_server  # noqa: PLC0415

    parent = multiprocessing.parent_process()
    with contextlib.suppress(KeyboardInterrupt):
        run_server(
            settings, dsn, listeners, started=partial(pipe.send, True), lifeline=parent.sentinel if parent else None
        )
