"""OMDb's answers key by key, its formats, its errors in the words that clients compare, and parameters in any case."""

import re
from xml.etree import ElementTree as ET

import httpx
import pytest

MOVIE, SERIES = "tt99005067", "tt99100001"
# Key -> its format, from the table of the API.
DETAIL = {
    "Title": r".+",
    "Year": r"\d{4}(–(\d{4})?)?|N/A",
    "Rated": r".+",
    "Released": r"\d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}|N/A",
    "Runtime": r"\d+ min|N/A",
    "Genre": r"[\w-]+(, [\w-]+)*|N/A",
    **dict.fromkeys(("Director", "Writer", "Actors", "Plot", "Language", "Country", "Awards"), r".+"),
    "Poster": r"https://.+|N/A",
    "Ratings": None,
    "Metascore": "N/A",
    "imdbRating": r"\d{1,2}\.\d|N/A",
    "imdbVotes": r"\d{1,3}(,\d{3})*|N/A",
    "imdbID": r"tt\d+",
    "Type": "movie|series|episode",
    "Response": "True",
}
MORE = {
    "movie": {"DVD", "BoxOffice", "Production", "Website"},
    "series": {"totalSeasons"},
    "episode": {"Season", "Episode", "seriesID"},
}
SEASON = {"Title", "Released", "Episode", "imdbRating", "imdbID"}


async def ask(client: httpx.AsyncClient, query: str) -> dict:
    """Return the answer to a query."""
    response = await client.get(f"/omdb/?{query}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["access-control-allow-origin"] == "*"
    return response.json()


async def test_details_have_every_key_in_its_format(demo_client: httpx.AsyncClient):
    """Of all movies and series of the demo that a search finds, and of the episodes of a season in full."""
    seen = []
    for page in range(1, 6):
        hits = (await ask(demo_client, f"s=the&page={page}"))["Search"]
        seen += [await ask(demo_client, f"i={hit['imdbID']}") for hit in hits]
    season = await ask(demo_client, f"i={SERIES}&Season=1&detail=full")
    for answer in [*seen, *season["Episodes"]]:
        assert answer.keys() == DETAIL.keys() | MORE[answer["Type"]]
        for key, pattern in DETAIL.items():
            assert pattern is None or re.fullmatch(pattern, answer[key]), (key, answer)
        rating = answer["imdbRating"]
        named = [{"Source": "Internet Movie Database", "Value": f"{rating}/10"}]
        assert answer["Ratings"] == ([] if rating == "N/A" else named)
    assert {answer["Type"] for answer in seen} == {"movie", "series"}
    assert sum(answer["Actors"] != "N/A" for answer in seen) > len(seen) / 2
    assert all(len(set(names)) == len(names) <= 5 for answer in seen for names in [answer["Director"].split(", ")])


async def test_seasons_and_episodes_are_asked_by_id_and_by_name(demo_client: httpx.AsyncClient):
    """In any case and order; an episode of its own id is the same."""
    season = await ask(demo_client, f"i={SERIES}&Season=1")
    assert (season["Title"], season["Season"], season["totalSeasons"]) == ("Harbour Lights", "1", "5")
    assert all(
        each.keys() == SEASON and re.fullmatch(r"\d{4}-\d\d-\d\d|N/A", each["Released"]) for each in season["Episodes"]
    )
    for query in ("t=harbour%20lights&SEASON=1", f"apikey=k&type=episode&season=1&i={SERIES}&y=&tomatoes=true"):
        assert await ask(demo_client, query) == season
    # An empty parameter is one that is not there.
    for query in (f"i={SERIES}&Season=1&Episode=", f"i={SERIES}&season=1&Season=", "i=&t=harbour%20lights&Season=1"):
        assert await ask(demo_client, query) == season
    second = season["Episodes"][1]
    episode = await ask(demo_client, f"episode=2&season=1&i={SERIES}")
    assert (
        episode
        == await ask(demo_client, f"i={second['imdbID']}")
        == await ask(demo_client, "t=Harbour Lights&Season=1&Episode=2")
    )
    assert (episode["Title"], episode["seriesID"], episode["Type"]) == (second["Title"], SERIES, "episode")


async def test_a_name_finds_the_best_match_that_fits(client: httpx.AsyncClient):
    """An exact name comes before a known one; type and year narrow; `i` comes before `t`, `t` before `s`."""
    for number, (name, year) in enumerate((("Zyzzyva", 1999), ("Zyzzyva", 2005), ("Zyzzyva Returns", 1999)), 1):
        facts = {"display_name": name, "start_year": year, "imdb_id": f"tt9909100{number}"}
        assert (await client.post("/api/movies", json=facts)).status_code == 201
    assert (await ask(client, "t=zyzzyva&y=2005"))["imdbID"] == "tt99091002"
    assert (await ask(client, "t=zyzzyva returns"))["imdbID"] == "tt99091003"
    assert (await ask(client, f"s=x&t=zyzzyva&y=2005&i={MOVIE}"))["imdbID"] == MOVIE
    assert (await ask(client, "s=x&t=zyzzyva&y=2005"))["imdbID"] == "tt99091002"
    assert (await ask(client, "s=zyzzyva&y=1999"))["totalResults"] == "2"
    assert (await ask(client, "t=zyzzyva&type=series"))["Response"] == "False"


async def test_type_and_year_tell_namesakes_apart(namesakes: httpx.AsyncClient):
    """Also where more titles of the name are better known than a search has hits."""
    for query, found in (("y=1999&type=movie", "tt99981999"), ("type=series", "tt99971999")):
        assert (await ask(namesakes, f"t=homestead&{query}"))["imdbID"] == found
        assert (await ask(namesakes, f"s=homestead&{query}"))["Search"][0]["imdbID"] == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        *(("i=603", "Incorrect IMDb ID."), ("i=movie:603", "Incorrect IMDb ID."), ("apikey=x", "Incorrect IMDb ID.")),
        *(
            ("i=tt0000001", "Error getting data."),
            ("t=qqqqzzzz", "Movie not found!"),
            ("s=qqqqzzzz", "Movie not found!"),
        ),
        *(("s=qqqqzzzz&type=series", "Series not found!"), ("s=the&page=99", "Movie not found!")),
        *(
            (f"i={SERIES}&Season=99", "Series or season not found!"),
            (f"i={MOVIE}&Season=1", "Series or season not found!"),
        ),
        *((f"i={SERIES}&Season=1&Episode=999", "Series or episode not found!"), ("t=&s=", "Incorrect IMDb ID.")),
        (f"i={SERIES}&Season=x", "Series or season not found!"),
    ],
)
async def test_errors_have_the_words_that_clients_compare(demo_client: httpx.AsyncClient, query: str, message: str):
    """An error is a good response that says False."""
    assert await ask(demo_client, query) == {"Response": "False", "Error": message}


async def test_a_page_beyond_the_last_possible_one_is_told(demo_client: httpx.AsyncClient):
    """One client looks for the beginning of the sentence."""
    for page in (0, 101):
        assert (await ask(demo_client, f"s=the&page={page}"))["Error"].startswith("The offset specified in ")


async def test_xml_and_calls_hold_the_same(demo_client: httpx.AsyncClient):
    """Details, searches, seasons and errors; a callback that is no name of a function is ignored."""
    detail = await ask(demo_client, f"i={MOVIE}")
    for query, tag, values in (
        (f"i={MOVIE}", "movie", detail),
        ("s=the", "result", (await ask(demo_client, "s=the"))["Search"][0]),
        (f"i={SERIES}&Season=1", "result", (await ask(demo_client, f"i={SERIES}&Season=1"))["Episodes"][0]),
    ):
        response = await demo_client.get(f"/omdb/?{query}&r=xml")
        assert response.headers["content-type"] == "text/xml; charset=utf-8"
        root = ET.fromstring(response.text)  # noqa: S314 - our own
        assert root.attrib["response"] == "True"
        for name, value in root.find(tag).attrib.items():
            assert values[next(key for key in values if key.lower() == name.lower())] == value
    error = ET.fromstring((await demo_client.get("/omdb/?i=x&r=XML")).text)  # noqa: S314 - our own
    assert (error.attrib, error.find("error").text) == ({"response": "False"}, "Incorrect IMDb ID.")
    called = await demo_client.get(f"/omdb/?i={MOVIE}&callback=a.b")
    assert called.headers["content-type"] == "text/javascript; charset=utf-8"
    assert called.text.startswith('a.b({"Title":')
    assert called.text.endswith("});")
    assert await ask(demo_client, f"i={MOVIE}&callback=alert(1)//") == detail


async def test_the_bare_address_is_the_documentation(demo_client: httpx.AsyncClient):
    """For people who look; programs always send a parameter."""
    for path in ("/omdb", "/omdb/"):
        response = await demo_client.get(path)
        assert response.headers["content-type"].startswith("text/html")
        assert "/omdb/openapi.json" in response.text
