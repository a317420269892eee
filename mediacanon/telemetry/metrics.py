"""Prometheus' metrics of the server, served at /metrics.

With several workers each one counts in files of a shared folder (`settings.share_metrics`), and the worker that answers
/metrics sums the files up. Each worker samples its gauges every few seconds, the answering one also at that moment.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client import values as prometheus_values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.responses import Response

from mediacanon.http.exchange import Exchange
from mediacanon.settings import shared_metrics

log = logging.getLogger(__name__)

SAMPLE_INTERVAL = 5.0
# Upper bounds in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"

Sample = Callable[[], float]
# How the gauges of several workers become one value.
Aggregation = Literal["livesum", "livemax"]


class SharedFiles:
    """The files of this process in the folder that all workers share.

    Programs that clean up delete old files, and a mapped file never looks new. The process then begins other ones.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._renewals = 0
        self._names: set[str] = set()
        self.identity = str(os.getpid())

    def renew_if_gone(self) -> None:
        """Begin new files if one of them was deleted. Without a folder the process counts on in the deleted ones."""
        # By name: in a folder that the parent has made anew, further files may have begun meanwhile.
        names = {file.name for file in self._folder.glob(f"*_{self.identity}.db")}
        if names >= self._names and self._folder.exists():
            self._names = names
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("%s is gone and cannot be made anew: %s", self._folder, error.strerror)
            return
        mark_process_dead(self.identity, str(self._folder))  # type: ignore[no-untyped-call]
        self._renewals += 1
        self._names, self.identity = set(), f"{os.getpid()}-{self._renewals}"
        log.warning("Files of the metrics in %s were deleted: this process counts from zero", self._folder)


def _share_files() -> SharedFiles | None:
    """Have this process keep its metrics in files, if its parent has said so."""
    folder = shared_metrics()
    if folder is None:
        return None
    files = SharedFiles(folder)
    prometheus_values.ValueClass = prometheus_values.MultiProcessValue(lambda: files.identity)  # type: ignore[no-untyped-call]
    return files


FILES = _share_files()


def _route_of(exchange: Exchange) -> str:
    """Return the path pattern that a request is counted by."""
    return exchange.route or getattr(exchange.scope.get("route"), "path", OTHER)


class Metrics:
    """The counters and gauges of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._durations = Histogram(
            "mediacanon_request_duration_seconds",
            "Duration of requests from their head to the end of the response.",
            ["endpoint", "method"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._requests = Counter(
            "mediacanon_requests",
            "Completed requests; status 0: the client disconnected before a response.",
            ["endpoint", "method", "status"],
            registry=self._registry,
        )
        self._gauges: list[tuple[Gauge, Sample]] = []
        # Labels cannot grow: paths are patterns, methods a fixed set. Looking a series up by its labels costs more
        # than counting in it.
        self._series: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}

    def watch(self, name: str, description: str, sample: Sample, *, of_all: Aggregation = "livesum") -> None:
        """Add a gauge named `mediacanon_<name>`; `of_all` aggregates the values of several workers."""
        gauge = Gauge(f"mediacanon_{name}", description, registry=self._registry, multiprocess_mode=of_all)
        self._gauges.append((gauge, sample))

    def finished(self, exchange: Exchange) -> None:
        """Count a completed request."""
        endpoint, method = _route_of(exchange), exchange.scope["method"]
        method = method if method in METHODS else OTHER
        key = (endpoint, method, exchange.status)
        if key not in self._series:
            try:
                self._series[key] = self._durations.labels(endpoint, method), self._requests.labels(*key)
            except OSError:
                # The first of its kind begins a file, for which there may be no folder: the next one is counted again.
                log.warning("A request is not counted: the files of the metrics are gone")
                self._renew()
                return
        durations, requests = self._series[key]
        durations.observe(exchange.seconds)
        requests.inc()

    def answer(self) -> Response:
        """Return all metrics in Prometheus' text format."""
        self._sample()
        try:
            text = generate_latest(self._merged())
        except (OSError, ValueError):
            # The folder of all workers was deleted this moment: this process' own metrics.
            text = generate_latest(self._registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Sample the gauges while the block runs."""
        task = asyncio.create_task(self._keep_sampling(), name="metrics")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_sampling(self) -> None:
        while True:
            self._sample()
            await asyncio.sleep(SAMPLE_INTERVAL)

    def _sample(self) -> None:
        self._renew()
        for gauge, sample in self._gauges:
            gauge.set(sample())

    def _renew(self) -> None:
        if FILES:
            FILES.renew_if_gone()

    def _merged(self) -> CollectorRegistry:
        """Return the registry of this process, or one over the files of all workers."""
        if FILES is None:
            return self._registry
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the library's
        return shared
