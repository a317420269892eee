"""The conversation with TMDB: its limits, its patience, and what is never said aloud."""

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
from mediacanon.tmdb.pacing import CircuitBreaker, RequestPacer
from mediacanon.tmdb.replies import MalformedReply
from tests.fakes.tmdb import KEY, TOKEN, Fault
from tests.fakes.tmdb_catalogue import film, show


@pytest.fixture
def known(tmdb):
    """Give a stand-in that knows a film and a show."""
    tmdb.catalogue.add_film(film(1, "tt9000001"))
    tmdb.catalogue.add_show(show(2), "tt9000002", episodes=3)
    return tmdb


@pytest.fixture
async def hasty(known):
    """Give a client that does not wait long for an answer."""
    async with TmdbClient(KEY, base_url=known.url, per_second=0, timeout=1, backoff=0.001) as opened:
        yield opened


async def test_every_endpoint_gives_typed_replies(client, known):
    """Find, film, show, season and episode come as dataclasses."""
    assert (await client.find("tt9000001")).movies[0].tmdb_id == 1
    assert (await client.find("tt9000002")).shows[0].origin_country == "PT"
    assert (await client.details("movie", 1)).runtime_minutes == 97
    assert (await client.details("tv", 2)).imdb_id == "tt9000002"
    assert list((await client.season(2, 1)).episodes) == [1, 2, 3]
    assert (await client.episode(2, 1, 3)).name == "Part 3 of season 1"


async def test_what_tmdb_does_not_know_is_none_or_empty(client, known):
    """A 404 is an answer, not a failure."""
    assert await client.details("movie", 404) is None
    assert await client.season(2, 9) is None
    assert await client.episode(2, 1, 9) is None
    found = await client.find("tt9999999")
    assert (found.movies, found.shows) == ((), ())


async def test_an_id_of_another_form_is_not_asked_for(client, known):
    """What a person typed as an IMDb id never becomes part of a URL unless it is one."""
    assert await client.find("tt1/../../movie/1?") == await client.find("")
    assert known.requests == []


async def test_a_v4_token_is_sent_as_a_bearer_token(known):
    """A token works where a key does, and does not stand in the URL."""
    async with TmdbClient(TOKEN, base_url=known.url) as client:
        assert await client.details("movie", 1)


async def test_a_wrong_key_is_one_log_line_and_the_end_of_asking(known, caplog):
    """Ten questions at once with a wrong key: each is refused, the log says it once."""
    async with TmdbClient("wrong-key", base_url=known.url, per_second=0) as client:
        with caplog.at_level(logging.INFO, logger="mediacanon"):
            questions = (client.details("movie", 1) for _ in range(10))
            answers = await asyncio.gather(*questions, return_exceptions=True)
        assert all(isinstance(answer, InvalidApiKey) for answer in answers)
        # Servers of other tests may log meanwhile.
        said = [record.levelname for record in caplog.records if record.name.startswith("mediacanon.tmdb")]
        assert said == ["ERROR"]
        assert client.is_key_refused
        known.behave()
        with pytest.raises(InvalidApiKey):
            await client.details("movie", 1)
        assert known.requests == []


@pytest.mark.parametrize("key", [KEY, TOKEN])
@pytest.mark.parametrize("fault", list(Fault))
async def test_the_key_never_appears_in_a_log_or_an_error(known, caplog, fault, key):
    """Whatever goes wrong, at any log level, of httpx too."""
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
    """Three attempts, then the failure is told."""
    known.misbehave(fault)
    with pytest.raises(UpstreamUnavailable):
        await hasty.details("movie", 1)
    assert len(known.requests) == 3


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HANG, Fault.CLOSED, Fault.SLOW_DRIP])
async def test_a_failure_that_passes_goes_unnoticed(hasty, known, fault):
    """Two failed attempts and a good one are a good answer."""
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
async def test_a_broken_answer_is_refused_whole(client, known, fault, ask):
    """Half an answer, a page of something in between and wrong types are told, not guessed at."""
    known.misbehave(fault)
    with pytest.raises(MalformedReply):
        await ask(client)


async def test_being_asked_to_slow_down_is_heeded(client, known):
    """After a 429 with Retry-After the next request comes no earlier than asked for."""
    known.misbehave(Fault.BUSY_WITH_RETRY_AFTER, times=1, retry_after="1")
    before = time.monotonic()
    assert await client.details("movie", 1)
    assert time.monotonic() - before >= 1


async def test_being_asked_to_slow_down_without_a_time_is_heeded_too(client, known):
    """A 429 without Retry-After is tried again after a pause of our own, but not for ever."""
    known.misbehave(Fault.BUSY, times=4)
    assert await client.details("movie", 1)
    known.misbehave(Fault.BUSY)
    with pytest.raises(UpstreamUnavailable, match="too often"):
        await client.details("movie", 1)


async def test_nobody_waits_for_the_end_of_a_long_pause(known):
    """Who asked, who waits for a turn and who comes later is told; afterwards TMDB is asked again."""
    known.misbehave(Fault.BUSY_WITH_RETRY_AFTER, times=1, retry_after="3")
    async with TmdbClient(KEY, base_url=known.url, per_second=1, longest_wait=0.1) as client:
        answers = await asyncio.gather(*(client.details("movie", 1) for _ in range(3)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {Throttled}
        assert not client.may_ask
        with pytest.raises(Throttled, match="too often"):
            await client.details("movie", 1)
        await asyncio.sleep(client.seconds_to_wait)
        assert client.may_ask
        assert (await client.details("movie", 1)).tmdb_id == 1


async def test_a_dead_tmdb_is_left_alone(known):
    """After so many failures in a row nothing is sent any more."""
    known.misbehave(Fault.SERVER_ERROR)
    async with TmdbClient(KEY, base_url=known.url, per_second=0, backoff=0.001, failures_to_give_up=4) as client:
        for _ in range(10):
            with pytest.raises(UpstreamUnavailable):
                await client.details("movie", 1)
        assert len(known.requests) == 4
        assert not client.may_ask
        with pytest.raises(CircuitOpen):
            await client.details("movie", 1)


def test_the_circuit_closes_after_its_pause_and_opens_at_the_next_failure():
    """Open for a minute; then one failure opens it again and one success closes it."""
    now = 1000.0
    breaker = CircuitBreaker(failures=3, pause=60, clock=lambda: now)
    for _ in range(3):
        assert breaker.seconds_left == 0
        breaker.failed()
    assert breaker.seconds_left == 60
    now += 60
    assert breaker.seconds_left == 0
    breaker.failed()
    assert breaker.seconds_left == 60
    now += 60
    breaker.succeeded()
    breaker.failed()
    assert breaker.seconds_left == 0


async def test_requests_keep_the_rate_limit():
    """Twenty turns at 100 a second are never had in less than 0.19 seconds."""
    rate = RequestPacer(100)
    before = time.monotonic()
    await asyncio.gather(*(rate.wait() for _ in range(20)))
    assert time.monotonic() - before >= 0.19


async def test_a_pause_holds_those_already_waiting():
    """Whose turn falls into it gets another one after it, in order and apart; the clock is the test's."""
    now, asleep, passed = [100.0], [], []

    async def sleep(seconds: float) -> None:
        woken = asyncio.Event()
        asleep.append((now[0] + seconds, woken))
        await woken.wait()

    async def one(name: str) -> None:
        while not await rate.wait():
            pass
        passed.append((name, now[0]))

    async def pass_time(until: float) -> None:
        await asyncio.sleep(0)
        while due := [sleeper for sleeper in asleep if sleeper[0] <= until]:
            first = min(due, key=lambda sleeper: sleeper[0])
            asleep.remove(first)
            now[0] = max(now[0], first[0])
            first[1].set()
            for _ in range(3):
                await asyncio.sleep(0)
        now[0] = until

    rate = RequestPacer(1, clock=lambda: now[0], sleep=sleep)
    tasks = [asyncio.create_task(one(name)) for name in "abcd"]
    await pass_time(101)
    assert passed == [("a", 100), ("b", 101)]
    rate.hold(10)
    await pass_time(110.5)
    assert passed == [("a", 100), ("b", 101)]
    await pass_time(120)
    assert passed[2:] == [("c", 111), ("d", 112)]
    await asyncio.gather(*tasks)


async def test_at_most_twenty_connections_are_used(known):
    """A hundred questions at once never make more than twenty requests at once."""
    known.latency = 0.02
    async with TmdbClient(KEY, base_url=known.url, per_second=0) as client:
        await asyncio.gather(*(client.details("movie", 1) for _ in range(100)))
    assert 1 < known.most_at_once <= 20
    assert len(known.requests) == 100


async def test_waiting_for_a_free_connection_is_no_failure_of_tmdb(known):
    """Questions that wait longer for their turn than an answer may take are answered, and TMDB is not given up."""
    known.latency = 0.5
    async with TmdbClient(
        KEY, base_url=known.url, per_second=0, connections=1, timeout=2, failures_to_give_up=1
    ) as client:
        answers = await asyncio.gather(*(client.details("movie", 1) for _ in range(6)))
        assert client.may_ask
    assert [answer.tmdb_id for answer in answers] == [1] * 6


async def test_a_404_page_of_something_in_between_is_not_tmdbs_word(client, known, monkeypatch):
    """Only a 404 with JSON says that TMDB does not know an id."""
    monkeypatch.setattr("tests.fakes.tmdb.NOT_FOUND", b"<h1>Not here</h1>")
    with pytest.raises(MalformedReply):
        await client.details("movie", 404)


async def test_a_cancelled_question_leaves_the_client_usable(client, known):
    """Giving up on twenty-five hanging requests blocks no connection."""
    known.misbehave(Fault.HANG, times=25)
    tasks = [asyncio.create_task(client.details("movie", 1)) for _ in range(25)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    known.behave()
    answers = await asyncio.gather(*(client.details("movie", 1) for _ in range(20)))
    assert answers[0].tmdb_id == 1
