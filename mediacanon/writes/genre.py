"""Custom genres: their creation, and the reviews that assign them to titles."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from mediacanon.curation.genre_review import NONE, Mistake, Review
from mediacanon.database.changes import Connection, notify_everything, notify_titles
from mediacanon.errors import BadArgument, Conflict
from mediacanon.writes.facts import Fact, short_line
from mediacanon.writes.transaction import change

NAME = Fact("name", short_line(50), is_required=True)
# A comma separates genres in a review, a bar separates its columns.
SEPARATORS = frozenset(",|")

GENRES = "SELECT id, name, is_custom FROM genres ORDER BY id"
INSERT_CUSTOM_GENRE = "INSERT INTO genres (name, is_custom) VALUES ($1::text, true)"
# Concurrent creations must not add two names that differ only in case: reviews ignore case.
LOCK_GENRES = "LOCK TABLE genres IN SHARE ROW EXCLUSIVE MODE"
# The lock prevents the deletion of a title before its review is stored.
REVIEWED_TITLES = "SELECT id FROM titles WHERE id = ANY ($1::bigint[]) ORDER BY id FOR KEY SHARE"

# Deletes every custom genre of the titles $1 that is not among the pairs ($2, $3) of title and genre.
DELETE_OTHER_GENRES = """
DELETE FROM title_genres tg
 USING genres g
 WHERE tg.title_id = ANY ($1::bigint[])
   AND g.id = tg.genre_id
   AND g.is_custom
   AND NOT EXISTS (SELECT FROM unnest($2::bigint[], $3::integer[]) AS decided (title_id, genre_id)
                    WHERE (decided.title_id, decided.genre_id) = (tg.title_id, tg.genre_id))
RETURNING tg.title_id
"""
INSERT_GENRES = """
INSERT INTO title_genres (title_id, genre_id)
SELECT * FROM unnest($1::bigint[], $2::integer[])
    ON CONFLICT DO NOTHING
RETURNING title_id
"""
INSERT_REVIEWS = """
INSERT INTO custom_genre_reviews (title_id)
SELECT * FROM unnest($1::bigint[])
    ON CONFLICT (title_id) DO UPDATE SET reviewed_at = now()
"""
TOUCH_TITLES = "UPDATE titles SET updated_at = now() WHERE id = ANY ($1::bigint[])"


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """The outcome of storing reviews: numbers of titles reviewed and changed, of genres given and taken."""

    reviewed: int
    changed: int
    given: int
    taken: int


async def create_custom_genre(pool: asyncpg.Pool, name: str) -> str:
    """Create a custom genre; return its name as stored, with single spaces.

    Raises BadArgument for a name that a review cannot express, Conflict for the name of a genre in any case.
    """
    name = " ".join(name.split())
    NAME.check(name)
    if name.lower() == NONE or SEPARATORS & set(name) or name.startswith(("#", "[")):
        raise BadArgument(f"{name!r} cannot be a genre's name: no comma, no bar, no # or [ in front, and not 'none'")
    async with change(pool) as connection:
        await connection.execute(LOCK_GENRES)
        for _, taken, is_custom in await connection.fetch(GENRES):
            if taken.lower() == name.lower():
                raise Conflict(f"{taken} is there already" + ("" if is_custom else ", it is IMDb's"))
        await connection.execute(INSERT_CUSTOM_GENRE, name)
        await notify_everything(connection)
    return name


async def find_mistakes(pool: asyncpg.Pool, reviews: Sequence[Review]) -> list[Mistake]:
    """Return the unknown titles and genres of these reviews, by line."""
    async with change(pool) as connection:
        mistakes, _ = await _resolve(connection, reviews)
    return mistakes


async def store_reviews(pool: asyncpg.Pool, reviews: Sequence[Review], *, is_rehearsal: bool = False) -> ReviewCounts:
    """Give the reviewed titles exactly their reviewed custom genres and mark them as reviewed; return the counts.

    A rehearsal does the same and rolls it back. Raises BadArgument, and stores nothing, if find_mistakes finds any.
    """
    async with change(pool) as connection:
        attempt = connection.transaction()
        await attempt.start()
        counts = await _store(connection, reviews)
        await (attempt.rollback() if is_rehearsal else attempt.commit())
    return counts


async def _store(connection: Connection, reviews: Sequence[Review]) -> ReviewCounts:
    mistakes, pairs = await _resolve(connection, reviews)
    if mistakes:
        raise BadArgument(f"Line {mistakes[0].line}: {mistakes[0].message}")
    title_ids = [review.title_id for review in reviews]
    title_of_pair = [title_id for title_id, _ in pairs]
    genre_of_pair = [genre_id for _, genre_id in pairs]
    taken = await connection.fetch(DELETE_OTHER_GENRES, title_ids, title_of_pair, genre_of_pair)
    given = await connection.fetch(INSERT_GENRES, title_of_pair, genre_of_pair)
    await connection.execute(INSERT_REVIEWS, title_ids)
    changed = sorted({record["title_id"] for record in (*taken, *given)})
    await connection.execute(TOUCH_TITLES, changed)
    await notify_titles(connection, changed)
    return ReviewCounts(reviewed=len(title_ids), changed=len(changed), given=len(given), taken=len(taken))


async def _resolve(connection: Connection, reviews: Sequence[Review]) -> tuple[list[Mistake], list[tuple[int, int]]]:
    """Return the mistakes about unknown titles and genres, and the pairs of title and genre."""
    genres = {record["name"].lower(): record for record in await connection.fetch(GENRES)}
    known = {record["id"] for record in await connection.fetch(REVIEWED_TITLES, [one.title_id for one in reviews])}
    mistakes: list[Mistake] = []
    pairs: set[tuple[int, int]] = set()
    for review in reviews:
        if review.title_id not in known:
            mistakes.append(Mistake(review.line, f"there is no title {review.title_id}"))
        for name in review.genres:
            genre = genres.get(name.lower())
            if genre and genre["is_custom"]:
                pairs.add((review.title_id, genre["id"]))
            else:
                mistakes.append(Mistake(review.genres_line, _refusal(name, genres)))
    return sorted(mistakes), sorted(pairs)


def _refusal(name: str, genres: Mapping[str, asyncpg.Record]) -> str:
    """Return the reason to refuse a genre, with a suggestion if there is a similar name."""
    if genre := genres.get(name.lower()):
        return f"{genre['name']} is IMDb's genre, which imports give and take; only custom genres can be given"
    custom = [key for key, genre in genres.items() if genre["is_custom"]]
    close = difflib.get_close_matches(name.lower(), custom, n=1)
    meant = f"; did you mean {genres[close[0]]['name']}?" if close else ""
    return f"there is no custom genre {name!r}{meant}"
