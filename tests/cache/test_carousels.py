"""The carousel cache: built in the background, stale until the next snapshot, and never with a stale title."""

import asyncio

import pytest

from mediacanon.cache.carousels import CarouselCache
from mediacanon.database.changes import EVERYTHING, LISTS, Change, ChangeListener
from tests.serving import certain, title_change

# A change that names no title.
ANY_LIST = Change(frozenset({LISTS}))


class Renewal:
    """Renews snapshots: `asked` holds the titles of each call, `gate` lets a call end, `error` is raised by it."""

    def __init__(self):
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error = None

    async def __call__(self, carousels, title_ids):
        self.asked.append(title_ids)
        await self.gate.wait()
        if self.error:
            raise self.error
        return [*carousels, *sorted(title_ids or ())]

    async def has_begun(self):
        """Wait for the first call."""
        async with asyncio.timeout(30):
            while not self.asked:
                await asyncio.sleep(0)


class Builder:
    """Builds snapshots on demand: `begun` counts the buildings, `finish` ends the one under way."""

    def __init__(self):
        self.begun = asyncio.Semaphore(0)
        self.results = asyncio.Queue()
        self.running = 0

    async def __call__(self):
        assert self.running == 0
        self.running += 1
        self.begun.release()
        result = await self.results.get()
        self.running -= 1
        if isinstance(result, Exception):
            raise result
        return result

    def finish(self, result):
        """End the building with a snapshot or an error."""
        self.results.put_nowait(result)

    async def has_begun(self):
        """Wait for one more building to begin."""
        await asyncio.wait_for(self.begun.acquire(), timeout=30)


@pytest.fixture
def build():
    """Give a builder."""
    return Builder()


@pytest.fixture
def changes():
    """Give a listener for the changes that the test publishes."""
    return ChangeListener(certain)


@pytest.fixture
def renew():
    """Give a renewal."""
    return Renewal()


@pytest.fixture
async def cache(build, changes, renew):
    """Give a running cache without pauses, its first building begun."""
    async with CarouselCache(build, changes, renew=renew, pause=0) as running:
        await build.has_begun()
        yield running


async def newer(cache, than):
    """Return the first snapshot that is another one."""
    while (found := await cache.current()) is than:
        await asyncio.sleep(0)
    return found


async def test_built_is_called_after_each_building(build, changes, renew):
    """`built` is called once the new snapshot is published, not before."""
    told = []
    async with CarouselCache(build, changes, renew=renew, built=lambda: told.append(1), pause=0) as running:
        await build.has_begun()
        build.finish(["first"])
        first = await running.current()
        assert told == [1]
        changes.publish(ANY_LIST)
        await build.has_begun()
        assert told == [1]
        build.finish(["second"])
        assert await newer(running, first) == ["second"]
        assert told == [1, 1]


async def test_a_request_waits_for_the_first_snapshot(cache, build):
    """Concurrent requests share the first building, and a cancelled request does not cancel it."""
    impatient, *waiting = [asyncio.create_task(cache.current()) for _ in range(3)]
    await asyncio.sleep(0)
    impatient.cancel()
    build.finish(["first"])
    assert await asyncio.gather(*waiting) == [["first"], ["first"]]
    assert await cache.current() == ["first"]


async def test_the_stale_snapshot_serves_until_the_next_is_ready(cache, build, changes):
    """A change begins a building; requests meanwhile get the stale snapshot at once."""
    build.finish(["old"])
    old = await cache.current()
    changes.publish(ANY_LIST)
    await build.has_begun()
    assert await cache.current() is old
    build.finish(["new"])
    assert await newer(cache, old) == ["new"]


@pytest.mark.parametrize("tag", ["lists", "engagement", "collections", "everything"])
async def test_a_change_of_lists_builds_a_new_snapshot(cache, build, changes, tag):
    """Titles, views and collections may change the carousels."""
    build.finish([])
    await cache.current()
    changes.publish(Change(frozenset({tag})))
    await build.has_begun()


async def test_changes_during_a_building_cause_one_more(cache, build, changes):
    """A building may miss the changes since it began; many changes cause one building."""
    for _ in range(100):
        changes.publish(ANY_LIST)
    build.finish(["first"])
    await build.has_begun()
    first = await cache.current()
    build.finish(["second"])
    assert await newer(cache, first) == ["second"]
    assert build.begun.locked()


async def test_a_failed_building_is_tried_again(cache, build, changes, caplog):
    """A failure is logged, and the stale snapshot serves on."""
    build.finish(["old"])
    old = await cache.current()
    changes.publish(ANY_LIST)
    await build.has_begun()
    build.finish(OSError("gone"))
    await build.has_begun()
    assert await cache.current() is old
    assert "gone" in caplog.text
    build.finish(["new"])
    assert await newer(cache, old) == ["new"]


async def test_a_failed_first_building_raises_in_its_requests(cache, build):
    """The waiting request fails as its own query would; the next request waits for the next attempt."""
    waiting = asyncio.create_task(cache.current())
    await asyncio.sleep(0)
    build.finish(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await waiting
    build.finish(["first"])
    assert await cache.current() == ["first"]


async def test_between_buildings_there_is_a_pause(build, changes, renew):
    """However many changes come, the next building does not begin before the pause is over."""
    async with CarouselCache(build, changes, renew=renew, pause=3600) as cache:
        await build.has_begun()
        build.finish(["first"])
        await cache.current()
        for _ in range(50):
            changes.publish(ANY_LIST)
            await asyncio.sleep(0)
        assert build.begun.locked()


async def test_the_cache_ends_with_its_block(build, changes, renew):
    """The building is cancelled and the subscription ends."""
    async with CarouselCache(build, changes, renew=renew):
        await build.has_begun()
    assert build.results.empty()
    assert changes._subscribers == []


async def test_a_changed_title_is_renewed_before_the_next_request(cache, build, changes, renew):
    """Concurrent requests share one renewal, and none of them waits for the building."""
    build.finish(["old"])
    await cache.current()
    changes.publish(title_change(7, 3))
    changes.publish(ANY_LIST)
    renew.gate.clear()
    asking = [asyncio.create_task(cache.current()) for _ in range(3)]
    await renew.has_begun()
    renew.gate.set()
    assert await asyncio.gather(*asking) == [["old", 3, 7]] * 3
    assert await cache.current() == ["old", 3, 7]
    assert renew.asked == [{3, 7}]


async def test_a_title_changed_during_a_building_is_renewed_in_the_new_snapshot(cache, build, changes, renew):
    """The building may have read the title too early; earlier changes are in its snapshot."""
    build.finish(["old"])
    old = await cache.current()
    changes.publish(title_change(7))
    await build.has_begun()
    changes.publish(title_change(8))
    build.finish(["new"])
    assert await newer(cache, old) in (["old", 7, 8], ["new", 8])
    while (found := await cache.current())[0] == "old":
        await asyncio.sleep(0)
    assert found == ["new", 8]


async def test_a_snapshot_built_during_a_renewal_is_renewed_as_well(cache, build, changes, renew):
    """The renewed stale snapshot does not replace the new one."""
    build.finish(["old"])
    await cache.current()
    changes.publish(ANY_LIST)
    await build.has_begun()
    changes.publish(title_change(7))
    renew.gate.clear()
    asking = asyncio.create_task(cache.current())
    await renew.has_begun()
    build.finish(["new"])
    while cache._snapshot.result() != ["new"]:
        await asyncio.sleep(0)
    renew.gate.set()
    assert await asking == await cache.current() == ["new", 7]


async def test_a_failed_or_cancelled_renewal_is_made_by_the_next_request(cache, build, changes, renew):
    """No request gets a stale title, and no change is lost."""
    build.finish(["old"])
    await cache.current()
    changes.publish(title_change(7))
    renew.gate.clear()
    impatient = asyncio.create_task(cache.current())
    await renew.has_begun()
    impatient.cancel()
    renew.gate.set()
    renew.error = OSError("gone")
    with pytest.raises(OSError, match="gone"):
        await cache.current()
    renew.error = None
    assert await cache.current() == ["old", 7]


async def test_all_titles_are_renewed_while_changes_cannot_be_received(build, renew):
    """Without a proof of freshness every request reads all titles again."""
    async with CarouselCache(build, ChangeListener(), renew=renew) as cache:
        build.finish(["old"])
        assert [await cache.current() for _ in range(2)] == [["old"]] * 2
    assert renew.asked == [None, None]


async def test_after_a_change_of_everything_all_titles_are_renewed(cache, build, changes, renew):
    """An import, or changes missed by a lost connection, may have changed any title of the snapshot."""
    build.finish(["old"])
    await cache.current()
    changes.publish(title_change(7))
    changes.publish(EVERYTHING)
    await cache.current()
    await cache.current()
    assert renew.asked == [None]
