"""Shared caches: the tags that responses name, and the purges that changes send, to a real HTTP server."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mediacanon.cache import shared
from mediacanon.cache.responses import CachedResponse
from mediacanon.cache.shared import LONGEST_TAGS, MOST_TAGS, Purges, shared_headers
from mediacanon.database.changes import EVERYTHING, Change, tag_of
from tests.serving import served


class Listener:
    """Stand in for ChangeListener: publishes what a test says."""

    def subscribe(self, subscriber: Callable[[Change], None]) -> Callable[[], None]:
        self.publish = subscriber
        return lambda: None


class Cache:
    """A cache that records the tags of each purge; `statuses` are those of its first answers."""

    def __init__(self) -> None:
        self.purged: list[str] = []
        self.statuses: list[int] = []
        self.count = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            assert scope["method"] == "PURGE"
            assert headers["cache-tag"].replace(",", " ") == headers["surrogate-key"]
            async with self.count:
                self.purged.append(headers["surrogate-key"])
                self.count.notify_all()
        await Response(status_code=status)(scope, receive, send)

    async def until(self, number: int) -> list[str]:
        async with asyncio.timeout(60), self.count:
            await self.count.wait_for(lambda: len(self.purged) >= number)
        return self.purged


@pytest.fixture
async def caches(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Listener, Cache, str]]:
    """Give a source of changes, a cache that is purged by them, and its address."""
    monkeypatch.setattr(shared, "AGAIN", 0.05)
    cache, changes = Cache(), Listener()
    async with served(cache) as address, Purges([address.replace("://", "://me:hush@")]).following(changes):
        yield changes, cache, address


def titles(*ids: int) -> Change:
    return Change(frozenset(tag_of("title", id_) for id_ in ids))


async def test_each_change_is_purged_twice(caches: tuple[Listener, Cache, str]):
    """At once, and again later: a response under way shows the row of before and arrives after the first purge."""
    changes, cache, _ = caches
    changes.publish(titles(1, 2))
    assert await cache.until(2) == ["title:1 title:2"] * 2
    await asyncio.sleep(0.2)
    assert len(cache.purged) == 2


async def test_changes_by_tmdb_and_visitors_purge_no_list(caches: tuple[Listener, Cache, str]):
    """Lists that may be stale stay for the seconds they have, the titles among them do not."""
    changes, cache, _ = caches
    changes.publish(Change(frozenset(), frozenset({"titles.popularity"})))
    changes.publish(Change(frozenset({"title:7"}), frozenset({"titles.popularity"})))
    assert await cache.until(1) == ["title:7"]


async def test_a_failed_purge_is_tried_again(caches: tuple[Listener, Cache, str], caplog: pytest.LogCaptureFixture):
    """Until it succeeds, with what has changed since; the log names the cache once and not its password."""
    changes, cache, address = caches
    cache.statuses = [503, 503]
    with caplog.at_level(logging.WARNING, shared.__name__):
        changes.publish(titles(3))
        assert (await cache.until(1))[0] == "title:3"
    [told] = [record.getMessage() for record in caplog.records if record.name == shared.__name__]
    assert "503" in told
    assert address.removeprefix("http://") in told
    assert "hush" not in told


async def test_many_tags_are_purged_in_short_headers_and_too_many_at_once(caches: tuple[Listener, Cache, str]):
    """A header is at most as long as caches take; beyond the bound everything goes, as after an import."""
    changes, cache, _ = caches
    ids = range(1, MOST_TAGS)
    changes.publish(titles(*ids))
    expected = {tag_of("title", id_) for id_ in ids}
    async with asyncio.timeout(60):
        while {tag for tags in cache.purged for tag in tags.split()} != expected:
            await cache.until(len(cache.purged) + 1)
    assert max(map(len, cache.purged)) <= LONGEST_TAGS + len("title:1999")
    cache.purged.clear()
    changes.publish(titles(*range(1, MOST_TAGS + 2)))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(60):
            while "everything" not in await cache.until(len(cache.purged) + 1):
                pass
    assert "everything" in cache.purged
    cache.purged.clear()
    changes.publish(EVERYTHING)
    assert "everything" in await cache.until(1)


def test_a_response_with_too_many_tags_is_not_shared():
    """It keeps its own rule, since no purge could name it; the others name every tag, and one for everything."""
    assert shared_headers(frozenset({"title:1"}), 0) == {}
    assert shared_headers({f"title:{number}" for number in range(1000)}, 30) == {}
    response = CachedResponse(body=b"", media_type="text/plain", tags=frozenset({"title:1", "lists"}))
    response.share(30)
    heads = dict(response._heads)
    assert heads[b"cache-control"] == b"public, s-maxage=30, stale-while-revalidate=30"
    assert heads[b"cache-tag"] == b"everything,lists,title:1"
    assert heads[b"surrogate-key"] == b"everything lists title:1"
