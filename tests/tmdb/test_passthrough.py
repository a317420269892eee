"""Replies of TMDB for other programs: requested once, kept, within limits, and public ones alone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.passthrough import MOST_PENDING, OVERHEAD, Passthrough
from tests.fakes.tmdb import KEY, FakeTmdb, Fault

KEYWORD = {"id": 1, "name": "owl"}


@pytest.fixture
async def passthrough(tmdb: FakeTmdb, client: TmdbClient) -> AsyncIterator[Passthrough]:
    """Yield a pass-through to a fake of TMDB that knows a keyword."""
    tmdb.catalogue.replies["/3/keyword/1"] = KEYWORD
    opened = Passthrough(client, wait=60)
    yield opened
    await opened.close()


async def test_a_reply_is_requested_once(passthrough: Passthrough, tmdb: FakeTmdb):
    """For all who ask at the same time, and for those who ask later; other parameters are another question."""
    with tmdb.thinking():
        asking = [asyncio.create_task(passthrough.fetch("/keyword/1", {"language": "de"})) for _ in range(20)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*asking) == [KEYWORD] * 20
    assert await passthrough.fetch("/keyword/1", {"language": "de", "api_key": "mine"}) == KEYWORD
    assert tmdb.requests == ["/3/keyword/1"]
    await passthrough.fetch("/keyword/1", {"language": "fr"})
    assert len(tmdb.requests) == 2


async def test_a_missing_reply_is_known_as_well(passthrough: Passthrough, tmdb: FakeTmdb):
    """TMDB is not asked again."""
    for _ in range(3):
        assert await passthrough.fetch("/person/5", {}) is None
    assert tmdb.requests == ["/3/person/5"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/account/1",
            "/authentication/token/new",
            "/guest_session/new",
            "/list/1",
            "/4/list/1",
            "",
            "/",
            "/movie/../list",
        ),
        *(
            "/movie/1/account_states",
            "/movie/1/rating",
            "/tv/1/season/1/account_states",
            "/movie/1?x=y",
            "/movie/1%2F2",
        ),
        *("/movie/" + "x" * 101, "/movie" + "/1" * 9, "//movie/1", "/movie/1 HTTP/1.1\r\nx: y"),
    ],
)
async def test_only_public_data_passes(passthrough: Passthrough, tmdb: FakeTmdb, path: str):
    """The key may be that of a person: no account, session, list or rating is asked for."""
    assert await passthrough.fetch(path, {}) is None
    assert tmdb.requests == []


@pytest.mark.parametrize(
    "params", [{"q" * 51: "x"}, {"a b": "x"}, {"query": "x" * 501}, {f"p{number}": "x" for number in range(41)}]
)
async def test_parameters_have_bounds(passthrough: Passthrough, tmdb: FakeTmdb, params: dict[str, str]):
    """In number and length."""
    assert await passthrough.fetch("/keyword/1", params) is None
    assert tmdb.requests == []


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HTML, Fault.BUSY, Fault.TRUNCATED_JSON, Fault.CLOSED])
async def test_a_fault_is_no_reply_and_is_not_kept(passthrough: Passthrough, tmdb: FakeTmdb, fault: Fault):
    """The next caller gets the reply."""
    tmdb.misbehave(fault)
    assert await passthrough.fetch("/keyword/1", {}) is None
    tmdb.behave()
    while not passthrough._client.is_available:
        await asyncio.sleep(0.05)
    assert await passthrough.fetch("/keyword/1", {}) == KEYWORD


async def test_a_slow_reply_comes_later(tmdb: FakeTmdb, client: TmdbClient):
    """The caller waits a bounded time; the request goes on, and its reply is kept."""
    tmdb.catalogue.replies["/3/keyword/1"] = KEYWORD
    hasty = Passthrough(client, wait=0)
    with tmdb.thinking():
        assert await hasty.fetch("/keyword/1", {}) is None
    await hasty._flights.join()
    assert await hasty.fetch("/keyword/1", {}) == KEYWORD
    assert len(tmdb.requests) == 1


async def test_requests_under_way_have_a_bound(tmdb: FakeTmdb, client: TmdbClient):
    """One more is not begun; a question that is under way may be asked by everybody."""
    hasty = Passthrough(client, wait=0)
    with tmdb.thinking():
        for number in range(MOST_PENDING + 5):
            await hasty.fetch(f"/keyword/{number}", {})
        assert len(hasty._flights) == MOST_PENDING
    await hasty.close()


async def test_what_is_kept_has_a_bound(tmdb: FakeTmdb, client: TmdbClient):
    """The oldest reply goes, and one that is too large is passed on all the same."""
    for number in range(3):
        tmdb.catalogue.replies[f"/3/keyword/{number}"] = {"name": "x" * 400}
    tmdb.catalogue.replies["/3/keyword/9"] = {"name": "x" * 4_000}
    small = Passthrough(client, most_bytes=2 * (OVERHEAD + 450), wait=60)
    for number in (0, 1, 2, 2, 0, 9):
        assert await small.fetch(f"/keyword/{number}", {})
    assert len(tmdb.requests) == 5


async def test_a_refused_key_ends_the_requests(tmdb: FakeTmdb):
    """The catalogue's own answers go on."""
    async with TmdbClient("wrong", base_url=tmdb.url, per_second=0) as client:
        passthrough = Passthrough(client, wait=60)
        for _ in range(3):
            assert await passthrough.fetch("/keyword/1", {}) is None
    assert len(tmdb.requests) == 1
    assert KEY not in "".join(tmdb.requests)
