"""Casts, crews and names on the pages of titles, and the pages of people."""

import re

import asyncpg
import httpx

from mediacanon.pages.people import Cast, filmography, name_list


async def test_a_title_s_page_shows_its_people_and_names(demo_client: httpx.AsyncClient, demo_pool: asyncpg.Pool):
    """The cast with its roles and links, the crew by kind of work, the names of other countries."""
    page = (await demo_client.get("/movies/1")).text
    for heading in ("Cast", "Crew", "Also known as"):
        assert f">{heading}</h2>" in page
    cast = re.search(r'<ul class="cast">(.*?)</ul>', page, re.DOTALL)[1]
    names = await demo_pool.fetch(
        "SELECT p.id, p.name FROM credits c JOIN people p ON p.id = c.person_id"
        " WHERE c.title_id = (SELECT title_id FROM movies WHERE id = 1) AND c.category < 6 ORDER BY c.ordinal"
    )
    linked = [
        (int(id_), name.replace("&#39;", "'")) for id_, name in re.findall(r'/people/(\d+)"><bdi>(.*?)</bdi>', cast)
    ]
    assert linked == list(dict.fromkeys(map(tuple, names)))
    assert "Directed by</dt>" in page
    assert '<bdi>灯台守</bdi> <span class="quiet">Japan</span>' in page
    assert '<bdi>Blue Lamp</bdi> <span class="quiet">United States, working title</span>' in page
    assert ">Cast</h2>" in (await demo_client.get("/shows/1")).text


async def test_a_person_s_page_has_the_work_by_year(demo_client: httpx.AsyncClient, demo_pool: asyncpg.Pool):
    """The busiest of all has pages of credits and known titles, somebody with few has neither."""
    page = (await demo_client.get("/people/99000001")).text
    assert "<h1><bdi>Ada Marlowe</bdi></h1>" in page
    assert ">Known for</h2>" in page
    assert 'href="/people/99000001?page=2"' in page
    years = [int(year) for year in re.findall(r"<h3>(\d{4})</h3>", page)]
    assert years == sorted(set(years), reverse=True)
    last = (await demo_client.get("/people/99000001?page=2")).text
    assert ">Known for</h2>" not in last
    assert "This list ends at page" in (await demo_client.get("/people/99000001?page=99")).text
    few = await demo_pool.fetchval(
        "SELECT person_id FROM credits JOIN people p ON p.id = person_id GROUP BY 1 HAVING count(*) = 3 LIMIT 1"
    )
    page = (await demo_client.get(f"/people/{few}")).text
    assert page.count("<li><a href=") == len(set(re.findall(r'<li><a href="(.*?)"', page)))
    assert ">Known for</h2>" not in page
    assert (await demo_client.get("/people/1")).status_code == 404


def test_hostile_names_are_escaped_and_works_of_one_title_are_one_entry():
    """Every text is; a title without a year stands under words, a show with its run."""
    title = {
        "titleId": 1, "displayName": "<b>A & B</b>", "type": "show", "startYear": None, "endYear": None,
        "averageRating": 7.5, "movieId": None, "showId": 4,
    }  # fmt: skip
    credit = {"title": title, "category": "production_designer", "job": None, "characters": []}
    told = {**credit, "category": "actor", "characters": ["<i>One</i>", "Two"]}
    html = str(filmography({"base": "/media"}, [told, {**credit, "job": '"x"'}]))
    assert html.count("<li>") == 1
    assert '<a href="/media/shows/4"><bdi>&lt;b&gt;A &amp; B&lt;/b&gt;</bdi></a>' in html
    assert "<h3>Year unknown</h3>" in html
    assert "&lt;i&gt;One&lt;/i&gt; / Two" in html
    assert "Production designer" in html
    several = {**told, "episodeCount": 1200}
    assert "Actor <span" in (html := str(filmography({"base": ""}, [several])))
    assert '</span> <span class="quiet">1,200 episodes</span>' in html
    name = {"name": "<x>", "region": "SUHH", "kind": "working", "attributes": ["a <b>"]}
    assert (
        name_list([name])
        == '<li><bdi>&lt;x&gt;</bdi> <span class="quiet">Soviet Union, working title, a &lt;b&gt;</span></li>'
    )


def test_a_cast_tells_the_episodes_and_their_years():
    """One year is told once; a cast without episodes has neither."""
    cast = Cast(lambda url, *_: url)
    person = {"personId": 7, "name": "A", "picture": None}
    credit = {"person": person, "characters": [], "episodeCount": 12, "firstYear": 2001, "lastYear": 2004}
    told = [
        str(cast.items({"base": ""}, [{**credit, **changed}]))
        for changed in (
            {},
            {"lastYear": 2001},
            {"episodeCount": 1, "firstYear": None, "lastYear": None},
            {"episodeCount": None},
        )
    ]
    runs = [text.partition("</a>")[2].removesuffix("</span></li>").strip() for text in told]
    assert runs == [
        '<span class="quiet">12 episodes, 2001–2004</span>',
        '<span class="quiet">12 episodes, 2001</span>',
        '<span class="quiet">1 episode</span>',
        "",
    ]
