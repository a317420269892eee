"""Rules of the contract beyond the recorded examples: bytes of numbers, absent keys, nulls, bounds."""

import asyncio
import datetime as dt
import re

import asyncpg
import httpx
import pytest

from mediacanon.loaders.title import as_moment
from mediacanon.rest_compat.anywatch.endpoints import ENDPOINTS
from mediacanon.schema.scalars import format_timestamp
from tests.rest_compat.anywatch.test_deviations import NAMES
from tests.serving import app_of, client_of, with_collections


@pytest.mark.parametrize(("stored", "written"), [(8, "8"), (10, "10"), (8.7, "8.7"), (0.1, "0.1"), (7.25, "7.25")])
async def test_numbers_are_the_shortest(client, connection: asyncpg.Connection, stored: float, written: str):
    """A rating of 8 is written 8, one of 8.7 not 8.699999809265137; so is popularity."""
    sql = "UPDATE titles SET average_rating = $1, tmdb_popularity = $1, num_votes = 2e9, image_url = 'https://x.test/x.jpg' WHERE id = 1"
    await connection.execute(sql, stored)
    for path in ("/api/titles/1", "/api/titles?q=lighthouse%20keepers", "/api/discover?type=movie&limit=1"):
        text = (await client.get(path)).text
        assert re.findall(r'"average_rating":([^,}]*)', text)[0] == written, path
    assert re.findall(r'"tmdb_popularity":([^,}]*)', text) == [written]


@pytest.mark.parametrize(
    ("microsecond", "written"),
    [(0, "12:30:00Z"), (537_000, "12:30:00.537Z"), (500_000, "12:30:00.5Z"), (1, "12:30:00.000001Z")],
)
async def test_timestamps_have_no_trailing_zeros(connection: asyncpg.Connection, microsecond: int, written: str):
    """A whole second has no fraction."""
    moment = dt.datetime.combine(dt.date(2026, 3, 1), dt.time(12, 30, 0, microsecond))
    text = await connection.fetchval(
        f"SELECT {as_moment('changed')} FROM (SELECT $1::timestamp) AS t (changed)", moment
    )
    assert format_timestamp(text) == f"2026-03-01T{written}"


async def test_missing_facts_of_a_collection_are_absent(client, connection: asyncpg.Connection):
    """Description, languages and regions are absent where they are null or empty."""
    for slug, description, codes in (("full", "About", ["fr"]), ("empty", "", []), ("null", None, None)):
        await connection.execute(
            "INSERT INTO collections (slug, name, strategy, description, languages, regions)"
            " VALUES ($1, $1, 'static', $2, $3, $3)",
            *(slug, description, codes),
        )
    listed = {each["slug"]: each for each in (await client.get("/api/collections")).json()}
    for slug, wanted in (
        ("full", {"description": "About", "languages": ["fr"], "regions": ["fr"]}),
        ("empty", {}),
        ("null", {}),
    ):
        single = (await client.get(f"/api/collections/{slug}")).json()["collection"]
        for found in (listed[slug], single):
            assert {name: found[name] for name in ("description", "languages", "regions") if name in found} == wanted


async def test_a_carousel_has_its_description(demo_database: str, connection: asyncpg.Connection):
    """A collection without one gives none."""
    await with_collections(demo_database)
    await connection.execute(
        "UPDATE collections SET description = CASE slug WHEN 'top-crime-movies' THEN 'About' ELSE '' END"
    )
    async with client_of(app_of(demo_database)) as client:
        carousels = (await client.get("/api/discover/carousels?per_page=50")).json()["carousels"]
    assert len(carousels) > 1
    found = {each["slug"]: each["description"] for each in carousels if "description" in each}
    assert found == {"top-crime-movies": "About"}


async def test_new_shows_and_seasons(client: httpx.AsyncClient):
    """A show without seasons has no such list; the flags of a new one are null."""
    show = (await client.post("/api/shows", json={"display_name": "New"})).json()
    assert show["is_series_finished"] is None
    assert "seasons" not in (await client.get(f"/api/shows/{show['show_id']}")).json()
    season = (await client.post(f"/api/shows/{show['show_id']}/seasons", json={"season_number": 1})).json()
    assert season["is_season_finished"] is None
    assert len((await client.get(f"/api/shows/{show['show_id']}")).json()["seasons"]) == 1


async def test_an_episode_put_without_a_name_has_none(client: httpx.AsyncClient):
    """PUT replaces: an absent name is cleared."""
    show = (await client.get("/api/shows/1")).json()
    episode = show["seasons"][0]["episodes"][0]
    assert episode["display_name"]
    path = f"/api/episodes/{episode['episode_id']}"
    assert (await client.put(path, json={"episode_number": episode["episode_number"]})).status_code == 200
    assert "display_name" not in (await client.get(path)).json()


@pytest.mark.parametrize("kind", ["titles", "movies", "shows", "seasons", "episodes"])
async def test_ids_may_have_64_bits(client: httpx.AsyncClient, kind: str):
    """Such an id is 404, and 204 for DELETE; a larger number or a text is no id."""
    # A season has no PUT, and its GET is tested with its show.
    others = () if kind == "seasons" else (("GET", None, 404), ("PUT", {"display_name": "x", "episode_number": 1}, 404))
    for method, body, status in (("DELETE", None, 204), *others):
        for id_ in (2**31, 2**63 - 1):
            response = await client.request(method, f"/api/{kind}/{id_}", json=body)
            assert response.status_code == status, (method, id_)
        for id_ in (2**63, "x", "1.5"):
            response = await client.request(method, f"/api/{kind}/{id_}", json=body)
            assert (response.status_code, response.json()) == (400, {"error": "Invalid ID"}), (method, id_)


async def test_page_sizes_below_one_are_the_usual(client: httpx.AsyncClient):
    """The usual size replaces them, as it does those above 100."""
    for size in ("0", "-1", "101", "x"):
        assert (await client.get(f"/api/titles?per_page={size}")).json()["per_page"] == 100


async def test_every_read_says_how_it_may_be_cached(client: httpx.AsyncClient):
    """Each read of the table must be revalidated, and varies by encoding."""
    for path in (row.example.format_map(NAMES) for row in ENDPOINTS if row.is_read):
        headers = (await client.get(path)).headers
        assert (headers["cache-control"], headers["vary"]) == ("no-cache", "Accept-Encoding"), path


async def test_the_description_is_openapi_3_1(demo_client: httpx.AsyncClient):
    """The file names its version."""
    assert (await demo_client.get("/api/openapi.json")).json()["openapi"].startswith("3.1.")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_unknown_paths_are_404_whatever_the_method(demo_client: httpx.AsyncClient, method: str):
    """The error is JSON."""
    response = await demo_client.request(method, "/api/nope")
    assert response.status_code == 404
    assert response.json()["error"]


async def test_old_views_are_gone_once_a_server_runs(demo_database: str, connection: asyncpg.Connection):
    """The server cleans up at its start."""
    await with_collections(demo_database)
    old = "SELECT count(*) FROM title_views WHERE viewed_at < now() - interval '7 days'"
    await connection.execute("INSERT INTO title_views (title_id, viewed_at) VALUES (1, now() - interval '8 days')")
    assert await connection.fetchval(old) == 1
    async with client_of(app_of(demo_database)), asyncio.timeout(60):
        while await connection.fetchval(old):
            await asyncio.sleep(0.01)
