"""Similar titles: of the same type, with the same genres and a close rating, most voted first."""

from collections.abc import Sequence

import asyncpg

from mediacanon.database.counts import IS_LISTED
from mediacanon.loaders.batch import many_per_key
from mediacanon.loaders.discover import DISCOVER_TITLES_BY_ID, DiscoverTitleRow
from mediacanon.loaders.title import and_has_poster

MOST_SIMILAR = 12
# Only the most voted titles of a type are compared: people know them, and the cost is bounded.
CANDIDATES = 1500
CLOSE_RATING = 1.0


def similar_titles_by_title_id(*, has_poster: bool | None) -> str:
    """Return the statement for a title's id and a similar title, of those with a poster or of all."""
    # `+ 0` hides the column from its index: one look-up by title then finds all genres, instead of one for each genre.
    return f"""
SELECT given.id AS title_id, found.*
  FROM titles given
 CROSS JOIN LATERAL (
       SELECT known.id, known.num_votes, shared.genres,
              abs(known.average_rating - given.average_rating) <= {CLOSE_RATING} AS is_close
         FROM (SELECT t.id, t.num_votes, t.average_rating
                 FROM titles t
                WHERE t.type = given.type AND {IS_LISTED} AND NOT (t.is_adult AND $2::boolean)
                      {and_has_poster(has_poster=has_poster)}
                ORDER BY t.num_votes DESC NULLS LAST, t.id
                LIMIT {CANDIDATES}) AS known
        CROSS JOIN LATERAL (
              SELECT count(*) AS genres
                FROM title_genres theirs
               WHERE theirs.title_id = known.id
                 AND theirs.genre_id + 0 = ANY(ARRAY(SELECT genre_id FROM title_genres WHERE title_id = given.id))
              ) AS shared
        WHERE known.id <> given.id AND shared.genres > 0
        ORDER BY shared.genres DESC, is_close DESC NULLS LAST, known.num_votes DESC NULLS LAST, known.id
        LIMIT {MOST_SIMILAR}) AS other
 CROSS JOIN LATERAL ({DISCOVER_TITLES_BY_ID.replace("= ANY($1::integer[])", "= other.id")}) AS found
 WHERE given.id = ANY($1::integer[])
 ORDER BY given.id, other.genres DESC, other.is_close DESC NULLS LAST, other.num_votes DESC NULLS LAST, other.id
"""


async def load_similar_titles_by_title_id(
    pool: asyncpg.Pool, keys: Sequence[tuple[int, bool, bool | None]]
) -> list[list[DiscoverTitleRow]]:
    """Return at most twelve titles like each title: most genres in common, then a close rating, then votes.

    A key is a title's id, whether adult titles are hidden and whether only titles with a poster are wanted, which are
    the same in all keys of a request.
    """
    if not keys:
        return []
    ids = [title_id for title_id, _, _ in keys]
    _, hides_adult, has_poster = keys[0]
    records = await pool.fetch(similar_titles_by_title_id(has_poster=has_poster), ids, hides_adult)
    rows = ((record[0], DiscoverTitleRow._make(record[1:])) for record in records)
    return [[row for _, row in group] for group in many_per_key(ids, rows, lambda pair: pair[0])]
