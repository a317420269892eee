"""The lists over the demo catalogue, read by the rules of Radarr and Sonarr, faults included."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from mediacanon.rest_compat.lists.endpoints import ENDPOINTS
from mediacanon.vocabulary import DiscoverSort
from tests.rest_compat.lists.programs import (
    ACCEPT,
    ADDRESS,
    ListFailed,
    Reader,
    custom_list,
    radarr_list,
    steven_lu,
    synchronize,
)
from tests.serving import app_of, client_of, served, with_collections

READERS: list[tuple[str, Reader]] = [
    ("/lists/radarr", steven_lu),
    ("/lists/radarr/tmdb", radarr_list),
    ("/lists/sonarr", custom_list),
]
COLUMNS = {"/lists/radarr": "imdb_id", "/lists/radarr/tmdb": "tmdb_id", "/lists/sonarr": "imdb_id"}
each_list_type = pytest.mark.parametrize(("folder", "read"), READERS, ids=["StevenLu", "RadarrList", "Custom"])


@pytest.fixture
async def address(demo_with_collections: str) -> AsyncIterator[str]:
    """Give the address of a server on a real port, over the demo catalogue with collections."""
    async with served(app_of(demo_with_collections)) as at:
        yield at


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Give an HTTP client that follows redirects, as both programs do."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=60) as client:
        yield client


async def fill(connection: asyncpg.Connection, *, movies: int, shows: int) -> None:
    """Insert the collection `mixed`: movies and shows in turn, then the rest of the movies."""
    await connection.execute("INSERT INTO collections (id, slug, name, strategy) VALUES (902, 'mixed', 'M', 'static')")
    await connection.execute(
        """
        INSERT INTO collection_titles (collection_id, title_id, rank)
        SELECT 902, id, row_number() OVER (PARTITION BY type ORDER BY id)
          FROM (SELECT id, type, row_number() OVER (PARTITION BY type ORDER BY id) AS n FROM titles) AS t
         WHERE n <= CASE type WHEN 'movie' THEN $1::integer ELSE $2::integer END""",
        *(movies, shows),
    )


@each_list_type
async def test_every_collection_is_a_list(address: str, http: httpx.AsyncClient, folder: str, read: Reader):
    """The program reads all titles of its type in the collection's order, and an error for a collection without one."""
    noun = "show" if read is custom_list else "movie"
    for collection in (await http.get(f"{address}/api/collections")).json():
        slug = collection["slug"]
        titles = (await http.get(f"{address}/api/collections/{slug}")).json()["titles"]
        ids = [
            (await http.get(f"{address}/api/titles/{title['title_id']}")).json()[COLUMNS[folder]]
            for title in titles
            if title["type"] == noun
        ]
        response = await http.get(f"{address}{folder}/{slug}.json", headers=ACCEPT)
        if ids:
            assert ADDRESS.match(str(response.url))
            assert read(response) == ids, slug
        else:
            assert response.status_code == 404, slug


@each_list_type
@pytest.mark.parametrize("sort", DiscoverSort)
async def test_every_sort_order_of_discover_is_a_list(
    address: str, http: httpx.AsyncClient, folder: str, read: Reader, sort: DiscoverSort
):
    """The list holds the titles of /api/discover with the same filters, in the same order."""
    noun = "show" if read is custom_list else "movie"
    filters = {"genre": "Drama", "year_min": 1960, "rating_min": 5.5, "min_votes": 10, "limit": 5}
    titles = (await http.get(f"{address}/api/discover", params={**filters, "type": noun, "sort": sort.value})).json()
    ids = [
        (await http.get(f"{address}/api/titles/{title['title_id']}")).json()[COLUMNS[folder]]
        for title in titles["titles"]
    ]
    response = await http.get(f"{address}{folder}/discover/{sort.value}.json", params=filters, headers=ACCEPT)
    if ids:
        assert read(response) == ids
    else:
        assert (noun, sort, response.status_code) == ("show", DiscoverSort.HIDDEN_GEMS, 404)


async def test_genres_between_commas_are_alternatives(address: str, http: httpx.AsyncClient):
    """So are repeated ones: several lists in one."""
    sizes = {}
    for query in ("genre=Western", "genre=Horror", "genre=Western,Horror", "genre=Western&genre=Horror"):
        response = await http.get(f"{address}/lists/radarr/discover/most_rated.json?limit=500&{query}")
        sizes[query] = set(steven_lu(response))
    assert sizes["genre=Western"] | sizes["genre=Horror"] == sizes["genre=Western,Horror"]
    assert sizes["genre=Western,Horror"] == sizes["genre=Western&genre=Horror"]


@pytest.mark.parametrize(("query", "size"), [("", 100), ("?limit=1", 1), ("?limit=150", 150), ("?limit=500", 500)])
async def test_a_list_has_100_titles_or_as_many_as_limit_names(
    address: str, http: httpx.AsyncClient, query: str, size: int
):
    """A longer list spans several pages of GraphQL, and has each title once."""
    ids = steven_lu(await http.get(f"{address}/lists/radarr/discover/a-z.json{query}"))
    assert len(set(ids)) == len(ids) == size


async def test_a_mixed_collection_is_split_by_type(client: httpx.AsyncClient, connection: asyncpg.Connection):
    """Movies beyond the first page of the collection are on Radarr's list, shows among them on Sonarr's alone."""
    await fill(connection, movies=250, shows=60)
    assert len(steven_lu(await client.get("/lists/radarr/mixed.json"))) == 100
    assert len(steven_lu(await client.get("/lists/radarr/mixed.json?limit=500"))) == 250
    assert len(custom_list(await client.get("/lists/sonarr/mixed.json?limit=500"))) == 60


async def test_a_title_without_the_id_is_left_out(client: httpx.AsyncClient, connection: asyncpg.Connection):
    """Each list type has an id of its own; Sonarr takes either."""
    await fill(connection, movies=3, shows=3)
    ids = [
        row["id"] for row in await connection.fetch("SELECT id FROM titles WHERE type = 'movie' ORDER BY id LIMIT 3")
    ]
    await connection.execute("UPDATE titles SET imdb_id = NULL WHERE id = $1", ids[0])
    await connection.execute("UPDATE titles SET tmdb_id = NULL WHERE id = $1", ids[1])
    shows = [
        row["id"] for row in await connection.fetch("SELECT id FROM titles WHERE type = 'show' ORDER BY id LIMIT 3")
    ]
    await connection.execute("UPDATE titles SET imdb_id = NULL WHERE id = $1", shows[0])
    await connection.execute("UPDATE titles SET imdb_id = NULL, tmdb_id = NULL WHERE id = $1", shows[1])
    rows = {row["id"]: row for row in await connection.fetch("SELECT id, imdb_id, tmdb_id FROM titles")}
    imdb = [rows[id_]["imdb_id"] for id_ in (ids[1], ids[2])]
    tmdb = [rows[id_]["tmdb_id"] for id_ in (ids[0], ids[2])]
    assert steven_lu(await client.get("/lists/radarr/mixed.json")) == imdb
    assert radarr_list(await client.get("/lists/radarr/tmdb/mixed.json")) == tmdb
    either = [rows[shows[0]]["tmdb_id"], rows[shows[2]]["imdb_id"]]
    assert custom_list(await client.get("/lists/sonarr/mixed.json")) == either
    # A number is absent, not null: Newtonsoft refuses null for an int, and with it the list.
    assert "null" not in (await client.get("/lists/radarr/mixed.json")).text


FAULTS = [
    ("{folder}/nope.json", 404),
    ("{folder}/.json", 404),
    ("{folder}/discover/banana.json", 404),
    ("{folder}/discover/TRENDING.json", 404),
    ("{folder}/discover/trending", 404),
    ("{folder}/top-drama.json?genre=Drama", 400),
    ("{folder}/discover/trending.json?genr=Drama", 400),
    ("{folder}/discover/trending.json?page=2", 400),
    ("{folder}/discover/trending.json?genre=", 400),
    ("{folder}/discover/trending.json?genre=Drama,,Crime", 400),
    ("{folder}/discover/trending.json?genre=%01", 400),
    ("{folder}/discover/trending.json?genre=" + "x" * 101, 400),
    ("{folder}/discover/trending.json?genre=" + ",".join("abcdefghij" * 6), 400),
    ("{folder}/discover/trending.json?year_min=soon", 400),
    ("{folder}/discover/trending.json?year_max=99999999999", 400),
    ("{folder}/discover/trending.json?rating_min=10.5", 400),
    ("{folder}/discover/trending.json?rating_min=-1", 400),
    ("{folder}/discover/trending.json?min_votes=-1", 400),
    ("{folder}/discover/trending.json?limit=0", 400),
    ("{folder}/discover/trending.json?limit=501", 400),
    ("{folder}/discover/trending.json?limit=", 400),
    ("{folder}/discover/trending.json?limit=5&limit=6", 400),
    # A good question without a title.
    ("{folder}/discover/trending.json?genre=Dramma", 404),
    ("{folder}/discover/trending.json?year_min=2020&year_max=2019", 404),
]


@each_list_type
@pytest.mark.parametrize(("path", "status"), FAULTS)
async def test_a_fault_never_empties_a_library(
    demo_client: httpx.AsyncClient, folder: str, read: Reader, path: str, status: int
):
    """The program records a failure of the list, keeps its library, and the error says the reason."""
    path = path.format(folder=folder)
    response = await demo_client.get(path, headers=ACCEPT)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json; charset=utf-8")
    assert response.json()["errors"] == [{"status": status, "title": response.json()["error"]}]
    assert response.headers["access-control-allow-origin"] == "*"
    assert await synchronize(demo_client, path, read, ["wanted"]) == ["wanted"]


async def test_the_error_names_the_parameter(demo_client: httpx.AsyncClient):
    """A person reads in Radarr which parameter is wrong, and its values."""
    with pytest.raises(ListFailed, match="limit must be a whole number from 1 to 500"):
        radarr_list(await demo_client.get("/lists/radarr/tmdb/discover/trending.json?limit=501"))
    with pytest.raises(ListFailed, match=r"genr is no parameter here; there are genre, lang, .*limit"):
        radarr_list(await demo_client.get("/lists/radarr/tmdb/discover/trending.json?genr=Drama"))
    with pytest.raises(ListFailed, match="sort must be one of most_rated, trending"):
        radarr_list(await demo_client.get("/lists/radarr/tmdb/discover/banana.json"))


@each_list_type
async def test_a_key_in_the_address_is_ignored(demo_client: httpx.AsyncClient, folder: str, read: Reader):
    """Programs and proxies add one; it opens nothing here."""
    plain = await demo_client.get(f"{folder}/discover/trending.json?limit=3")
    assert read(await demo_client.get(f"{folder}/discover/trending.json?apikey=secret&limit=3")) == read(plain)


@each_list_type
async def test_an_empty_catalogue_empties_no_library(database: str, folder: str, read: Reader):
    """Before the first import every list is an error."""
    async with client_of(app_of(database)) as client:
        response = await client.get(f"{folder}/discover/trending.json")
        assert response.status_code == 404
        assert await synchronize(client, f"{folder}/discover/trending.json", read, ["wanted"]) == ["wanted"]


@each_list_type
async def test_a_failing_database_empties_no_library(
    demo_database: str, connection: asyncpg.Connection, folder: str, read: Reader
):
    """A statement that fails is a 500, a database that is gone a 503; a stored response replaces neither."""
    app = app_of(await with_collections(demo_database))
    slug = "top-drama-shows" if read is custom_list else "top-drama-movies"
    paths = (f"{folder}/{slug}.json", f"{folder}/discover/trending.json")
    async with client_of(app) as client:
        await connection.execute("ALTER TABLE titles RENAME TO hidden")
        for path in paths:
            assert (await client.get(path)).status_code == 500
            assert await synchronize(client, path, read, ["wanted"]) == ["wanted"]
        await connection.execute("ALTER TABLE hidden RENAME TO titles")
        for path in paths:
            assert len(read(await client.get(path))) > 10
        await connection.execute('NOTIFY catalog, \'{"tags": ["everything"]}\'')
        app.services.pool.terminate()
        for path in paths:
            assert (await client.get(path)).status_code == 503
            assert await synchronize(client, path, read, ["wanted"]) == ["wanted"]


async def test_a_list_is_conditional_cached_and_fresh(client: httpx.AsyncClient):
    """304 for an unchanged list, one entry of the response cache for all clients, and a change shows at once."""
    path = "/lists/radarr/discover/most_rated.json?limit=3"
    first = await client.get(path)
    tag = first.headers["etag"]
    assert (first.headers["cache-control"], first.headers["vary"]) == ("no-cache", "Accept-Encoding")
    assert first.headers["access-control-allow-origin"] == "*"
    assert (await client.get(path, headers={"if-none-match": tag})).status_code == 304
    head = await client.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    found = (await client.get("/api/titles?type=movie&per_page=1")).json()["titles"][0]
    facts = {name: found[name] for name in ("imdb_id", "image_url", "start_year")}
    await client.put(f"/api/titles/{found['title_id']}", json={"display_name": "Renamed", **facts})
    renamed = await client.get(path, headers={"if-none-match": tag})
    assert renamed.status_code == 200
    assert renamed.json()[0]["title"] == "Renamed"


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.operation)
async def test_other_sites_may_read_a_list(demo_client: httpx.AsyncClient, row):
    """A preflight names the methods; a write is none of them."""
    path = row.path.format(slug="top-drama-movies", sort="trending")
    preflight = await demo_client.options(path)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert preflight.headers["allow"] == "GET, HEAD, OPTIONS"
    refused = await demo_client.post(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/lists", "/lists/"])
async def test_the_page_has_the_address_of_every_list(client: httpx.AsyncClient, path: str):
    """Absolute, to copy; none of them leads to an error; /api links to the page."""
    page = await client.get(path)
    assert page.status_code == 200
    addresses = [
        each.partition("<")[0] for each in page.text.split("<code>")[1:] if each.startswith("http://mediacanon.test/")
    ]
    slugs = [each["slug"] for each in (await client.get("/api/collections")).json()]
    assert len(addresses) == len(set(addresses)) == len(slugs) // 2 * 3 + 3 * len(DiscoverSort)
    for address in addresses[::7]:
        assert (await client.get(address)).status_code == 200, address
    assert 'href="/lists"' in (await client.get("/api")).text
