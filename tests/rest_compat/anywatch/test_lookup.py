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
    query = f"imdb={imdb_id},{episode_id},tt9999999999&tmdb=movie:603,show:603,movie:604"
    answer = (await client.get(f"/api/lookup?{query}")).json()
    assert answer["missing"] == ["tt9999999999", "movie:604"]
    found = {one["id"]: one for one in answer["found"]}
    assert list(found) == [imdb_id, episode_id, "movie:603", "show:603"]
    titles = {id_: one["title"]["title_id"] for id_, one in found.items() if "title" in one}
    assert titles == {imdb_id: movie, "movie:603": 2, "show:603": 601}
    assert found[episode_id]["episode"] == (await client.get(f"/api/episodes/{episode}")).json()


@pytest.mark.parametrize(("films", "status"), [(125, 200), (126, 400)])
async def test_250_ids_are_the_limit_of_both_together(demo_client: httpx.AsyncClient, films: int, status: int):
    """The two parameters share the limit."""
    imdb = ",".join(f"tt{number:07}" for number in range(9_000_000, 9_000_125))
    tmdb = ",".join(f"movie:{number}" for number in range(900_000, 900_000 + films))
    response = await demo_client.get("/api/lookup", params={"imdb": imdb, "tmdb": tmdb})
    assert response.status_code == status
    assert len(response.json().get("missing", ())) == (250 if status == 200 else 0)
