"""Look-up of many ids of other catalogues."""

import asyncpg
import httpx
import pytest

EPISODE = "SELECT id, imdb_id FROM show_episodes WHERE imdb_id IS NOT NULL ORDER BY id LIMIT 1"


async def test_ids_of_all_kinds_are_found(client: httpx.AsyncClient, connection: asyncpg.Connection):
    """Titles have ids of both catalogues, episodes of IMDb; found and missing ids keep the order of the request."""
    movie, imdb_id = await connection.fetchrow("SELECT id, imdb_id FROM titles WHERE id = 1")
    episode, episode_id = await connection.fetchrow(EPISODE)
    await connection.execute("UPDATE titles SET tmdb_id = 603 WHERE id IN (2, 601)")
    await connection.execute("UPDATE people SET tmdb_id = 603 WHERE id = 99000001")
    query = f"imdb={imdb_id},{episode_id},tt9999999999&tmdb=movie:603,person:603,show:603,movie:604,person:604"
    answer = (await client.get(f"/api/lookup?{query}")).json()
    assert answer["missing"] == ["tt9999999999", "movie:604", "person:604"]
    found = {one["id"]: one for one in answer["found"]}
    assert list(found) == [imdb_id, episode_id, "movie:603", "person:603", "show:603"]
    assert found["person:603"]["person"]["imdb_id"] == "nm99000001"
    titles = {id_: one["title"]["title_id"] for id_, one in found.items() if "title" in one}
    assert titles == {imdb_id: movie, "movie:603": 2, "show:603": 601}
    assert found[episode_id]["episode"] == (await client.get(f"/api/episodes/{episode}")).json()


async def test_a_malformed_id_spoils_no_other(demo_client: httpx.AsyncClient):
    """It is answered with its reason beside the others; without one the answer has no such list."""
    asked = "imdb=tt99000001,co0000001,nm99000001,nm0000001,tt0000001&tmdb=movie:9999999999"
    answer = (await demo_client.get(f"/api/lookup?{asked}")).json()
    assert [one["id"] for one in answer["found"]] == ["tt99000001", "nm99000001"]
    assert answer["found"][1]["person"]["name"] == "Ada Marlowe"
    assert answer["missing"] == ["nm0000001", "tt0000001"]
    assert answer["invalid"] == [
        {
            "id": "co0000001",
            "reason": "no external id; they look like tt0903747, nm0000138, movie:603, show:1396, person:31 or tvdb:81189",
        },
        {"id": "movie:9999999999", "reason": "the numbers of TMDB and TVDB end at 2147483647"},
    ]
    assert (await demo_client.get("/api/lookup?imdb=tt0000001")).json() == {"found": [], "missing": ["tt0000001"]}


async def test_repeated_parameters_are_all_taken(demo_client: httpx.AsyncClient):
    """A parameter given twice is one list, bounded as one."""
    asked = "imdb=tt0000001&tmdb=movie:1&imdb=tt99000001,tt0000002&imdb="
    answer = (await demo_client.get(f"/api/lookup?{asked}")).json()
    assert [one["id"] for one in answer["found"]] == ["tt99000001"]
    assert answer["missing"] == ["tt0000001", "tt0000002", "movie:1"]
    many = "&".join(f"imdb=tt{number:07}" for number in range(251))
    assert (await demo_client.get(f"/api/lookup?{many}")).status_code == 400


@pytest.mark.parametrize(("films", "status"), [(125, 200), (126, 400)])
async def test_250_ids_are_the_limit_of_both_together(demo_client: httpx.AsyncClient, films: int, status: int):
    """The two parameters share the limit."""
    imdb = ",".join(f"tt{number:07}" for number in range(9_000_000, 9_000_125))
    tmdb = ",".join(f"movie:{number}" for number in range(900_000, 900_000 + films))
    response = await demo_client.get("/api/lookup", params={"imdb": imdb, "tmdb": tmdb})
    assert response.status_code == status
    assert len(response.json().get("missing", ())) == (250 if status == 200 else 0)
