"""Cached responses are served again, and never stale, through any worker."""

import asyncio

import asyncpg
import pytest

from mediacanon.cache.responses import CachedResponse, CacheKey, ResponseCache
from mediacanon.database.changes import (
    COLLECTIONS,
    ENGAGEMENT,
    EVERYTHING,
    LISTS,
    Change,
    ChangeListener,
    notify_collections,
    tag_of,
)
from mediacanon.loaders.descriptors import ANY_CHANGE
from tests.serving import app_of, ask, certain, client_of, title_change, with_collections

RENAME = "mutation ($id: Int!, $name: String!) { updateTitle(id: $id, input: {displayName: $name}) { titleId } }"
CHANGE = "mutation ($name: String!) { updateTitle(id: 1, input: {displayName: $name}) { titleId } }"


async def test_a_response_is_stored_and_served_again(demo_database: str):
    """The second request asks the catalogue nothing."""
    app = app_of(demo_database)
    async with client_of(app) as client:
        cache = app.services.response_cache
        async with asyncio.timeout(20):
            while not cache.count:  # the clean-up at the start is a change, too
                first = await client.get("/api/shows/1")
        [kept] = cache._entries.values()
        second = await client.get("/api/shows/1?source=elsewhere")
        assert first.content == second.content == kept.body
        assert cache.count == 1


@pytest.mark.parametrize("path", ["/api/titles/1", "/api/movies/1", "/api/titles?q=name", "/api/discover?limit=5"])
async def test_after_a_write_any_worker_serves_fresh_responses(demo_database: str, path: str):
    """A write through one worker is in the next read through the other: a hundred times."""
    async with client_of(app_of(demo_database)) as one, client_of(app_of(demo_database)) as other:
        for number in range(100):
            await asyncio.gather(one.get(path), other.get(path))
            await ask(one, CHANGE, name=f"Name {number}")
            title = await other.get("/api/titles/1")
            assert title.json()["display_name"] == f"Name {number}"
            fresh, known = await asyncio.gather(one.get(path), other.get(path))
            assert fresh.content == known.content
            if path != "/api/discover?limit=5":
                assert f"Name {number}" in known.text


async def test_after_a_write_the_start_page_is_fresh(demo_database: str):
    """The start page follows a write at once through any worker, as lists of the API do."""
    async with client_of(app_of(demo_database)) as one, client_of(app_of(demo_database)) as other:
        [title] = (await one.get("/api/titles?per_page=1")).json()["titles"]
        for number in range(1000, 1020):
            await asyncio.gather(one.get("/"), other.get("/"))
            await ask(one, RENAME, id=title["title_id"], name=f"Name {number}")
            assert [f"Name {number}" in (await client.get("/")).text for client in (other, one)] == [True, True]


@pytest.mark.parametrize("noun", ["shows", "seasons", "episodes"])
async def test_after_a_write_below_a_title_any_worker_answers_fresh(demo_database: str, noun: str):
    """A show, its seasons and its episodes are fresh, alone and within one another."""
    async with client_of(app_of(demo_database)) as one, client_of(app_of(demo_database)) as other:
        show = (await one.get("/api/shows/1")).json()
        season, episode = show["seasons"][0], show["seasons"][0]["episodes"][0]
        inside = f"/api/seasons/{season['season_id']}"
        paths = {
            "shows": ["/api/shows/1", "/api/titles?q=number", f"/api/titles/{show['title_id']}"],
            "seasons": ["/api/shows/1", "/api/shows/1/seasons"],
            "episodes": ["/api/shows/1", inside, f"{inside}/episodes", f"/api/episodes/{episode['episode_id']}"],
        }
        for number in range(1001, 1021):
            name = f"Number {number}"
            write = {
                "shows": ("PUT", "/api/shows/1", {"display_name": name}),
                "seasons": ("POST", "/api/shows/1/seasons", {"season_number": number}),
                "episodes": ("PUT", paths["episodes"][-1], {"episode_number": number, "display_name": name}),
            }
            method, path, body = write[noun]
            await asyncio.gather(*(client.get(each) for client in (one, other) for each in paths[noun]))
            assert (await one.request(method, path, json=body)).is_success
            for client in (other, one):
                answers = await asyncio.gather(*(client.get(each) for each in paths[noun]))
                assert [str(number) in answer.text for answer in answers] == [True] * len(answers)


async def test_after_a_write_any_worker_answers_fresh_collections(demo_database: str):
    """Collections and their titles are fresh."""
    await with_collections(demo_database)
    path = "/api/collections/top-drama-movies"
    connection = await asyncpg.connect(demo_database)
    async with client_of(app_of(demo_database)) as one, client_of(app_of(demo_database)) as other:
        titles = (await one.get(path)).json()["titles"]
        for number, title in enumerate(titles[:10]):
            name = f"Number {1000 + number}"
            await asyncio.gather(*(client.get(each) for client in (one, other) for each in (path, "/api/collections")))
            await ask(one, RENAME, id=title["title_id"], name=name)
            assert [name in (await client.get(path)).text for client in (other, one)] == [True, True]
            await connection.execute("UPDATE collections SET name = $1 WHERE slug = 'top-drama-movies'", name)
            await notify_collections(connection)
            for client in (other, one):
                assert [name in (await client.get(each)).text for each in (path, "/api/collections")] == [True, True]
    await connection.close()


# The carousels that are built meanwhile have counts of their own.
COUNT, CORRECTION = "count(*) AS number FROM titles", "FROM noted_changes"


async def test_counts_are_computed_once(demo_database: str):
    """One count serves all pages and languages of a search, and all orders of a filter; a change only corrects it."""
    app = app_of(demo_database, MEDIACANON_POOL_SIZE="1")
    statements: list[str] = []
    async with client_of(app) as client:
        async with app.services.reads.acquire() as connection:
            connection._con.add_query_logger(lambda record: statements.append(record.query))

        async def counts_for(path: str, kind: str = COUNT) -> int:
            statements.clear()
            assert (await client.get(path)).json()["total"] > 3
            assert any("FROM titles" in text and "OFFSET" in text for text in statements)
            return sum(kind in text for text in statements)

        for first, others, corrections in (
            ("/api/titles?q=the&per_page=1", ("&page=2", "&lang=en", "&lang=fr&page=2"), 1),
            # Of its total, and of the posters.
            ("/api/discover?genre=Drama&year_min=1990&limit=1", ("&page=2", "&sort=popular", "&sort=a-z&page=2"), 2),
        ):
            assert await counts_for(first) == 1
            assert [await counts_for(first + other) for other in others] == [0, 0, 0]
            await ask(client, CHANGE, name="Name")
            assert await counts_for(first.removesuffix("1") + "2", CORRECTION) == corrections
            assert await counts_for(first.removesuffix("1") + "3", CORRECTION) == 0
        # The best rated are others.
        assert await counts_for("/api/discover?genre=Drama&year_min=1990&limit=1&sort=top_rated") == 1


async def test_carousels_show_no_title_as_it_was_before_a_write(demo_database: str):
    """A title renamed or deleted through one worker is so in the other's next response, before the next snapscache."""
    await with_collections(demo_database)
    async with client_of(app_of(demo_database)) as one, client_of(app_of(demo_database)) as other:
        [carousel] = (await other.get("/api/discover/carousels?per_page=1")).json()["carousels"]
        for number, title in enumerate(carousel["titles"][:5]):
            path, name = f"/api/titles/{title['title_id']}", f"Name {number}"
            stored = (await one.get(path)).json()
            facts = {key: stored[key] for key in ("start_year", "imdb_id", "image_url") if key in stored}
            await asyncio.gather(*(each.get("/api/discover/carousels?per_page=1") for each in (one, other)))
            await one.put(path, json={**facts, "display_name": name})
            for client in (other, one):
                answer = (await client.get("/api/discover/carousels?per_page=1")).json()
                assert answer["carousels"][0]["titles"][0]["display_name"] == name
            await one.delete(path)
            for client in (other, one):
                answer = (await client.get("/api/discover/carousels?per_page=50")).json()
                ids = {each["title_id"] for shown in answer["carousels"] for each in shown["titles"]}
                assert title["title_id"] not in ids
                assert answer["carousels"][0]["total_count"] == carousel["total_count"] - number - 1


async def test_a_response_begun_before_a_change_is_not_stored(demo_database: str):
    """A response made during a write may be stale already."""
    cache, changes = ResponseCache(most_bytes=100_000), ChangeListener()
    async with cache.invalidated_by(changes):
        generation = cache.generation
        changes.publish(title_change(7))
        cache.store(key_of("/x"), response_of(7), generation)
        cache.store(key_of("/list"), response_of(None), generation)
        assert cache.count == 0
        cache.store(key_of("/y"), response_of(8), generation)
        assert cache.count == 1


def response_of(title_id: int | None, body: bytes = b"{}") -> CachedResponse:
    return CachedResponse(
        body=body,
        media_type="application/json",
        tags=ANY_CHANGE if title_id is None else frozenset({tag_of("title", title_id)}),
    )


def key_of(path: str) -> CacheKey:
    return CacheKey("http", b"mediacanon.test", path, b"")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (title_change(1), ["two"]),
        (title_change(9), ["one", "two"]),
        (Change(frozenset({ENGAGEMENT})), ["one", "two"]),
        (Change(frozenset({COLLECTIONS, LISTS})), ["one", "two"]),
        (EVERYTHING, []),
    ],
)
async def test_a_change_drops_the_responses_with_its_tags(change: Change, left: list[str]):
    """A change of a title drops its responses and every list; an import drops all."""
    cache, changes = ResponseCache(most_bytes=100_000), ChangeListener()
    async with cache.invalidated_by(changes):
        for key, title_id in (("one", 1), ("two", 2), ("list", None)):
            cache.store(key_of(key), response_of(title_id), cache.generation)
        changes.publish(change)
        assert [key.path for key in cache._entries] == left


class Maker:
    """Makes numbered responses once its gate is open; raises `error` where one is set."""

    def __init__(self) -> None:
        self.made = 0
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> CachedResponse:
        self.made += 1
        number = self.made
        await self.gate.wait()
        if self.error:
            raise self.error
        return response_of(None, b"%d" % number)


async def asking(cache: ResponseCache, make: Maker, times: int) -> list[asyncio.Task[bytes]]:
    """Start concurrent requests for a list, and return once all of them wait."""

    async def ask() -> bytes:
        return (await cache.get(key_of("/list")) or await cache.get_or_create(key_of("/list"), make)).body

    tasks = [asyncio.create_task(ask()) for _ in range(times)]
    for _ in range(20):
        await asyncio.sleep(0)
    return tasks


async def test_concurrent_requests_share_one_response():
    """Requests after a change share a response begun after it, and that one is stored."""
    cache, changes, make = ResponseCache(most_bytes=100_000), ChangeListener(certain), Maker()
    async with cache.invalidated_by(changes):
        early = await asking(cache, make, 5) + await asking(cache, make, 5)
        assert make.made == 1
        changes.publish(title_change(7))
        late = await asking(cache, make, 5)
        make.gate.set()
        assert await asyncio.gather(*early) == [b"1"] * 10
        assert await asyncio.gather(*late) == [b"2"] * 5
        assert await asyncio.gather(*await asking(cache, make, 5)) == [b"2"] * 5


async def test_a_failure_is_shared_by_the_waiting_requests():
    """A database in trouble gets one attempt; every waiting request fails, and the next one tries again."""
    cache, changes, make = ResponseCache(most_bytes=100_000), ChangeListener(certain), Maker()
    async with cache.invalidated_by(changes):
        tasks = await asking(cache, make, 10)
        make.error = ValueError("nothing")
        make.gate.set()
        assert await asyncio.gather(*tasks, return_exceptions=True) == [make.error] * 10
        assert make.made == 1
        make.error = None
        assert await asyncio.gather(*await asking(cache, make, 1)) == [b"2"]


async def test_a_cancelled_request_does_not_cancel_the_shared_response():
    """The response is made to its end and stored, also when every request has left."""
    cache, changes, make = ResponseCache(most_bytes=100_000), ChangeListener(certain), Maker()
    async with cache.invalidated_by(changes):
        first, *others = await asking(cache, make, 3)
        first.cancel()
        make.gate.set()
        assert await asyncio.gather(*others) == [b"1"] * 2
        changes.publish(EVERYTHING)
        make.gate.clear()
        for task in await asking(cache, make, 3):
            task.cancel()
        make.gate.set()
        assert await asyncio.gather(*await asking(cache, make, 3)) == [b"2"] * 3
        assert cache.count == 1


async def test_requests_share_nothing_while_changes_cannot_be_received():
    """Without changes, the freshness of another request's response is unknown."""
    cache, make = ResponseCache(most_bytes=100_000), Maker()
    async with cache.invalidated_by(ChangeListener()):
        tasks = await asking(cache, make, 3)
        make.gate.set()
        assert await asyncio.gather(*tasks) == [b"1", b"2", b"3"]


async def test_a_cache_of_no_size_stores_nothing(demo_database: str):
    """With MEDIACANON_RESPONSE_CACHE_MB=0 every response is made anew."""
    app = app_of(demo_database, MEDIACANON_RESPONSE_CACHE_MB="0")
    async with client_of(app) as client:
        for _ in range(3):
            assert (await client.get("/api/shows/1")).status_code == 200
        assert app.services.response_cache.count == 0


async def test_the_least_recently_used_are_evicted():
    """Memory is bounded; a response larger than all of it, or under a long key, is not stored."""
    cache, changes = ResponseCache(most_bytes=10_000), ChangeListener()
    async with cache.invalidated_by(changes):
        for number in range(20):
            cache.store(key_of(str(number)), response_of(number, b"x" * 1000), cache.generation)
        assert [key.path for key in cache._entries] == ["18", "19"]
        assert cache.size == 8000
        cache.store(key_of("large"), response_of(1, b"x" * 10_000), cache.generation)
        cache.store(key_of("long")._replace(query=b"x" * 501), response_of(1), cache.generation)
        assert cache.count == 2
    assert cache.count == 0


async def test_no_hit_is_served_while_changes_cannot_be_received(demo_database: str):
    """A lost connection makes responses slower, not stale."""
    app = app_of(demo_database)
    connection = await asyncpg.connect(demo_database)
    async with client_of(app) as client:
        await client.get("/api/titles/1")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'mediacanon changes' AND datname = current_database()"
        )
        await connection.execute("UPDATE titles SET display_name = 'Unheard' WHERE id = 1")
        assert (await client.get("/api/titles/1")).json()["display_name"] == "Unheard"
    await connection.close()


async def test_loading_collections_drops_lists(demo_database: str):
    """Collections loaded by another program are in the next list."""
    async with client_of(app_of(demo_database)) as client:
        assert (await client.get("/api/collections")).json() == []
        await with_collections(demo_database)
        assert len((await client.get("/api/collections")).json()) > 40


async def test_a_version_is_made_once():
    """Concurrent requests share the response of a version; another version makes another."""
    cache, versions, make = ResponseCache(most_bytes=100_000), [object(), object()], Maker()
    make.gate.set()
    async with cache.invalidated_by(ChangeListener(certain)):
        found = await asyncio.gather(*(cache.get_version(key_of("/"), versions[0], make) for _ in range(5)))
        assert {response.body for response in found} == {b"1"}
        assert (await cache.get_version(key_of("/"), versions[1], make)).body == b"2"


async def test_a_stale_version_serves_while_the_new_one_takes_its_time():
    """A failing renewal serves the stale version too; without one the failure is raised."""
    cache, make, newer = ResponseCache(most_bytes=100_000, patience=0), Maker(), object()
    make.gate.set()
    async with cache.invalidated_by(ChangeListener(certain)):
        make.error = ValueError("no page")
        with pytest.raises(ValueError, match="no page"):
            await cache.get_version(key_of("/"), object(), make)
        make.error = None
        await cache.get_version(key_of("/"), object(), make)
        make.gate.clear()
        assert (await cache.get_version(key_of("/"), newer, make)).body == b"2"
        make.gate.set()
        await cache._renewals.start(key_of("/"), make)
        assert (await cache.get_version(key_of("/"), newer, make)).body == b"3"
