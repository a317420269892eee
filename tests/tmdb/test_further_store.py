"""Storing further facts: what a reply leaves out stays, another film's facts go, and a new name reaches its titles."""

import pytest

from mediacanon.tmdb.backfill import backfill
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.facts import FACTS_VERSION, FurtherFacts, Name
from mediacanon.tmdb.lookup import FetchedTitle, TitleFacts
from mediacanon.tmdb.store import store_facts
from mediacanon.writes.title import update_title
from tests.fakes.tmdb import KEY
from tests.fakes.tmdb_catalogue import film
from tests.tmdb.conftest import IMAGES
from tests.tmdb.notifications import heard_from
from tests.tmdb.rows import add_title, title_row
from tests.tmdb.test_store import to_find

HARBOUR, STORM = Name("keyword", 1, "harbour"), Name("keyword", 2, "storm")


@pytest.fixture
def store(pool):
    """Give a function that stores further facts of a title and returns whether they are news."""

    async def run(title_id: int, columns=None, *, tmdb_id=5, texts=None, names=()) -> bool:
        further = FurtherFacts(columns or {}, texts or {}, names)
        facts = TitleFacts(media_type="movie", tmdb_id=tmdb_id, further=further)
        fetched = FetchedTitle(await to_find(pool, title_id), facts)
        async with pool.acquire() as connection:
            return title_id in await store_facts(connection, [fetched], image_base_url=IMAGES)

    return run


async def facts_of(pool, title_id: int) -> dict | None:
    row = await pool.fetchrow("SELECT * FROM title_facts WHERE title_id = $1", title_id)
    return row and dict(row)


async def texts_of(pool, title_id: int) -> dict[str, tuple]:
    rows = await pool.fetch("SELECT language, overview, tagline FROM title_texts WHERE title_id = $1", title_id)
    return {row["language"]: (row["overview"], row["tagline"]) for row in rows}


async def test_absent_facts_stay_and_null_ones_are_cleared(pool, store):
    """The next reply replaces what it has; a reply with the same facts is no news."""
    title_id = await add_title(pool, "tt9000001")
    first = {"status": "Planned", "homepage": "https://a.example/", "videos": [{"key": "k"}], "countries": ["DK"]}
    assert await store(title_id, first, texts={"en": {"overview": "One.", "tagline": "Two."}})
    before = await facts_of(pool, title_id)
    assert not await store(title_id, first, texts={"en": {"overview": "One.", "tagline": "Two."}})
    after = await facts_of(pool, title_id)
    assert after.pop("fetched_at") > before.pop("fetched_at")
    assert (after, after["version"], after["source"]) == (before, FACTS_VERSION, "tmdb")
    updated_at = (await title_row(pool, title_id))["updated_at"]
    assert await store(title_id, {"status": "Released", "videos": None}, texts={"en": {"tagline": None}})
    now = await facts_of(pool, title_id)
    assert (now["status"], now["homepage"], now["videos"], now["countries"]) == (
        "Released",
        "https://a.example/",
        None,
        ["DK"],
    )
    assert await texts_of(pool, title_id) == {"en": ("One.", None)}
    assert (await title_row(pool, title_id))["updated_at"] > updated_at


async def test_facts_of_another_film_do_not_stay(pool, store):
    """A title that TMDB knows under another number now has the facts and texts of that one alone."""
    title_id = await add_title(pool, "tt9000002")
    await store(title_id, {"status": "Planned", "tvdb_id": 3}, texts={"de": {"overview": "Alt."}})
    assert await store(title_id, {"status": "Released"}, tmdb_id=6, texts={"en": {"overview": "New."}})
    facts = await facts_of(pool, title_id)
    assert (facts["tmdb_id"], facts["status"], facts["tvdb_id"]) == (6, "Released", None)
    assert await texts_of(pool, title_id) == {"en": ("New.", None)}


@pytest.mark.parametrize("column", ["overview", "tagline"])
async def test_a_locked_text_stays_in_every_language(pool, store, column):
    """A text edited by hand is not written by TMDB; the other one is."""
    title_id = await add_title(pool, "tt9000003")
    await store(title_id, texts={"en": {"overview": "One.", "tagline": "Two."}})
    await pool.execute("UPDATE titles SET locked_fields = $1 WHERE id = $2", [column], title_id)
    await store(title_id, texts={code: {"overview": "Three.", "tagline": "Four."} for code in ("en", "de")})
    overview, tagline = (await texts_of(pool, title_id))["en"]
    assert (overview, tagline) == (("One.", "Four.") if column == "overview" else ("Three.", "Two."))
    assert (await texts_of(pool, title_id))["de"] == ((None, "Four.") if column == "overview" else ("Three.", None))


async def test_a_text_written_by_hand_stays_with_another_number(pool, store):
    """TMDB writes the text beside it and, when the title is another film there, takes only its own texts away."""
    title_id = await add_title(pool, "tt9000005")
    await store(title_id, texts={"en": {"overview": "One.", "tagline": "Two."}, "de": {"overview": "Eins."}})
    await update_title(pool, title_id, {"overview": "Mine."})
    await store(title_id, texts={"en": {"overview": "Three.", "tagline": "Four."}})
    assert (await texts_of(pool, title_id))["en"] == ("Mine.", "Four.")
    await store(title_id, tmdb_id=6, texts={"en": {"overview": "Other.", "tagline": "Five."}})
    assert await texts_of(pool, title_id) == {"en": ("Mine.", "Five.")}
    await update_title(pool, title_id, {}, unlock=["overview"])
    await store(title_id, tmdb_id=6, texts={"en": {"overview": "Other.", "tagline": "Five."}})
    assert await texts_of(pool, title_id) == {"en": ("Other.", "Five.")}


async def test_another_name_of_a_keyword_is_news_for_each_title_with_it(database, pool, store):
    """Titles that show the keyword change; titles without it do not."""
    first, second, other = [await add_title(pool, f"tt900001{number}") for number in range(3)]
    await store(first, {"keyword_ids": [1]}, names=[HARBOUR])
    await store(other, {"keyword_ids": [2]}, names=[STORM])
    async with heard_from(database) as heard:
        await store(second, {"keyword_ids": [1]}, names=[Name("keyword", 1, "port")])
        everything, change = await heard()
    assert everything["tags"] == ["everything"]  # lists by the keyword's name
    assert await pool.fetchval("SELECT name FROM tmdb_names WHERE kind = 'keyword' AND id = 1") == "port"
    assert {f"title:{first}", f"title:{second}"} == {tag for tag in change["tags"] if tag.startswith("title:")}


async def test_a_title_that_tmdb_does_not_know_has_no_row(pool, client):
    """Half of IMDb's titles are unknown at TMDB: they take no space."""
    title_id = await add_title(pool, "tt9000004")
    assert (await backfill(pool, client, image_base_url=IMAGES)).unknown == 1
    assert await facts_of(pool, title_id) is None


async def test_titles_with_facts_of_an_earlier_extent_are_fetched_again(pool, client, tmdb):
    """After the titles never fetched, most voted first; a second run finds nothing to do, and a limit counts both."""
    for number, votes in ((1, 5), (2, 9), (3, 7)):
        tmdb.catalogue.add_film(film(number, f"tt900000{number}"))
        known = {"tmdb_id": number, "image_url": "kept", "needs_backfill_tmdb": False} if number > 1 else {}
        await add_title(pool, f"tt900000{number}", num_votes=votes, **known)
    assert (await backfill(pool, client, image_base_url=IMAGES, limit=2)).fetched == 2
    movies = [path for path in tmdb.requests if "/movie/" in path]
    assert movies == ["/3/movie/1", "/3/movie/2"]
    assert (await backfill(pool, client, image_base_url=IMAGES)).fetched == 1
    assert (await backfill(pool, client, image_base_url=IMAGES)).fetched == 0
    await pool.execute(
        "UPDATE title_facts SET version = 0 WHERE title_id IN (SELECT id FROM titles WHERE num_votes = 7)"
    )
    tmdb.behave()
    assert (await backfill(pool, client, image_base_url=IMAGES)).fetched == 1
    assert tmdb.requests == ["/3/movie/3"]


async def test_a_number_that_tmdb_does_not_know_any_more_is_not_requested_for_ever(pool, client):
    """The title gets a row without facts."""
    title_id = await add_title(pool, None, tmdb_id=77, needs_backfill_tmdb=False)
    assert (await backfill(pool, client, image_base_url=IMAGES)).fetched == 1
    assert (await facts_of(pool, title_id))["version"] == FACTS_VERSION
    assert (await backfill(pool, client, image_base_url=IMAGES)).fetched == 0


async def test_an_outdated_title_is_fetched_without_a_wait(pool, enrichment, tmdb):
    """A view starts the fetch and returns at once."""
    tmdb.catalogue.add_film(film(8, "tt9000008"))
    known = {"tmdb_id": 8, "image_url": "kept", "needs_backfill_tmdb": False}
    title_id = await add_title(pool, "tt9000008", **known)
    await pool.execute("UPDATE titles SET enriched_at = now() WHERE id = $1", title_id)
    with tmdb.thinking():
        assert await enrichment.title(title_id) is False
        assert enrichment.under_way == 1


@pytest.mark.parametrize("languages", [("en",), ("de", "en")])
async def test_a_title_takes_no_further_request_for_its_facts(pool, tmdb, languages):
    """One request to find it, one for everything else."""
    tmdb.catalogue.add_film(film(9, "tt9000009"))
    await add_title(pool, "tt9000009")
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=60, languages=languages) as client:
        await backfill(pool, client, image_base_url=IMAGES)
    assert tmdb.requests == ["/3/find/tt9000009", "/3/movie/9"]
