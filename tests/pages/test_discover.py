"""Discover: carousels, the filtered grid, a collection; what is looked at is counted."""

import gzip
import re

import asyncpg
import httpx
import pytest

from tests.serving import app_of, client_of

LARGEST_DISCOVER = 120_000


async def text_of(client: httpx.AsyncClient, path: str) -> str:
    """Return a page that is there."""
    response = await client.get(path)
    assert response.status_code == 200
    return response.text


def cards(text: str) -> list[str]:
    """Return the addresses of the titles on a page."""
    return re.findall(r'class="card" href="([^"]+)"', text)


async def test_discover_shows_carousels_in_turn(collected_client: httpx.AsyncClient):
    """Shows and movies take turns; cards say in which collection they were found."""
    text = await text_of(collected_client, "/discover")
    slugs = re.findall(r'id="c-([a-z-]+)"', text)
    assert len(slugs) == 16
    assert [slug.rpartition("-")[2] for slug in slugs[:4]] == ["shows", "movies", "shows", "movies"]
    assert f"?source=collection-{slugs[0]}" in cards(text)[0]
    others = re.findall(r'id="c-([a-z-]+)"', await text_of(collected_client, "/discover?page=2"))
    assert others
    assert not set(slugs) & set(others)


async def test_discover_travels_small(collected_client: httpx.AsyncClient):
    """Compressed it stays below 120 KB, posters apart."""
    response = await collected_client.get("/discover", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(response.content)) < LARGEST_DISCOVER


async def test_filters_narrow_and_combine(collected_client: httpx.AsyncClient):
    """Each filter leaves fewer titles; genres must all be there, countries one of them."""
    counts = []
    for query in (
        "genre=Drama",
        "genre=Drama,Crime",
        "genre=Drama,Crime&type=show",
        "genre=Drama,Crime&type=show&country=GB",
    ):
        text = await text_of(collected_client, f"/discover?{query}")
        counts.append(int(re.search(r"<strong>([\d,]+)</strong> title", text)[1].replace(",", "")))
    assert counts == sorted(counts, reverse=True)
    assert 0 < counts[-1] < counts[0]


async def test_pages_of_the_grid_follow_each_other(collected_client: httpx.AsyncClient):
    """Every title once, sixty on a page."""
    first, second = [cards(await text_of(collected_client, f"/discover?sort=a-z&page={page}")) for page in (1, 2)]
    assert len(first) == 60
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    "query", ["sort=nothing", "genre=Nothing", "country=ZZ", "type=film", "sort=a-z&genre=,", "lang=xx"]
)
async def test_odd_filters_still_answer(collected_client: httpx.AsyncClient, query: str):
    """What means nothing is left out or finds nothing."""
    assert (await collected_client.get(f"/discover?{query}")).status_code == 200


async def test_an_unknown_collection_is_404(collected_client: httpx.AsyncClient):
    """With a page that helps on."""
    response = await collected_client.get("/discover?collection=nothing-like-it")
    assert response.status_code == 404
    assert "There is no collection nothing-like-it" in response.text


async def test_a_catalogue_without_collections_says_so(demo_client: httpx.AsyncClient):
    """The page leads on to all titles."""
    assert "No collections yet" in await text_of(demo_client, "/discover")


async def test_what_is_looked_at_is_counted(collected: str):
    """A view for each title page, a click for a collection and for what was found in it; HEAD counts nothing."""
    connection = await asyncpg.connect(collected)
    await connection.execute("TRUNCATE title_views, collection_clicks")
    async with client_of(app_of(collected)) as client:
        text = await text_of(client, "/discover?collection=top-drama-shows")
        await text_of(client, cards(text)[0])
        await text_of(client, cards(text)[1].partition("?")[0])
        await client.head(cards(text)[2])
    # Leaving the server writes what waits.
    views = await connection.fetch("SELECT source FROM title_views ORDER BY source NULLS LAST")
    clicks = await connection.fetch(
        "SELECT c.slug FROM collection_clicks k JOIN collections c ON c.id = k.collection_id, generate_series(1, k.clicks)"
    )
    await connection.close()
    assert [view["source"] for view in views] == ["collection-top-drama-shows", None]
    assert [click["slug"] for click in clicks] == ["top-drama-shows"] * 2


async def test_the_start_page_is_not_sent_twice(demo: str):
    """A browser that has it is told so."""
    async with client_of(app_of(demo)) as client:
        first = await client.get("/")
        again = await client.get("/", headers={"if-none-match": first.headers["etag"]})
        assert (first.status_code, again.status_code) == (200, 304)


async def test_a_title_has_more_like_it(demo: str, demo_client: httpx.AsyncClient):
    """At most twelve others of its type, those that share all its genres first."""
    answer = await demo_client.post(
        "/graphql",
        json={"query": '{ title(by: {imdbId: "tt99100001"}) { titleId type genres similar { titleId type genres } } }'},
    )
    title = answer.json()["data"]["title"]
    shared = [len(set(title["genres"]) & set(each["genres"])) for each in title["similar"]]
    assert 0 < len(shared) <= 12
    assert shared == sorted(shared, reverse=True)
    assert shared[-1] > 0
    assert {each["type"] for each in title["similar"]} == {"show"}
    assert title["titleId"] not in {each["titleId"] for each in title["similar"]}
