"""The sentences of docs/freshness.md, each with two workers."""

import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from mediacanon.cache import responses
from mediacanon.cache.responses import CachedResponse, CacheKey, ResponseCache
from mediacanon.database.changes import ENGAGEMENT, Change, ChangeListener, notify_everything
from mediacanon.tmdb.lookup import TitleFacts, TitleToFind
from mediacanon.tmdb.store import FetchedTitle, store_facts
from tests.serving import app_of, certain, client_of

LONG = 1_000_000.0
BEFORE, NEWEST = "/api/discover?sort=newest&limit=1", "/api/discover?sort=newest&limit=100"
START = 'id="title">{}'


class Workers:
    """Two workers of one catalogue, and a connection of a program beside them."""

    def __init__(self, clients: list[httpx.AsyncClient], connection: asyncpg.Connection) -> None:
        self.clients = clients
        self.connection = connection

    async def read(self, path: str) -> list[httpx.Response]:
        return [await client.get(path) for client in self.clients]

    async def tell(self, title_id: int, **facts: object) -> None:
        """Store what TMDB tells about a title."""
        row = await self.connection.fetchrow("SELECT imdb_id, tmdb_id FROM titles WHERE id = $1", title_id)
        asked = TitleToFind(title_id=title_id, type="movie", is_tmdb_id_locked=False, has_image=False, **row)
        told = FetchedTitle(asked, TitleFacts(media_type="movie", **facts))
        await store_facts(self.connection, [told], image_base_url="https://image.tmdb.org/t/p")


@pytest.fixture
async def workers(demo_database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    """Give two workers that never find a list too old by themselves."""
    monkeypatch.setattr(responses, "FRESH_ENOUGH", LONG)
    monkeypatch.setattr(responses, "LONGEST_STALE", LONG)
    connection = await asyncpg.connect(demo_database)
    # The newest title of all has no poster yet.
    await connection.execute("UPDATE titles SET image_url = NULL, start_year = 2100, locked_fields = '{}' WHERE id = 7")
    async with client_of(app_of(demo_database)) as one, client_of(app_of(demo_database)) as other:
        yield Workers([one, other], connection)
    await connection.close()


def names(found: httpx.Response) -> list[int]:
    return [title["title_id"] for title in found.json()["titles"]]


async def test_a_fact_of_tmdb_is_new_wherever_its_title_is_shown(workers: Workers):
    """In a list, on a page and in the details, although the list itself may be stale."""
    await workers.tell(7, poster_path="/first.jpg", tmdb_id=700)
    for number in range(5):
        paths = (NEWEST, "/api/titles/7", "/movies/1", "/discover?sort=newest", "/titles?q=the")
        for path in paths:
            await workers.read(path)
        await workers.tell(7, poster_path=f"/poster{number}.jpg")
        for path in (NEWEST, "/api/titles/7", "/discover?sort=newest"):
            assert [f"/poster{number}.jpg" in found.text for found in await workers.read(path)] == [True, True], path


async def test_an_edit_is_in_every_list_and_total_at_once(workers: Workers):
    """Although the same change by TMDB might be seen later."""
    await workers.read(NEWEST)
    total = (await workers.read(NEWEST))[0].json()["total"]
    facts = {"display_name": "Late", "start_year": 2100, "image_url": "https://example.org/a.jpg"}
    assert (await workers.clients[0].put("/api/titles/7", json=facts)).is_success
    for found in await workers.read(NEWEST):
        assert names(found)[0] == 7
        assert found.json()["total"] == total + 1


async def test_a_list_is_served_while_it_is_made_anew(workers: Workers, monkeypatch: pytest.MonkeyPatch):
    """A poster of TMDB brings a title into a list: the list of before is served, and soon the new one."""
    total = [found.json()["total"] for found in await workers.read(NEWEST)]
    await workers.tell(7, poster_path="/new.jpg", tmdb_id=700)
    stale = await workers.read(NEWEST)
    assert [7 in names(found) for found in stale] == [False, False]
    assert [found.json()["total"] for found in stale] == total
    # A list that nobody had asked for shows it.
    assert [names(found) for found in await workers.read(BEFORE)] == [[7], [7]]
    monkeypatch.setattr(responses, "FRESH_ENOUGH", 0.0)
    async with asyncio.timeout(180):
        while not all(names(found)[0] == 7 for found in await workers.read(NEWEST)):
            await asyncio.sleep(0.01)
    assert [found.json()["total"] for found in await workers.read(NEWEST)] == [number + 1 for number in total]


async def test_no_list_is_older_than_the_bound(workers: Workers, monkeypatch: pytest.MonkeyPatch):
    """After ten seconds, here none, a stale list is made for the reader; one that is not stale is kept."""
    await workers.read(NEWEST)
    await workers.tell(7, poster_path="/new.jpg", tmdb_id=700)
    monkeypatch.setattr(responses, "LONGEST_STALE", 0.0)
    assert [names(found)[0] for found in await workers.read(NEWEST)] == [7, 7]


async def test_an_import_is_in_every_response_from_its_commit_on(workers: Workers):
    """Lists included, whatever is stale otherwise."""
    await workers.read(NEWEST)
    async with workers.connection.transaction():
        await workers.connection.execute("UPDATE titles SET image_url = 'https://example.org/b.jpg' WHERE id = 7")
        await notify_everything(workers.connection)
    assert [names(found)[0] for found in await workers.read(NEWEST)] == [7, 7]


async def test_a_change_of_names_leaves_lists_by_votes(demo_database: str):
    """It drops the responses that show the title, and those whose choice or order depends on names."""
    app = app_of(demo_database)
    by_votes, by_name = "/api/discover?sort=top_rated&limit=1", "/api/discover?sort=a-z&limit=1"
    async with client_of(app) as client:
        cache = app.services.response_cache
        shown = {names(await client.get(path))[0] for path in (by_votes, by_name)}
        other = next(id_ for id_ in range(1, 50) if id_ not in shown)
        stored = (await client.get(f"/api/titles/{other}")).json()
        facts = {name: stored[name] for name in ("start_year", "imdb_id", "image_url") if name in stored}
        async with asyncio.timeout(180):
            # A view or a clean-up at the start may have come between.
            wanted = {path.partition("?")[2] for path in (by_votes, by_name)}
            while not wanted <= {key.query.decode() for key in cache._entries}:
                await asyncio.gather(client.get(by_votes), client.get(by_name))
        assert (await client.put(f"/api/titles/{other}", json={**facts, "display_name": "Another"})).is_success
        await client.get("/api/titles/1")
        left = {key.query.decode() for key in cache._entries}
        assert by_votes.partition("?")[2] in left
        assert by_name.partition("?")[2] not in left


@pytest.mark.parametrize(
    "path",
    [
        "/titles?q=ha",  # with people, and what they are known for
        "/api/search?q=ha",
        "/api/people?q=ha",
        "/tmdb/3/search/multi?query=ha",
        "/tmdb/3/search/person?query=ha",
        "/stremio/catalog/movie/search/search=ha.json",
        "/api/titles/3/credits",
        "/api/titles/3/names",
    ],
)
async def test_an_answer_outlives_the_changes_of_other_titles(demo_database: str, path: str):
    """Another poster of a title that it does not show leaves it; another name of one that it shows drops it."""
    app = app_of(demo_database)
    async with client_of(app) as client:
        cache, (folder, _, text) = app.services.response_cache, path.partition("?")
        query = text.encode()

        def known() -> list[CachedResponse]:
            return [each for key, each in cache._entries.items() if (key.path, key.query) == (folder, query)]

        async with asyncio.timeout(180):
            while not known():
                await client.get(path)
        [answer] = known()
        shown = {int(tag.split(":")[1]) for tag in answer.tags if tag.startswith("title:")}
        assert shown
        for title_id, is_left in ((next(n for n in range(1, 900) if n not in shown), True), (min(shown), False)):
            stored = (await client.get(f"/api/titles/{title_id}")).json()
            facts = {name: stored[name] for name in ("display_name", "start_year", "imdb_id") if name in stored}
            facts["image_url"] = f"https://example.org/{title_id}.jpg"
            assert (await client.put(f"/api/titles/{title_id}", json=facts)).is_success
            # A change is received before the next answer.
            await client.get("/api/titles/1")
            assert bool(known()) == is_left


async def test_a_list_is_made_anew_once_at_a_time():
    """However many ask for it meanwhile, and never for a response that nothing made stale."""
    cache, changes, gate, made = ResponseCache(most_bytes=100_000), ChangeListener(certain), asyncio.Event(), []
    key = CacheKey("", b"", "/list", b"")
    scope = {"path": "/list", "query_string": b"", "headers": [], "scheme": "http"}

    async def make() -> None:
        made.append(1)
        await gate.wait()

    async with cache.invalidated_by(changes):
        response = CachedResponse(body=b"{}", media_type="application/json", tags=frozenset({ENGAGEMENT}))
        response.made_at = time.monotonic() - 5
        cache.store(key, response, cache.generation)
        for is_stale in (False, True):
            for _ in range(5):
                cache.renew(scope, response, make)
                await asyncio.sleep(0)
            assert len(made) == is_stale
            changes.publish(Change(frozenset(), frozenset({ENGAGEMENT})))
        gate.set()
