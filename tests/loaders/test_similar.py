"""Similar titles: those that a comparison of all known titles finds, whatever has changed since they were kept."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import httpx
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import similar
from mediacanon.loaders.similar import Known, KnownKey, correct_known_titles, load_known_titles
from mediacanon.loaders.title import TitleRow, load_titles_by_id

SHOWS = KnownKey("show", hides_adult=False, has_poster=None)
TITLE = "WHERE id = (SELECT id FROM titles WHERE type = 'show' ORDER BY num_votes DESC NULLS LAST, id {} LIMIT 1)"
# What concerns the five best known shows.
CONCERNING = {
    "a rating": f"UPDATE titles SET average_rating = 1.1 {TITLE.format('')}",
    "a title that got many votes": f"UPDATE titles SET num_votes = 9000000 {TITLE.format('OFFSET 20')}",
    "a title that lost its votes": f"UPDATE titles SET num_votes = NULL {TITLE.format('')}",
    "a title that IMDb withdraws": f"UPDATE titles SET withdrawn_at = now() {TITLE.format('')}",
    "a poster": f"UPDATE titles SET image_url = 'none' {TITLE.format('')}",
    "a title that is an adult one": f"UPDATE titles SET is_adult = true {TITLE.format('')}",
    "a genre": f"DELETE FROM title_genres tg USING titles t {TITLE.format('').replace('id =', 't.id =')} AND tg.title_id = t.id",
    "a title that goes": f"DELETE FROM titles {TITLE.format('')}",
    "a title that comes": "INSERT INTO titles (type, display_name, num_votes) VALUES ('show', 'New', 9000000)",
}
# What does not: other titles, and facts that the choice does not read.
OTHERS = {
    "the popularity": f"UPDATE titles SET tmdb_popularity = 12.5 {TITLE.format('')}",
    "a name": f"UPDATE titles SET display_name = 'Other' {TITLE.format('')}",
    "a movie": "UPDATE titles SET num_votes = 9000000 WHERE id = (SELECT min(id) FROM titles WHERE type = 'movie')",
    "a title with few votes": f"UPDATE titles SET num_votes = 1 {TITLE.format('OFFSET 20')}",
}


@pytest.fixture
async def catalogue(demo_database: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool on a demo catalogue of its own."""
    async with await open_pool(demo_database, size=2) as pool:
        yield pool


@pytest.fixture
def five_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare only the five best known titles of a type."""
    monkeypatch.setattr(similar, "MOST_KNOWN", 5)


async def known_titles(pool: asyncpg.Pool, key: KnownKey = SHOWS) -> Known:
    """Return the known titles as of now."""
    [known] = await load_known_titles(pool, [key])
    return known


def compared(given: TitleRow, others: list[TitleRow]) -> list[int]:
    """Return the ids of the titles like another one by the rule in words, each compared by itself."""

    def rank(one: TitleRow) -> tuple[int, int, int, int]:
        ratings = one.average_rating, given.average_rating
        is_close = 2 if None in ratings else int(abs(round(10 * ratings[0]) - round(10 * ratings[1])) > 10)
        return -len(set(one.genres) & set(given.genres)), is_close, -(one.num_votes or -1), one.title_id

    fitting = [one for one in others if one.title_id != given.title_id and set(one.genres) & set(given.genres)]
    return [one.title_id for one in sorted(fitting, key=rank)][:12]


@pytest.mark.parametrize("has_poster", [None, True])
async def test_they_are_those_that_a_comparison_of_all_finds(catalogue: asyncpg.Pool, *, has_poster: bool | None):
    """For every show of the catalogue, one without a rating and one without a poster among them."""
    await catalogue.execute(f"UPDATE titles SET average_rating = NULL {TITLE.format('')}")
    await catalogue.execute(f"UPDATE titles SET image_url = NULL {TITLE.format('OFFSET 3')}")
    ids = [row[0] for row in await catalogue.fetch("SELECT id FROM titles WHERE type = 'show' ORDER BY id")]
    shows = [row for row in await load_titles_by_id(catalogue, ids) if row]
    shown = [row for row in shows if row.image_url or not has_poster]
    known = await known_titles(catalogue, SHOWS._replace(has_poster=has_poster))
    assert len(shown) < len(shows) or not has_poster
    for show in shows:
        assert list(known.similar(show)) == compared(show, shown), show.display_name


@pytest.mark.parametrize("change", CONCERNING)
@pytest.mark.usefixtures("five_known")
async def test_what_concerns_them_is_seen(catalogue: asyncpg.Pool, change: str):
    """Kept titles are corrected to those of now."""
    known = await known_titles(catalogue)
    await catalogue.execute(CONCERNING[change])
    corrected, now = await correct_known_titles(catalogue, SHOWS, known), await known_titles(catalogue)
    assert corrected.by_genres == now.by_genres
    assert corrected.by_genres is not known.by_genres


@pytest.mark.parametrize("change", OTHERS)
@pytest.mark.usefixtures("five_known")
async def test_what_does_not_concern_them_costs_no_reading(catalogue: asyncpg.Pool, change: str):
    """The same titles are kept, as of a later snapshot, which a later change is compared with."""
    known = await known_titles(catalogue)
    await catalogue.execute(OTHERS[change])
    corrected = await correct_known_titles(catalogue, SHOWS, known)
    assert corrected.by_genres is known.by_genres
    assert corrected.by_genres == (await known_titles(catalogue)).by_genres
    assert corrected.snapshot != known.snapshot


async def test_a_size_does_not_count_each_title(catalogue: asyncpg.Pool):
    """The result cache asks for the `repr` of a result after each change."""
    known = await known_titles(catalogue)
    assert len(repr(known)) < 200 < len(str(known.by_genres))
    assert repr(replace(known, by_genres={})) == repr(known)


async def test_an_edit_is_seen_by_the_next_reader(client: httpx.AsyncClient):
    """Through a server, which keeps the titles."""
    question = {"query": '{ title(by: {imdbId: "tt99100001"}) { similar { titleId showId type genres } } }'}

    async def ask() -> list[dict[str, object]]:
        found: list[dict[str, object]] = (await client.post("/graphql", json=question)).json()["data"]["title"][
            "similar"
        ]
        return found

    before = await ask()
    assert 0 < len(before) <= 12
    assert {each["type"] for each in before} == {"show"}
    assert await ask() == before
    assert (await client.delete(f"/api/shows/{before[0]['showId']}")).status_code == 204
    after = await ask()
    assert before[0] not in after
    assert after[: len(before) - 1] == before[1:]
