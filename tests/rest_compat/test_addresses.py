"""Answers hold the address that this server was asked at: for its logo, and for its copies of images."""

import httpx
import pytest

from tests.serving import app_of, client_of

MOVIE, SERIES = "tt99005067", "tt99100001"
AT_TMDB = "https://image.tmdb.org/t/p"


async def images(client: httpx.AsyncClient, host: str) -> dict[str, str]:
    """Return an address of each kind of image in the answers for Stremio."""
    headers = {"host": host}
    found = {}
    for path in (
        f"meta/series/{SERIES}",
        f"meta/movie/{MOVIE}",
        "catalog/movie/top",
        "catalog/movie/search/search=the",
    ):
        answer = (await client.get(f"/stremio/{path}.json", headers=headers)).json()
        metas = [answer["meta"]] if "meta" in answer else answer["metas"]
        found[path] = next(meta["poster"] for meta in metas if "poster" in meta)
        videos = [video for meta in metas for video in meta.get("videos", ()) if "thumbnail" in video]
        if videos:
            found["still"] = videos[0]["thumbnail"]
    return found


async def test_images_stay_at_tmdb_without_copies(demo_client: httpx.AsyncClient):
    """The answer is the same at every address of the server."""
    found = await images(demo_client, "a.test")
    assert all(address.startswith(f"{AT_TMDB}/w") for address in found.values())
    assert await images(demo_client, "b.test") == found


async def test_copies_have_the_address_that_was_asked(demo: str):
    """Each address of the server has answers of its own, also stored ones."""
    async with client_of(app_of(demo)) as client:
        at_tmdb = await images(client, "a.test")
    async with client_of(app_of(demo, MEDIACANON_IMAGE_CACHE_MB="1")) as client:
        for host in ("a.test", "b.test:8080", "a.test"):
            found = await images(client, host)
            assert "still" in found
            for name, address in at_tmdb.items():
                kind = "still" if name == "still" else "poster"
                assert found[name] == address.replace(AT_TMDB, f"http://{host}/images/{kind}")


@pytest.mark.parametrize(("base", "prefix"), [("", ""), ("/media", "/media")])
async def test_the_logo_is_a_file_of_this_server(demo: str, base: str, prefix: str):
    """Stremio takes absolute addresses alone."""
    async with client_of(app_of(demo, MEDIACANON_BASE_PATH=base)) as client:
        for host in ("a.test", "b.test:8080", "a.test"):
            manifest = await client.get(f"{base}/stremio/manifest.json", headers={"host": host})
            assert manifest.json()["logo"] == f"http://{host}{prefix}/static/icon.png"
        logo = await client.get(manifest.json()["logo"])
        assert logo.headers["content-type"] == "image/png"


@pytest.mark.parametrize("base", ["", "/media"])
async def test_a_way_to_a_poster_leads_to_its_copy(demo: str, base: str):
    """Relative to the path that was asked, so a server may be reached at several addresses."""
    async with client_of(app_of(demo, MEDIACANON_IMAGE_CACHE_MB="1", MEDIACANON_BASE_PATH=base)) as client:
        response = await client.get(f"{base}/poster/w185/{MOVIE}.jpg")
        assert response.status_code == 302
        assert response.next_request
        assert response.next_request.url.path == f"{base}/images/poster/w185/demo-{MOVIE}.jpg"


async def test_images_of_plex_stay_at_tmdb(demo: str):
    """Plex fetches them from outside: an address of this network shows nothing there."""
    async with client_of(app_of(demo, MEDIACANON_IMAGE_CACHE_MB="1")) as client:
        answer = (await client.get(f"/plex/movies/library/metadata/{MOVIE}")).json()
        [movie] = answer["MediaContainer"]["Metadata"]
        assert movie["thumb"].startswith(AT_TMDB)
        assert movie["Image"][0]["url"].startswith(AT_TMDB)
