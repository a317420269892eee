"""Match: what Plex knows of a file leads to a title, a season or an episode; a POST that changes nothing."""

import asyncpg
import httpx
import jsonschema_rs
import pytest

from mediacanon.rest_compat.plex.schemas import METADATA
from tests.fakes.tmdb import KEY, FakeTmdb
from tests.fakes.tmdb_catalogue import film
from tests.serving import app_of, client_of
from tests.tmdb.rows import add_episodes, add_title

MOVIE, SERIES = "tt99005067", "tt99100001"
OWN_MOVIE = "tv.plex.agents.custom.mediacanon.movies://movie/"
OWN = "tv.plex.agents.custom.mediacanon.shows://"
_VALIDATOR = jsonschema_rs.validator_for(METADATA, validate_formats=True)


async def match(client: httpx.AsyncClient, kind: str, **body: object) -> list[dict]:
    """Return the items that fit."""
    response = await client.post(f"/plex/{kind}/library/metadata/matches", json=body)
    assert response.status_code == 200, response.text
    _VALIDATOR.validate(response.json())
    container = response.json()["MediaContainer"]
    assert container["identifier"] == f"tv.plex.agents.custom.mediacanon.{kind}"
    assert (container["offset"], container["size"], container["totalSize"]) == (0, *[len(container["Metadata"])] * 2)
    return container["Metadata"]


async def keys(client: httpx.AsyncClient, kind: str, **body: object) -> list[str]:
    """Return the keys of the items that fit."""
    return [item["ratingKey"] for item in await match(client, kind, **body)]


@pytest.fixture
async def named(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Give a client of a catalogue with three movies and a show of a name."""
    for number, (kind, name, year) in enumerate(
        (
            ("movies", "Zyzzyva", 1999),
            ("movies", "Zyzzyva", 2005),
            ("movies", "Zyzzyva Returns", 1998),
            ("shows", "Zyzzyva", 2005),
        ),
        1,
    ):
        facts = {"display_name": name, "start_year": year, "imdb_id": f"tt9909100{number}"}
        assert (await client.post(f"/api/{kind}", json=facts)).status_code == 201
    return client


@pytest.mark.parametrize(
    "hint",
    [
        *({"guid": f"imdb://{MOVIE}"}, {"guid": f"{OWN_MOVIE}{MOVIE}"}, {"guid": "tmdb://90000588"}),
        {"guid": "tvdb://1", "filename": f"Movies/Other (1999) {{imdb-{MOVIE}}}/Other.mkv"},
        {"filename": f"[{MOVIE}] Other.mkv"},
        {"filename": "Other {tmdb-90000588}.mkv"},
        {"Media": [{"Part": [{"file": f"/m/Other {{imdb-{MOVIE}}}.mkv"}]}]},
        *({"title": MOVIE}, {"title": f"imdb-{MOVIE}", "manual": 1}),
        {"title": "the tinker's owl after the flood", "year": 1947},
        *({"title": "The Tinker's Owl After the Flood", "year": "1948"}, {"title": "The Tinker's Owl After the Flood"}),
        {"title": "Other", "guid": "", "year": None, "filename": f"{MOVIE}.mkv", "manual": 0, "includeAdult": 1},
    ],
)
async def test_a_movie_is_found_by_every_hint(demo_client: httpx.AsyncClient, hint: dict):
    """An id comes before the name; numbers may be texts; empty hints are absent."""
    assert await keys(demo_client, "movies", **{"type": 1, "title": "The Clock", **hint}) == [MOVIE]


async def test_names_and_years_are_ranked(named: httpx.AsyncClient):
    """An exact name first, the year within one; another year needs an exact name, unless a person chooses."""
    assert await keys(named, "movies", type=1, title="Zyzzyva", year=2005) == ["tt99091002"]
    assert await keys(named, "movies", type=1, title="Zyzzyva", year=1998) == ["tt99091001"]
    assert await keys(named, "movies", type=1, title="Zyzzyva", year=1998, manual=1) == ["tt99091001", "tt99091003"]
    assert await keys(named, "movies", type=1, title="Zyzzyva Returns", year=2020) == ["tt99091003"]
    assert await keys(named, "movies", type=1, title="Zyzzyva Retur", year=2020) == []
    assert len(await keys(named, "movies", type=1, title="Zyzzyva Retur", year=2020, manual="1")) >= 1
    assert await keys(named, "shows", type=2, title="Zyzzyva", year=1999) == ["tt99091004"]


async def test_a_name_with_a_typo_needs_the_year(named: httpx.AsyncClient):
    """Without it a file would get the title of another one; a person may choose."""
    assert await keys(named, "movies", type=1, title="Zyzzyva Retrns") == []
    assert await keys(named, "movies", type=1, title="Zyzzyva Retrns", year=1998) == ["tt99091003"]
    assert "tt99091003" in await keys(named, "movies", type=1, title="Zyzzyva Retrns", manual=1)
    assert len(await keys(named, "movies", type=1, title="the", manual=True)) == 20


async def test_the_year_tells_namesakes_apart(namesakes: httpx.AsyncClient):
    """Also where more films of the name are better known than a search has hits, and for a show among them."""
    assert await keys(namesakes, "movies", type=1, title="Homestead", year=1999) == ["tt99981999"]
    assert await keys(namesakes, "shows", type=2, title="Homestead") == ["tt99971999"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *(
            ("movies", {"type": 1}),
            ("movies", {"type": 2, "title": "Harbour Lights"}),
            ("movies", {"type": 18, "title": "x"}),
        ),
        *(("movies", {"type": 1, "guid": f"imdb://{SERIES}"}), ("shows", {"type": 2, "guid": f"imdb://{MOVIE}"})),
        *(("movies", {"type": 1, "guid": f"{OWN}show/show-1"}), ("movies", {"type": 1, "title": "qqqqzzzz"})),
        *(
            ("movies", {"type": 1, "title": "\x00"}),
            ("movies", {"type": 1, "title": ["qqqqzzzz", {"b": 1}], "year": {}}),
        ),
        *[("movies", {"type": 1, "title": title}) for title in ("x" * 500, "   ", "!?", "\N{CLAPPER BOARD}", "%_\\")],
        ("shows", {"type": 3, "parentTitle": "Harbour Lights", "index": 99}),
        *(
            ("shows", {"type": 4, "grandparentTitle": "Harbour Lights"}),
            ("shows", {"type": 4, "guid": f"{OWN}show/{SERIES}-s1e99"}),
        ),
        ("shows", {"type": 4, "grandparentTitle": "Harbour Lights", "date": "1900-01-01"}),
        ("shows", {"type": 2, "guid": "tmdb://999999999999"}),
    ],
)
async def test_no_match_is_an_empty_list(demo_client: httpx.AsyncClient, kind: str, body: dict):
    """With 200: the next provider then takes over."""
    assert await match(demo_client, kind, **body) == []


async def test_a_season_is_found_in_its_show(demo_client: httpx.AsyncClient):
    """By name and number, by a guid of the show, or by its own; with its episodes where they are asked for."""
    named = {"parentTitle": "Harbour Lights", "title": "Season 2", "index": "2"}
    for hint in (named, {"guid": f"imdb://{SERIES}", "index": 2}, {"guid": f"{OWN}season/{SERIES}-s2"}):
        [season] = await match(demo_client, "shows", type=3, **hint)
        assert (season["ratingKey"], season["index"]) == (f"{SERIES}-s2", 2)
        assert "Children" not in season
    [season] = await match(demo_client, "shows", type=3, includeChildren=1, **named)
    children = (await demo_client.get(f"/plex/shows/library/metadata/{SERIES}-s2/children")).json()["MediaContainer"]
    assert season["Children"] == {"size": children["totalSize"], "Metadata": children["Metadata"]}
    [show] = await match(demo_client, "shows", type=2, title="Harbour Lights", includeChildren=1)
    assert (show["ratingKey"], show["Children"]["size"]) == (SERIES, 5)


async def test_an_episode_is_found_in_its_show(demo_client: httpx.AsyncClient):
    """By numbers, by day, or by an id of its own."""
    path = f"/plex/shows/library/metadata/{SERIES}-s1e2"
    [second] = (await demo_client.get(path)).json()["MediaContainer"]["Metadata"]
    show = {"grandparentTitle": "Harbour Lights", "title": "Some other name"}
    for hint in (
        {**show, "parentIndex": 1, "index": 2},
        {**show, "date": second["originallyAvailableAt"]},
        {"guid": f"{OWN}episode/{SERIES}-s1e2"},
        {"guid": second["guid"]},
        {"guid": second["Guid"][0]["id"]},
        {"guid": "tmdb://1", "filename": f"Harbour Lights {{imdb-{SERIES}}}/S01E02.mkv", "parentIndex": 1, "index": 2},
    ):
        assert await match(demo_client, "shows", type=4, **hint) == [second], hint


async def test_a_match_is_a_read(demo: str):
    """It works where writes are off, for a page of another site as well, and is stored by no cache."""
    async with client_of(app_of(demo, MEDIACANON_WRITES="off")) as client:
        path = "/plex/movies/library/metadata/matches"
        sent = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}
        response = await client.post(path, json={"type": 1, "guid": f"imdb://{MOVIE}"}, headers=sent)
        assert response.json()["MediaContainer"]["size"] == 1
        abroad = await client.post(path, json={"guid": f"imdb://{MOVIE}"}, headers={**sent, "x-plex-country": "DE"})
        assert abroad.json()["MediaContainer"]["Metadata"][0]["contentRating"].startswith("de/")
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["cache-control"] == "no-cache"
        assert (await client.post(path, json={"type": 1, "guid": "imdb://tt0000001"})).json()["MediaContainer"][
            "size"
        ] == 0
        preflight = await client.options(path, headers={**sent, "access-control-request-headers": "content-type"})
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert preflight.headers["access-control-allow-headers"] == "content-type"
        assert (await client.get(path)).status_code == 405


async def test_a_match_asks_tmdb_nothing(database: str, pool: asyncpg.Pool):
    """A person waits for it; the details, which follow, ask."""
    with FakeTmdb() as tmdb:
        tmdb.catalogue.add_film(film(1, "tt9200001"))
        await add_title(pool, "tt9200001", display_name="Before")
        title_id = await add_title(pool, "tt9200002", type="show", display_name="Series")
        await add_episodes(pool, title_id, seasons=1, episodes=2)
        app = app_of(database, TMDB_API_KEY=KEY, TMDB_BASE_URL=tmdb.url, TMDB_WAIT="30", TMDB_RATE="0")
        async with client_of(app) as client:
            assert await keys(client, "movies", type=1, guid="imdb://tt9200001") == ["tt9200001"]
            named = {"grandparentTitle": "Series", "parentIndex": 1, "index": 2}
            assert await keys(client, "shows", type=4, **named) == ["tt9200002-s1e2"]
            assert tmdb.requests == []
            item = (await client.get("/plex/movies/library/metadata/tt9200001")).json()
            assert item["MediaContainer"]["Metadata"][0]["thumb"] == "https://image.tmdb.org/t/p/original/poster1.jpg"
            assert tmdb.requests != []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"[]"}, 400),
        *(
            ({"content": b"{"}, 400),
            ({"content": b""}, 400),
            ({"content": b"a=1", "headers": {"content-type": "text/plain"}}, 415),
        ),
        ({"content": b'{"title": "' + b"x" * 70_000 + b'"}'}, 413),
        ({"content": b'{"a":' * 900 + b"1" + b"}" * 900}, 200),
    ],
)
async def test_a_broken_request_is_told(demo_client: httpx.AsyncClient, sent: dict, status: int):
    """A body that is no JSON object, of another type, or too large; a deep one is searched no deeper than needed."""
    response = await demo_client.post("/plex/movies/library/metadata/matches", **sent)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == "*"


async def test_a_persons_name_finds_titles_for_a_person_alone(demo_client: httpx.AsyncClient):
    """A file is named after its title: Plex itself takes none of those that somebody of the name made."""
    assert await keys(demo_client, "movies", type=1, title="Percy Hale") == []
    assert await keys(demo_client, "movies", type=1, title="Percy Hale", manual=1) != []
