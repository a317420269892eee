"""Several server processes on one socket: started, replaced when they die, ended together.

A worker holds one end of a pipe: through it the worker tells that it serves, and its closing tells that the worker is
gone. A worker whose parent is gone ends by itself.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from mediacanon.errors import MediaCanonError
from mediacanon.settings import Settings

log = logging.getLogger(__name__)

# A worker that dies is replaced at once; one that dies young after a pause, which doubles each time.
YOUNG = 30.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# Seconds after which a worker that was told to end is killed: longer than it takes to drain.
PATIENCE = 5.0

# Nothing of the parent's loops, threads and locks comes along.
_processes = multiprocessing.get_context("spawn")


class WorkerLost(MediaCanonError):  # noqa: N818 - named after what the operator sees
    """A worker ended before it served; the lines above say why."""


@dataclass
class Worker:
    """A process that serves, or will; `pause` was waited for before it was started."""

    process: BaseProcess
    news: Connection
    pause: float
    serves: bool = False
    started_at: float = field(default_factory=time.monotonic)


class Workers:
    """The workers by the pipe they tell through, and when the next ones are due, with the pause before each."""

    def __init__(self, start: Callable[[float], Worker], metrics: Path) -> None:
        self._start = start
        self._metrics = metrics
        self._running: dict[Connection, Worker] = {}
        self._due: list[tuple[float, float]] = []

    def add(self, pause: float = 0.0) -> None:
        """Start a worker."""
        worker = self._start(pause)
        self._running[worker.news] = worker

    @property
    def all_serve(self) -> bool:
        """Whether nobody is missing."""
        return not self._due and all(worker.serves for worker in self._running.values())

    @property
    def is_missing_one(self) -> bool:
        """Whether a worker is gone and not replaced yet."""
        return bool(self._due)

    def watch(self) -> None:
        """Wait for news and for the next start that is due, and see to it."""
        first = min(self._due, default=None)
        heard = wait(list(self._running), None if first is None else max(0.0, first[0] - time.monotonic()))
        for news in heard:
            if isinstance(news, Connection):
                self._hear(self._running[news])
        if first and not heard:
            self._due.remove(first)
            self.add(first[1])

    def _hear(self, worker: Worker) -> None:
        try:
            worker.serves = worker.news.recv()
        except (EOFError, OSError):
            self._replace(worker)

    def _replace(self, worker: Worker) -> None:
        from prometheus_client.multiprocess import mark_process_dead

        del self._running[worker.news]
        worker.news.close()
        worker.process.join()
        mark_process_dead(worker.process.pid, str(self._metrics))  # type: ignore[no-untyped-call]
        now = time.monotonic()
        is_young = now - worker.started_at < YOUNG
        pause = min(max(2 * worker.pause, SHORTEST_PAUSE), LONGEST_PAUSE) if is_young else 0.0
        log.error("Worker %s ended (%s); the next one starts in %s s", worker.process.pid, _how(worker), pause)
        self._due.append((now + pause, pause))

    def end(self) -> None:
        """Tell all workers to end, and see that they do."""
        deadline = time.monotonic() + PATIENCE
        for worker in self._running.values():
            worker.process.terminate()
        for worker in self._running.values():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                log.warning("Worker %s does not end; killing it", worker.process.pid)
                worker.process.kill()
                worker.process.join()


def _how(worker: Worker) -> str:
    code = worker.process.exitcode or 0
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def run_workers(
    number: int, settings: Settings, dsn: str, listener: socket.socket, *, started: Callable[[], None]
) -> None:
    """Serve in `number` processes until a signal raises KeyboardInterrupt; call `started` once all serve.

    Raises WorkerLost where one of the first does not come to serve: the log says why.
    """
    with tempfile.TemporaryDirectory(prefix="mediacanon-metrics-") as folder:
        workers = Workers(partial(_start, settings, dsn, listener, Path(folder)), Path(folder))
        try:
            for _ in range(number):
                workers.add()
            while not workers.all_serve:
                workers.watch()
                if workers.is_missing_one:
                    raise WorkerLost
            started()
            while True:
                workers.watch()
        finally:
            with _signals_ignored():
                # The last one who listens: from now on connections are refused, not left waiting.
                listener.close()
                workers.end()


def _start(settings: Settings, dsn: str, listener: socket.socket, metrics: Path, pause: float) -> Worker:
    news, telling = _processes.Pipe(duplex=False)
    process = _processes.Process(target=work, args=(settings, dsn, listener, telling, metrics), daemon=True)
    process.start()
    telling.close()
    return Worker(process, news, pause)


@contextlib.contextmanager
def _signals_ignored() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def work(settings: Settings, dsn: str, listener: socket.socket, telling: Connection, metrics: Path) -> None:
    """Serve as one of several, in a process of its own, until told to end or until the parent is gone."""
    from mediacanon.settings import share_metrics

    # Ctrl-C is for the parent.
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    share_metrics(metrics)

    from mediacanon.server.run import run_server
    from mediacanon.telemetry.logs import start_logging

    start_logging(settings)
    parent = multiprocessing.parent_process()
    with contextlib.suppress(KeyboardInterrupt):
        run_server(
            settings, dsn, listener, started=partial(telling.send, True), lifeline=parent.sentinel if parent else None
        )
