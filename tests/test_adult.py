"""Adult titles: the faces that list them, by default and under each value of MEDIACANON_ADULT."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import asyncpg
import httpx
import pytest

from tests.conftest import own_database
from tests.serving import app_of, ask, client_of, with_collections

SETTINGS: Mapping[str, dict[str, str]] = {
    "default": {},
    "hide": {"MEDIACANON_ADULT": "hide"},
    "show": {"MEDIACANON_ADULT": "show"},
}
BEST = "{ carousels(perPage: 50) { items { slug titles { titleId type movieId displayName numVotes } } } }"
ALIKE = "query ($id: Int!) { title(id: $id) { similar { titleId movieId } } }"
HAND = "INSERT INTO collections (id, slug, name, strategy) VALUES (901, 'hand', 'Hand', 'static')"


class Adult(NamedTuple):
    """The adult movie of the catalogue, the slug of a collection that has it, and a movie similar to it."""

    title_id: int
    movie_id: int
    name: str
    slug: str
    like: int
    like_movie: int


class Servers(NamedTuple):
    """A client of a server for each setting, over one catalogue."""

    adult: Adult
    clients: Mapping[str, httpx.AsyncClient]


async def choose(client: httpx.AsyncClient) -> Adult:
    """Return a movie of a carousel that is also among the titles similar to another one."""

    async def similar(title_id: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await ask(client, ALIKE, id=title_id))["data"]["title"]["similar"]
        return found

    carousels = (await ask(client, BEST))["data"]["carousels"]["items"]
    for carousel in carousels:
        for title in [title for title in carousel["titles"][:15] if title["type"] == "movie"]:
            for each in await similar(title["titleId"]):
                if title["titleId"] in [one["titleId"] for one in await similar(each["titleId"])]:
                    ids = title["titleId"], title["movieId"], title["displayName"], carousel["slug"]
                    return Adult(*ids, each["titleId"], each["movieId"])
    raise AssertionError("no movie of a carousel is similar to a similar one")


@pytest.fixture(scope="module")
async def servers(cluster: str, demo_template: str) -> AsyncIterator[Servers]:
    """Give the clients of three servers over a catalogue with one adult movie."""
    async with own_database(cluster, template=demo_template) as dsn, AsyncExitStack() as stack:
        await with_collections(dsn)
        async with client_of(app_of(dsn)) as client:
            adult = await choose(client)
        connection = await asyncpg.connect(dsn)
        await connection.execute("UPDATE titles SET is_adult = true, num_votes = 4000000 WHERE id = $1", adult.title_id)
        await connection.execute(HAND)
        await connection.execute("INSERT INTO collection_titles SELECT 901, id, id FROM titles WHERE id <= 7")
        await connection.execute(
            "INSERT INTO collection_titles VALUES (901, $1, 0) ON CONFLICT DO NOTHING", adult.title_id
        )
        await connection.close()
        clients = {
            name: await stack.enter_async_context(client_of(app_of(dsn, **setting)))
            for name, setting in SETTINGS.items()
        }
        yield Servers(adult, clients)


def graphql(fields: str) -> str:
    """Return the mark of a face that is a GraphQL document."""
    return f"graphql:{{ {fields} }}"


# Face -> its address or document, the text that shows the movie there, and (default, hide, show).
HIDDEN, CONTRACT, ALWAYS = (False, False, True), (True, False, True), (True, True, True)
PAGE, ID = 'href="/movies/{movie_id}', '"titleId":{title_id}'
FACES = {
    "page of titles": ("/titles", PAGE, HIDDEN),
    "page of a search": ("/titles?q={name}", PAGE, HIDDEN),
    "page of discover": ("/discover?type=movie&sort=most_rated", PAGE, HIDDEN),
    "page of carousels": ("/discover", PAGE, HIDDEN),
    "page of a collection": ("/discover?collection={slug}", PAGE, HIDDEN),
    "page of a static collection": ("/discover?collection=hand", PAGE, HIDDEN),
    "page of a similar title": ("/movies/{like_movie}", PAGE, HIDDEN),
    "start page": ("/", PAGE, HIDDEN),
    "sitemap": ("/sitemap-movies-1.xml", "/movies/{movie_id}<", HIDDEN),
    "page of the movie": ("/movies/{movie_id}", "<h1", ALWAYS),
    "GraphQL titles": (graphql("titles(perPage: 100) {{ items {{ titleId }} }}"), ID, HIDDEN),
    "GraphQL titles by name": (graphql('titles(query: "{name}") {{ items {{ titleId }} }}'), ID, HIDDEN),
    "GraphQL discover": (graphql("discover(perPage: 100) {{ items {{ titleId }} }}"), ID, HIDDEN),
    "GraphQL discover by views": (
        graphql("discover(sort: POPULAR, perPage: 100) {{ items {{ titleId }} }}"),
        ID,
        HIDDEN,
    ),
    "GraphQL search": (graphql('search(query: "{name}") {{ title {{ titleId }} }}'), ID, HIDDEN),
    "GraphQL typos": (graphql('search(query: "{typo}") {{ title {{ titleId }} }}'), ID, HIDDEN),
    "GraphQL similar": (graphql("title(id: {like}) {{ similar {{ titleId }} }}"), ID, HIDDEN),
    "GraphQL carousels": (graphql("carousels(perPage: 50) {{ items {{ titles {{ titleId }} }} }}"), ID, HIDDEN),
    "GraphQL collection": (graphql('collection(slug: "{slug}") {{ titles {{ items {{ titleId }} }} }}'), ID, HIDDEN),
    "GraphQL by id": (graphql("title(id: {title_id}) {{ titleId isAdult }}"), '"isAdult":true', ALWAYS),
    "REST by id": ("/api/titles/{title_id}", '"title_id":{title_id}', ALWAYS),
    "REST movie by id": ("/api/movies/{movie_id}", '"title_id":{title_id}', ALWAYS),
    "REST titles": ("/api/titles", '"title_id":{title_id}', CONTRACT),
    "REST titles by name": ("/api/titles?q={name}", '"title_id":{title_id}', CONTRACT),
    "REST discover": ("/api/discover", '"title_id":{title_id}', CONTRACT),
    "REST carousels": ("/api/discover/carousels?per_page=50", '"title_id":{title_id}', CONTRACT),
    "REST collection": ("/api/collections/{slug}", '"title_id":{title_id}', CONTRACT),
    "REST static collection": ("/api/collections/hand", '"title_id":{title_id}', CONTRACT),
    "REST search": ("/api/search?q={name}", '"title_id":{title_id}', CONTRACT),
    "list for Radarr": ("/lists/radarr/discover/most_rated.json?limit=500", "{imdb_id}", HIDDEN),
    "list of a collection": ("/lists/radarr/{slug}.json?limit=500", "{imdb_id}", HIDDEN),
}


@pytest.mark.parametrize("face", FACES)
async def test_adult_titles_are_listed_by_the_setting_alone(servers: Servers, face: str) -> None:
    """Pages and GraphQL hide them by default, the contract's endpoints only when told, and an id always answers."""
    address, shown, expected = FACES[face]
    adult = servers.adult
    imdb = await ask(servers.clients["show"], f"{{ title(id: {adult.title_id}) {{ imdbId }} }}")
    words: dict[str, Any] = {**adult._asdict(), "imdb_id": imdb["data"]["title"]["imdbId"]}
    words["typo"] = f"{adult.name[:-2]}{adult.name[-1]}{adult.name[-2]}"
    found = []
    for client in servers.clients.values():
        if address.startswith("graphql:"):
            document = address.removeprefix("graphql:")[2:-2].strip()
            response = await client.post("/graphql", json={"query": f"{{ {document.format_map(words)} }}"})
            assert "errors" not in response.json(), response.text
        else:
            response = await client.get(address.format_map(words))
        assert response.status_code == 200, response.text
        found.append(shown.format_map(words) in response.text)
    assert tuple(found) == expected


async def test_totals_leave_hidden_titles_out(servers: Servers) -> None:
    """Each total is that of the titles that are listed: one less where the movie is hidden."""
    document = (
        '{ titles { total } discover { total } named: titles(filter: {type: movie}, query: "e") { total } '
        'collection(slug: "hand") { titles { total } } filtered: collection(slug: "%s") { titles { total } } '
        "carousels(perPage: 50) { items { slug totalCount titles { titleId } } } }"
    )
    totals = {}
    for name, client in servers.clients.items():
        data = (await ask(client, document % servers.adult.slug))["data"]
        [carousel] = [each for each in data["carousels"]["items"] if each["slug"] == servers.adult.slug]
        named = data["named"]["total"] if "e" in servers.adult.name else 0
        totals[name] = [
            *(data["titles"]["total"], data["discover"]["total"], data["collection"]["titles"]["total"]),
            *(data["filtered"]["titles"]["total"], carousel["totalCount"], *([named] if named else [])),
        ]
        assert len(carousel["titles"]) == min(30, carousel["totalCount"])
    assert totals["default"] == totals["hide"] == [each - 1 for each in totals["show"]]
    rest = {name: (await client.get("/api/discover")).json()["total"] for name, client in servers.clients.items()}
    assert rest["default"] == rest["show"] == rest["hide"] + 1
