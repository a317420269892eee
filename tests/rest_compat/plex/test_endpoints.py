"""The providers' documents key by key, pages by header and parameter, and what Plex Media Server trips over."""

import logging

import asyncpg
import httpx
import jsonschema_rs
import pytest

from mediacanon.rest_compat.plex.schemas import IMAGES, METADATA, PROVIDER
from tests.serving import app_of, client_of
from tests.serving import ask as graphql

MOVIES, SHOWS = "/plex/movies/library/metadata", "/plex/shows/library/metadata"
MOVIE, SERIES = "tt99005067", "tt99100001"
TAGS, TEXT = list, str
# Type -> key -> its type in JSON, of the keys that Plex needs.
NEEDED = {
    "movie": dict.fromkeys(("ratingKey", "key", "guid", "type", "title", "originallyAvailableAt"), TEXT)
    | {"Guid": TAGS},
    "season": dict.fromkeys(
        (
            *("ratingKey", "key", "guid", "type", "title", "originallyAvailableAt"),
            *("parentRatingKey", "parentKey", "parentGuid", "parentType", "parentTitle"),
        ),
        TEXT,
    )
    | {"index": int},
}
NEEDED["show"] = NEEDED["movie"]
NEEDED["episode"] = (
    NEEDED["season"]
    | {"parentIndex": int, "Guid": TAGS}
    | {f"grandparent{name}": TEXT for name in ("RatingKey", "Key", "Guid", "Type", "Title")}
)
# The same of keys that only a known title has.
DETAILS = {
    **dict.fromkeys(("summary", "tagline", "studio", "contentRating", "thumb"), TEXT),
    **dict.fromkeys(("duration", "year"), int),
    **dict.fromkeys(("Image", "Genre", "Rating", "Country", "Role", "Director", "Writer", "Producer"), TAGS),
    **dict.fromkeys(("Similar", "Studio"), TAGS),
}
_VALIDATORS = {
    name: jsonschema_rs.validator_for(schema, validate_formats=True)
    for name, schema in {"Metadata": METADATA, "Image": IMAGES}.items()
}


async def ask(client: httpx.AsyncClient, path: str, name: str = "Metadata", **headers: str) -> dict:
    """Return the container of an answer, which fits its schema and says how many entries it has."""
    response = await client.get(path, headers={key.replace("_", "-"): value for key, value in headers.items()})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["access-control-allow-origin"] == "*"
    _VALIDATORS[name].validate(response.json())
    container = response.json()["MediaContainer"]
    assert container["size"] == len(container[name]) <= container["totalSize"]
    return container


async def ids_of(client: httpx.AsyncClient, type_: str) -> list[str]:
    """Return the IMDb ids of some titles."""
    found = await graphql(client, f"{{ titles(type: {type_}, perPage: 40) {{ items {{ imdbId }} }} }}")
    return [title["imdbId"] for title in found["data"]["titles"]["items"] if title["imdbId"]]


def has(item: dict, keys: dict[str, type]) -> bool:
    """Return whether an item has keys with values of their types."""
    return all(type(item.get(key)) is kind for key, kind in keys.items())


@pytest.mark.parametrize(("kind", "types"), [("movies", [1]), ("shows", [2, 3, 4])])
async def test_a_provider_is_registered_by_its_document(demo_client: httpx.AsyncClient, kind: str, types: list[int]):
    """Of one kind of parent, with both features, and none for images; each type has the identifier as its scheme."""
    response = await demo_client.get(f"/plex/{kind}?includePreferences=1")
    jsonschema_rs.validate(PROVIDER, response.json())
    provider = response.json()["MediaProvider"]
    assert provider["identifier"] == f"tv.plex.agents.custom.mediacanon.{kind}"
    assert provider["Types"] == [{"type": type_, "Scheme": [{"scheme": provider["identifier"]}]} for type_ in types]
    assert provider["Feature"] == [
        {"type": "metadata", "key": "/library/metadata"},
        {"type": "match", "key": "/library/metadata/matches"},
    ]


async def test_a_slash_behind_the_address_does_no_harm(demo_client: httpx.AsyncClient):
    """Plex appends its keys to the address as it was typed."""
    for path in ("", "/library/metadata/tt99005067", "/library/metadata/tt99005067/images"):
        expected = (await demo_client.get(f"/plex/movies{path}")).json()
        assert (await demo_client.get(f"/plex/movies/{path}")).json() == expected
    response = await demo_client.post("/plex/movies//library/metadata/matches", json={"guid": "imdb://tt99005067"})
    assert response.json()["MediaContainer"]["size"] == 1


async def test_items_have_the_keys_that_plex_needs(demo_client: httpx.AsyncClient):
    """Movies, shows, all their seasons and episodes, each as the schema says."""
    seen = []
    for id_ in await ids_of(demo_client, "movie"):
        seen += (await ask(demo_client, f"{MOVIES}/{id_}"))["Metadata"]
    for id_ in (await ids_of(demo_client, "show"))[:10]:
        [show] = (await ask(demo_client, f"{SHOWS}/{id_}?includeChildren=1"))["Metadata"]
        episodes = await ask(demo_client, f"{SHOWS}/{id_}/grandchildren?X-Plex-Container-Size=500")
        seen += [show, *show["Children"]["Metadata"], *episodes["Metadata"]]
    assert {item["type"] for item in seen} == set(NEEDED)
    for item in seen:
        assert has(item, NEEDED[item["type"]]), item
        kind = "movies" if item["type"] == "movie" else "shows"
        assert item["guid"] == f"tv.plex.agents.custom.mediacanon.{kind}://{item['type']}/{item['ratingKey']}"
        below = "/children" if item["type"] in ("show", "season") else ""
        assert item["key"] == f"/library/metadata/{item['ratingKey']}{below}"
        assert item["originallyAvailableAt"][:4] == str(item["year"]) or item["type"] in ("movie", "show")
        assert "parentKey" not in item or item["parentKey"] == f"/library/metadata/{item['parentRatingKey']}"


async def test_a_known_movie_has_its_details(demo_client: httpx.AsyncClient):
    """Milliseconds, full names of countries, IMDb's rating with its badge, ids at other catalogues, images of TMDB."""
    movies = [(await ask(demo_client, f"{MOVIES}/{id_}"))["Metadata"][0] for id_ in await ids_of(demo_client, "movie")]
    known = [movie for movie in movies if has(movie, DETAILS)]
    assert known
    for movie in known:
        assert movie["duration"] % 60_000 == 0
        assert movie["Rating"] == [
            {"image": "imdb://image.rating", "type": "audience", "value": movie["Rating"][0]["value"]}
        ]
        assert movie["Guid"][0] == {"id": f"imdb://{movie['ratingKey']}"}
        assert movie["Guid"][1]["id"].startswith("tmdb://")
        assert movie["Image"][0] == {"type": "coverPoster", "url": movie["thumb"], "alt": movie["title"]}
        assert movie["thumb"].startswith("https://image.tmdb.org/t/p/original/")
        assert [each["order"] for each in movie["Role"]] == list(range(1, len(movie["Role"]) + 1))
        assert all(len(country["tag"]) > 2 for country in movie["Country"])
    assert {"tag": "United States of America"} in [country for movie in known for country in movie["Country"]]


async def test_every_item_has_an_address_of_its_own(demo_client: httpx.AsyncClient):
    """A key of a child leads to the same item, with its images, and to no extras; an episode has two keys."""
    for page in (f"{SERIES}/children", f"{SERIES}-s1/children"):
        for child in (await ask(demo_client, f"{SHOWS}/{page}"))["Metadata"]:
            [item] = (await ask(demo_client, f"{SHOWS}/{child['ratingKey']}"))["Metadata"]
            assert item == child
            images = await ask(demo_client, f"{SHOWS}/{child['ratingKey']}/images", "Image")
            assert images["Image"] == child.get("Image", [])
            assert (await ask(demo_client, f"{SHOWS}/{child['ratingKey']}/extras"))["Metadata"] == []
    [show] = (await ask(demo_client, f"{SHOWS}/{SERIES}"))["Metadata"]
    assert show["Network"] == [{"tag": "Harbour One"}]
    second = (await ask(demo_client, f"{SHOWS}/{SERIES}-s1/children"))["Metadata"][1]
    assert (await ask(demo_client, f"{SHOWS}/{SERIES}-s1e2"))["Metadata"] == [second]
    assert (await ask(demo_client, f"{SHOWS}/{SERIES}-s1?includeChildren=1"))["Metadata"][0]["Children"]["size"] == 8
    assert (await ask(demo_client, f"{SHOWS}/{SERIES}-s1/grandchildren"))["Metadata"] == []
    assert (await ask(demo_client, f"{SHOWS}/{second['ratingKey']}/children"))["Metadata"] == []


async def test_pages_are_chosen_by_header_or_parameter(demo_client: httpx.AsyncClient):
    """Twenty without a size, from 0; the parameter counts before the header; caches tell such answers apart."""
    path = f"{SHOWS}/{SERIES}/grandchildren"
    whole = (await ask(demo_client, f"{path}?X-Plex-Container-Size=500"))["Metadata"]
    assert (await ask(demo_client, path))["Metadata"] == whole[:20]
    for start, size in ((0, 7), (7, 7), (50, 20), (58, 20), (1000, 5), (3, 0)):
        texts = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}
        for _ in range(2):
            by_header = await ask(demo_client, path, **texts)
            assert by_header["Metadata"] == whole[start : start + size]
        assert (by_header["offset"], by_header["totalSize"]) == (start, len(whole))
        by_parameter = await demo_client.get(path, params=texts, headers={"X-Plex-Container-Size": "1"})
        assert by_parameter.json()["MediaContainer"] == by_header
    assert (await ask(demo_client, path, X_Plex_Container_Size="x", X_Plex_Container_Start="-1"))["size"] == 20
    vary = (await demo_client.get(path)).headers["vary"]
    assert {"X-Plex-Language", "X-Plex-Container-Start", "Accept-Encoding"} <= set(vary.split(", "))


async def test_language_and_country_are_those_of_the_library(client: httpx.AsyncClient, connection: asyncpg.Connection):
    """Where they are known; a wrong one is ignored. A certification abroad has its country in front."""
    title_id = await connection.fetchval("SELECT id FROM titles WHERE imdb_id = $1", MOVIE)
    mutation = """mutation ($id: Int!, $text: String!, $language: String!) {
      updateTitle(id: $id, input: {overview: $text, textLanguage: $language}) { titleId } }"""
    for language, text in (("de", "Auf Deutsch"), ("en", "In English")):
        saved = await graphql(client, mutation, id=title_id, text=text, language=language)
        assert "errors" not in saved
    for language, text in (
        ("de-DE", "Auf Deutsch"),
        ("de-x-1", "Auf Deutsch"),
        ("en-US", "In English"),
        ("?", "In English"),
    ):
        [movie] = (await ask(client, f"{MOVIES}/{MOVIE}", X_Plex_Language=language, X_Plex_Country="de"))["Metadata"]
        assert movie["summary"] == text
        assert movie["contentRating"].startswith("de/")
    [movie] = (await ask(client, f"{MOVIES}/{MOVIE}", X_Plex_Country="?"))["Metadata"]
    assert "/" not in movie["contentRating"]


async def test_titles_without_an_imdb_id_or_a_date_have_a_key_and_a_day(client: httpx.AsyncClient):
    """Our id behind the kind; the first day of the year; numbers for seasons and episodes."""
    movie = (await client.post("/api/movies", json={"display_name": "Plain", "start_year": 1999})).json()["movie_id"]
    [item] = (await ask(client, f"{MOVIES}/movie-{movie}"))["Metadata"]
    assert (item["ratingKey"], item["originallyAvailableAt"], item["year"]) == (f"movie-{movie}", "1999-01-01", 1999)
    assert "Guid" not in item
    show = (await client.post("/api/shows", json={"display_name": "Plain", "start_year": 1999})).json()["show_id"]
    season = (await client.post(f"/api/shows/{show}/seasons", json={"season_number": 0})).json()["season_id"]
    created = await client.post(f"/api/seasons/{season}/episodes", json={"episode_number": 3})
    assert created.status_code == 201, created.text
    key = f"show-{show}-s0e3"
    [episode] = (await ask(client, f"{SHOWS}/{key}"))["Metadata"]
    assert [episode[name] for name in ("ratingKey", "title", "parentTitle", "originallyAvailableAt")] == [
        *(key, "Episode 3", "Specials", "1999-01-01")
    ]
    assert (await ask(client, f"{SHOWS}/show-{show}/grandchildren"))["Metadata"] == [episode]


async def test_an_episode_without_a_day_has_that_of_its_season(
    demo_database: str, client: httpx.AsyncClient, connection: asyncpg.Connection
):
    """The first day of the season's other episodes, by either of its keys, and in the list of the season."""
    [first, *_] = (await ask(client, f"{SHOWS}/{SERIES}-s2/children"))["Metadata"]
    third = (await ask(client, f"{SHOWS}/{SERIES}-s2e3"))["Metadata"][0]["ratingKey"]
    await connection.execute("UPDATE show_episodes SET air_date = NULL WHERE imdb_id = $1", third)
    async with client_of(app_of(demo_database)) as restarted:
        for path in (f"{SERIES}-s2e3", third, f"{SERIES}-s2/children?X-Plex-Container-Start=2"):
            episode = (await ask(restarted, f"{SHOWS}/{path}"))["Metadata"][0]
            assert (episode["index"], episode["originallyAvailableAt"]) == (3, first["originallyAvailableAt"])


async def test_an_edit_is_in_the_answer_at_once(client: httpx.AsyncClient):
    """The server stores answers, and forgets them with a change; also of an episode."""
    [episode, *_] = (await ask(client, f"{SHOWS}/{SERIES}-s1/children"))["Metadata"]
    found = await graphql(client, f'{{ episode(by: {{imdbId: "{episode["ratingKey"]}"}}) {{ episodeId }} }}')
    id_ = found["data"]["episode"]["episodeId"]
    for name in ("Once", "Twice"):
        await client.put(f"/api/episodes/{id_}", json={"episode_number": 1, "display_name": name})
        for path in (episode["ratingKey"], f"{SERIES}-s1/children", f"{SERIES}/grandchildren"):
            assert (await ask(client, f"{SHOWS}/{path}"))["Metadata"][0]["title"] == name


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"{MOVIES}/{key}"
            for key in ("tt0000001", SERIES, f"{MOVIE}-s1", "movie-999999", "show-1", "603", "%00", "a/b")
        ),
        *(
            f"{SHOWS}/{key}"
            for key in ("tt0000001", MOVIE, f"{SERIES}-s99", f"{SERIES}-s1e99", "movie-1", "show-999999")
        ),
        *(f"{SHOWS}/{key}/children" for key in ("tt0000001", "x", f"{SERIES}-s99")),
        *(f"{MOVIES}/tt0000001/images", f"{MOVIES}/tt0000001/extras", f"{MOVIES}/{MOVIE}/children", "/plex/music"),
    ],
)
async def test_an_unknown_key_is_not_found(demo_client: httpx.AsyncClient, path: str):
    """404 is the word for it; the other kind's keys are unknown, too."""
    response = await demo_client.get(path)
    assert (response.status_code, response.json()) == (404, {"error": "Not found."})


async def test_tokens_are_not_logged(demo_client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture):
    """Neither of a header nor of a parameter, in a good answer or an error."""
    with caplog.at_level(logging.DEBUG):
        for path in (f"{MOVIES}/{MOVIE}", f"{MOVIES}/nothing"):
            await demo_client.get(f"{path}?X-Plex-Token=verysecret", headers={"X-Plex-Token": "verysecret"})
    assert [record for record in caplog.records if record.name != "httpx" and "verysecret" in record.getMessage()] == []
