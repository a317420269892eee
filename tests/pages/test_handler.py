"""Pages show the contents of the catalogue, in any state of it, and count views and clicks."""

import gzip
import json
import re

import asyncpg
import httpx
import pytest

from tests.serving import app_of, ask, client_of

LARGEST_DISCOVER = 120_000
SIMILAR_CARD = re.compile(r'href="(/movies/\d+)\?source=similar"')
RENAME = 'mutation ($id: Int!) { updateTitle(id: $id, input: {displayName: "Renamed Just Now"}) { titleId } }'


async def page(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """Return a page's HTML after checking the headers and elements that every page has."""
    response = await client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "unsafe-inline" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "<h1" in response.text
    assert " style=" not in response.text
    return response.text


async def id_of(dsn: str, imdb_id: str) -> int:
    """Return the movie's or show's id of a landmark of the demo."""
    connection = await asyncpg.connect(dsn)
    id_ = await connection.fetchval(
        "SELECT coalesce(m.id, s.id) FROM titles t LEFT JOIN movies m ON m.title_id = t.id"
        " LEFT JOIN shows s ON s.title_id = t.id WHERE t.imdb_id = $1",
        imdb_id,
    )
    await connection.close()
    return id_


def cards(text: str) -> list[str]:
    """Return the addresses of the titles on a page."""
    return re.findall(r'class="card" href="([^"]+)"', text)


async def test_home_counts_the_catalogue(demo_client: httpx.AsyncClient):
    """The home page has the counts, a search box and the most voted titles."""
    text = await page(demo_client, "/")
    assert "<strong>600</strong> movies" in text
    assert 'name="q"' in text
    assert len(cards(text)) == 18


async def test_an_empty_catalogue_says_how_to_fill_it(database: str):
    """Before the first import the home page names the commands."""
    async with client_of(app_of(database)) as client:
        text = await page(client, "/")
        assert "mediacanon sync" in text
        assert "No title matches this name" in await page(client, "/titles?q=anything")
        assert (await client.get("/readyz")).json()["catalogue"] == "empty"


async def test_titles_are_searched_and_narrowed(demo_client: httpx.AsyncClient):
    """Name, type and language narrow the list; the chips show the current filter."""
    everything = await page(demo_client, "/titles")
    assert "720 titles" in everything
    matches = await page(demo_client, "/titles?q=lighthouse+keepers")
    assert "The Lighthouse Keepers" in matches
    shows = await page(demo_client, "/titles?type=show&lang=en")
    assert "/movies/" not in shows
    assert re.search(r'href="/titles\?lang=en" *>|href="/titles\?lang=en">All', shows)
    assert 'aria-current="true">Shows' in shows


async def test_pages_of_titles_follow_each_other(demo_client: httpx.AsyncClient):
    """Every title stands on exactly one page."""
    seen: list[str] = []
    for number in range(1, 9):
        text = await page(demo_client, f"/titles?page={number}")
        seen += cards(text)
    assert len(seen) == len(set(seen)) == 720
    assert 'rel="next"' not in text


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("/titles?page=9", "/titles"),
        ("/titles?q=the&type=movie&page=99", "/titles?q=the&amp;type=movie"),
        ("/discover?genre=Drama&page=99", "/discover?genre=Drama"),
        ("/discover?collection=top-drama-shows&page=99", "/discover?collection=top-drama-shows"),
        ("/discover?page=99", "/discover"),
    ],
)
async def test_a_page_past_the_end_leads_back(collected_client: httpx.AsyncClient, path: str, start: str):
    """The page says where the list ends; it does not say that nothing matches."""
    text = await page(collected_client, path)
    assert "This list ends at page" in text
    assert f'<a href="{start}">Back to the first page</a>' in text
    assert "No title matches" not in text
    assert "No collections yet" not in text


@pytest.mark.parametrize("query", ["type=nothing", "page=abc", "page=99999999999999", "lang=", "q=%00", "page=-1"])
async def test_a_malformed_parameter_is_no_server_error(demo_client: httpx.AsyncClient, query: str):
    """The page ignores it, or says why it is wrong."""
    response = await demo_client.get(f"/titles?{query}")
    assert response.status_code in (200, 400)


async def test_a_movie_has_its_facts(demo: str, demo_client: httpx.AsyncClient):
    """Name, original name, genres, links to the sources."""
    text = await page(demo_client, f"/movies/{await id_of(demo, 'tt99000003')}")
    assert "The Garden of November" in text
    assert 'lang="fr"' in text
    assert "https://www.imdb.com/title/tt99000003/" in text


async def test_a_show_has_its_episodes(demo: str, demo_client: httpx.AsyncClient):
    """Seasons by number, episodes with ratings."""
    text = await page(demo_client, f"/shows/{await id_of(demo, 'tt99100001')}")
    assert re.findall(r'id="season-(\d+)"', text) == ["1", "2", "3", "4", "5"]
    assert text.count('<li id="episode-') == 58


async def test_a_page_describes_itself(demo: str, demo_client: httpx.AsyncClient):
    """The canonical address has no `source`; previews and search engines get the facts."""
    path = f"/shows/{await id_of(demo, 'tt99100001')}"
    text = await page(demo_client, f"{path}?source=somewhere")
    assert f'<link rel="canonical" href="http://mediacanon.test{path}">' in text
    assert '<meta property="og:type" content="video.tv_show">' in text
    assert re.search(
        r'name="description" content="Two families, one harbour and a piano: [^"]+\. Harbour Lights \(2008–2012\) is a show with 58 episodes: Crime, Drama, Thriller\. '
        r'IMDb rating 9\.4 from [\d,]+ votes\."',
        text,
    )
    facts = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text)[1])
    assert (facts["@type"], facts["name"], facts["numberOfEpisodes"]) == ("TVSeries", "Harbour Lights", 58)
    assert facts["aggregateRating"]["ratingValue"] == 9.4


@pytest.mark.parametrize(
    "path", ["/movies/99999999", "/shows/0", "/movies/abc", "/movies/99999999999999999999", "/nothing"]
)
async def test_an_unknown_address_is_404(demo_client: httpx.AsyncClient, path: str):
    """The error page leads home."""
    assert 'href="/"' in await page(demo_client, path, status=404)


async def test_a_page_is_read_only(demo_client: httpx.AsyncClient):
    """A POST is 405 with the allowed methods, and the page says why."""
    response = await demo_client.post("/titles")
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert "This page is read-only." in response.text


async def test_names_are_escaped(demo_database: str):
    """A title's name is text, never markup."""
    connection = await asyncpg.connect(demo_database)
    await connection.execute(
        "UPDATE titles SET display_name = '<script>alert(1)</script> & \"x\"', num_votes = 9999999"
    )
    await connection.close()
    async with client_of(app_of(demo_database)) as client:
        for path in ("/", "/titles", "/movies/1", "/titles?q=%3Cscript%3E"):
            assert "<script>alert" not in await page(client, path)


async def test_discover_alternates_shows_and_movies(collected_client: httpx.AsyncClient):
    """Each card names its collection as the source of the view."""
    text = await page(collected_client, "/discover")
    slugs = re.findall(r'id="c-([a-z-]+)"', text)
    assert len(slugs) == 16
    assert [slug.rpartition("-")[2] for slug in slugs[:4]] == ["shows", "movies", "shows", "movies"]
    assert f"?source=collection-{slugs[0]}" in cards(text)[0]
    others = re.findall(r'id="c-([a-z-]+)"', await page(collected_client, "/discover?page=2"))
    assert others
    assert not set(slugs) & set(others)


async def test_discover_is_small(collected_client: httpx.AsyncClient):
    """Compressed it stays below 120 KB, posters apart."""
    response = await collected_client.get("/discover", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(response.content)) < LARGEST_DISCOVER


async def test_filters_narrow_and_combine(collected_client: httpx.AsyncClient):
    """Each filter leaves fewer titles: a title has all of the genres, and one of the countries."""
    counts = []
    for query in (
        "genre=Drama",
        "genre=Drama,Crime",
        "genre=Drama,Crime&type=show",
        "genre=Drama,Crime&type=show&country=GB",
    ):
        text = await page(collected_client, f"/discover?{query}")
        counts.append(int(re.search(r"<strong>([\d,]+)</strong> title", text)[1].replace(",", "")))
    assert counts == sorted(counts, reverse=True)
    assert 0 < counts[-1] < counts[0]


async def test_pages_of_the_grid_follow_each_other(collected_client: httpx.AsyncClient):
    """Sixty titles on a page, each on one page."""
    first, second = [cards(await page(collected_client, f"/discover?sort=a-z&page={number}")) for number in (1, 2)]
    assert len(first) == 60
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    "query", ["sort=nothing", "genre=Nothing", "country=ZZ", "type=film", "sort=a-z&genre=,", "lang=xx"]
)
async def test_an_unknown_filter_is_no_error(collected_client: httpx.AsyncClient, query: str):
    """It is ignored, or matches nothing."""
    assert (await collected_client.get(f"/discover?{query}")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/discover", "/titles", "/movies/1", "/shows/1", "/api", "/nothing"])
async def test_a_page_prints_nothing_that_its_cache_key_leaves_out(collected: str, path: str):
    """A request with `source` gets the page of the plain address, whichever of the two is first."""
    async with client_of(app_of(collected)) as client:
        assert "EVIL" not in (await client.get(f"{path}?source=EVIL")).text
    async with client_of(app_of(collected)) as client:
        plain = await client.get(path)
        marked = await client.get(f"{path}?source=EVIL")
    if plain.status_code == 200:
        assert marked.text == plain.text


@pytest.mark.parametrize("query", ["?source=EVIL&page=2", "?page=2&source=EVIL", "?sort=a-z&source=EVIL"])
async def test_a_source_among_parameters_is_in_no_link(collected_client: httpx.AsyncClient, query: str):
    """The other parameters stay."""
    text = await page(collected_client, f"/discover{query}")
    assert "EVIL" not in text


async def test_a_cached_page_depends_on_every_title_it_shows(demo_database: str):
    """A similar title that is renamed or deleted is so on the page at once."""
    async with client_of(app_of(demo_database)) as client:
        path = "/movies/3"
        first, second = SIMILAR_CARD.findall(await page(client, path))[:2]
        for _ in range(3):
            await page(client, path)
        title_id = (await client.get(f"/api{first}")).json()["title_id"]
        await ask(client, RENAME, id=title_id)
        assert "Renamed Just Now" in await page(client, path)
        await client.delete(f"/api{second}")
        assert second not in SIMILAR_CARD.findall(await page(client, path))


@pytest.mark.parametrize("page_number", ["0", "-1", "abc", "\u0661", "99999999999999"])
async def test_an_impossible_page_is_the_first(demo_client: httpx.AsyncClient, page_number: str):
    """A list has no error page for a number."""
    text = await page(demo_client, f"/titles?page={page_number}")
    assert cards(text) == cards(await page(demo_client, "/titles"))


@pytest.mark.parametrize("name", ["wall-e", "zzzz"])
async def test_a_search_past_its_end_leads_back(demo_client: httpx.AsyncClient, name: str):
    """It does not say that no title matches."""
    text = await page(demo_client, f"/titles?q={name}&page=7")
    assert "This list ends at page 1." in text
    assert "No title matches" not in text


@pytest.mark.parametrize("kind", ["movies", "shows"])
@pytest.mark.parametrize("text", ["1_0", "%D9%A1", "+1", "01", "1%20", "-1", "1.0", "1" * 4400])
async def test_one_address_for_one_title(demo_client: httpx.AsyncClient, kind: str, text: str):
    """Any other spelling of a number is 404: each would be a page with a canonical address of its own."""
    assert (await demo_client.get(f"/{kind}/{text}")).status_code == 404
    assert (await demo_client.post(f"/{kind}/{text}/refresh")).status_code == 404


TYPED = ("Poke\u0301mon", "  Pok\u00e9mon  ", "Pok\u00ad\u00e9mon\u200b", "\ufeffPok\u00e9mon", "\tPok\u00e9mon\t")


@pytest.mark.parametrize("typed", TYPED)
async def test_typed_text_is_normalised_before_a_search(demo_database: str, typed: str):
    """Decomposed accents, blanks, tabs and invisible characters find the same titles."""
    connection = await asyncpg.connect(demo_database)
    await connection.execute("UPDATE titles SET display_name = $1 WHERE id = 3", "Pok\u00e9mon")
    await connection.close()
    async with client_of(app_of(demo_database)) as client:
        text = (await client.get("/titles", params={"q": typed})).text
        assert ">Pok\u00e9mon</bdi>" in text
        assert 'value="Pok\u00e9mon"' in text
        assert "720 titles" in (await client.get("/titles", params={"q": "\u200b \t"})).text


async def test_a_name_turns_no_text_after_it(demo_database: str):
    """Names are isolated in lists and headings, also in the title of a page."""
    name = "\u202eTurned"
    connection = await asyncpg.connect(demo_database)
    await connection.execute("UPDATE titles SET display_name = $1, num_votes = 9999999 WHERE id = 3", name)
    await connection.close()
    async with client_of(app_of(demo_database)) as client:
        kind, id_ = (await client.get("/api/titles/3")).json()["type"], 3
        path = f"/{kind}s/{id_}"
        detail = await page(client, path)
        assert f"<h1><bdi>{name}</bdi>" in detail
        assert f"<title>\u2068{name}\u2069" in detail
        assert f'<bdi class="name">{name}</bdi>' in await page(client, "/titles")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("lighthous+kepers", "The Lighthouse Keepers"),
        ("lighthouse-keepers", "The Lighthouse Keepers"),
        ("the+gardn+of+november&type=movie", "The Garden of November"),
    ],
)
async def test_the_search_of_the_page_is_the_ranked_search(demo_client: httpx.AsyncClient, query: str, name: str):
    """Typos and punctuation find titles without JavaScript, too; type and language narrow the hits."""
    text = await page(demo_client, f"/titles?q={query}")
    assert f">{name}</bdi>" in text
    assert "No title matches" not in text
    assert len(cards(text)) == len(set(cards(text)))
    other = "show" if "type=movie" in query else "movie"
    narrowed = await page(demo_client, f"/titles?q={query.partition('&')[0]}&type={other}&lang=xx")
    assert f">{name}</bdi>" not in narrowed


async def test_the_ranked_hits_stand_first(demo_client: httpx.AsyncClient):
    """In the order of the root field `search`, once each, before the other titles of that name."""
    text = await page(demo_client, "/titles?q=the")
    answer = await ask(demo_client, '{ search(query: "the", limit: 50) { title { movieId showId } } }')
    titles = [hit["title"] for hit in answer["data"]["search"]]
    expected = [f"/movies/{each['movieId']}" if each["movieId"] else f"/shows/{each['showId']}" for each in titles]
    shown = cards(text)
    assert shown[: len(expected)] == expected
    assert len(shown) == len(set(shown)) > len(expected)


async def test_an_unknown_collection_is_404(collected_client: httpx.AsyncClient):
    """The error page names it."""
    assert "There is no collection nothing-like-it" in await page(
        collected_client, "/discover?collection=nothing-like-it", status=404
    )


async def test_a_catalogue_without_collections_says_so(demo_client: httpx.AsyncClient):
    """The page leads on to all titles."""
    assert "No collections yet" in await page(demo_client, "/discover")


async def test_views_and_clicks_are_counted(collected: str):
    """A view for each page of a title, a click for a collection and for a title found in it; HEAD counts nothing."""
    connection = await asyncpg.connect(collected)
    await connection.execute("TRUNCATE title_views, collection_clicks")
    async with client_of(app_of(collected)) as client:
        text = await page(client, "/discover?collection=top-drama-shows")
        await page(client, cards(text)[0])
        await page(client, cards(text)[1].partition("?")[0])
        await client.head(cards(text)[2])
    # The end of the server writes the buffered views and clicks.
    views = await connection.fetch("SELECT source FROM title_views ORDER BY source NULLS LAST")
    clicks = await connection.fetch(
        "SELECT c.slug FROM collection_clicks k JOIN collections c ON c.id = k.collection_id, generate_series(1, k.clicks)"
    )
    await connection.close()
    assert [view["source"] for view in views] == ["collection-top-drama-shows", None]
    assert [click["slug"] for click in clicks] == ["top-drama-shows"] * 2


async def test_search_redirects_to_the_titles(demo_client: httpx.AsyncClient):
    """The query string is kept."""
    response = await demo_client.get("/search?q=a+b&type=show")
    assert (response.status_code, response.headers["location"]) == (308, "/titles?q=a+b&type=show")


async def test_a_server_error_names_its_request(database: str):
    """500 shows the request id that the log has, and no details."""
    async with client_of(app_of(database)) as client:
        connection = await asyncpg.connect(database)
        await connection.execute("ALTER TABLE titles RENAME TO misplaced")
        await connection.close()
        response = await client.get("/titles")
        assert response.status_code == 500
        number = re.search(r"<code>([0-9a-f]{16})</code>", response.text)
        assert number
        assert response.headers.get_list("x-request-id") == [number[1]]
        assert 'href="/discover"' in response.text
        assert "relation" not in response.text
