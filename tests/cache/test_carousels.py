"""The carousels' cache: built in the background, the old set until the new one is there, no changed title in it."""

import asyncio

import pytest

from mediacanon.cache.carousels import CarouselCache
from mediacanon.database.changes import EVERYTHING, Change, ChangeListener
from tests.serving import certain


class Renewal:
    """Renews sets: `asked` are the titles it was asked for, `gate` lets it go on, `error` is what it fails with."""

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
        """Wait until it was asked."""
        async with asyncio.timeout(30):
            while not self.asked:
                await asyncio.sleep(0)


class Builder:
    """Builds sets on demand: `begun` counts the buildings, `finish` ends the one that waits."""

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
        """Let the building end with a set or an error."""
        self.results.put_nowait(result)

    async def has_begun(self):
        """Wait for one more building to begin."""
        await asyncio.wait_for(self.begun.acquire(), timeout=30)


@pytest.fixture
def build():
    """Give a builder."""
    return Builder()


@pytest.fixture
def events():
    """Give events that the test tells of."""
    return ChangeListener(certain)


@pytest.fixture
def renew():
    """Give a renewal."""
    return Renewal()


@pytest.fixture
async def cache(build, events, renew):
    """Give a running cache that pauses not at all, its first building begun."""
    async with CarouselCache(build, events, renew=renew, pause=0) as running:
        await build.has_begun()
        yield running


async def newer(cache, than):
    """Return the first set that is another one."""
    while (found := await cache.current()) is than:
        await asyncio.sleep(0)
    return found


async def test_what_was_made_of_the_set_before_is_told_to_be_old(build, events, renew):
    """After each building, and not before the new set is there."""
    told = []
    async with CarouselCache(build, events, renew=renew, built=lambda: told.append(1), pause=0) as running:
        await build.has_begun()
        build.finish(["first"])
        first = await running.current()
        assert told == [1]
        events.tell(EVERYTHING)
        await build.has_begun()
        assert told == [1]
        build.finish(["second"])
        assert await newer(running, first) == ["second"]
        assert told == [1, 1]


async def test_a_request_before_the_first_set_waits_for_it(cache, build):
    """Any number of them wait for one building; a request that gives up takes nothing from the others."""
    impatient, *waiting = [asyncio.create_task(cache.current()) for _ in range(3)]
    await asyncio.sleep(0)
    impatient.cancel()
    build.finish(["first"])
    assert await asyncio.gather(*waiting) == [["first"], ["first"]]
    assert await cache.current() == ["first"]


async def test_the_old_set_serves_until_the_new_one_is_ready(cache, build, events):
    """A change builds anew; requests meanwhile get what there is, at once."""
    build.finish(["old"])
    old = await cache.current()
    events.tell(Change("import"))
    await build.has_begun()
    assert await cache.current() is old
    build.finish(["new"])
    assert await newer(cache, old) == ["new"]


@pytest.mark.parametrize("kind", ["import", "titles", "collections", "everything"])
async def test_every_change_builds_anew(cache, build, events, kind):
    """Whatever changed may show in a carousel."""
    build.finish([])
    await cache.current()
    events.tell(Change(kind))
    await build.has_begun()


async def test_changes_during_a_building_are_one_more_building(cache, build, events):
    """What changed after the building began may be missing from it; many changes are built once."""
    for _ in range(100):
        events.tell(EVERYTHING)
    build.finish(["first"])
    await build.has_begun()
    first = await cache.current()
    build.finish(["second"])
    assert await newer(cache, first) == ["second"]
    assert build.begun.locked()


async def test_a_failed_building_keeps_the_old_set_and_is_tried_again(cache, build, events, caplog):
    """The database was away for a moment: nobody notices but the log."""
    build.finish(["old"])
    old = await cache.current()
    events.tell(EVERYTHING)
    await build.has_begun()
    build.finish(OSError("gone"))
    await build.has_begun()
    assert await cache.current() is old
    assert "gone" in caplog.text
    build.finish(["new"])
    assert await newer(cache, old) == ["new"]


async def test_who_waits_for_a_first_set_that_fails_is_told_why(cache, build):
    """The request fails as its own query would have; the next one waits for the next attempt."""
    waiting = asyncio.create_task(cache.current())
    await asyncio.sleep(0)
    build.finish(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await waiting
    build.finish(["first"])
    assert await cache.current() == ["first"]


async def test_between_buildings_there_is_a_pause(build, events, renew):
    """However often things change: the next building does not begin before the pause is over."""
    async with CarouselCache(build, events, renew=renew, pause=3600) as cache:
        await build.has_begun()
        build.finish(["first"])
        await cache.current()
        for _ in range(50):
            events.tell(EVERYTHING)
            await asyncio.sleep(0)
        assert build.begun.locked()


async def test_the_cache_ends_with_its_block(build, events, renew):
    """Building stops, and changes are no longer listened to."""
    async with CarouselCache(build, events, renew=renew):
        await build.has_begun()
    assert build.results.empty()
    assert events._subscribers == []


async def test_a_changed_title_is_renewed_before_the_next_answer(cache, build, events, renew):
    """Once, for all who ask; the building that has begun meanwhile ends when it ends."""
    build.finish(["old"])
    await cache.current()
    events.tell(Change("titles", (7, 3)))
    events.tell(Change("import"))
    renew.gate.clear()
    asking = [asyncio.create_task(cache.current()) for _ in range(3)]
    await renew.has_begun()
    renew.gate.set()
    assert await asyncio.gather(*asking) == [["old", 3, 7]] * 3
    assert await cache.current() == ["old", 3, 7]
    assert renew.asked == [{3, 7}]


async def test_a_title_that_changed_during_a_building_is_renewed_in_the_new_set(cache, build, events, renew):
    """The building may have read it before; what changed before the building began is in it."""
    build.finish(["old"])
    old = await cache.current()
    events.tell(Change("titles", (7,)))
    await build.has_begun()
    events.tell(Change("titles", (8,)))
    build.finish(["new"])
    assert await newer(cache, old) in (["old", 7, 8], ["new", 8])
    while (found := await cache.current())[0] == "old":
        await asyncio.sleep(0)
    assert found == ["new", 8]


async def test_a_set_that_was_built_during_a_renewal_is_renewed_as_well(cache, build, events, renew):
    """What was renewed of the set before is not put in its place."""
    build.finish(["old"])
    await cache.current()
    events.tell(EVERYTHING)
    await build.has_begun()
    events.tell(Change("titles", (7,)))
    renew.gate.clear()
    asking = asyncio.create_task(cache.current())
    await renew.has_begun()
    build.finish(["new"])
    while cache._set.result() != ["new"]:
        await asyncio.sleep(0)
    renew.gate.set()
    assert await asking == await cache.current() == ["new", 7]


async def test_a_renewal_that_fails_or_is_given_up_is_made_by_the_next(cache, build, events, renew):
    """Nobody is answered with what is old, and nothing is forgotten."""
    build.finish(["old"])
    await cache.current()
    events.tell(Change("titles", (7,)))
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


async def test_all_titles_are_renewed_while_changes_cannot_be_heard(build, renew):
    """For each who asks, as what cannot be known to be fresh is not kept."""
    async with CarouselCache(build, ChangeListener(), renew=renew) as cache:
        build.finish(["old"])
        assert [await cache.current() for _ in range(2)] == [["old"]] * 2
    assert renew.asked == [None, None]
