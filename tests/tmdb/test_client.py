"""The client of TMDB: its limits, its retries, and the secrecy of its key."""

import asyncio
import logging
import time

import pytest

from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.client import (
    CircuitOpen,
    InvalidApiKey,
    Throttled,
    TmdbClient,
)
from mediacanon.tmdb.replies import MalformedReply
from tests.fakes.tmdb import KEY, TOKEN, Fault
from tests.fakes.tmdb_catalogue import film, show


@pytest.fixture
def known(tmdb):
    """Return a fake of TMDB with a film and a show."""
    tmdb.catalogue.add_film(film(1, "tt9000001"))
    tmdb.catalogue.add_show(show(2), "tt9000002", episodes=3)
    return tmdb


@pytest.fixture
async def hasty(known):
    """Yield a client with a short timeout."""
    async with TmdbClient(KEY, base_url=known.url, per_second=0, timeout=1, backoff=0.001) as opened:
        yield opened


async def test_every_endpoint_gives_typed_replies(client, known):
    """Find, film, show, season and episode replies are dataclasses."""
    assert (await client.find("tt9000001")).movies[0].tmdb_id == 1
    assert (await client.find("tt9000002")).shows[0].origin_country == "PT"
    assert (await client.details("movie", 1)).runtime_minutes == 97
    assert (await client.details("tv", 2)).imdb_id == "tt9000002"
    assert list((await client.season(2, 1)).episodes) == [1, 2, 3]
    assert (await client.episode(2, 1, 3)).name == "Part 3 of season 1"


async def test_unknown_ids_are_none_or_empty(client, known):
    """A 404 is a result, not a failure."""
    assert await client.details("movie", 404) is None
    assert await client.season(2, 9) is None
    assert await client.episode(2, 1, 9) is None
    found = await client.find("tt9999999")
    assert (found.movies, found.shows) == ((), ())


async def test_an_id_of_another_form_is_not_requested(client, known):
    """Text that is no IMDb id never becomes part of a URL."""
    assert await client.find("tt1/../../movie/1?") == await client.find("")
    assert known.requests == []


@pytest.mark.parametrize("fault", [Fault.LARGE, Fault.GZIP_BOMB, Fault.GZIP_CUT_OFF])
async def test_a_reply_without_bound_is_refused(client, known, fault):
    """A body too long as it is sent, or as it would be decoded, or cut off, is a malformed reply; the next one works."""
    known.misbehave(fault, times=1)
    with pytest.raises(MalformedReply):
        await client.details("movie", 1)
    assert (await client.details("movie", 1)).runtime_minutes == 97


async def test_a_compressed_reply_is_decoded(client, known):
    """The client asks for gzip."""
    known.misbehave(Fault.GZIP)
    assert (await client.details("movie", 1)).runtime_minutes == 97


async def test_a_v4_token_is_sent_as_a_bearer_token(known):
    """A v4 token works in place of a key, and is not part of the URL."""
    async with TmdbClient(TOKEN, base_url=known.url) as client:
        assert await client.details("movie", 1)


async def test_a_wrong_key_is_logged_once_and_ends_all_requests(known, caplog):
    """Each of ten concurrent requests is refused, the log has one line, and no further request is sent."""
    async with TmdbClient("wrong-key", base_url=known.url, per_second=0) as client:
        with caplog.at_level(logging.INFO, logger="mediacanon"):
            requests = (client.details("movie", 1) for _ in range(10))
            results = await asyncio.gather(*requests, return_exceptions=True)
        assert all(isinstance(result, InvalidApiKey) for result in results)
        # Servers of other tests may log at the same time.
        logged = [record.levelname for record in caplog.records if record.name.startswith("mediacanon.tmdb")]
        assert logged == ["ERROR"]
        assert client.is_key_refused
        known.behave()
        with pytest.raises(InvalidApiKey):
            await client.details("movie", 1)
        assert known.requests == []


@pytest.mark.parametrize("key", [KEY, TOKEN])
@pytest.mark.parametrize("fault", list(Fault))
async def test_the_key_never_appears_in_a_log_or_an_error(known, caplog, fault, key):
    """No fault brings the key into an error or a log record of any level, httpx's included."""
    known.misbehave(fault, retry_after="0")
    with caplog.at_level(logging.DEBUG):
        async with TmdbClient(key, base_url=known.url, timeout=0.1, backoff=0.001) as client:
            try:
                await client.find("tt9000001")
            except UpstreamUnavailable as error:
                said = f"{error!r} {error.__cause__!r} {error.__context__!r}"
            else:
                said = ""
    assert caplog.records
    assert key not in caplog.text + said


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HANG, Fault.CLOSED, Fault.SLOW_DRIP])
async def test_failures_are_retried_at_most_twice(hasty, known, fault):
    """The third failed attempt raises."""
    known.misbehave(fault)
    with pytest.raises(UpstreamUnavailable):
        await hasty.details("movie", 1)
    assert len(known.requests) == 3


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HANG, Fault.CLOSED, Fault.SLOW_DRIP])
async def test_a_transient_failure_is_invisible(hasty, known, fault):
    """Two failed attempts before a good one do not show in the result."""
    known.misbehave(fault, times=2)
    assert (await hasty.details("movie", 1)).tmdb_id == 1


@pytest.mark.parametrize("fault", [Fault.TRUNCATED_JSON, Fault.HTML, Fault.WRONG_TYPES])
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.find("tt9000001"),
        lambda client: client.find("tt9000002"),
        lambda client: client.details("movie", 1),
        lambda client: client.details("tv", 2),
        lambda client: client.season(2, 1),
        lambda client: client.episode(2, 1, 1),
    ],
    ids=["find-film", "find-show", "film", "show", "season", "episode"],
)
async def test_a_malformed_reply_is_refused_whole(client, known, fault, ask):
    """Truncated JSON, a proxy's page and wrong types raise MalformedReply."""
    known.misbehave(fault)
    with pytest.raises(MalformedReply):
        await ask(client)


async def test_retry_after_is_obeyed(client, known):
    """After a 429 with Retry-After the next request comes no earlier than that."""
    known.misbehave(Fault.BUSY_WITH_RETRY_AFTER, times=1, retry_after="1")
    before = time.monotonic()
    assert await client.details("movie", 1)
    assert time.monotonic() - before >= 1


async def test_a_429_without_retry_after_backs_off(client, known):
    """The client retries after pauses of its own, a bounded number of times."""
    known.misbehave(Fault.BUSY, times=4)
    assert await client.details("movie", 1)
    known.misbehave(Fault.BUSY)
    with pytest.raises(UpstreamUnavailable, match="too often"):
        await client.details("movie", 1)


async def test_a_long_pause_is_an_error_at_once(known):
    """Running, waiting and later requests raise Throttled; after the pause requests are sent again."""
    known.misbehave(Fault.BUSY_WITH_RETRY_AFTER, times=1, retry_after="3")
    async with TmdbClient(KEY, base_url=known.url, per_second=1, longest_wait=0.1) as client:
        results = await asyncio.gather(*(client.details("movie", 1) for _ in range(3)), return_exceptions=True)
        assert {type(result) for result in results} == {Throttled}
        assert not client.is_available
        with pytest.raises(Throttled, match="too often"):
            await client.details("movie", 1)
        await asyncio.sleep(client.seconds_to_wait)
        assert client.is_available
        assert (await client.details("movie", 1)).tmdb_id == 1


async def test_a_dead_tmdb_gets_no_more_requests(known):
    """After the allowed number of failures in a row the circuit is open."""
    known.misbehave(Fault.SERVER_ERROR)
    async with TmdbClient(KEY, base_url=known.url, per_second=0, backoff=0.001, failures_to_give_up=4) as client:
        for _ in range(10):
            with pytest.raises(UpstreamUnavailable):
                await client.details("movie", 1)
        assert len(known.requests) == 4
        assert not client.is_available
        with pytest.raises(CircuitOpen):
            await client.details("movie", 1)


async def test_at_most_twenty_connections_are_used(known):
    """A hundred concurrent calls never make more than twenty concurrent requests."""
    known.latency = 0.02
    async with TmdbClient(KEY, base_url=known.url, per_second=0) as client:
        await asyncio.gather(*(client.details("movie", 1) for _ in range(100)))
    assert 1 < known.max_concurrency <= 20
    assert len(known.requests) == 100


async def test_waiting_for_a_free_connection_is_no_failure_of_tmdb(known):
    """Calls that wait for a connection longer than a request may take succeed, and the circuit stays closed."""
    known.latency = 0.5
    async with TmdbClient(
        KEY, base_url=known.url, per_second=0, connections=1, timeout=2, failures_to_give_up=1
    ) as client:
        results = await asyncio.gather(*(client.details("movie", 1) for _ in range(6)))
        assert client.is_available
    assert [result.tmdb_id for result in results] == [1] * 6


async def test_a_404_of_a_proxy_says_nothing_about_the_id(client, known, monkeypatch):
    """Only a 404 with JSON means that TMDB does not know an id."""
    monkeypatch.setattr("tests.fakes.tmdb.NOT_FOUND", b"<h1>Not here</h1>")
    with pytest.raises(MalformedReply):
        await client.details("movie", 404)


async def test_a_cancelled_request_leaves_the_client_usable(client, known):
    """Cancelling twenty-five hanging requests blocks no connection."""
    known.misbehave(Fault.HANG, times=25)
    tasks = [asyncio.create_task(client.details("movie", 1)) for _ in range(25)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    known.behave()
    results = await asyncio.gather(*(client.details("movie", 1) for _ in range(20)))
    assert results[0].tmdb_id == 1
