"""Filters by TMDB's further facts and by people on every face: GraphQL, REST, and collections with their carousels."""

import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from mediacanon.curation.collection_files import read_collection_files
from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.tmdb.facts import FurtherFacts, Name
from mediacanon.tmdb.lookup import FetchedTitle, TitleFacts
from mediacanon.tmdb.store import store_facts
from mediacanon.writes.collection import load_collections
from tests.conftest import own_database
from tests.serving import NO_FURTHER_FACTS, app_of, ask, client_of
from tests.tmdb.conftest import IMAGES
from tests.tmdb.notifications import heard_from
from tests.tmdb.test_store import to_find

HEIST, ROBOT = Name("keyword", 10, "Heist"), Name("keyword", 11, "robot")
ACME, CHANNEL = Name("company", 10, "Acme, Inc."), Name("network", 10, "Channel 4")
VIDEO = {"site": "YouTube", "key": "k", "kind": "trailer", "language": "en", "is_official": True, "name": "T"}
# Title -> its further facts. The titles 1 to 4 are movies.
FACTS = {
    1: {"keyword_ids": [10], "company_ids": [10], "certifications": {"US": "G", "DE": "6"}, "status": "Released"},
    2: {"keyword_ids": [10, 11], "certifications": {"US": "PG-13"}, "videos": [VIDEO], "status": "Released"},
    3: {"keyword_ids": [11], "network_ids": [10], "certifications": {"US": "TV-MA", "DE": "12"}, "status": "Planned"},
    4: {"videos": [VIDEO], "certifications": {"XX": "odd"}},
}
# Person -> title and category of the credits; 5 actor, 6 director, 7 writer.
ANN, BOB = 900_000_001, 900_000_002
CREDITS = ((ANN, 1, "director"), (ANN, 2, "actress"), (ANN, 4, "writer"), (BOB, 2, "director"), (BOB, 3, "composer"))
# The filter in GraphQL, as parameters of REST, as keys of a file, and the titles that it finds.
FILTERS = (
    ({"keywordsIn": ["heist"]}, {"keyword": "heist"}, "keyword: HEIST", [1, 2]),
    ({"keywordsIn": ["11"]}, {"keyword": "11"}, "keyword: '11'", [2, 3]),
    ({"companiesIn": ["acme, inc."]}, {"company": "Acme, Inc."}, "company: 'Acme, Inc.'", [1]),
    ({"networksIn": ["Channel 4"]}, {"network": "channel 4"}, "network: Channel 4", [3]),
    ({"statusIn": ["released"]}, {"status": "RELEASED"}, "status: released", [1, 2]),
    ({"hasVideo": True}, {"has_video": "true"}, "has_video: true", [2, 4]),
    ({"certificationMax": "pg-13"}, {"certification_max": "PG-13"}, "certification_max: pg-13", [1, 2]),
    (
        {"certificationMax": "12", "certificationCountry": "Germany"},
        {"certification_max": "12", "certification_country": "de"},
        "certification_max: '12', certification_country: DE",
        [1, 3],
    ),
    (
        {"keywordsIn": ["Heist", "Unheard-Of"], "hasVideo": False, "type": "movie"},
        {"keyword": "Heist", "has_video": "false", "type": "movie"},
        "keyword: Heist, has_video: false, type: movie",
        [1],
    ),
    ({"peopleIn": [ANN]}, {"people": f"nm{ANN}"}, f"people: nm{ANN}", [1, 2, 4]),
    ({"castIn": [ANN, BOB]}, {"cast": f"{ANN},nm{BOB}"}, f"cast: [nm{ANN}, nm{BOB}]", [2]),
    ({"directedBy": [BOB, ANN]}, {"directed_by": f"nm{BOB},{ANN}"}, f"directed_by: [nm{BOB}, nm{ANN}]", [1, 2]),
    ({"writtenBy": [ANN]}, {"written_by": str(ANN)}, f"written_by: nm{ANN}", [4]),
    (
        {"peopleIn": [BOB], "keywordsIn": ["robot"], "directedBy": [BOB]},
        {"people": str(BOB), "keyword": "robot", "directed_by": str(BOB)},
        f"people: nm{BOB}, keyword: robot, directed_by: nm{BOB}",
        [2],
    ),
)
CREDIT = """
INSERT INTO credits (title_id, person_id, ordinal, category)
SELECT $1, $2, $3, id FROM credit_categories WHERE name = $4
"""
IDS = "query ($f: TitleFilter) { discover(filter: $f) { total items { titleId imdbId } } titles(filter: $f) { total } }"


async def tell(pool: asyncpg.Pool, title_id: int, facts: dict[str, object], *names: Name) -> None:
    """Store a reply of TMDB with these further facts."""
    further = FurtherFacts(facts, {}, names or (HEIST, ROBOT, ACME, CHANNEL))
    title = await to_find(pool, title_id)
    fetched = FetchedTitle(title, TitleFacts(media_type="movie", tmdb_id=title.tmdb_id or title_id, further=further))
    async with pool.acquire() as connection:
        await store_facts(connection, [fetched], image_base_url=IMAGES)


@pytest.fixture(scope="module")
async def database(cluster: str, demo_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Give the URL of a catalogue in which four movies have further facts, with a collection for each filter."""
    folder: Path = tmp_path_factory.mktemp("collections")
    for number, (_, _, keys, _) in enumerate(FILTERS):
        head = f"slug: c{number}\nname: C{number}\nstrategy: filter\n"
        (folder / f"c{number}.yaml").write_text(f"{head}filter: {{{keys}, sort: most_rated}}\n")
    files = read_collection_files(folder)
    assert files.problems == ()
    async with own_database(cluster, template=demo_template) as dsn, await open_pool(dsn, size=2) as pool:
        await pool.execute(NO_FURTHER_FACTS)
        await pool.execute("UPDATE titles SET num_votes = 3000000 - id, average_rating = 9 WHERE id <= 4")
        for title_id, facts in FACTS.items():
            await tell(pool, title_id, facts)
        await pool.execute("INSERT INTO people (id, name) VALUES ($1, 'Ann <A>'), ($2, 'Bob B')", ANN, BOB)
        for ordinal, (person, title_id, category) in enumerate(CREDITS, 5000):
            await pool.execute(CREDIT, title_id, person, ordinal, category)
        await load_collections(pool, search=partial(load_titles_by_rank, pool), folder=folder)
        yield dsn


@pytest.fixture(scope="module")
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server over the catalogue."""
    async with client_of(app_of(database)) as opened:
        yield opened


@pytest.mark.parametrize("number", range(len(FILTERS)))
async def test_every_face_finds_the_same_titles(client: httpx.AsyncClient, number: int):
    """In GraphQL, in REST, in a collection and in its carousel, with their totals, and in a list for Radarr."""
    given, parameters, _, expected = FILTERS[number]
    data = (await ask(client, IDS, f=given))["data"]
    found = [title["titleId"] for title in data["discover"]["items"]]
    assert (found, data["discover"]["total"], data["titles"]["total"]) == (expected, len(found), len(found))
    rest = (await client.get("/api/discover", params=parameters)).json()
    assert ([title["title_id"] for title in rest["titles"]], rest["total"]) == (expected, len(expected))
    collection = (await client.get(f"/api/collections/c{number}")).json()
    assert ([title["title_id"] for title in collection["titles"]], collection["total"]) == (expected, len(expected))
    carousels = (await client.get("/api/discover/carousels?per_page=50")).json()["carousels"]
    [carousel] = [each for each in carousels if each["slug"] == f"c{number}"]
    assert ([title["title_id"] for title in carousel["titles"]], carousel["total_count"]) == (expected, len(expected))
    # In a list names stand between commas: one with a comma goes by its number.
    of_movies = {name: {"Acme, Inc.": "10"}.get(text, text) for name, text in parameters.items() if name != "type"}
    listed = (await client.get("/lists/radarr/discover/most_rated.json", params=of_movies)).json()
    assert [title["imdb_id"] for title in listed] == [title["imdbId"] for title in data["discover"]["items"]]


async def test_words_that_mean_nothing_find_nothing(client: httpx.AsyncClient):
    """Impossible words are no error in REST; an impossible text is one in GraphQL."""
    for parameter in ("keyword", "company", "network", "status", "certification_max"):
        for word in ("Unheard-Of", "'; --", "x" * 300, "9" * 12, "a\0"):
            rest = (await client.get("/api/discover", params={parameter: word})).json()
            assert rest["total"] == 0, (parameter, word)
    for parameter in ("people", "cast", "directed_by", "written_by"):
        for word in ("Ann", "tt0000001", "-1", "nm1", "9" * 12, f"{ANN},x"):
            rest = (await client.get("/api/discover", params={parameter: word})).json()
            assert rest["total"] == 0, (parameter, word)
        refused = await client.get("/api/discover", params={parameter: ",".join(map(str, range(51)))})
        assert (refused.status_code, refused.json()["error"]) == (400, f"{parameter} may hold at most 50 ids")
    found = await ask(client, IDS, f={"certificationMax": "\0"})
    assert found["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_lists_and_totals_follow_what_tmdb_tells(database: str, client: httpx.AsyncClient):
    """The change names the columns; lists by them and their totals are those of now."""
    robots = {"keywordsIn": ["robot"]}
    assert (await ask(client, IDS, f=robots))["data"]["discover"]["total"] == 2
    async with await open_pool(database, size=1) as pool, heard_from(database) as heard:
        await tell(pool, 4, {"keyword_ids": [11], "videos": [VIDEO], "certifications": {"XX": "odd"}})
        [change] = await heard()
        assert {"titles.keyword_ids"} <= set(change["stale"])
        assert not {"titles.videos", "titles.certifications", "titles.status"} & set(change["stale"])
        data = (await ask(client, IDS, f=robots))["data"]
        assert ([title["titleId"] for title in data["discover"]["items"]], data["titles"]["total"]) == ([2, 3, 4], 3)
        await tell(pool, 4, {"keyword_ids": None})
        assert (await ask(client, IDS, f=robots))["data"]["titles"]["total"] == 2
        await tell(pool, 1, FACTS[1], Name("keyword", 11, "android"))
    assert (await ask(client, IDS, f=robots))["data"]["titles"]["total"] == 0
    assert (await ask(client, IDS, f={"keywordsIn": ["android"]}))["data"]["titles"]["total"] == 2


async def test_a_list_for_radarr_has_the_films_of_a_director(client: httpx.AsyncClient):
    """By both spellings of an id; any other text is an error, since a list is never half of what it should be."""
    found = await ask(client, '{ discover(filter: {keywordsIn: ["heist"]}) { items { imdbId } } }')
    films = [film["imdbId"] for film in found["data"]["discover"]["items"]]
    for ids in (f"nm{ANN},{BOB}", f"{BOB},nm{ANN}"):
        answer = (await client.get("/lists/radarr/discover/most_rated.json", params={"directed_by": ids})).json()
        assert [film["imdb_id"] for film in answer] == films
    refused = await client.get("/lists/radarr/discover/most_rated.json?directed_by=Ann")
    assert (refused.status_code, "directed_by" in refused.text) == (400, True)


async def test_the_page_of_a_filter_names_its_people(client: httpx.AsyncClient):
    """Each has a chip that removes it; a person's page leads there; what is no id is ignored."""
    page = (await client.get(f"/discover?directed_by=nm{ANN},{BOB}&cast=77&type=movie")).text
    chips = dict(
        re.findall(r'<a class="chip" href="([^"]+)" aria-current="true">((?:Directed by|With) [^<]*)</a>', page)
    )
    assert chips == {
        f"/discover?directed_by={BOB}&amp;cast=77&amp;type=movie": "Directed by Ann &lt;A&gt;",
        f"/discover?directed_by={ANN}&amp;cast=77&amp;type=movie": "Directed by Bob B",
        f"/discover?directed_by=nm{ANN},{BOB}&amp;type=movie": "With person 77",
    }
    assert "No title matches all" in page
    page = (await client.get(f"/discover?people={ANN}&sort=newest")).text
    assert len(re.findall('class="card"', page)) == 3
    assert f'href="/discover?people={ANN}"' in (await client.get(f"/people/{ANN}")).text
    assert "People</h2>" not in (await client.get("/discover?people=Ann")).text
