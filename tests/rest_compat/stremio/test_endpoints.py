"""The add-on's paths: escapes, extras, pages, choices in the path, and what its readers rely on."""

import re
from itertools import pairwise

import asyncpg
import httpx
import pytest

from mediacanon.rest_compat.stremio.rules import LARGEST_MANIFEST
from tests.serving import app_of, client_of


async def catalog(client: httpx.AsyncClient, path: str) -> list[str]:
    """Return the ids of the titles on a page."""
    response = await client.get(f"/stremio/catalog/{path}.json")
    assert response.status_code == 200, response.text
    return [meta["id"] for meta in response.json()["metas"]]


async def test_any_number_may_be_skipped(demo_client: httpx.AsyncClient):
    """A client skips what it has shown, which is no multiple of a hundred; behind the end there is an empty page."""
    first, second = await catalog(demo_client, "movie/top"), await catalog(demo_client, "movie/top/skip=100")
    assert len(first) == len(second) == 100
    assert await catalog(demo_client, "movie/top/skip=37") == [*first, *second][37:137]
    assert await catalog(demo_client, "movie/top/skip=100000") == []
    assert await catalog(demo_client, "movie/top/skip=-1") == first
    assert await catalog(demo_client, "movie/top/skip=") == first


async def test_a_genre_narrows_and_other_extras_are_ignored(demo_client: httpx.AsyncClient):
    """Genres have the spelling of the manifest, escaped."""
    drama = (await demo_client.get("/stremio/catalog/movie/top/genre=Sci-Fi&x=%26skip%3D100.json")).json()["metas"]
    assert drama
    assert all("Sci-Fi" in meta["genres"] for meta in drama)
    some = await catalog(demo_client, "movie/top/genre=Film-Noir")
    assert await catalog(demo_client, "movie/top/skip=3&genre=Film-Noir") == some[3:]


async def test_escapes_are_decoded_after_the_path_is_split(client: httpx.AsyncClient):
    """An escaped slash, ampersand or equals sign is a part of the text, never of the path; also from a cache."""
    created = await client.post("/api/movies", json={"display_name": "Face/Off & On=Off", "imdb_id": "tt99090909"})
    assert created.status_code == 201
    for text in ("face%2Foff", "Face%2FOff%20%26%20On%3DOff", "face%2foff+%26+on"):
        for _ in range(2):
            assert (await catalog(client, f"movie/search/search={text}"))[:1] == ["tt99090909"], text
    assert (await client.get("/stremio/catalog/movie/search/search=face/off.json")).status_code == 404
    assert (await client.get("/stremio/meta/movie/tt9909090%39.json")).json()["meta"]["name"] == "Face/Off & On=Off"


@pytest.mark.parametrize(
    "path",
    [
        *("/stremio/meta/movie/tt0000001.json", "/stremio/meta/movie/kitsu%3A1.json", "/stremio/meta/movie/.json"),
        *("/stremio/meta/series/tt99005067.json", "/stremio/meta/channel/tt99005067.json"),
        *("/stremio/catalog/tv/top.json", "/stremio/catalog/movie/none.json", "/stremio/catalog/movie/c.none.json"),
        *("/stremio/stream/movie/tt99005067.json", "/stremio/nothing"),
    ],
)
async def test_what_is_not_there_is_not_found(demo_client: httpx.AsyncClient, path: str):
    """The error has the words of Stremio's own server, and may be read by scripts of every site."""
    response = await demo_client.get(path)
    assert (response.status_code, response.json()) == (404, {"err": "not found"})
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "no-cache"


async def test_a_path_chooses_catalogs_and_languages(client: httpx.AsyncClient):
    """Only the named catalogues are offered, beside what programs ask for by themselves; the rest works as before."""
    whole = await client.get("/stremio/manifest.json")
    assert len(whole.content) <= LARGEST_MANIFEST
    assert "max-age=3600" in whole.headers["cache-control"]
    chosen = (await client.get("/stremio/catalogs=movie.year,series.top&languages=de/manifest.json")).json()
    assert [f"{each['type']}.{each['id']}" for each in chosen["catalogs"]] == [
        *("series.top", "movie.year", "movie.search", "series.search"),
        *("series.calendar-videos", "series.last-videos"),
    ]
    assert {**whole.json(), "catalogs": None} == {**chosen, "catalogs": None}
    movie = (await catalog(client, "movie/top"))[0]
    assert await catalog(client, "movie/top/skip=1") == [
        meta["id"] for meta in (await client.get("/stremio/languages=de/catalog/movie/top/skip=1.json")).json()["metas"]
    ]
    with_text = await client.get(f"/stremio/languages=de/meta/movie/{movie}.json")
    assert with_text.json()["meta"]["id"] == movie


async def test_a_library_gets_its_series_with_their_episodes(demo_client: httpx.AsyncClient):
    """Movies, unknown ids and foreign ids among them are left out."""
    series = (await catalog(demo_client, "series/top"))[:2]
    movie = (await catalog(demo_client, "movie/top"))[0]
    ids = "%2C".join([*series, movie, "tt0000001", "kitsu:1"])
    for path in (f"calendar-videos/calendarVideosIds={ids}", f"last-videos/lastVideosIds={ids}"):
        found = (await demo_client.get(f"/stremio/catalog/series/{path}.json")).json()["metasDetailed"]
        assert [meta["id"] for meta in found] == series
        assert all(meta["videos"] for meta in found)
    many = ",".join(f"tt{number:07}" for number in range(1, 102))
    refused = await demo_client.get(f"/stremio/catalog/series/calendar-videos/calendarVideosIds={many}.json")
    assert refused.status_code == 404


async def test_an_edit_is_in_the_details_at_once(client: httpx.AsyncClient):
    """The server stores details, and forgets them with a change; the seconds are those of the clients' own caches."""
    facts = {"display_name": "New", "imdb_id": "tt99090910"}
    movie = (await client.post("/api/movies", json=facts)).json()["movie_id"]
    for name in ("New", "Edited"):
        await client.put(f"/api/movies/{movie}", json={**facts, "display_name": name})
        for _ in range(2):
            assert (await client.get("/stremio/meta/movie/tt99090910.json")).json()["meta"]["name"] == name


async def test_a_page_makes_the_address_of_a_choice(client: httpx.AsyncClient):
    """Without a script; the add-on at that address has the catalogues, and its own page has the boxes ticked."""
    text = (await client.get("/stremio/configure")).text
    offered = re.findall(r'name="catalogs" value="([^"]+)"', text)
    assert {"movie.top", "series.gems"} <= set(offered)
    assert "Your address" not in text
    query = f"catalogs=movie.top&catalogs={offered[-1]}&catalogs=<b>&languages=de-AT%2C+x%22+en"
    text = (await client.get(f"/stremio/configure?{query}")).text
    [address] = re.findall(r'<code class="address">([^<]+)</code>', text)
    address = address.replace("&amp;", "&")
    assert (
        address == f"http://mediacanon.test/stremio/catalogs=movie.top,{offered[-1]}&languages=de-AT,en/manifest.json"
    )
    assert f'href="stremio://{address.removeprefix("http://").replace("&", "&amp;")}"' in text
    manifest = (await client.get(address)).json()
    assert [f"{each['type']}.{each['id']}" for each in manifest["catalogs"] if each["extra"][-1]["name"] == "skip"] == [
        "movie.top",
        offered[-1],
    ]
    again = (await client.get(address.replace("manifest.json", "configure"))).text
    assert re.findall(r'value="([^"]+)" checked', again) == ["movie.top", offered[-1]]


async def test_pages_are_full_though_titles_lack_an_imdb_id(
    demo_database: str, client: httpx.AsyncClient, connection: asyncpg.Connection
):
    """Pages of a catalogue and of a collection have a hundred titles, none twice and none left out."""
    query = "{ collections { slug titles(perPage: 1) { total } } }"
    found = (await client.post("/graphql", json={"query": query})).json()["data"]["collections"]
    slug = max(found, key=lambda each: each["titles"]["total"])["slug"]
    paths = ("movie/top", f"movie/c.{slug}", f"series/c.{slug}")
    skips = (0, 100, 200, 300)
    before = {path: [await catalog(client, f"{path}/skip={skip}") for skip in skips] for path in paths}
    gone = [title for pages in before.values() for page in pages for title in page[::3]]
    assert gone
    await connection.execute("UPDATE titles SET imdb_id = NULL WHERE imdb_id = ANY($1::text[])", gone)
    async with client_of(app_of(demo_database)) as restarted:
        for path, pages in before.items():
            kept = [title for page in pages for title in page if title not in gone]
            after = [await catalog(restarted, f"{path}/skip={skip}") for skip in skips]
            assert [title for page in after for title in page][: len(kept)] == kept
            assert all(len(page) == 100 for page, following in pairwise(after) if following)


async def test_a_search_finds_a_series_behind_films_of_its_name(namesakes: httpx.AsyncClient):
    """Also where more of these are better known than a search has hits."""
    found = (await namesakes.get("/stremio/catalog/series/search/search=homestead.json")).json()
    assert [each["id"] for each in found["metas"]] == ["tt99971999"]
    unknown = await namesakes.get("/stremio/catalog/channel/search/search=homestead.json")
    assert (unknown.status_code, unknown.json()) == (404, {"err": "not found"})
