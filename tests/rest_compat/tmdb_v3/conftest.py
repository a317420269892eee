"""A demo catalogue with every fact that TMDB can have of a title, of its people, seasons and collection."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from tests.conftest import own_database
from tests.serving import app_of, client_of

IMAGE = "https://image.tmdb.org/t/p"
# The movie has the collection 77 with the film 5, which the catalogue lacks; the show is the one with most votes.
FACTS = f"""
INSERT INTO franchises (id, name, overview, poster_url, backdrop_url, films, fetched_at)
VALUES (77, 'The Tinker Collection', 'Owls.', '{IMAGE}/w500/set.jpg', NULL,
        '[{{"tmdb_id": 5, "name": "Another Owl", "release_date": "1950-01-01"}}]', now());
INSERT INTO tmdb_names (kind, id, name, logo_url, country)
VALUES ('keyword', 901, 'owl', NULL, NULL), ('keyword', 902, 'tinker', NULL, NULL),
       ('company', 901, 'Owl Films', '{IMAGE}/w154/owl.png', 'GB');
UPDATE title_facts SET franchise_id = 77, backdrop_url = '{IMAGE}/w1280/back.jpg', homepage = 'https://owl.test/',
       wikidata_id = 'Q1', social_ids = '{{"facebook": "owl", "twitter": "owl_x"}}', keyword_ids = '{{901,902}}',
       company_ids = '{{901}}', certifications = '{{"US": "PG-13", "DE": "12"}}', native_title = 'Die Eule',
       languages = '{{en,de}}', countries = '{{GB,US}}', status = 'Released',
       videos = '[{{"site": "YouTube", "key": "abc", "kind": "trailer", "language": "en", "is_official": true,
                   "name": "Trailer"}}]'
 WHERE title_id = $1;
"""
# Every eighth title is one whose number at TMDB is not known.
MORE = """
UPDATE titles SET tmdb_id = NULL
 WHERE id % 8 = 0 AND id NOT IN (SELECT id FROM movie_asked UNION SELECT id FROM show_asked);
INSERT INTO title_texts (title_id, language, source, overview, tagline)
SELECT id, 'de', 'tmdb', 'Eine Eule.', 'Schuhu!' FROM titles WHERE id = (SELECT id FROM movie_asked)
    ON CONFLICT DO NOTHING;
INSERT INTO title_akas (title_id, region, language, kind, name)
SELECT id, 'DE', NULL, 'display', 'Die Eule des Kesslers' FROM movie_asked;
UPDATE people SET tmdb_id = id - 99000000 + 500, image_url = 'https://image.tmdb.org/t/p/h632/face.jpg' WHERE id IN (
       SELECT person_id FROM credits WHERE title_id IN (SELECT id FROM movie_asked UNION SELECT id FROM show_asked));
INSERT INTO season_facts (season_id, source, fetched_at, tmdb_id, name, overview, poster_url, air_date)
SELECT ss.id, 'tmdb', now(), 4000 + ss.season, NULL, 'How it began.', 'https://image.tmdb.org/t/p/w500/season.jpg', NULL
  FROM show_seasons ss JOIN shows s ON s.id = ss.show_id WHERE s.title_id = (SELECT id FROM show_asked) AND ss.season = 1;
UPDATE show_episodes SET tmdb_id = 9000 + episode WHERE season_id IN (SELECT season_id FROM season_facts);
UPDATE title_facts SET tvdb_id = 8123 WHERE title_id = (SELECT id FROM show_asked);
"""
MOST_VOTED = """
CREATE TEMP TABLE {type}_asked AS
SELECT id FROM titles WHERE type = '{type}' AND image_url LIKE 'http%' AND tmdb_id IS NOT NULL AND NOT is_adult
 ORDER BY num_votes DESC NULLS LAST LIMIT 1
"""


@pytest.fixture(scope="session")
async def tmdb_database(cluster: str, demo_template: str) -> AsyncIterator[str]:
    """Give the URL of that catalogue."""
    async with own_database(cluster, template=demo_template) as dsn:
        connection = await asyncpg.connect(dsn)
        for type_ in ("movie", "show"):
            await connection.execute(MOST_VOTED.format(type=type_))
        movie = await connection.fetchval("SELECT id FROM movie_asked")
        await connection.execute(FACTS.replace("$1", str(movie)))
        await connection.execute(MORE)
        await connection.close()
        yield dsn


@pytest.fixture(scope="session")
async def tmdb(tmdb_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server with it, at the paths of version 3."""
    async with client_of(app_of(tmdb_database)) as client:
        client.base_url = httpx.URL("http://mediacanon.test/tmdb/3/")
        yield client


@pytest.fixture(scope="session")
async def movie(tmdb: httpx.AsyncClient) -> dict:
    """Give the movie in full."""
    return await _most_voted(tmdb, "movie")


@pytest.fixture(scope="session")
async def show(tmdb: httpx.AsyncClient) -> dict:
    """Give the show in full."""
    return await _most_voted(tmdb, "tv")


async def _most_voted(tmdb: httpx.AsyncClient, kind: str) -> dict:
    found = (await tmdb.get(f"discover/{kind}?sort_by=vote_count.desc")).json()["results"][0]
    whole: dict = (await tmdb.get(f"{kind}/{found['id']}")).json()
    return whole
