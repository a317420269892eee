"""The demo in a database: imported like IMDb's dump, with the facts of TMDB and the traces of people."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from mediacanon.errors import Conflict
from mediacanon.imdb.demo import load_demo
from mediacanon.imdb.demo.catalogue import DemoCatalogue
from mediacanon.vocabulary import NO_POSTER, NO_STILL
from tests.imdb.demo.conftest import A_HANDFUL


@pytest.fixture
async def connection(demo: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(demo)
    yield opened
    await opened.close()


async def test_the_import_takes_every_movie_show_and_episode(
    connection: asyncpg.Connection, catalogue: DemoCatalogue
) -> None:
    """Titles of other types stay out."""
    counts = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM movies) AS movies, (SELECT count(*) FROM shows) AS shows,"
        " (SELECT count(*) FROM titles) AS titles, (SELECT count(*) FROM show_episodes) AS episodes"
    )
    assert dict(counts) == {
        "movies": 600,
        "shows": 120,
        "titles": 720,
        "episodes": len(catalogue.episodes),
    }


async def test_a_landmark_arrives_whole(connection: asyncpg.Connection) -> None:
    """IMDb's columns and TMDB's are filled; the original name has its own script."""
    row = await connection.fetchrow("SELECT * FROM titles WHERE imdb_id = 'tt99000004'")
    assert row["display_name"] == "Seven Umbrellas for Seoul"
    assert row["original_title"] == "서울을 위한 일곱 개의 우산"
    assert row["num_votes"] == 688_240
    assert (row["original_language"], row["origin_country"]) == ("ko", "KR")
    assert row["image_url"] == "https://image.tmdb.org/t/p/w500/demo-tt99000004.jpg"
    assert row["tmdb_id"] > 90_000_000
    assert row["needs_backfill_tmdb"] is False


async def test_names_and_people_arrive(connection: asyncpg.Connection) -> None:
    """A landmark has its names, machine-made ones are refused, every person but the unknown one has a name."""
    names = await connection.fetch(
        "SELECT a.name, a.kind FROM title_akas a JOIN titles t ON t.id = a.title_id WHERE t.imdb_id = 'tt99000001'"
    )
    assert {("Die Leuchtturmwärter", "display"), ("灯台守", "display"), ("Blue Lamp", "working")} <= {
        tuple(row) for row in names
    }
    assert await connection.fetchval("SELECT count(*) FROM title_akas WHERE name LIKE 'Folge #%'") == 0
    unknown = (
        "SELECT DISTINCT person_id FROM credits c WHERE NOT EXISTS (SELECT FROM people p WHERE p.id = c.person_id)"
    )
    assert [row[0] for row in await connection.fetch(unknown)] == [99_999_999]
    assert await connection.fetchval("SELECT name FROM people WHERE id = 99000001") == "Ada Marlowe"
    assert await connection.fetchval("SELECT count(*) FROM people") > 1000


async def test_posters_and_stills_are_present_missing_and_unknown(
    connection: asyncpg.Connection,
) -> None:
    """Most titles and episodes have an image; each sentinel and null appear as well."""
    posters = await connection.fetch(
        "SELECT CASE WHEN image_url LIKE 'https://%' THEN 'url' ELSE image_url END AS kind,"
        " count(*) FROM titles GROUP BY 1"
    )
    kinds = {row["kind"]: row["count"] for row in posters}
    assert set(kinds) == {"url", NO_POSTER, None}
    assert 0.8 < kinds["url"] / 720 < 0.95
    stills = await connection.fetch(
        "SELECT DISTINCT CASE WHEN image_url LIKE 'https://%' THEN 'url' ELSE image_url END AS kind FROM show_episodes"
    )
    assert {row["kind"] for row in stills} == {"url", NO_STILL, None}


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("num_votes >= 1000", id="top_rated"),
        pytest.param("tmdb_popularity > 0", id="trending"),
        pytest.param("release_date > '2024-01-01'", id="newest"),
        pytest.param("average_rating >= 7.5 AND num_votes > 100 AND num_votes < 10000", id="hidden_gems"),
        pytest.param("EXISTS (SELECT FROM title_views WHERE title_id = titles.id)", id="popular"),
    ],
)
@pytest.mark.parametrize("kind", ["movie", "show"])
async def test_every_sort_has_something_to_show(connection: asyncpg.Connection, condition: str, kind: str) -> None:
    """Each sort order of discover finds a handful of titles with a poster."""
    found = await connection.fetchval(
        f"SELECT count(*) FROM titles WHERE image_url LIKE 'https://%' AND type = $1::text AND {condition}",
        kind,
    )
    assert found >= A_HANDFUL


async def test_custom_genres_are_assigned_and_reviewed(connection: asyncpg.Connection) -> None:
    """Titles with a custom genre are marked as reviewed, as after a review by a person."""
    rows = await connection.fetch(
        "SELECT genres.name, count(*), count(reviewed.title_id) AS reviewed FROM genres"
        " JOIN title_genres ON title_genres.genre_id = genres.id"
        " LEFT JOIN custom_genre_reviews AS reviewed USING (title_id)"
        " WHERE genres.is_custom GROUP BY genres.name"
    )
    assert {row["name"] for row in rows} == {"Cooking", "Dating"}
    assert all(row["count"] == row["reviewed"] >= 20 for row in rows)


async def test_episodes_have_facts_of_tmdb(connection: asyncpg.Connection) -> None:
    """Every episode has a date and a running time, most have a synopsis."""
    row = await connection.fetchrow(
        "SELECT count(*), count(air_date) AS dated, count(runtime_minutes) AS timed,"
        " count(synopsis) AS told, count(average_rating) AS rated, count(imdb_id) AS known"
        " FROM show_episodes"
    )
    assert row["count"] == row["dated"] == row["timed"] == row["known"]
    assert row["told"] > 0.8 * row["count"]
    assert row["rated"] > 0.95 * row["count"]


async def test_titles_with_a_poster_have_further_facts(connection: asyncpg.Connection) -> None:
    """A plot in whole words, and names that exist; a show has a network, and no two shows of a genre are alike."""
    rows = await connection.fetch(
        "SELECT t.type, t.image_url, x.overview, f.status, f.certifications, f.network_ids, f.keyword_ids, f.company_ids"
        " FROM titles t LEFT JOIN title_facts f ON f.title_id = t.id LEFT JOIN title_texts x ON x.title_id = t.id"
    )
    told = [row for row in rows if row["overview"]]
    assert {row["overview"] is not None for row in rows if (row["image_url"] or "").startswith("http")} == {True}
    assert len({row["overview"] for row in told}) > 0.9 * len(told)
    assert not any(character in row["overview"] for row in told for character in "{};")
    assert all(bool(row["network_ids"]) == (row["type"] == "show") for row in told)
    names = {(row[0], row[1]) for row in await connection.fetch("SELECT kind, id FROM tmdb_names")}
    used = {
        (kind, id_) for row in told for kind in ("keyword", "company", "network") for id_ in row[f"{kind}_ids"] or ()
    }
    assert used == names


async def test_loading_twice_is_refused(demo_database: str) -> None:
    """A database with titles is not changed."""
    connection = await asyncpg.connect(demo_database)
    try:
        before = await connection.fetchval("SELECT max(updated_at) FROM titles")
        with pytest.raises(Conflict, match="titles already"):
            await load_demo(demo_database)
        assert await connection.fetchval("SELECT max(updated_at) FROM titles") == before
    finally:
        await connection.close()


async def test_shared_demo_cannot_be_written_to(connection: asyncpg.Connection) -> None:
    """A test that writes to the shared demo fails instead of disturbing other tests."""
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.execute("DELETE FROM title_views")
