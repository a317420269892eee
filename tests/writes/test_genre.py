"""Custom genres: created, given and taken by reviews, all of a file or nothing."""

import asyncpg
import pytest

from mediacanon.curation.genre_review import Mistake, Review
from mediacanon.errors import BadArgument, Conflict
from mediacanon.loaders.genre import load_titles_to_review
from mediacanon.writes.genre import ReviewCounts, create_custom_genre, find_mistakes, store_reviews
from tests.tmdb.rows import add_title


@pytest.fixture
async def titles(pool: asyncpg.Pool) -> list[int]:
    """Give the ids of three titles, the first the most voted; the first two are dramas."""
    ids = [await add_title(pool, f"tt000000{n}", num_votes=100 - n) for n in range(3)]
    await pool.execute("INSERT INTO genres (name) VALUES ('Drama')")
    await pool.execute(
        "INSERT INTO title_genres SELECT t, g.id FROM unnest($1::integer[]) AS t, genres g WHERE g.name = 'Drama'",
        ids[:2],
    )
    return ids


async def genres_of(pool: asyncpg.Pool, title_id: int) -> list[str]:
    """Return the genres of a title in order."""
    statement = "SELECT g.name FROM title_genres JOIN genres g ON g.id = genre_id WHERE title_id = $1 ORDER BY 1"
    return [record["name"] for record in await pool.fetch(statement, title_id)]


async def to_review(pool: asyncpg.Pool, *genres: str) -> list[int]:
    """Return the titles that nobody has reviewed."""
    return [title.title_id for title in await load_titles_to_review(pool, genres=genres, limit=10)]


async def test_reviewed_titles_have_just_the_genres_decided(pool, titles, announced):
    """Given and taken without regard to capitals; IMDb's genres stay; workers hear of what changed."""
    first, second, third = titles
    assert await store_reviews(pool, [Review(first, 1, ("dating", "COOKING"))]) == ReviewCounts(1, 1, 2, 0)
    assert await genres_of(pool, first) == ["Cooking", "Dating", "Drama"]
    await announced()
    counts = await store_reviews(
        pool, [Review(first, 1, ("Dating",)), Review(second, 1), Review(third, 1, ("Dating",))]
    )
    assert counts == ReviewCounts(reviewed=3, changed=2, given=1, taken=1)
    assert [await genres_of(pool, one) for one in titles] == [["Dating", "Drama"], ["Drama"], ["Dating"]]
    assert await announced() == [{"tags": ["lists", f"title:{first}", f"title:{third}"]}]


async def test_only_unreviewed_titles_are_listed_most_voted_first(pool, titles):
    """Reviewed ones are not, with or without genres; withdrawn ones are not; a filter keeps those with the genre."""
    assert await to_review(pool) == titles
    assert await to_review(pool, "Drama", "Dating") == titles[:2]
    await store_reviews(pool, [Review(titles[0], 1)])
    assert await to_review(pool) == titles[1:]
    await pool.execute("UPDATE titles SET withdrawn_at = now() WHERE id = $1", titles[1])
    assert await to_review(pool) == titles[2:]


async def test_a_rehearsal_counts_and_changes_nothing(pool, titles, announced):
    """The same figures as the real thing, nothing stored, nobody told."""
    reviews = [Review(titles[0], 1, ("Dating",))]
    rehearsed = await store_reviews(pool, reviews, is_rehearsal=True)
    assert await genres_of(pool, titles[0]) == ["Drama"]
    assert await to_review(pool) == titles
    assert await announced() == []
    assert await store_reviews(pool, reviews) == rehearsed


async def test_what_the_catalogue_does_not_know_is_told_by_line(pool, titles):
    """Unknown titles, unknown genres with what was probably meant, and genres that are IMDb's."""
    reviews = [
        Review(999, 1, ("Dating",), 2),
        Review(titles[0], 3, ("Datign", "Zzz"), 4),
        Review(titles[1], 5, ("drama",), 6),
        Review(2**40, 7),
    ]
    assert await find_mistakes(pool, reviews) == [
        Mistake(1, "there is no title 999"),
        Mistake(4, "there is no custom genre 'Datign'; did you mean Dating?"),
        Mistake(4, "there is no custom genre 'Zzz'"),
        Mistake(6, "Drama is IMDb's genre, which imports give and take; only custom genres can be given"),
        Mistake(7, f"there is no title {2**40}"),
    ]
    with pytest.raises(BadArgument, match="Line 1: there is no title 999"):
        await store_reviews(pool, [Review(titles[0], 1, ("Dating",)), *reviews])
    assert await to_review(pool) == titles


async def test_a_new_genre_is_stored_once_in_any_letters(pool, titles):
    """Spaces are made single; the same name in other letters is refused, IMDb's too."""
    assert await create_custom_genre(pool, "  Home  Makeover ") == "Home Makeover"
    with pytest.raises(Conflict, match="Home Makeover is there already"):
        await create_custom_genre(pool, "home makeover")
    with pytest.raises(Conflict, match="Drama is there already, it is IMDb's"):
        await create_custom_genre(pool, "DRAMA")
    await store_reviews(pool, [Review(titles[0], 1, ("HOME MAKEOVER",))])
    assert await genres_of(pool, titles[0]) == ["Drama", "Home Makeover"]


@pytest.mark.parametrize("name", ["", "  ", "a,b", "a|b", "None", "#x", "[1]", "x" * 51, "a\0b", "\ud800"])
async def test_names_that_no_review_could_hold_are_refused(pool, name):
    """Separators, the word none, control characters, nothing at all, too much."""
    with pytest.raises(BadArgument):
        await create_custom_genre(pool, name)
