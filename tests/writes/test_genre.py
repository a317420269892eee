"""Custom genres: created, assigned and removed by reviews; a file is stored whole or not at all."""

import asyncpg
import pytest

from mediacanon.curation.genre_review import Mistake, Review
from mediacanon.errors import BadArgument, Conflict
from mediacanon.loaders.genre import load_titles_to_review
from mediacanon.writes.genre import ReviewCounts, create_custom_genre, find_mistakes, store_reviews
from tests.tmdb.rows import add_title


@pytest.fixture
async def titles(pool: asyncpg.Pool) -> list[int]:
    """Give the ids of three titles by descending votes; the first two are dramas."""
    ids = [await add_title(pool, f"tt000000{n}", num_votes=100 - n) for n in range(3)]
    await pool.execute("INSERT INTO genres (name) VALUES ('Drama')")
    await pool.execute(
        "INSERT INTO title_genres SELECT t, g.id FROM unnest($1::integer[]) AS t, genres g WHERE g.name = 'Drama'",
        ids[:2],
    )
    return ids


async def genres_of(pool: asyncpg.Pool, title_id: int) -> list[str]:
    """Return the sorted genres of a title."""
    statement = "SELECT g.name FROM title_genres JOIN genres g ON g.id = genre_id WHERE title_id = $1 ORDER BY 1"
    return [record["name"] for record in await pool.fetch(statement, title_id)]


async def to_review(pool: asyncpg.Pool, *genres: str) -> list[int]:
    """Return the titles without a review."""
    return [title.title_id for title in await load_titles_to_review(pool, genres=genres, limit=10)]


async def test_reviewed_titles_have_exactly_their_reviewed_genres(pool, titles, published):
    """Reviews ignore case, leave IMDb's genres, and publish the changed titles."""
    first, second, third = titles
    assert await store_reviews(pool, [Review(first, 1, ("dating", "COOKING"))]) == ReviewCounts(1, 1, 2, 0)
    assert await genres_of(pool, first) == ["Cooking", "Dating", "Drama"]
    await published()
    counts = await store_reviews(
        pool, [Review(first, 1, ("Dating",)), Review(second, 1), Review(third, 1, ("Dating",))]
    )
    assert counts == ReviewCounts(reviewed=3, changed=2, given=1, taken=1)
    assert [await genres_of(pool, one) for one in titles] == [["Dating", "Drama"], ["Drama"], ["Dating"]]
    assert await published() == [{"tags": ["lists", f"title:{first}", f"title:{third}"]}]


async def test_only_unreviewed_titles_are_listed_most_voted_first(pool, titles):
    """Reviewed and withdrawn titles are left out; a filter by genres applies."""
    assert await to_review(pool) == titles
    assert await to_review(pool, "Drama", "Dating") == titles[:2]
    await store_reviews(pool, [Review(titles[0], 1)])
    assert await to_review(pool) == titles[1:]
    await pool.execute("UPDATE titles SET withdrawn_at = now() WHERE id = $1", titles[1])
    assert await to_review(pool) == titles[2:]


async def test_a_rehearsal_counts_and_changes_nothing(pool, titles, published):
    """A rehearsal returns the counts of the real run, stores nothing and publishes nothing."""
    reviews = [Review(titles[0], 1, ("Dating",))]
    rehearsed = await store_reviews(pool, reviews, is_rehearsal=True)
    assert await genres_of(pool, titles[0]) == ["Drama"]
    assert await to_review(pool) == titles
    assert await published() == []
    assert await store_reviews(pool, reviews) == rehearsed


async def test_unknown_titles_and_genres_are_reported_by_line(pool, titles):
    """Unknown titles, unknown genres with a suggestion, and IMDb's genres are mistakes with their line."""
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


async def test_a_new_genre_is_published(pool, titles, published):
    """Every worker drops its lists of genres."""
    await published()
    await create_custom_genre(pool, "Gardening")
    assert await published() == [{"tags": ["everything"]}]


async def test_a_genre_is_created_once_in_any_case(pool, titles):
    """Repeated spaces become one; a name that differs only in case is refused, IMDb's genres included."""
    assert await create_custom_genre(pool, "  Home  Makeover ") == "Home Makeover"
    with pytest.raises(Conflict, match="Home Makeover is there already"):
        await create_custom_genre(pool, "home makeover")
    with pytest.raises(Conflict, match="Drama is there already, it is IMDb's"):
        await create_custom_genre(pool, "DRAMA")
    await store_reviews(pool, [Review(titles[0], 1, ("HOME MAKEOVER",))])
    assert await genres_of(pool, titles[0]) == ["Drama", "Home Makeover"]


@pytest.mark.parametrize("name", ["", "  ", "a,b", "a|b", "None", "#x", "[1]", "x" * 51, "a\0b", "\ud800"])
async def test_names_that_a_review_cannot_express_are_refused(pool, name):
    """Separators, the word none, control characters, empty and overlong names are refused."""
    with pytest.raises(BadArgument):
        await create_custom_genre(pool, name)
