"""The row of Radarr's metadata that Seerr reads."""

import httpx

MOVIE = "tt99005067"


async def test_a_movie_has_its_ratings_in_a_list_of_one(demo_client: httpx.AsyncClient):
    """The first entry counts; an unknown movie and a show are 404."""
    [movie] = (await demo_client.get(f"/radarr/v1/movie/imdb/{MOVIE}")).json()
    assert (movie["ImdbId"], movie["Title"]) == (MOVIE, "The Tinker's Owl After the Flood")
    rating = movie["MovieRatings"]["Imdb"]
    assert rating == {"Count": 2504471, "Value": 5.9, "Origin": "Imdb", "Type": "User"}
    assert movie["Ratings"] == [rating]
    for id_ in ("tt0000001", "tt99100001", "x"):
        assert (await demo_client.get(f"/radarr/v1/movie/imdb/{id_}")).status_code == 404
