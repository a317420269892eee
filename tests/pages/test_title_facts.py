"""Pages with TMDB's further facts, and without: plot, backdrop, certification, trailer, franchise, names of seasons."""

import html
import re

import asyncpg
import httpx
import orjson
import pytest

from tests.serving import NO_FURTHER_FACTS

HOSTILE = '<script>alert("&\'")</script>'
ESCAPED = "&lt;script&gt;alert(&#34;&amp;&#39;&#34;)&lt;/script&gt;"
VIDEOS = [
    {"site": "YouTube", "key": "teaser", "kind": "teaser", "language": "en", "is_official": True, "name": "A"},
    {"site": "YouTube", "key": "fans", "kind": "trailer", "language": "en", "is_official": False, "name": "B"},
    {"site": "YouTube", "key": "official", "kind": "trailer", "language": "en", "is_official": True, "name": "C"},
]
FACTS = """
INSERT INTO title_facts (title_id, source, fetched_at, tmdb_type, tmdb_id, version, native_title, status, homepage,
                         backdrop_url, franchise_id, company_ids, certifications, videos)
VALUES ($1, 'tmdb', now(), 'movie', $1, 1, 'Маяк', 'Rumored', 'https://example.org/film',
        'https://image.tmdb.org/t/p/original/back.jpg', 7, '{5}', '{"US": "PG-13", "DE": "12"}', $2::text::jsonb)
"""
OTHERS = """
INSERT INTO title_texts (title_id, language, source, overview, tagline) VALUES ($1, 'en', 'tmdb', $2, 'Bring a lamp.');
INSERT INTO tmdb_names (kind, id, name) VALUES ('company', 5, 'Lamp & Sons');
INSERT INTO franchises (id, name) VALUES (7, 'The Lamps');
"""


@pytest.fixture
async def told(connection: asyncpg.Connection) -> int:
    """Store facts of TMDB about movie 1, whose franchise has another film; give our id of its title."""
    await connection.execute(NO_FURTHER_FACTS)
    title_id: int = await connection.fetchval("SELECT title_id FROM movies WHERE id = 1")
    other = await connection.fetchval("SELECT title_id FROM movies WHERE id = 2")
    for each in (title_id, other):
        await connection.execute(FACTS, each, orjson.dumps(VIDEOS).decode())
    for statement in OTHERS.strip().split(";\n"):
        await connection.execute(statement.rstrip(";"), *((title_id, HOSTILE) if "$1" in statement else ()))
    return title_id


async def test_a_page_tells_what_tmdb_knows(told: int, client: httpx.AsyncClient):
    """Each fact once, every text escaped; the trailer is a link to its site, the makers' own before others."""
    page = (await client.get("/movies/1")).text
    assert "<script>alert" not in page
    assert f'<p class="story" lang="en"><bdi>{ESCAPED}</bdi></p>' in page
    assert "Bring a lamp." in page
    assert 'src="https://image.tmdb.org/t/p/w1280/back.jpg"' in page
    assert 'href="https://www.youtube.com/watch?v=official"' in page
    assert "Watch the trailer at YouTube" in page
    for fact in ("Маяк", "Rumored", "Lamp &amp; Sons", 'href="https://example.org/film"', "The Lamps"):
        assert fact in page, fact
    assert 'href="/movies/2?source=franchise"' in page
    assert "<iframe" not in page


@pytest.mark.parametrize(
    ("name", "query", "chip"),
    [
        ("Lamp & Sons", "company=Lamp%20%26%20Sons", "Lamp &amp; Sons"),
        ("Lamp, Inc.", "company=5", "Company 5"),
        (HOSTILE, None, ESCAPED),
    ],
)
async def test_a_company_leads_to_its_titles(
    told: int,
    client: httpx.AsyncClient,
    connection: asyncpg.Connection,
    name: str,
    query: str | None,
    chip: str,
):
    """The link of a title's page leads to all of its titles, where a chip removes it again."""
    await connection.execute("UPDATE tmdb_names SET name = $1 WHERE id = 5", name)
    page = (await client.get("/movies/1")).text
    [(address, shown)] = re.findall(r'<a href="(/discover\?company=[^"]*)"><bdi>(.*?)</bdi></a>', page)
    assert query is None or address == f"/discover?{query}"
    assert html.unescape(shown) == name
    found = (await client.get(html.unescape(address))).text
    assert "<strong>2</strong> titles" in found
    assert {"/movies/1", "/movies/2"} == set(re.findall(r'"(/movies/[0-9]+)"', found))
    assert f'<a class="chip" href="/discover" aria-current="true">{chip}</a>' in found


@pytest.mark.parametrize(
    ("query", "shown"), [("", "PG-13"), ("?country=DE", "12"), ("?country=germany", "12"), ("?country=FR", None)]
)
async def test_the_certification_is_that_of_the_visitors_country(
    told: int, client: httpx.AsyncClient, query: str, shown: str | None
):
    """The setting's country, unless the address names another."""
    page = (await client.get(f"/movies/1{query}")).text
    assert [each for each in ("PG-13", "12") if f">{each}</abbr>" in page] == ([shown] if shown else [])


async def test_a_page_without_these_facts_has_no_empty_places(told: int, client: httpx.AsyncClient):
    """No backdrop, no plot, no trailer, no franchise."""
    page = (await client.get("/movies/3")).text
    for part in ('class="backdrop"', 'class="story"', 'class="tagline"', 'class="trailer"', "<abbr", 'id="franchise"'):
        assert part not in page, part


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("Season 1", "Season 1"),
        ("season  1", "Season 1"),
        ("1", "Season 1"),
        (None, "Season 1"),
        ("The Storm", "Season 1: The Storm"),
    ],
)
async def test_a_season_has_its_own_name_behind_its_number(
    client: httpx.AsyncClient, connection: asyncpg.Connection, name: str | None, heading: str
):
    """TMDB's default name adds nothing; the plot and the poster stand above the episodes."""
    season_id = await connection.fetchval("SELECT id FROM show_seasons WHERE show_id = 1 AND season = 1")
    await connection.execute(
        "INSERT INTO season_facts (season_id, source, fetched_at, name, overview, poster_url)"
        " VALUES ($1, 'tmdb', now(), $2, 'It blows.', 'https://image.tmdb.org/t/p/w500/season.jpg')",
        season_id,
        name,
    )
    page = (await client.get("/shows/1")).text
    assert f"<h3><bdi>{heading}</bdi></h3>" in page
    assert "It blows." in page
    assert (
        page.count('src="https://image.tmdb.org/t/p/w185/season.jpg" alt="" width="92" height="138" loading="lazy"')
        == 1
    )
    assert page.count('class="season-about"') == 1
