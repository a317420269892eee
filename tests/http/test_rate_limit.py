"""So many requests a minute for each address."""

from starlette.responses import PlainTextResponse

from mediacanon.http.rate_limit import RateLimit
from tests.serving import app_of, client_of


async def test_who_sends_too_many_is_told_to_wait(demo: str):
    """429 with Retry-After, which pages of other sites may read; health is asked as often as one likes."""
    async with client_of(app_of(demo, MEDIACANON_RATE_LIMIT="3")) as client:
        answers = [await client.get("/api/titles/1") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 20
        assert list(answers[3].json()) == ["error"]
        assert answers[3].headers["access-control-allow-origin"] == "*"
        assert "Retry-After" in answers[3].headers["access-control-expose-headers"]
        assert (await client.get("/healthz")).status_code == 200


def test_a_bucket_fills_with_time_and_addresses_are_forgotten():
    """One request comes back each minute / limit, and memory is bounded."""
    clock = [0.0]
    limit = RateLimit(PlainTextResponse("x"), per_minute=2, most_clients=2, now=lambda: clock[0])
    assert [limit._seconds_to_wait("a") for _ in range(3)] == [0, 0, 30]
    clock[0] = 29.0
    assert limit._seconds_to_wait("a") == 1
    clock[0] = 30.0
    assert [limit._seconds_to_wait("a"), limit._seconds_to_wait("a")] == [0, 30]
    limit._seconds_to_wait("b")
    limit._seconds_to_wait("c")
    assert len(limit._full_at) == 2
