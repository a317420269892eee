"""Pages show what the catalogue holds, to people, in any state of it."""

import re

import asyncpg
import httpx
import pytest
from starlette.datastructures import URL

from mediacanon.pages.environment import build_environment
from mediacanon.pages.filters import changed, country_name, duration, flag, hue, language_name, poster_lines, years
from mediacanon.pages.page import PAGES
from mediacanon.settings import Settings
from tests.serving import app_of, client_of


async def page(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """Return a page's HTML after checking what every page must have."""
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
    found = await connection.fetchval(
        "SELECT coalesce(m.id, s.id) FROM titles t LEFT JOIN movies m ON m.title_id = t.id"
        " LEFT JOIN shows s ON s.title_id = t.id WHERE t.imdb_id = $1",
        imdb_id,
    )
    await connection.close()
    return found


async def test_home_counts_the_catalogue(demo_client: httpx.AsyncClient):
    """The start page has the counts, a search box and the most voted titles."""
    text = await page(demo_client, "/")
    assert "<strong>600</strong> movies" in text
    assert 'name="q"' in text
    assert text.count('class="card"') == 18


async def test_an_empty_catalogue_says_how_to_fill_it(database: str):
    """Before the first import the start page names the commands."""
    async with client_of(app_of(database)) as client:
        text = await page(client, "/")
        assert "mediacanon sync" in text
        assert "Nothing here" in await page(client, "/titles?q=anything")
        assert (await client.get("/readyz")).json()["catalogue"] == "empty"


async def test_titles_are_searched_and_narrowed(demo_client: httpx.AsyncClient):
    """Name, type and language narrow the list; the chips keep what is chosen."""
    everything = await page(demo_client, "/titles")
    assert "720 titles" in everything
    found = await page(demo_client, "/titles?q=lighthouse+keepers")
    assert "The Lighthouse Keepers" in found
    shows = await page(demo_client, "/titles?type=show&lang=en")
    assert "/movies/" not in shows
    assert re.search(r'href="/titles\?lang=en" *>|href="/titles\?lang=en">All', shows)
    assert 'aria-current="true">Shows' in shows


async def test_pages_of_titles_follow_each_other(demo_client: httpx.AsyncClient):
    """Every title stands on exactly one page."""
    seen: list[str] = []
    for number in range(1, 9):
        text = await page(demo_client, f"/titles?page={number}")
        seen += re.findall(r'class="card" href="([^"]+)"', text)
    assert len(seen) == len(set(seen)) == 720
    assert 'rel="next"' not in text
    assert "Nothing here" in await page(demo_client, "/titles?page=9")


@pytest.mark.parametrize("query", ["type=nothing", "page=abc", "page=99999999999999", "lang=", "q=%00", "page=-1"])
async def test_odd_addresses_still_answer(demo_client: httpx.AsyncClient, query: str):
    """A parameter that means nothing is left out, or the page says what is wrong; never a server error."""
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


@pytest.mark.parametrize(
    "path", ["/movies/99999999", "/shows/0", "/movies/abc", "/movies/99999999999999999999", "/nothing"]
)
async def test_what_is_not_there_is_404(demo_client: httpx.AsyncClient, path: str):
    """A page that helps on."""
    assert 'href="/"' in await page(demo_client, path, status=404)


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


async def test_pages_are_conditional(demo_client: httpx.AsyncClient):
    """A browser that has the page is told so."""
    tag = (await demo_client.get("/titles")).headers["etag"]
    assert (await demo_client.get("/titles", headers={"if-none-match": tag})).status_code == 304


async def test_static_files_are_kept_for_ever(demo_client: httpx.AsyncClient):
    """Their address changes with their content."""
    address = re.search(r'href="(/static/style.css\?v=\w+)"', (await demo_client.get("/")).text)[1]
    hashed, plain = await demo_client.get(address), await demo_client.get("/static/style.css")
    assert "immutable" in hashed.headers["cache-control"]
    assert plain.headers["cache-control"] == "no-cache"
    assert (await demo_client.get("/static/../app.py")).status_code == 404


async def test_large_answers_are_compressed(demo_client: httpx.AsyncClient):
    """A list of a hundred titles travels small."""
    response = await demo_client.get("/titles", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"


def test_every_page_has_template_and_document():
    """The table's names are files."""
    environment = build_environment(Settings())
    for each in PAGES:
        assert environment.get_template(f"{each.name}.html")


async def test_posters_of_any_host_may_be_shown(demo_client: httpx.AsyncClient):
    """People give posters by http or https address, and TMDB_IMAGE_BASE_URL may be a mirror; programs come from here."""
    policy = (await demo_client.get("/")).headers["content-security-policy"]
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
    assert rules["img-src"] == ["'self'", "data:", "http:", "https:"]
    assert rules["script-src"] == rules["connect-src"] == ["'self'"]


def test_values_read_well():
    """Numbers and names as people write them."""
    assert (duration(125), duration(120), duration(45), duration(None)) == ("2 h 5 min", "2 h", "45 min", "")
    assert years({"type": "show", "startYear": 2008, "endYear": 2013}) == "2008–2013"
    assert years({"type": "show", "startYear": 2019, "endYear": None}) == "2019–"
    assert years({"type": "movie", "startYear": 1999, "endYear": None}) == "1999"
    assert years({"type": "movie", "startYear": None}) == ""
    assert [language_name(code) for code in ("en", "ko", "cn", "xx", "zz9")] == [
        "English", "Korean", "Cantonese", "xx", "zz9"
    ]  # fmt: skip
    assert (country_name("DE"), country_name("??")) == ("Germany", "??")
    assert (flag("DE"), flag("XKX"), flag("")) == ("🇩🇪", "", "")
    assert hue("a") == hue("a") != hue("b")
    assert poster_lines("The Very Long Name of a Film That Never Ends and Goes On and On")[-1].endswith("…")


@pytest.mark.parametrize("name", [language_name, country_name, flag])
def test_names_nobody_has_are_not_remembered_without_end(name):
    """Strangers may put what they like into ?lang=."""
    for number in range(1500):
        name(f"made up {number}")
    assert name.cache_info().currsize <= 1000


def test_changed_addresses_keep_the_rest():
    """One parameter changes, the page starts anew, empty ones go."""
    url = URL("http://x/titles?q=a+b&type=show&page=3")
    assert changed(url, type="movie") == "/titles?q=a+b&type=movie"
    assert changed(url, type=None) == "/titles?q=a+b"
    assert changed(url, page=4) == "/titles?q=a+b&type=show&page=4"


async def test_our_own_faults_get_a_page_that_helps(database: str):
    """500 tells the number that is in the log, and leads on."""
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
