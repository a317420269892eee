"""Pictures and biographies of people from TMDB: fetched when somebody looks, through a server."""

import asyncio
from collections.abc import Iterator

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from tests.fakes.tmdb import FAILURES, KEY, FakeTmdb, Fault
from tests.fakes.tmdb_catalogue import person
from tests.serving import app_of, ask, client_of
from tests.tmdb.rows import add_title

PERSON = "query ($id: Int!) { person(id: $id) { name imageUrl picture(size: W185) biography enrichedAt tmdbId } }"
PICTURE = "https://image.tmdb.org/t/p/{}/profile{}.jpg"
ADA = 1234567


@pytest.fixture
def tmdb() -> Iterator[FakeTmdb]:
    """Give a fake TMDB without people and without faults."""
    with FakeTmdb() as fake:
        yield fake


def app_with(dsn: str, tmdb: FakeTmdb, *, wait: float = 30, **settings: str) -> Starlette:
    """Return a server with a key."""
    return app_of(dsn, TMDB_API_KEY=KEY, TMDB_BASE_URL=tmdb.url, TMDB_WAIT=str(wait), TMDB_RATE="0", **settings)


async def add_person(pool: asyncpg.Pool, id_: int = ADA, name: str = "Ada") -> None:
    """Add a person, whom IMDb credits as the actress of a complete movie."""
    await pool.execute("INSERT INTO people (id, name) VALUES ($1, $2)", id_, name)
    if not (title_id := await pool.fetchval("SELECT id FROM titles")):
        title_id = await add_title(pool, "tt9300001", type="movie", needs_backfill_tmdb=False, image_url="none")
        await pool.execute("UPDATE titles SET enriched_at = now()")
    await pool.execute(
        "INSERT INTO credits (title_id, person_id, ordinal, category) VALUES ($1, $2, $3, 2)", title_id, id_, id_ % 999
    )


async def stored(pool: asyncpg.Pool) -> tuple[object, ...] | None:
    """Return the number, the picture, the biography and its source."""
    row = await pool.fetchrow(
        "SELECT p.tmdb_id, p.image_url, f.biography, f.source FROM people p JOIN person_facts f ON f.person_id = p.id"
    )
    return row and tuple(row)


async def test_the_first_look_brings_picture_and_biography(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """They are on the page, in REST and GraphQL, and in the cast of titles, whose cached page is made anew."""
    await add_person(pool)
    tmdb.catalogue.add_person(person(31, f"nm{ADA}", name="Ada"))
    async with client_of(app_with(database, tmdb)) as client:
        before = (await client.get("/movies/1")).text
        assert f'<li><span><a href="/people/{ADA}"><bdi>Ada</bdi></a></span></li>' in before
        page = (await client.get(f"/people/{ADA}")).text
        assert PICTURE.format("h632", 31) in page
        assert "Ada was born by the sea." in page
        assert f"https://www.themoviedb.org/person/{31}" in page
        assert f'<li><img src="{PICTURE.format("w185", 31)}"' in (await client.get("/movies/1")).text
        rest = (await client.get(f"/api/people/{ADA}")).json()
        assert (rest["image_url"], rest["biography"]) == (PICTURE.format("h632", 31), "Ada was born by the sea.")
        seen = (await ask(client, PERSON, id=ADA))["data"]["person"]
    assert (seen["picture"], seen["tmdbId"]) == (PICTURE.format("w185", 31), 31)
    assert seen["enrichedAt"]
    assert tmdb.requests == [f"/3/find/nm{ADA}", "/3/person/31"]
    assert await stored(pool) == (31, PICTURE.format("h632", 31), "Ada was born by the sea.", "tmdb")


async def test_pages_show_pictures_through_the_proxy(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """Where this server proxies images, browsers never connect to TMDB; the proxy has the sizes of these pictures."""
    await add_person(pool)
    tmdb.catalogue.add_person(person(31, f"nm{ADA}"))
    async with client_of(app_with(database, tmdb, MEDIACANON_IMAGE_CACHE_MB="1")) as client:
        assert 'src="/images/profile/h632/profile31.jpg"' in (await client.get(f"/people/{ADA}")).text
        assert 'src="/images/profile/w185/profile31.jpg"' in (await client.get("/movies/1")).text
        assert (await client.get("/images/profile/w342/profile31.jpg")).status_code == 404


@pytest.mark.parametrize("fault", FAILURES)
async def test_a_failing_tmdb_is_no_error(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, fault: Fault) -> None:
    """The page has the person as IMDb does, nothing is stored, and the next server has more luck."""
    await add_person(pool)
    tmdb.catalogue.add_person(person(31, f"nm{ADA}"))
    tmdb.misbehave(fault)
    async with client_of(app_with(database, tmdb, wait=0.1)) as client:
        page = await client.get(f"/people/{ADA}")
        assert (page.status_code, "<bdi>Ada</bdi>" in page.text, "profile31" in page.text) == (200, True, False)
    assert await stored(pool) is None
    tmdb.behave()
    async with client_of(app_with(database, tmdb)) as client:
        assert "profile31" in (await client.get(f"/people/{ADA}")).text


async def test_late_facts_are_in_the_next_response_of_every_server(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb
) -> None:
    """The fetch goes on after the response, and drops the cached pages of the person and of titles everywhere."""
    await add_person(pool)
    tmdb.catalogue.add_person(person(31, f"nm{ADA}"))
    apps = [app_with(database, tmdb, wait=0) for _ in range(2)]
    paths = (f"/people/{ADA}", f"/api/people/{ADA}", "/movies/1", "/api/titles/1/credits")
    async with client_of(apps[0]) as one, client_of(apps[1]) as other:
        with tmdb.thinking():
            for path in paths * 2:
                answers = await asyncio.gather(one.get(path), other.get(path))
                assert not any("profile31" in answer.text for answer in answers)
        for app in apps:
            await app.services.enrichment._people.join()
        for path in paths:
            for client in (other, one):
                assert "profile31" in (await client.get(path)).text, path
    assert tmdb.requests == [f"/3/find/nm{ADA}", "/3/person/31"]


async def test_a_person_whom_tmdb_lacks_is_looked_up_once(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """Also after a restart; nobody is found by a name, and an unknown id asks nothing."""
    await add_person(pool)
    tmdb.catalogue.add_person(person(31, "nm7777777", name="Ada"))
    for _ in range(2):
        async with client_of(app_with(database, tmdb)) as client:
            for _ in range(2):
                assert (await ask(client, PERSON, id=ADA))["data"]["person"]["imageUrl"] is None
            assert (await ask(client, PERSON, id=5))["data"]["person"] is None
    assert tmdb.requests == [f"/3/find/nm{ADA}"]
    assert await stored(pool) == (None, None, None, None)


async def test_facts_of_a_month_ago_are_fetched_again(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """By TMDB's number, without a wait; a number that became another's is looked up anew. What TMDB empties goes."""
    await add_person(pool)
    tmdb.catalogue.add_person(person(31, f"nm{ADA}"))
    async with client_of(app_with(database, tmdb)) as client:
        await ask(client, PERSON, id=ADA)
    for number, biography in ((31, None), (32, "Another text.")):
        tmdb.behave()
        tmdb.catalogue.add_person(person(number, f"nm{ADA}", biography=biography, profile_path=None))
        if number == 32:
            tmdb.catalogue.replies["/3/person/31"] = person(31, "nm7777777")
        await pool.execute("UPDATE person_facts SET fetched_at = now() - interval '31 days'")
        app = app_with(database, tmdb)
        async with client_of(app) as client:
            with tmdb.thinking():
                await ask(client, PERSON, id=ADA)
            await app.services.enrichment._people.join()
            assert (await ask(client, PERSON, id=ADA))["data"]["person"]["biography"] == biography
        asked = ["/3/person/31"] if number == 31 else ["/3/person/31", f"/3/find/nm{ADA}", "/3/person/32"]
        assert tmdb.requests == asked
        # A picture that TMDB no longer has stays.
        assert (await stored(pool))[:2] == (number, PICTURE.format("h632", 31))


async def test_locked_facts_are_kept(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """An edited picture and an edited biography, the removed one too."""
    await add_person(pool)
    await add_person(pool, ADA + 1, "Bea")
    await pool.execute(
        "UPDATE people SET locked_fields = '{biography,image_url}', image_url = 'https://x.test/a.png' WHERE id = $1",
        ADA,
    )
    await pool.execute("UPDATE people SET locked_fields = '{biography}' WHERE id = $1", ADA + 1)
    await pool.execute("INSERT INTO person_facts (person_id, source, biography) VALUES ($1, 'edit', 'Mine.')", ADA)
    for number in (1, 2):
        tmdb.catalogue.add_person(person(30 + number, f"nm{ADA + number - 1}"))
    async with client_of(app_with(database, tmdb)) as client:
        ada = (await ask(client, PERSON, id=ADA))["data"]["person"]
        bea = (await ask(client, PERSON, id=ADA + 1))["data"]["person"]
        assert "https://x.test/a.png" in (await client.get(f"/people/{ADA}")).text
    assert (ada["imageUrl"], ada["biography"], ada["tmdbId"]) == ("https://x.test/a.png", "Mine.", 31)
    assert (bea["imageUrl"], bea["biography"], bea["tmdbId"]) == (PICTURE.format("h632", 32), None, 32)


async def test_without_a_key_nothing_is_asked(demo_client: httpx.AsyncClient, tmdb: FakeTmdb) -> None:
    """People have IMDb's facts alone."""
    found = (await ask(demo_client, PERSON, id=99000001))["data"]["person"]
    assert (found["name"], found["biography"], found["enrichedAt"]) == ("Ada Marlowe", None, None)
    assert tmdb.requests == []
