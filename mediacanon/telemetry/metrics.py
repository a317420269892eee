"""What Prometheus is told at /metrics: requests, the pool, caches, views that wait, the last import.

Several workers count into files of one folder (`settings.share_metrics`), and any of them tells the sum. Gauges are
read every few seconds in every worker, and at once in the one that is asked.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MutexValue, ValueClass
from starlette.responses import Response

from mediacanon.http.exchange import Exchange

# Seconds between readings of the gauges.
PAUSE = 5.0
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"

# The end of the last import that was whole, in seconds since 1970.
LAST_IMPORT = "SELECT extract(epoch FROM updated_at)::float8 FROM sync_state WHERE key = 'last_import'"

Reading = Callable[[], float]


def _route_of(exchange: Exchange) -> str:
    """Return the path pattern that a request is counted by."""
    return exchange.route or getattr(exchange.scope.get("route"), "path", OTHER)


class Metrics:
    """The counters and gauges of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "mediacanon_request_duration_seconds",
            "Time to answer a request.",
            ["endpoint", "method"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._answers = Counter(
            "mediacanon_requests",
            "Requests answered.",
            ["endpoint", "method", "status"],
            registry=self._registry,
        )
        self._gauges: list[tuple[Gauge, Reading]] = []
        # Looking a series up by its labels costs more than counting in it.
        self._series: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}

    def watch(self, name: str, says: str, read: Reading, *, of_all: Literal["livesum", "livemax"] = "livesum") -> None:
        """Tell a number that is read; that of several workers is their sum, or whatever else `of_all` says."""
        self._gauges.append(
            (Gauge(f"mediacanon_{name}", says, registry=self._registry, multiprocess_mode=of_all), read)
        )

    def finished(self, exchange: Exchange) -> None:
        """Count a request that is over."""
        endpoint, method = _route_of(exchange), exchange.scope["method"]
        method = method if method in METHODS else OTHER
        key = (endpoint, method, exchange.status)
        if key not in self._series:
            self._series[key] = self._requests.labels(endpoint, method), self._answers.labels(*key)
        durations, answers = self._series[key]
        durations.observe(exchange.seconds)
        answers.inc()

    def answer(self) -> Response:
        """Return all metrics as Prometheus reads them."""
        self._read()
        return Response(generate_latest(self._readable()), media_type=CONTENT_TYPE_LATEST)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Read the gauges while the block runs."""
        task = asyncio.create_task(self._keep_reading(), name="metrics")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_reading(self) -> None:
        while True:
            self._read()
            await asyncio.sleep(PAUSE)

    def _read(self) -> None:
        for gauge, read in self._gauges:
            gauge.set(read())

    def _readable(self) -> CollectorRegistry:
        if ValueClass is MutexValue:
            return self._registry
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # theirs
        return shared


async def load_last_import(pool: asyncpg.Pool) -> float:
    """Return when the last import ended, in seconds since 1970; 0 where there was none."""
    return float(await pool.fetchval(LAST_IMPORT) or 0)
