"""Posters by IMDb id: a way to the image, as fresh as the title."""

import httpx
import pytest


async def test_an_id_and_a_width_lead_to_the_image(client: httpx.AsyncClient):
    """Clients may store the way for a day; the server forgets it with an edit of the title."""
    response = await client.get("/poster/w185/tt99005067.jpg")
    assert response.status_code == 302
    assert response.headers["location"] == "https://image.tmdb.org/t/p/w185/demo-tt99005067.jpg"
    assert "max-age=86400" in response.headers["cache-control"]
    assert (await client.head("/poster/w185/tt99005067.jpg")).headers["location"] == response.headers["location"]
    facts = {"display_name": "New", "imdb_id": "tt99090911"}
    movie = (await client.post("/api/movies", json=facts)).json()["movie_id"]
    assert (await client.get("/poster/original/tt99090911.jpg")).status_code == 404
    image = "https://example.org/poster.jpg"
    await client.put(f"/api/movies/{movie}", json={**facts, "image_url": image})
    assert (await client.get("/poster/original/tt99090911.jpg")).headers["location"] == image


async def test_a_way_that_has_changed_is_never_said_to_hold(demo_client: httpx.AsyncClient):
    """Bodies of redirects are alike: what a client knows of another way, or of an earlier one, answers nothing."""
    for known in ("*", '"e3b0c44298fc1c149afbf4c8"'):
        response = await demo_client.get("/poster/w185/tt99005067.jpg", headers={"If-None-Match": known})
        assert (response.status_code, "etag" in response.headers) == (302, False)


@pytest.mark.parametrize("path", ["w185/tt0000001", "w185/x", "w1/tt99005067", "huge/tt99005067", "w185/"])
async def test_an_unknown_id_or_width_is_not_found(demo_client: httpx.AsyncClient, path: str):
    """There is no image to show."""
    assert (await demo_client.get(f"/poster/{path}.jpg")).status_code == 404
