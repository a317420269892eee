"""Titles: created, changed and locked, deleted with everything below them."""

import asyncio
import datetime as dt

import pytest

from mediacanon.errors import BadArgument, Conflict, NotFound
from mediacanon.vocabulary import NO_IMAGE
from mediacanon.writes.title import TITLE_FACTS

ALL_FACTS = {
    "display_name": "Amélie 🎬",
    "original_title": "Le Fabuleux Destin d'Amélie Poulain",
    "start_year": 2001,
    "end_year": 2002,
    "imdb_id": "tt9000001",
    "tmdb_id": 194,
    "image_url": "https://image.example/p.jpg",
    "original_language": "fr",
    "origin_country": "FR",
    "release_date": dt.date(2001, 4, 25),
    "runtime_minutes": 122,
    "is_adult": True,
}
NAMES = [fact.name for fact in TITLE_FACTS]


async def stored(pool, title_id):
    return dict(await pool.fetchrow("SELECT * FROM titles WHERE id = $1", title_id))


async def test_a_title_is_created_alone_with_every_fact(pool, writes, published, counts):
    """Each fact is stored in its column, no movie is created, nothing is locked, and workers are notified."""
    title_id = await writes.create_title("movie", ALL_FACTS)
    row = await stored(pool, title_id)
    assert {name: row[name] for name in NAMES} == ALL_FACTS
    assert row["type"] == "movie"
    assert row["locked_fields"] == []
    assert row["created_at"] == row["updated_at"]
    assert await counts() == {"titles": 1}
    assert await published() == [{"tags": ["lists", f"title:{title_id}"]}]


async def test_facts_left_out_are_null(pool, writes):
    """A title needs only a name."""
    row = await stored(pool, await writes.create_title("show", {"display_name": "x"}))
    assert {name: row[name] for name in NAMES} == dict.fromkeys(NAMES) | {"display_name": "x", "is_adult": False}


@pytest.mark.parametrize("facts", [{}, {"display_name": None}])
async def test_a_name_is_required(writes, counts, facts):
    """A title without a name is refused."""
    with pytest.raises(BadArgument, match="displayName is required"):
        await writes.create_title("movie", facts)
    assert await counts() == {}


async def test_other_types_are_refused(writes):
    """A title is a movie or a show."""
    with pytest.raises(BadArgument, match="type must be movie or show"):
        await writes.create_title("game", {"display_name": "x"})


async def test_of_two_created_at_once_with_one_imdb_id_one_conflicts(pool, writes, published):
    """The conflicting creation changes nothing and publishes nothing."""
    facts = {"display_name": "Twice", "imdb_id": "tt9000001"}
    first, second = sorted(
        await asyncio.gather(*(writes.create_movie(facts) for _ in range(2)), return_exceptions=True),
        key=lambda outcome: isinstance(outcome, Exception),
    )
    assert isinstance(first, int)
    assert isinstance(second, Conflict)
    assert second.message == "A title with this imdbId is already there"
    assert await pool.fetchval("SELECT count(*) FROM titles") == 1
    assert len(await published()) == 1


async def test_an_update_leaves_clears_and_sets(pool, writes, published):
    """An absent fact stays, None clears, a value is stored; changed facts are locked, and updated_at moves."""
    title_id = await writes.create_title("movie", ALL_FACTS)
    before = await stored(pool, title_id)
    await published()
    await writes.update_title(title_id, {"display_name": "Other", "end_year": None, "start_year": 2001})
    row = await stored(pool, title_id)
    assert {name: row[name] for name in NAMES} == ALL_FACTS | {"display_name": "Other", "end_year": None}
    assert row["locked_fields"] == ["display_name", "end_year"]
    assert row["updated_at"] > before["updated_at"]
    assert await published() == [{"tags": ["lists", f"title:{title_id}"]}]


async def test_locks_accumulate_until_unlocked(pool, writes):
    """A second edit keeps the first lock; `unlock` removes a lock unless the same update changes the fact."""
    title_id = await writes.create_title("movie", ALL_FACTS)
    await writes.update_title(title_id, {"display_name": "Other"})
    await writes.update_title(title_id, {"runtime_minutes": 120})
    assert (await stored(pool, title_id))["locked_fields"] == ["display_name", "runtime_minutes"]
    await writes.update_title(title_id, {"runtime_minutes": 121}, unlock=["display_name", "runtime_minutes"])
    assert (await stored(pool, title_id))["locked_fields"] == ["runtime_minutes"]


async def test_only_facts_can_be_unlocked(writes):
    """The message names the unknown fact."""
    title_id = await writes.create_title("movie", {"display_name": "x"})
    with pytest.raises(BadArgument, match=r"unlock must name .*; 'rating' is none"):
        await writes.update_title(title_id, {}, unlock=["rating"])


@pytest.mark.parametrize("sentinel", sorted(NO_IMAGE))
async def test_clearing_an_image_that_was_never_found_locks_nothing(pool, writes, sentinel):
    """A client that replaces all facts does not stop TMDB from finding a poster later."""
    title_id = await writes.create_title("movie", {"display_name": "x"})
    await pool.execute("UPDATE titles SET image_url = $2 WHERE id = $1", title_id, sentinel)
    await writes.update_title(title_id, {"display_name": "y", "image_url": None})
    row = await stored(pool, title_id)
    assert row["image_url"] == sentinel
    assert row["locked_fields"] == ["display_name"]


async def test_another_imdb_id_ends_the_withdrawal(pool, writes):
    """A title with a new IMDb id is listed again and marked for a new look-up at TMDB."""
    title_id = await writes.create_title("movie", ALL_FACTS)
    await pool.execute("UPDATE titles SET withdrawn_at = now(), needs_backfill_tmdb = false")
    await writes.update_title(title_id, {"display_name": "Other"})
    row = await stored(pool, title_id)
    assert (row["withdrawn_at"] is None, row["needs_backfill_tmdb"]) == (False, False)
    await writes.update_title(title_id, {"imdb_id": "tt9000002"})
    row = await stored(pool, title_id)
    assert (row["withdrawn_at"], row["needs_backfill_tmdb"]) == (None, True)


async def test_another_tmdb_id_requests_a_new_look_up(pool, writes):
    """A changed or cleared TMDB id marks the title; the same id does not, and a withdrawal stays."""
    title_id = await writes.create_title("movie", {"display_name": "x", "tmdb_id": 1})
    await pool.execute("UPDATE titles SET withdrawn_at = now()")
    for tmdb_id, is_flagged in ((1, False), (2, True), (None, True)):
        await pool.execute("UPDATE titles SET needs_backfill_tmdb = false")
        await writes.update_title(title_id, {"tmdb_id": tmdb_id})
        row = await stored(pool, title_id)
        assert (row["withdrawn_at"] is None, row["needs_backfill_tmdb"]) == (False, is_flagged)


async def test_a_taken_imdb_id_changes_nothing(pool, writes, published):
    """An update that conflicts leaves every fact unchanged."""
    await writes.create_title("movie", {"display_name": "First", "imdb_id": "tt9000001"})
    title_id = await writes.create_title("movie", {"display_name": "Second"})
    before = await stored(pool, title_id)
    await published()
    with pytest.raises(Conflict, match="imdbId"):
        await writes.update_title(title_id, {"display_name": "Other", "imdb_id": "tt9000001"})
    assert await stored(pool, title_id) == before
    assert await published() == []


async def test_updates_at_once_lose_no_change(pool, writes):
    """Concurrent updates of different facts are all stored, with their locks."""
    title_id = await writes.create_title("movie", ALL_FACTS)
    edits = [{"display_name": "Other"}, {"original_title": "Another"}, {"runtime_minutes": 1}, {"start_year": 1999}]
    await asyncio.gather(*(writes.update_title(title_id, edit) for edit in edits))
    row = await stored(pool, title_id)
    expected = {name: value for edit in edits for name, value in edit.items()}
    assert {name: row[name] for name in expected} == expected
    assert row["locked_fields"] == sorted(expected)


async def test_years_must_be_in_order_with_the_stored_ones(pool, writes):
    """An end before the start is refused, whichever year changes; other edits accept an old row's disorder."""
    with pytest.raises(BadArgument, match="endYear must be startYear"):
        await writes.create_title("show", {"display_name": "x", "start_year": 2001, "end_year": 2000})
    title_id = await writes.create_title("show", {"display_name": "x", "start_year": 2001, "end_year": 2002})
    with pytest.raises(BadArgument, match=r"endYear must be startYear \(2003\) or later"):
        await writes.update_title(title_id, {"start_year": 2003})
    await pool.execute("UPDATE titles SET end_year = 1990")
    await writes.update_title(title_id, {"display_name": "y"})


async def test_a_name_cannot_be_cleared(writes):
    """A name is required, so it cannot be cleared."""
    title_id = await writes.create_title("movie", {"display_name": "x"})
    with pytest.raises(BadArgument, match="displayName is required"):
        await writes.update_title(title_id, {"display_name": None})


@pytest.mark.parametrize("title_id", [404, 0, -1, 2**31, 2**63 - 1, -(2**63)])
async def test_an_unknown_title_is_not_found(writes, title_id):
    """Any 64-bit id is accepted and not found."""
    with pytest.raises(NotFound, match=f"There is no title {title_id}"):
        await writes.update_title(title_id, {"display_name": "x"})
    assert await writes.delete_title(title_id) is False


async def test_deleting_a_title_deletes_all_below_it(pool, writes, published, counts):
    """Show, seasons, episodes and views are deleted with it; a second deletion returns False."""
    await writes.create_movie({"display_name": "stays"})
    show_id = await writes.create_show({"display_name": "goes"})
    await writes.create_episode(await writes.create_season(show_id, 1), {"episode_number": 1})
    title_id = await pool.fetchval("SELECT title_id FROM shows")
    await writes.record_view(title_id)
    await pool.execute("INSERT INTO title_genres SELECT $1, id FROM genres", title_id)
    await published()
    assert await writes.delete_title(title_id) is True
    assert await counts() == {"titles": 1, "movies": 1}
    assert await pool.fetchval("SELECT count(*) FROM title_genres") == 0
    assert await published() == [{"tags": ["lists", f"title:{title_id}"]}]
    assert await writes.delete_title(title_id) is False
    assert await published() == []
