"""Rate limit: so many requests a minute for each address."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from mediacanon.http.rate_limit import RateLimit
from tests.serving import app_of, client_of


async def test_a_client_beyond_the_limit_is_told_to_wait(demo: str):
    """429 with Retry-After, which scripts of other sites may read; health probes are exempt."""
    async with client_of(app_of(demo, MEDIACANON_RATE_LIMIT="3")) as client:
        responses = [await client.get("/api/titles/1") for _ in range(4)]
        assert [response.status_code for response in responses] == [200, 200, 200, 429]
        assert 1 <= int(responses[3].headers["retry-after"]) <= 20
        assert list(responses[3].json()) == ["error"]
        assert responses[3].headers["access-control-allow-origin"] == "*"
        assert "Retry-After" in responses[3].headers["access-control-expose-headers"]
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.1", 429)])
async def test_readiness_is_free_for_this_machine_alone(demo: str, address: str, status: int):
    """/readyz asks the database: from elsewhere it counts; /healthz never does."""
    app = app_of(demo, MEDIACANON_RATE_LIMIT="2")
    async with client_of(app):
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://mediacanon.test") as client:
            found = [(await client.get("/readyz")).status_code for _ in range(3)]
            assert found == [200, 200, status]
            assert (await client.get("/healthz")).status_code == 200


def test_a_bucket_fills_with_time_and_addresses_are_evicted():
    """One request comes back each minute / limit; the least recent address goes first."""
    clock = [0.0]
    limit = RateLimit(PlainTextResponse("x"), per_minute=2, most_clients=2, now=lambda: clock[0])
    assert [limit._seconds_to_wait("a") for _ in range(3)] == [0, 0, 30]
    clock[0] = 29.0
    assert limit._seconds_to_wait("a") == 1
    clock[0] = 30.0
    assert [limit._seconds_to_wait("a"), limit._seconds_to_wait("a")] == [0, 30]
    limit._seconds_to_wait("b")
    limit._seconds_to_wait("c")
    assert set(limit._full_at) == {"b", "c"}


async def test_the_limit_counts_the_clients_behind_a_proxy(demo: str):
    """Each address has a bucket of its own; of IPv6 each /64."""
    async with client_of(app_of(demo, MEDIACANON_RATE_LIMIT="1")) as client:

        async def status(address: str) -> int:
            return (await client.get("/api/titles/1", headers={"x-forwarded-for": address})).status_code

        assert [await status(f"203.0.113.{number}") for number in (1, 2, 1)] == [200, 200, 429]
        assert [await status(f"2001:db8::{number}") for number in ("1", "1:1", "ffff")] == [200, 429, 429]
        assert await status("2001:db8:0:1::1") == 200
