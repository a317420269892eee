"""The server that a dialect imitates answers where the catalogue lacks something, if the operator wants it to."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from mediacanon.settings import Settings
from tests.fakes.tmdb import KEY, FakeTmdb, Fault
from tests.serving import app_of, client_of

FILM = {"id": 5, "title": "A film of TMDB's", "credits": {"cast": []}}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeTmdb]:
    """Give a fake of TMDB with a film, a keyword, a person and services."""
    with FakeTmdb() as tmdb:
        tmdb.catalogue.replies |= {
            "/3/movie/5": FILM,
            "/3/keyword/1": {"id": 1, "name": "owl"},
            "/3/person/7": {"id": 7, "name": "Somebody"},
            "/3/search/movie": {"page": 1, "results": [{"id": 5}], "total_pages": 1, "total_results": 1},
        }
        tmdb.catalogue.films["123"] = [{"id": 5}]
        yield tmdb


def settings(fake: FakeTmdb, **others: str) -> dict[str, str]:
    return {"TMDB_API_KEY": KEY, "TMDB_BASE_URL": fake.url, "TMDB_RATE": "0", **others}


@pytest.fixture(scope="module")
async def passing(fake: FakeTmdb, demo: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server with a pass-through, over the read-only demo."""
    async with client_of(app_of(demo, **settings(fake, MEDIACANON_TMDB_PASSTHROUGH="on", TMDB_WAIT="0"))) as client:
        client.base_url = httpx.URL("http://mediacanon.test/3/")
        yield client


@pytest.fixture(scope="module")
async def known(passing: httpx.AsyncClient) -> dict:
    """Give a movie of the catalogue."""
    found: dict = (await passing.get("discover/movie")).json()["results"][0]
    return found


@pytest.fixture(autouse=True)
async def calm(fake: FakeTmdb, passing: httpx.AsyncClient, known: dict) -> None:
    """Begin without faults and requests."""
    await passing._transport.app.services.enrichment._fetches.join()
    fake.behave()


def passed(fake: FakeTmdb) -> list[str]:
    """Return the requests that are none of the enrichment."""
    return [path for path in fake.requests if not path.startswith(("/3/tv/9", "/3/movie/9", "/3/find/tt"))]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("movie/5?append_to_response=credits,season/1&api_key=mine", FILM),
        ("keyword/1", {"id": 1, "name": "owl"}),
        ("person/7", {"id": 7, "name": "Somebody"}),
        ("search/movie?query=a+name+that+nothing+here+has", {"page": 1, "results": [{"id": 5}]}),
        ("find/123?external_source=tvdb_id", {"movie_results": [{"id": 5}]}),
    ],
)
async def test_a_missing_answer_is_tmdbs(passing: httpx.AsyncClient, fake: FakeTmdb, path: str, expected: dict):
    """A title, a path of its own and a search: asked once, then kept."""
    for _ in range(2):
        response = await passing.get(path)
        assert response.status_code == 200
        assert response.json().items() >= expected.items()
        assert response.headers["access-control-allow-origin"] == "*"
    assert passed(fake) == [f"/3/{path.partition('?')[0]}"]


async def test_the_catalogue_comes_first(passing: httpx.AsyncClient, fake: FakeTmdb, known: dict):
    """What it has is not asked for, in full or in parts; an empty part is."""
    fake.catalogue.replies[f"/3/movie/{known['id']}/watch/providers"] = {"id": known["id"], "results": {"DE": {}}}
    found = (await passing.get(f"movie/{known['id']}?append_to_response=credits,watch/providers,reviews")).json()
    assert found["title"] == known["title"]
    assert found["credits"]["cast"]
    assert found["watch/providers"] == {"results": {"DE": {}}}
    assert found["reviews"]["results"] == []
    asked = [path for path in fake.requests if path.startswith(f"/3/movie/{known['id']}/")]
    assert sorted(asked) == [f"/3/movie/{known['id']}/{name}" for name in ("reviews", "watch/providers")]


async def test_many_programs_share_a_request(passing: httpx.AsyncClient, fake: FakeTmdb):
    """A whole house asks for the same at the same time."""
    fake.catalogue.replies["/3/movie/6"] = {"id": 6, "title": "Another"}
    with fake.thinking():
        asking = [asyncio.create_task(passing.get(f"movie/6?api_key={number}")) for number in range(10)]
        while not passed(fake):
            await asyncio.sleep(0.01)
    assert {response.json()["title"] for response in await asyncio.gather(*asking)} == {"Another"}
    assert passed(fake) == ["/3/movie/6"]


async def test_a_fault_of_tmdb_is_our_own_answer(passing: httpx.AsyncClient, fake: FakeTmdb, known: dict):
    """An error of ours where there is nothing, an empty part where there is a title."""
    fake.misbehave(Fault.HTML)
    missing = await passing.get("movie/8")
    assert (missing.status_code, missing.json()["status_code"]) == (404, 34)
    part = await passing.get(f"movie/{known['id']}/lists")
    assert (part.status_code, part.json()["results"]) == (200, [])


async def test_private_paths_are_not_found(passing: httpx.AsyncClient, fake: FakeTmdb):
    """No account or session is made with the operator's key."""
    fake.catalogue.replies["/3/guest_session/new"] = {"success": True}
    for path in ("account/1", "guest_session/new", "authentication/session/new"):
        assert (await passing.get(path)).json()["status_code"] == 34
    assert passed(fake) == []


async def test_without_the_setting_nothing_passes(fake: FakeTmdb, demo: str):
    """With a key, and without one."""
    for environment in (settings(fake), {"MEDIACANON_TMDB_PASSTHROUGH": "on"}):
        async with client_of(app_of(demo, **environment)) as client:
            assert (await client.get("/3/movie/5")).status_code == 404
            assert (await client.get("/3/keyword/1")).status_code == 404
    assert passed(fake) == []
    assert Settings.from_environment({}).tmdb_passthrough == "off"
