"""Kept answers are given again, and never once they are stale, whichever worker was written through."""

import asyncio

import asyncpg
import pytest

from mediacanon.cache.responses import Asked, CachedResponse, ResponseCache
from mediacanon.database.changes import EVERYTHING, Change, ChangeListener, notify_collections
from tests.serving import app_of, ask, certain, client_of, with_collections

RENAME = "mutation ($id: Int!, $name: String!) { updateTitle(id: $id, input: {displayName: $name}) { titleId } }"
CHANGE = "mutation ($name: String!) { updateTitle(id: 1, input: {displayName: $name}) { titleId } }"


async def test_an_answer_is_kept_and_given_again(demo_database: str):
    """The second time the catalogue is not asked."""
    app = app_of(demo_database)
    async with client_of(app) as client:
        hot = app.state.server.response_cache
        async with asyncio.timeout(20):
            while not hot.count:  # the clean-up at the start is a change, too
                first = await client.get("/api/shows/1")
        [kept] = hot._answers.values()
        second = await client.get("/api/shows/1?source=elsewhere")
        assert first.content == second.content == kept.body
        assert hot.count == 1


@pytest.mark.parametrize("path", ["/api/titles/1", "/api/movies/1", "/api/titles?q=name", "/api/discover?limit=5"])
async def test_after_a_write_any_worker_answers_fresh(demo_database: str, path: str):
    """Written through one worker, read at once through the other: a hundred times."""
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
    """Through any worker, as the lists of the API are."""
    async with client_of(app_of(demo_database)) as one, client_of(app_of(demo_database)) as other:
        [title] = (await one.get("/api/titles?per_page=1")).json()["titles"]
        for number in range(1000, 1020):
            await asyncio.gather(one.get("/"), other.get("/"))
            await ask(one, RENAME, id=title["title_id"], name=f"Name {number}")
            assert [f"Name {number}" in (await client.get("/")).text for client in (other, one)] == [True, True]


@pytest.mark.parametrize("noun", ["shows", "seasons", "episodes"])
async def test_after_a_write_below_a_title_any_worker_answers_fresh(demo_database: str, noun: str):
    """A show, its seasons and its episodes, alone and within one another."""
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
    """Their titles as they are now, and themselves."""
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
COUNTS = ("SELECT count(*)\n  FROM titles", "SELECT t.original_language, count(*)")


async def test_counts_are_asked_once(demo_database: str):
    """The next page of a search has those of the first, in any language; a list those of the filter in any order."""
    app = app_of(demo_database, MEDIACANON_POOL_SIZE="1")
    statements: list[str] = []
    async with client_of(app) as client:
        async with app.state.server.reads.acquire() as connection:
            connection._con.add_query_logger(lambda record: statements.append(record.query))

        async def counts_for(path: str) -> int:
            statements.clear()
            assert (await client.get(path)).json()["total"] > 3
            assert any("FROM titles" in text and "OFFSET" in text for text in statements)
            return sum(text.lstrip().startswith(COUNTS) for text in statements)

        for first, others in (
            ("/api/titles?q=the&per_page=1", ("&page=2", "&lang=en", "&lang=fr&page=2")),
            ("/api/discover?genre=Drama&limit=1", ("&page=2", "&sort=popular", "&sort=a-z&page=2")),
        ):
            assert await counts_for(first) == 1
            assert [await counts_for(first + other) for other in others] == [0, 0, 0]
            await ask(client, CHANGE, name="Name")
            assert await counts_for(first + others[0]) == 1
            assert await counts_for(first) == 0
        # The best rated are others.
        assert await counts_for("/api/discover?genre=Drama&limit=1&sort=top_rated") == 1


async def test_carousels_show_no_title_as_it_was_before_a_write(demo_database: str):
    """Renamed or deleted through one worker, it is so in the other's next answer, long before the set is built anew."""
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


async def test_what_was_begun_before_a_write_is_not_kept(demo_database: str):
    """An answer that was made while somebody wrote may be old already."""
    hot, events = ResponseCache(most_bytes=100_000), ChangeListener()
    async with hot.invalidated_by(events):
        generation = hot.generation
        events.tell(Change("titles", (7,)))
        hot.keep(asked("/x"), answer_of(1), generation)
        assert hot.count == 0


def answer_of(title_id: int | None, body: bytes = b"{}") -> CachedResponse:
    return CachedResponse(body=body, media_type="application/json", about=title_id)


def asked(path: str) -> Asked:
    return Asked("http", b"mediacanon.test", path, b"")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (Change("titles", (1,)), ["two"]),
        (Change("titles", (9,)), ["one", "two"]),
        (Change("engagement"), ["one", "two"]),
        (Change("collections"), []),
        (Change("import"), []),
        (EVERYTHING, []),
    ],
)
async def test_a_change_drops_what_it_makes_stale(change: Change, left: list[str]):
    """A title's own answers and all lists; everything where everything may have changed."""
    hot, events = ResponseCache(most_bytes=100_000), ChangeListener()
    async with hot.invalidated_by(events):
        for key, title_id in (("one", 1), ("two", 2), ("list", None)):
            hot.keep(asked(key), answer_of(title_id), hot.generation)
        events.tell(change)
        assert [key.path for key in hot._answers] == left


class Maker:
    """Makes answers that tell their number when it is let; `error` is what it fails with."""

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
        return answer_of(None, b"%d" % number)


async def asking(hot: ResponseCache, make: Maker, times: int) -> list[asyncio.Task[bytes]]:
    """Have so many ask for a list at once, and wait until they wait."""

    async def ask() -> bytes:
        return (await hot.get(asked("/list")) or await hot.made(asked("/list"), make)).body

    tasks = [asyncio.create_task(ask()) for _ in range(times)]
    for _ in range(20):
        await asyncio.sleep(0)
    return tasks


async def test_what_many_ask_for_at_once_is_made_once():
    """But for those who came after a change: they share what is made after it, and that is kept."""
    hot, events, make = ResponseCache(most_bytes=100_000), ChangeListener(certain), Maker()
    async with hot.invalidated_by(events):
        early = await asking(hot, make, 5) + await asking(hot, make, 5)
        assert make.made == 1
        events.tell(Change("titles", (7,)))
        late = await asking(hot, make, 5)
        make.gate.set()
        assert await asyncio.gather(*early) == [b"1"] * 10
        assert await asyncio.gather(*late) == [b"2"] * 5
        assert await asyncio.gather(*await asking(hot, make, 5)) == [b"2"] * 5


async def test_what_cannot_be_made_is_tried_once_for_all_who_wait():
    """A database in trouble is not asked by all at once; each is told, and the next one tries again."""
    hot, events, make = ResponseCache(most_bytes=100_000), ChangeListener(certain), Maker()
    async with hot.invalidated_by(events):
        tasks = await asking(hot, make, 10)
        make.error = ValueError("nothing")
        make.gate.set()
        assert await asyncio.gather(*tasks, return_exceptions=True) == [make.error] * 10
        assert make.made == 1
        make.error = None
        assert await asyncio.gather(*await asking(hot, make, 1)) == [b"2"]


async def test_who_leaves_takes_no_answer_from_the_others():
    """The first one's is made to its end, given to who waits and kept, even where nobody waits any more."""
    hot, events, make = ResponseCache(most_bytes=100_000), ChangeListener(certain), Maker()
    async with hot.invalidated_by(events):
        first, *others = await asking(hot, make, 3)
        first.cancel()
        make.gate.set()
        assert await asyncio.gather(*others) == [b"1"] * 2
        events.tell(EVERYTHING)
        make.gate.clear()
        for task in await asking(hot, make, 3):
            task.cancel()
        make.gate.set()
        assert await asyncio.gather(*await asking(hot, make, 3)) == [b"2"] * 3
        assert hot.count == 1


async def test_nobody_waits_for_another_while_changes_cannot_be_heard():
    """Whether another's is still fresh cannot be known."""
    hot, make = ResponseCache(most_bytes=100_000), Maker()
    async with hot.invalidated_by(ChangeListener()):
        tasks = await asking(hot, make, 3)
        make.gate.set()
        assert await asyncio.gather(*tasks) == [b"1", b"2", b"3"]


async def test_none_are_kept_where_the_operator_wants_none(demo_database: str):
    """Every answer is made anew then."""
    app = app_of(demo_database, MEDIACANON_RESPONSE_CACHE_MB="0")
    async with client_of(app) as client:
        for _ in range(3):
            assert (await client.get("/api/shows/1")).status_code == 200
        assert app.state.server.response_cache.count == 0


async def test_the_least_used_are_forgotten():
    """Memory is bounded, and one answer larger than all of it is not kept."""
    hot, events = ResponseCache(most_bytes=10_000), ChangeListener()
    async with hot.invalidated_by(events):
        for number in range(20):
            hot.keep(asked(str(number)), answer_of(number, b"x" * 1000), hot.generation)
        assert [key.path for key in hot._answers] == ["18", "19"]
        assert hot.size == 8000
        hot.keep(asked("large"), answer_of(1, b"x" * 10_000), hot.generation)
        hot.keep(asked("long")._replace(query=b"x" * 501), answer_of(1), hot.generation)
        assert hot.count == 2
    assert hot.count == 0


async def test_nothing_kept_is_given_while_changes_cannot_be_heard(demo_database: str):
    """A lost connection makes answers slower, not stale."""
    app = app_of(demo_database)
    connection = await asyncpg.connect(demo_database)
    async with client_of(app) as client:
        await client.get("/api/titles/1")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'mediacanon events' AND datname = current_database()"
        )
        await connection.execute("UPDATE titles SET display_name = 'Unheard' WHERE id = 1")
        assert (await client.get("/api/titles/1")).json()["display_name"] == "Unheard"
    await connection.close()


async def test_collections_loaded_anew_are_seen(demo_database: str):
    """Lists are dropped by what another program loads."""
    async with client_of(app_of(demo_database)) as client:
        assert (await client.get("/api/collections")).json() == []
        await with_collections(demo_database)
        assert len((await client.get("/api/collections")).json()) > 40
