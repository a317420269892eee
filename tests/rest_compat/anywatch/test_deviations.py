"""Faults of the original that the server corrects: section 4 of the contract, a test for each."""

import asyncio
import gzip
import zlib

import asyncpg
import httpx
import pytest

from mediacanon.database.migrate import migrate
from mediacanon.http.conditional import entity_tag
from mediacanon.rest_compat.anywatch.endpoints import ENDPOINTS
from tests.serving import app_of, client_of, with_collections


async def title_with(connection: asyncpg.Connection, **facts: object) -> int:
    """Insert a title with these facts, and return its id."""
    names = ", ".join(("type", "display_name", *facts))
    places = ", ".join(f"${number}" for number in range(3, 3 + len(facts)))
    sql = f"INSERT INTO titles ({names}) VALUES ($1, $2{places and ', ' + places}) RETURNING id"
    return await connection.fetchval(sql, "movie", "Quiet Zebra", *facts.values())


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/api/titles?q=zzzzzzzz", "titles"),
        ("/api/titles?q=zzzzzzzz", "languages"),
        ("/api/discover?genre=Nope", "titles"),
        ("/api/discover/carousels?page=99", "carousels"),
    ],
)
async def test_1_empty_lists_are_lists(demo_client: httpx.AsyncClient, path: str, key: str):
    """No list is null."""
    assert (await demo_client.get(path)).json()[key] == []


@pytest.mark.parametrize("path", ["/api/shows/999999/seasons", "/api/seasons/999999/episodes"])
async def test_1_bare_lists_of_unknown_parents_are_empty(demo_client: httpx.AsyncClient, path: str):
    """The answer is 200 without entries."""
    response = await demo_client.get(path)
    assert (response.status_code, response.content) == (200, b"[]")


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_bodies_are_decoded_before_they_are_read(client: httpx.AsyncClient, encoding: str, compress):
    """A write may be compressed, as in GraphQL."""
    headers = {"content-type": "application/json", "content-encoding": encoding}
    content = compress(b'{"display_name": "Squeezed"}')
    response = await client.post("/api/movies", content=content, headers=headers)
    assert response.json()["title"]["display_name"] == "Squeezed"


@pytest.mark.parametrize(
    ("content", "encoding", "status", "words"),
    [
        (b"{}", "br", 415, "gzip, deflate, zstd"),
        (b"{}", "gzip", 400, "not the gzip"),
        (gzip.compress(bytes(9_000_000)), "gzip", 413, "64 KiB"),
    ],
)
async def test_bodies_that_cannot_be_decoded_are_refused(
    client: httpx.AsyncClient, content: bytes, encoding: str, status: int, words: str
):
    """An unknown encoding is 415 with the known ones, damaged bytes are 400, and too many decoded bytes are 413."""
    headers = {"content-type": "application/json", "content-encoding": encoding}
    response = await client.post("/api/movies", content=content, headers=headers)
    assert response.status_code == status
    assert words in response.json()["error"]


async def test_2_created_is_json(client: httpx.AsyncClient):
    """A 201 has its content type."""
    response = await client.post("/api/movies", json={"display_name": "x"})
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("sentinel", ["none", "TMDB_NOT_FOUND_DO_NOT_RETRY", ""])
async def test_3_sentinels_never_leave_the_server(client, connection, sentinel: str):
    """Titles, searches, seasons and episodes without an image have no image_url."""
    id_ = await title_with(connection, image_url=sentinel)
    await connection.execute("UPDATE show_episodes SET image_url = $1", sentinel)
    show = await connection.fetchrow("SELECT show_id, id FROM show_seasons ORDER BY id LIMIT 1")
    for path in (
        f"/api/titles/{id_}",
        "/api/titles?q=quiet%20zebra",
        f"/api/seasons/{show['id']}",
        f"/api/seasons/{show['id']}/episodes",
    ):
        response = await client.get(path)
        assert response.status_code == 200
        assert '"image_url"' not in response.text


@pytest.mark.parametrize("wildcard", ["%", "_", "\\"])
async def test_4_wildcards_are_literal(client: httpx.AsyncClient, wildcard: str):
    """`%`, `_` and backslash match themselves only."""
    totals = []
    for name in ("zqaz", f"zq{wildcard}z"):
        await client.post("/api/movies", json={"display_name": name})
        totals.append((await client.get("/api/titles", params={"q": f"zq{wildcard}z"})).json()["total"])
    assert totals == [0, 1]


async def test_long_collections_have_pages(client: httpx.AsyncClient, connection: asyncpg.Connection):
    """Pages lead to the end of a list of more than 100 titles."""
    await connection.execute(
        "INSERT INTO collections (id, slug, name, strategy) VALUES (901, 'hand', 'Hand', 'static')"
    )
    await connection.execute("INSERT INTO collection_titles SELECT 901, id, id FROM titles ORDER BY id LIMIT 130")
    asked = ({"page": 1}, {"page": 2}, {"page": 3}, {})
    pages = [(await client.get("/api/collections/hand", params=params)).json() for params in asked]
    assert [len(page["titles"]) for page in pages] == [100, 30, 0, 100]
    for page in pages:
        # The click of the first request may be counted before the last.
        del page["collection"]["engagement_count"]
    assert pages[3] == pages[0]


@pytest.mark.parametrize(
    "name", ["千と\u3000千尋の神隠し", "می\u200cخواهم زنده بمانم", "L'an\u00a001", "Of Names " * 21 + "the Longest"]
)
async def test_names_of_all_scripts_and_lengths_are_found(client: httpx.AsyncClient, name: str):
    """Both searches find spaces and joiners beyond ASCII, and names of 200 characters."""
    await client.post("/api/movies", json={"display_name": name})
    for path in ("/api/search", "/api/titles"):
        response = await client.get(path, params={"q": name})
        assert name in response.text


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("rating_min=10", True),
        ("rating_min=-1", True),
        ("rating_min=high", True),
        ("rating_min=11", False),
        ("rating_min=10.01&genre=Drama", False),
        ("rating_min=1e300", False),
        ("min_votes=99999999999", False),
        ("year_min=99999999999", False),
        ("type=banana&genre=Drama", False),
    ],
)
async def test_a_value_that_no_title_can_have_matches_nothing(client, connection, query: str, *, is_found: bool):
    """A number beyond the bounds is not clamped; an unreadable one is as if absent."""
    await connection.execute("UPDATE titles SET average_rating = 10 WHERE id = 1")
    assert bool((await client.get(f"/api/discover?{query}")).json()["total"]) == is_found


async def test_5_duplicates_conflict(client: httpx.AsyncClient):
    """The 409 has a message of ours, and nothing of the driver's."""
    show = (await client.post("/api/shows", json={"display_name": "x", "imdb_id": "tt98000001"})).json()
    season = (await client.post(f"/api/shows/{show['show_id']}/seasons", json={"season_number": 1})).json()
    await client.post(f"/api/seasons/{season['season_id']}/episodes", json={"episode_number": 1})
    for path, body in (
        ("/api/movies", {"display_name": "y", "imdb_id": "tt98000001"}),
        (f"/api/shows/{show['show_id']}/seasons", {"season_number": 1}),
        (f"/api/seasons/{season['season_id']}/episodes", {"episode_number": 1}),
    ):
        response = await client.post(path, json=body)
        assert response.status_code == 409
        assert "already" in response.json()["error"]
        assert "constraint" not in response.text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/shows/999999/seasons", {"season_number": 1}, 404),
        ("/api/seasons/999999/episodes", {"episode_number": 1}, 404),
        ("/api/shows/99999999999/seasons", {"season_number": 1}, 404),
        ("/api/movies", {"display_name": "x", "start_year": "1999"}, 400),
        ("/api/movies", {"display_name": "x", "start_year": 99999999999}, 400),
        ("/api/movies", {"display_name": "x", "start_year": 1}, 400),
        ("/api/movies", {"display_name": "x", "start_year": True}, 400),
        ("/api/movies", {"display_name": ["x"]}, 400),
        ("/api/movies", {"display_name": "x", "imdb_id": "nm0000001"}, 400),
    ],
)
async def test_5_unknown_parents_and_wrong_facts_have_statuses_of_their_own(client, path: str, body: dict, status: int):
    """The status is 404 or 400, and the message spells facts as REST does."""
    response = await client.post(path, json=body)
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert "$" not in response.json()["error"]


async def test_6_put_answers_the_whole_stored_entity(client: httpx.AsyncClient):
    """PUT and GET answer the same."""
    movie = (await client.post("/api/movies", json={"display_name": "x", "start_year": 2000})).json()
    put = await client.put(f"/api/movies/{movie['movie_id']}", json={"display_name": "y"})
    assert put.status_code == 200
    assert "start_year" not in put.json()["title"]
    assert put.json() == (await client.get(f"/api/movies/{movie['movie_id']}")).json()
    assert put.json()["title"]["updated_at"] > movie["title"]["updated_at"]


@pytest.mark.parametrize("noun", ["titles", "movies", "shows", "episodes"])
async def test_6_put_of_an_unknown_id_is_404(client: httpx.AsyncClient, noun: str):
    """PUT creates nothing."""
    response = await client.put(f"/api/{noun}/999999", json={"display_name": "x", "episode_number": 1})
    assert (response.status_code, response.json()) == (404, {"error": "Not found"})


async def test_6_put_without_a_name_is_400(client: httpx.AsyncClient):
    """A name is never cleared."""
    response = await client.put("/api/titles/1", json={"start_year": 2000})
    assert (response.status_code, response.json()) == (400, {"error": "display_name required"})
    assert (await client.get("/api/titles/1")).json()["display_name"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/api/titles/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("/api/movies", "POST, OPTIONS"),
        ("/api", "GET, HEAD, OPTIONS"),
        ("/api/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
async def test_options_names_the_methods(demo_client, path: str, allow: str):
    """Every path has methods, also those of the documentation; a path with a read allows other sites to read."""
    response = await demo_client.options(path)
    assert (response.status_code, response.headers["allow"]) == (204, allow)
    assert ("access-control-allow-origin" in response.headers) == ("GET" in allow)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/movies", "POST, OPTIONS"),
        ("GET", "/api/shows", "POST, OPTIONS"),
        ("PATCH", "/api/titles/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("DELETE", "/api/titles", "GET, POST, HEAD, OPTIONS"),
        ("POST", "/api", "GET, HEAD"),
    ],
)
async def test_7_a_wrong_method_names_the_right_ones(demo_client, method: str, path: str, allow: str):
    """The answer is 405 with Allow, in JSON."""
    response = await demo_client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allow
    assert list(response.json()) == ["error"]


@pytest.mark.parametrize("path", ["/api/nope", "/api/titles2", "/api/discover/nope", "/api/shows/1/nope/2"])
async def test_7_unknown_paths_are_404_in_json(demo_client: httpx.AsyncClient, path: str):
    """A client can read the error."""
    response = await demo_client.get(path)
    assert response.status_code in (404, 400)
    assert list(response.json()) == ["error"]


async def test_8_is_season_finished_is_computed(client: httpx.AsyncClient):
    """The bare list and a single season have it, as the show does."""
    show = (await client.post("/api/shows", json={"display_name": "x"})).json()["show_id"]
    seasons = [
        (await client.post(f"/api/shows/{show}/seasons", json={"season_number": number})).json()["season_id"]
        for number in (1, 2)
    ]
    listed = (await client.get(f"/api/shows/{show}/seasons")).json()
    assert [season["is_season_finished"] for season in listed] == [True, False]
    assert [(await client.get(f"/api/seasons/{id_}")).json()["is_season_finished"] for id_ in seasons] == [True, False]
    assert [s["is_season_finished"] for s in (await client.get(f"/api/shows/{show}")).json()["seasons"]] == [
        True,
        False,
    ]


async def test_9_collections_have_languages_and_regions(client: httpx.AsyncClient):
    """Neither is empty for a collection that we ship."""
    collections = {each["slug"]: each for each in (await client.get("/api/collections")).json()}
    assert collections["top-crime-movies"]["languages"]
    assert collections["top-crime-movies"]["regions"]


async def test_9_korean_collections_have_titles(original: str):
    """They filter by language, a fact that titles have."""
    async with client_of(app_of(original)) as client:
        answer = (await client.get("/api/collections/top-korean-movies")).json()
    assert answer["total"] == len(answer["titles"]) > 0


async def test_10_paging_never_repeats_or_skips(client, connection):
    """Titles that tie in everything but their id are on one page each."""
    await connection.execute(
        "INSERT INTO titles (type, display_name, num_votes) SELECT 'movie', 'Same Name', 5 FROM generate_series(1, 7)"
    )
    pages = [(await client.get(f"/api/titles?q=same+name&per_page=2&page={page}")).json() for page in (1, 2, 3, 4)]
    ids = [title["title_id"] for page in pages for title in page["titles"]]
    assert len(ids) == 7
    assert ids == sorted(set(ids))


async def test_11_a_write_that_fails_half_way_changes_nothing(client, connection):
    """A movie whose second insert fails leaves no title."""
    await connection.execute("ALTER TABLE movies ADD CONSTRAINT never CHECK (false) NOT VALID")
    before = await connection.fetchval("SELECT count(*) FROM titles")
    response = await client.post("/api/movies", json={"display_name": "Half"})
    assert response.status_code == 500
    assert "never" not in response.text
    assert await connection.fetchval("SELECT count(*) FROM titles") == before


@pytest.mark.parametrize(
    "path", ["/api/titles", "/api/titles/1", "/api/discover", "/api/collections", "/api/shows/1", "/api/openapi.json"]
)
async def test_12_reads_are_conditional(demo_client: httpx.AsyncClient, path: str):
    """A read has a strong tag of its uncompressed body, and 304 for a client with that tag."""
    plain = await demo_client.get(path, headers={"accept-encoding": "identity"})
    tag = plain.headers["etag"]
    assert tag == entity_tag(plain.content)
    assert plain.headers["cache-control"] == "no-cache"
    assert plain.headers["vary"] == "Accept-Encoding"
    again = await demo_client.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["vary"] == "Accept-Encoding"


NAMES = {
    **dict.fromkeys(("title", "movie", "show", "season", "episode"), 1),
    "imdb": "tt0000000",
    "person": 99000001,
    "collection": "top-crime-movies",
}


async def test_12_every_read_is_conditional_and_has_a_head(demo_database: str, connection: asyncpg.Connection):
    """Each read of the table has 304 for its tag, and HEAD with the headers of GET and no body."""
    await with_collections(demo_database)
    # A written view would change the lists.
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with client_of(app_of(demo_database)) as client:
        for path in (row.example.format_map(NAMES) for row in ENDPOINTS if row.is_read):
            plain = await client.get(path)
            assert (plain.status_code, bool(plain.content)) == (200, True), path
            again = await client.get(path, headers={"if-none-match": plain.headers["etag"]})
            assert (again.status_code, again.content) == (304, b""), path
            head = await client.head(path)
            assert head.content == b""
            for response in (plain, head):
                del response.headers["x-request-id"]
            assert (head.status_code, head.headers) == (200, plain.headers), path


async def test_13_a_fresh_install_works(database: str):
    """schema.sql creates all columns, and a second run changes nothing."""
    await migrate(database)
    async with client_of(app_of(database)) as client:
        show = (await client.post("/api/shows", json={"display_name": "First"})).json()["show_id"]
        season = (await client.post(f"/api/shows/{show}/seasons", json={"season_number": 1})).json()["season_id"]
        await client.post(f"/api/seasons/{season}/episodes", json={"episode_number": 1, "display_name": "Pilot"})
        answers = await asyncio.gather(*(client.get(path) for path in ("/api/titles", "/api/collections")))
        assert [answer.status_code for answer in answers] == [200, 200]
        found = (await client.get(f"/api/shows/{show}")).json()
    assert found["seasons"][0]["episodes"][0]["display_name"] == "Pilot"
