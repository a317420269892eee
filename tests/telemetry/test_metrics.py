"""Prometheus' metrics at /metrics."""

import asyncio

import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import app_of, ask, client_of


async def samples_of(client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the samples by name and labels, parsed as Prometheus parses them."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def requests(samples, endpoint: str, status: int, method: str = "GET") -> float:
    """Return the number of counted requests."""
    labels = {"endpoint": endpoint, "method": method, "status": str(status)}
    return samples.get(("mediacanon_requests_total", frozenset(labels.items())), 0)


def value(samples, name: str) -> float:
    """Return a sample without labels."""
    return samples[f"mediacanon_{name}", frozenset()]


async def test_requests_are_counted_by_endpoint_and_status(demo: str):
    """Pages, REST, GraphQL and files are counted by path pattern, unknown paths together."""
    async with client_of(app_of(demo)) as client:
        for path in ("/", "/movies/1", "/api/shows/1", "/api/shows/2", "/api/shows/999999", "/static/style.css"):
            await client.get(path)
        for path in ("/nowhere", "/nowhere/else", "/api/nowhere"):
            await client.get(path)
        await client.request("BREW", "/nowhere")
        await ask(client, "{ stats { movies } }")
        samples = await samples_of(client)
    assert requests(samples, "/", 200) == 1
    assert requests(samples, "/api/shows/{id}", 200) == 2
    assert requests(samples, "/api/shows/{id}", 404) == 1
    assert requests(samples, "/static", 200) == 1
    assert requests(samples, "/graphql", 200, "POST") == 1
    assert requests(samples, "other", 404) == 2
    assert requests(samples, "/api", 404) == 1
    assert sum(number for (name, _), number in samples.items() if name == "mediacanon_requests_total") == 11


async def test_nothing_a_client_sends_becomes_a_label(demo: str):
    """The number of series does not grow with the paths and methods that clients try."""
    async with client_of(app_of(demo)) as client:
        for number in range(10, 13):
            await client.request(f"M{number}", f"/{number}")
            await client.get(f"/api/collections/{number}")
            await client.get(f"/api/{number}")
        before = await samples_of(client)
        for number in range(13, 40):
            await client.request(f"M{number}", f"/{number}")
            await client.get(f"/api/collections/{number}")
            await client.get(f"/api/{number}")
        after = await samples_of(client)
    assert {labels for _, labels in after} - {labels for _, labels in before} <= {
        labels for _, labels in after if ("endpoint", "/metrics") in labels
    }


async def test_durations_are_a_histogram(demo: str):
    """The histogram counts each request."""
    async with client_of(app_of(demo)) as client:
        for _ in range(3):
            await client.get("/healthz")
        samples = await samples_of(client)
    labels = frozenset({"endpoint": "/healthz", "method": "GET"}.items())
    assert samples["mediacanon_request_duration_seconds_count", labels] == 3
    assert 0 < samples["mediacanon_request_duration_seconds_sum", labels] < 60


async def test_gauges_have_the_values_of_the_moment(demo: str):
    """Pool, caches, engagement, TMDB and the last import."""
    app = app_of(demo, MEDIACANON_POOL_SIZE="3")
    async with client_of(app) as client:
        async with asyncio.timeout(20):
            while not app.services.response_cache.count:  # the carousels, once built, are a change, too
                await client.get("/api/shows/1")
        samples = await samples_of(client)
    connection = await asyncpg.connect(demo)
    try:
        imported = await connection.fetchval(
            "SELECT extract(epoch FROM updated_at)::float8 FROM sync_state WHERE key = 'last_import'"
        )
    finally:
        await connection.close()
    assert 1 <= value(samples, "database_connections") <= 3
    assert value(samples, "database_connections_idle") <= value(samples, "database_connections")
    assert value(samples, "response_cache_entries") == 1
    assert value(samples, "response_cache_bytes") > 1000
    assert value(samples, "engagement_waiting") >= 0
    assert value(samples, "tmdb_titles_under_way") == value(samples, "tmdb_pause_seconds") == 0
    assert value(samples, "last_import_timestamp_seconds") == imported


async def test_the_last_import_of_an_empty_catalogue_is_0(database: str):
    """Before the first import the timestamp is 0."""
    async with client_of(app_of(database)) as client:
        assert value(await samples_of(client), "last_import_timestamp_seconds") == 0
