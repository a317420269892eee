"""/metrics: what Prometheus is told."""

import asyncio

import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import app_of, ask, client_of


async def invalidated_by(client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the samples by name and labels, read as Prometheus reads them."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def requests(told, endpoint: str, status: int, method: str = "GET") -> float:
    """Return how many requests were counted."""
    labels = {"endpoint": endpoint, "method": method, "status": str(status)}
    return told.get(("mediacanon_requests_total", frozenset(labels.items())), 0)


def value(told, name: str) -> float:
    """Return a number without labels."""
    return told[f"mediacanon_{name}", frozenset()]


async def test_requests_are_counted_by_endpoint_and_status(demo: str):
    """Pages, REST, GraphQL and files, each under its path; what is nowhere together."""
    async with client_of(app_of(demo)) as client:
        for path in ("/", "/movies/1", "/api/shows/1", "/api/shows/2", "/api/shows/999999", "/static/style.css"):
            await client.get(path)
        for path in ("/nowhere", "/nowhere/else", "/api/nowhere"):
            await client.get(path)
        await client.request("BREW", "/nowhere")
        await ask(client, "{ stats { movies } }")
        told = await invalidated_by(client)
    assert requests(told, "/", 200) == 1
    assert requests(told, "/api/shows/{id}", 200) == 2
    assert requests(told, "/api/shows/{id}", 404) == 1
    assert requests(told, "/static", 200) == 1
    assert requests(told, "/graphql", 200, "POST") == 1
    assert requests(told, "other", 404) == 2
    assert requests(told, "/api", 404) == 1
    assert sum(number for (name, _), number in told.items() if name == "mediacanon_requests_total") == 11


async def test_nothing_a_client_sends_becomes_a_label(demo: str):
    """However many paths and methods are tried, the number of series stays."""
    async with client_of(app_of(demo)) as client:
        for number in range(3):
            await client.request(f"M{number}", f"/{number}")
            await client.get(f"/api/collections/{number}")
            await client.get(f"/api/{number}")
        before = await invalidated_by(client)
        for number in range(3, 30):
            await client.request(f"M{number}", f"/{number}")
            await client.get(f"/api/collections/{number}")
            await client.get(f"/api/{number}")
        after = await invalidated_by(client)
    assert {labels for _, labels in after} - {labels for _, labels in before} <= {
        labels for _, labels in after if ("endpoint", "/metrics") in labels
    }


async def test_durations_are_a_histogram(demo: str):
    """As many as there were requests."""
    async with client_of(app_of(demo)) as client:
        for _ in range(3):
            await client.get("/healthz")
        told = await invalidated_by(client)
    labels = frozenset({"endpoint": "/healthz", "method": "GET"}.items())
    assert told["mediacanon_request_duration_seconds_count", labels] == 3
    assert 0 < told["mediacanon_request_duration_seconds_sum", labels] < 60


async def test_pool_caches_and_last_import_are_told(demo: str):
    """As they are at that moment."""
    app = app_of(demo, MEDIACANON_POOL_SIZE="3")
    async with client_of(app) as client:
        async with asyncio.timeout(20):
            while not app.services.response_cache.count:  # the carousels, once built, are a change, too
                await client.get("/api/shows/1")
        told = await invalidated_by(client)
    connection = await asyncpg.connect(demo)
    try:
        imported = await connection.fetchval(
            "SELECT extract(epoch FROM updated_at)::float8 FROM sync_state WHERE key = 'last_import'"
        )
    finally:
        await connection.close()
    assert 1 <= value(told, "database_connections") <= 3
    assert value(told, "database_connections_idle") <= value(told, "database_connections")
    assert value(told, "response_cache_entries") == 1
    assert value(told, "response_cache_bytes") > 1000
    assert value(told, "engagement_waiting") >= 0
    assert value(told, "tmdb_titles_under_way") == value(told, "tmdb_pause_seconds") == 0
    assert value(told, "last_import_timestamp_seconds") == imported


async def test_metrics_are_told_without_a_last_import(database: str):
    """An empty catalogue has none: 0."""
    async with client_of(app_of(database)) as client:
        assert value(await invalidated_by(client), "last_import_timestamp_seconds") == 0
