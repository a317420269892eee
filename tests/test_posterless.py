"""Titles without a poster on every face, in a catalogue without posters and as it gets its first ones."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest

from mediacanon.database.migrate import connected
from tests.conftest import own_database
from tests.serving import app_of, ask, client_of, with_collections

# Nobody answers there.
KEY = {"TMDB_API_KEY": "0" * 32, "TMDB_BASE_URL": "http://127.0.0.1:9"}
SETTINGS: Mapping[str, dict[str, str]] = {
    "auto": {},
    "key": KEY,
    "show": KEY | {"MEDIACANON_POSTERLESS": "show"},
    "hide": {"MEDIACANON_POSTERLESS": "hide"},
}
SLUG = "top-drama-movies"
TITLE = "{ title(id: 1) { similar { titleId } } }"
TOTALS = (
    "{ rule: discover { total } "
    + " ".join(
        f"{name}: discover(filter: {{hasPoster: {name}}}) {{ total items {{ imageUrl }} }}"
        f" {name}Titles: titles(filter: {{hasPoster: {name}}}) {{ total }}"
        for name in ("null", "true", "false")
    )
    .replace("null:", "both:")
    .replace("nullTitles:", "bothTitles:")
    + " all: titles { total } }"
)


@pytest.fixture(scope="module")
async def database(cluster: str, demo_template: str) -> AsyncIterator[str]:
    """Give the URL of a demo catalogue with known titles and no poster."""
    async with own_database(cluster, template=demo_template) as dsn:
        await with_collections(dsn)
        async with connected(dsn) as connection:
            await connection.execute("UPDATE titles SET image_url = NULL, num_votes = num_votes + 5000")
        yield dsn


@pytest.fixture(scope="module")
async def clients(database: str) -> AsyncIterator[Mapping[str, httpx.AsyncClient]]:
    """Give a client of a server for each setting, over one catalogue."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(client_of(app_of(database, **setting)))
            for name, setting in SETTINGS.items()
        }


async def shown(client: httpx.AsyncClient) -> list[int]:
    """Return how many titles each face shows: REST, pages, similar titles."""
    discover = (await client.get("/api/discover?limit=1")).json()
    collection = (await client.get(f"/api/collections/{SLUG}")).json()
    pages = [(await client.get(path)).text for path in (f"/discover?collection={SLUG}", "/discover?sort=a-z")]
    similar = (await ask(client, TITLE))["data"]["title"]["similar"]
    return [discover["total"], len(collection["titles"]), *(page.count("card") for page in pages), len(similar)]


async def give_posters(database: str, most: int) -> None:
    """Give posters to some titles, by SQL and announced as an import is."""
    async with connected(database) as connection:
        await connection.execute("UPDATE titles SET image_url = 'https://a/1.jpg' WHERE id <= $1", most)
        await connection.execute("SELECT pg_notify('catalog', '{\"tags\": [\"everything\"]}')")


async def test_a_catalogue_gets_its_posters(database: str, clients: Mapping[str, httpx.AsyncClient]) -> None:
    """Without posters all titles are shown; one hides the others with a key, one in a hundred without a key."""
    async with connected(database) as connection:
        total = await connection.fetchval("SELECT count(*) FROM titles")
    for name, client in clients.items():
        carousels = (await client.get("/api/discover/carousels")).json()
        found = await shown(client)
        if name == "hide":
            assert (found, carousels["carousels"]) == ([0] * 5, [])
            continue
        assert found[0] == total
        assert min(found) > 0
        assert carousels["total"] > 10
        assert not any(title.get("image_url") for each in carousels["carousels"] for title in each["titles"])

    changed = await ask(
        clients["key"], 'mutation { updateTitle(id: 1, input: {imageUrl: "https://a/1.jpg"}) { titleId } }'
    )
    assert "errors" not in changed
    # The next read of any server.
    totals = {name: (await client.get("/api/discover?limit=1")).json()["total"] for name, client in clients.items()}
    assert totals == {"auto": total, "key": 1, "show": total, "hide": 1}

    await give_posters(database, total // 100 + 1)
    totals = {name: (await client.get("/api/discover?limit=1")).json()["total"] for name, client in clients.items()}
    assert totals == {"auto": total // 100 + 1, "key": total // 100 + 1, "show": total, "hide": total // 100 + 1}


async def test_has_poster_takes_precedence(database: str, clients: Mapping[str, httpx.AsyncClient]) -> None:
    """`hasPoster` lists what it says under every setting; null and, in `titles`, its absence mean both."""
    await give_posters(database, 20)
    for name, client in clients.items():
        data = (await ask(client, TOTALS))["data"]
        assert data["rule"]["total"] == (data["both"] if name == "show" else data["true"])["total"]
        assert data["true"]["total"] == data["trueTitles"]["total"] == 20
        assert data["false"]["total"] == data["falseTitles"]["total"] > 600
        assert data["both"]["total"] == data["bothTitles"]["total"] == data["all"]["total"]
        assert data["both"]["total"] == data["true"]["total"] + data["false"]["total"]
        assert all(title["imageUrl"] for title in data["true"]["items"])
        assert not any(title["imageUrl"] for title in data["false"]["items"])
