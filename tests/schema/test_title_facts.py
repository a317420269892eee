"""Further facts in GraphQL: they equal the reply that TMDB gave, and texts come in the best language there is."""

import asyncio

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.errors import BadArgument
from mediacanon.execution.executor import Execution
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema
from mediacanon.tmdb.backfill import backfill
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.enrich import Enrichment
from mediacanon.writes import Writes
from tests.fakes.tmdb import KEY, FakeTmdb
from tests.fakes.tmdb_catalogue import episode, film, show
from tests.tmdb.conftest import IMAGES
from tests.tmdb.rows import add_episodes, add_title
from tests.tmdb.test_facts import RICH_FILM

FACTS = """
    nativeTitle status homepage backdrop(size: W300) countries spokenLanguages certification(country: "DE")
    certifications { country rating } videos { site key kind language isOfficial name url }
    keywords { tmdbId name } companies { tmdbId name country logo(size: W92) } networks { name }
    ids { imdb tmdb tvdb wikidata facebook instagram twitter }
    franchise { tmdbId name overview poster backdrop titles { displayName } missing { tmdbId name releaseDate } }"""
PARTS = ("external_ids", "keywords", "release_dates", "videos")
GERMAN = {"iso_639_1": "de", "iso_3166_1": "DE", "data": {"overview": "Auf Deutsch.", "tagline": ""}}
DANISH = {"iso_639_1": "da", "iso_3166_1": "DK", "data": {"overview": "På dansk.", "tagline": "Vent."}}
CANADIAN = {"iso_639_1": "fr", "iso_3166_1": "CA", "data": {"overview": "En français.", "tagline": None}}


@pytest.fixture(scope="module")
def execution() -> Execution:
    """Give the execution of our schema."""
    return Execution(build_schema(), costs=COSTS)


@pytest.fixture
def tmdb():
    """Give a stand-in for TMDB with a rich film and its franchise."""
    with FakeTmdb() as fake:
        reply = {key: value for key, value in RICH_FILM.items() if key not in PARTS}
        fake.catalogue.add_film(reply)
        fake.catalogue.append("/3/movie/7", **{part: RICH_FILM[part] for part in PARTS})
        fake.catalogue.append("/3/movie/7", translations={"translations": [GERMAN, DANISH, CANADIAN]})
        films = [reply, film(70, "tt9000070", title="The Second", release_date="2015-01-01")]
        fake.catalogue.add_franchise(9, [*reversed(films), film(71, "tt9000071", title="The Third", release_date="")])
        yield fake


@pytest.fixture
async def enrichment(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb):
    """Give the enrichment of a database with two films of the franchise, one of them not enriched, after a backfill."""
    await add_title(pool, "tt9000007", display_name="The First")
    async with (
        TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=60, languages=("de", "fr-CA")) as client,
        await open_pool(database, size=2) as locks,
    ):
        await backfill(pool, client, image_base_url=IMAGES)
        opened = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30)
        yield opened
        await opened.close()


@pytest.fixture
def ask(execution: Execution, pool: asyncpg.Pool, enrichment: Enrichment):
    """Give a function that runs a selection on the title of the rich film."""

    async def run(selection: str, imdb_id: str = "tt9000007") -> dict:
        prepared = execution.prepare_trusted(f'{{ title(by: {{imdbId: "{imdb_id}"}}) {{ {selection} }} }}', name="test")
        context = Context(Loaders(pool), Writes(pool), enrichment=enrichment)
        return (await execution.run(prepared, {}, context))["title"]

    return run


async def test_every_fact_equals_its_source(ask):
    """Each field has the value of TMDB's reply."""
    facts = await ask(FACTS)
    franchise = facts.pop("franchise")
    assert facts == {
        "nativeTitle": "A Film",
        "status": "Released",
        "homepage": "https://film.example/",
        "backdrop": f"{IMAGES}/w300/b.jpg",
        "countries": ["SE"],
        "spokenLanguages": ["da"],
        "certification": "12",
        "certifications": [{"country": "DE", "rating": "12"}, {"country": "US", "rating": "PG"}],
        "videos": [
            {
                "site": "YouTube",
                "key": "abc_-1",
                "kind": "TRAILER",
                "language": "en",
                "isOfficial": True,
                "name": "One",
                "url": "https://www.youtube.com/watch?v=abc_-1",
            }
        ],
        "keywords": [{"tmdbId": 1, "name": "harbour"}, {"tmdbId": 2, "name": "storm"}],
        "companies": [{"tmdbId": 3, "name": "Makers", "country": "DK", "logo": f"{IMAGES}/w92/l.png"}],
        "networks": [],
        "ids": {
            "imdb": "tt9000007",
            "tmdb": 7,
            "tvdb": 5,
            "wikidata": "Q42",
            "facebook": "film",
            "instagram": None,
            "twitter": None,
        },
    }
    assert franchise["name"] == "The Films"
    assert franchise["titles"] == [{"displayName": "The First"}]


async def test_the_films_of_a_franchise_come_in_the_background(ask, pool, tmdb):
    """The first view starts one request, later views none; titles not enriched belong to it, the others are missing."""
    tmdb.behave()
    assert (await ask("franchise { missing { name } }"))["franchise"]["missing"] == []
    async with asyncio.timeout(60):
        # A view that reads the row just before it is stored may ask TMDB again: none does so meanwhile.
        while await pool.fetchval("SELECT films FROM franchises WHERE id = 9") is None:
            await asyncio.sleep(0.02)
    # The fields of one request are read one after the other, so some may be older than others.
    franchise = (await ask(FACTS))["franchise"]
    assert franchise["overview"] == "Films that belong together."
    assert franchise["missing"] == [
        {"tmdbId": 70, "name": "The Second", "releaseDate": "2015-01-01"},
        {"tmdbId": 71, "name": "The Third", "releaseDate": None},
    ]
    await add_title(pool, None, display_name="Second", tmdb_id=70, release_date=None, start_year=2015)
    franchise = (await ask(FACTS))["franchise"]
    assert franchise["titles"] == [{"displayName": "The First"}, {"displayName": "Second"}]
    assert [film["tmdbId"] for film in franchise["missing"]] == [71]
    assert [path for path in tmdb.requests if "/collection/" in path] == ["/3/collection/9"]


@pytest.mark.parametrize(
    ("languages", "language", "text"),
    [
        (["de"], "de", "Auf Deutsch."),
        (["de-AT", "en"], "de", "Auf Deutsch."),
        (["de_de"], "de", "Auf Deutsch."),
        (["fr", "en"], "en", "A Film: a wish that is hard to fulfil."),
        (["fr-CA"], "fr-CA", "En français."),
        (["it"], "da", "På dansk."),
        ([], "da", "På dansk."),
        (None, "en", "A Film: a wish that is hard to fulfil."),
    ],
)
async def test_a_text_comes_in_the_first_language_that_has_one(ask, languages, language, text):
    """The languages asked for in turn, then the original language; the reply tells which one it is."""
    argument = "" if languages is None else "(languages: [{}])".format(", ".join(f'"{each}"' for each in languages))
    assert (await ask(f"overview{argument} {{ text language }}"))["overview"] == {"text": text, "language": language}


async def test_an_empty_text_in_a_language_is_passed_over(ask):
    """The German tagline is empty, so the Danish one is next: it is the original language."""
    assert await ask('tagline(languages: ["de"]) { text language }') == {"tagline": {"text": "Vent.", "language": "da"}}


async def test_what_is_no_language_is_refused(execution, pool):
    """An error names the text."""
    await add_title(pool, "tt9000009")
    document = '{ title(by: {imdbId: "tt9000009"}) { overview(languages: ["deutsch"]) { text } } }'
    with pytest.raises(BadArgument, match="deutsch"):
        await execution.run(execution.prepare_trusted(document, name="test"), {}, Context(Loaders(pool), Writes(pool)))


async def test_a_title_without_facts_has_none(execution, pool):
    """Nulls and empty lists, and no error."""
    await add_title(pool, "tt9000010")
    prepared = execution.prepare_trusted(
        f'{{ title(by: {{imdbId: "tt9000010"}}) {{ {FACTS} overview {{ text }} }} }}', name="test"
    )
    facts = (await execution.run(prepared, {}, Context(Loaders(pool), Writes(pool))))["title"]
    assert facts.pop("ids")["imdb"] == "tt9000010"
    assert not any(facts.values())


async def test_seasons_and_episodes_have_tmdb_s_facts(ask, pool, tmdb):
    """Name, poster and ids of a season; the kind of an episode."""
    tmdb.catalogue.add_show(show(8), "tt9000008", episodes=0)
    kinds = ["standard", "mid_season", "finale"]
    episodes = [episode(8, 1, number, episode_type=kind) for number, kind in enumerate(kinds, 1)]
    tmdb.catalogue.add_season(8, 1, episodes)
    tmdb.catalogue.replies["/3/tv/8/season/1"] |= {
        "name": "The Storm",
        "overview": "It rises.",
        "poster_path": "/s.jpg",
    }
    title_id = await add_title(pool, "tt9000008", type="show")
    await add_episodes(pool, title_id, seasons=1, episodes=3)
    data = await ask(
        "show { seasons { name overview airDate poster(size: W185) ids { tmdb tvdb } episodes { ids { tmdb } kind } } }",
        "tt9000008",
    )
    [season] = data["show"]["seasons"]
    assert season.pop("episodes") == [
        {"ids": {"tmdb": 801001}, "kind": None},
        {"ids": {"tmdb": 801002}, "kind": "MID_SEASON"},
        {"ids": {"tmdb": 801003}, "kind": "FINALE"},
    ]
    assert season == {
        "name": "The Storm",
        "overview": "It rises.",
        "airDate": "2015-09-01",
        "poster": f"{IMAGES}/w185/s.jpg",
        "ids": {"tmdb": 801, "tvdb": None},
    }
