"""The ratings of titles and episodes, in the shapes of the programs that read them."""

import asyncpg
import httpx

from tests.serving import app_of, client_of

SERIES, MOVIE = "tt99100001", "tt99005067"
EPISODES = """
SELECT s.season, e.episode, e.imdb_id, e.average_rating::float8, e.num_votes
  FROM show_episodes e JOIN show_seasons s ON s.id = e.season_id JOIN shows w ON w.id = s.show_id
  JOIN titles t ON t.id = w.title_id
 WHERE t.imdb_id = $1 AND e.average_rating IS NOT NULL ORDER BY 1, 2
"""


async def test_a_show_has_the_rated_episodes_of_every_season(demo: str, demo_client: httpx.AsyncClient):
    """By its IMDb id and by its TMDB id; an unknown one has none."""
    connection = await asyncpg.connect(demo)
    rated = [tuple(row) for row in await connection.fetch(EPISODES, SERIES)]
    tmdb_id = await connection.fetchval("SELECT tmdb_id FROM titles WHERE imdb_id = $1", SERIES)
    await connection.close()
    found = (await demo_client.get(f"/ratings/api/shows/{SERIES}/season-ratings")).json()
    assert found == (await demo_client.get(f"/ratings/api/shows/{tmdb_id}/season-ratings")).json()
    listed = [episode for season in found for episode in season["episodes"]]
    assert [
        (each["season_number"], each["episode_number"], each["tconst"], each["vote_average"], each["imdb_votes"])
        for each in listed
    ] == [(season, number, id_, round(rating, 1), votes) for season, number, id_, rating, votes in rated]
    for id_ in ("tt0000001", "9999999", "x", MOVIE):
        response = await demo_client.get(f"/ratings/api/shows/{id_}/season-ratings")
        assert (response.status_code, response.json()) == (200, [])


async def test_a_title_has_its_rating_and_those_of_its_episodes(demo_client: httpx.AsyncClient):
    """An episode has one as well; an unknown id is 404 in the words of the API."""
    movie = (await demo_client.get(f"/ratings/v1/ratings/{MOVIE}")).json()
    assert movie == {"tconst": MOVIE, "averageRating": 5.9, "numVotes": movie["numVotes"]}
    show = (await demo_client.get(f"/ratings/v1/ratings/{SERIES}?episodes=true")).json()
    assert (show["requestTconst"], show["rating"]["tconst"]) == (SERIES, SERIES)
    one = show["episodes"][0]
    assert (one["parentTconst"], one["seasonNumber"], one["episodeNumber"]) == (SERIES, 1, 1)
    for off in ("?episodes=false", "?episodes="):
        assert (await demo_client.get(f"/ratings/v1/ratings/{SERIES}{off}")).json() == show["rating"]
    alone = (await demo_client.get(f"/ratings/v1/ratings/{one['tconst']}")).json()
    assert alone == {name: one[name] for name in ("tconst", "averageRating", "numVotes")}
    unknown = await demo_client.get("/ratings/v1/ratings/tt0000001")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "404")


async def test_many_ratings_are_asked_at_once(demo: str):
    """In order; ids that are unknown, malformed or of people have none; a read, so it works where writes are off."""
    async with client_of(app_of(demo, MEDIACANON_WRITES="off")) as client:
        path = "/ratings/v1/ratings/bulk"
        show = (await client.get(f"/ratings/v1/ratings/{SERIES}?episodes=true")).json()
        episode = {name: show["episodes"][0][name] for name in ("tconst", "averageRating", "numVotes")}
        movie = (await client.get(f"/ratings/v1/ratings/{MOVIE}")).json()
        asked = [MOVIE, episode["tconst"], "tt0000001", "nm0000001", "x", SERIES, MOVIE]
        response = await client.post(path, json={"identifiers": asked})
        assert response.json()["results"] == [movie, episode, show["rating"]]
        assert sorted(response.json()["missing"]) == ["nm0000001", "tt0000001", "x"]
        assert response.headers["access-control-allow-origin"] == "*"
        assert (await client.post(path, json={})).json() == {"results": [], "missing": []}
        for count, status in ((250, 200), (251, 400)):
            ids = [f"tt{number:07}" for number in range(1, count + 1)]
            assert (await client.post(path, json={"identifiers": ids})).status_code == status
