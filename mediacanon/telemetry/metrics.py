"""Prometheus' metrics of the server, served at /metrics.

With several workers each one counts in files of a shared folder (`settings.share_metrics`), and the worker that answers
/metrics sums the files up. Each worker samples its gauges every few seconds, the answering one also at that moment.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MutexValue, ValueClass
from starlette.responses import Response

from mediacanon.http.exchange import Exchange

SAMPLE_INTERVAL = 5.0
# Upper bounds in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"

Sample = Callable[[], float]
# How the gauges of several workers become one value.
Aggregation = Literal["livesum", "livemax"]


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
            self._series[key] = self._durations.labels(endpoint, method), self._requests.labels(*key)
        durations, requests = self._series[key]
        durations.observe(exchange.seconds)
        requests.inc()

    def answer(self) -> Response:
        """Return all metrics in Prometheus' text format."""
        self._sample()
        return Response(generate_latest(self._merged()), media_type=CONTENT_TYPE_LATEST)

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
        for gauge, sample in self._gauges:
            gauge.set(sample())

    def _merged(self) -> CollectorRegistry:
        """Return the registry of this process, or one over the files of all workers."""
        if ValueClass is MutexValue:
            return self._registry
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the library's
        return shared
