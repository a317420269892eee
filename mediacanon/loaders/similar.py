"""Similar titles: of the same type, with the same genres and a close rating, most voted first."""

from collections.abc import Sequence

import asyncpg

from mediacanon.loaders.batch import many_per_key
from mediacanon.loaders.discover import IS_DISCOVERABLE, DiscoverTitleRow, load_discover_titles_by_id

MOST_SIMILAR = 12
# Only the most voted titles of a type are compared: people know them, and the cost is bounded.
CANDIDATES = 1500
CLOSE_RATING = 1.0

# `+ 0` hides the column from its index: one look-up by title then finds all genres, instead of one for each genre.
SIMILAR_IDS_BY_TITLE_ID = f"""
SELECT given.id AS title_id, other.id
  FROM titles given
 CROSS JOIN LATERAL (
       SELECT known.id, known.num_votes, shared.genres,
              abs(known.average_rating - given.average_rating) <= {CLOSE_RATING} AS is_close
         FROM (SELECT t.id, t.num_votes, t.average_rating
                 FROM titles t
                WHERE t.type = given.type AND {IS_DISCOVERABLE} AND NOT (t.is_adult AND $2::boolean)
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
 WHERE given.id = ANY($1::integer[])
 ORDER BY given.id, other.genres DESC, other.is_close DESC NULLS LAST, other.num_votes DESC NULLS LAST, other.id
"""


async def load_similar_titles_by_title_id(
    pool: asyncpg.Pool, keys: Sequence[tuple[int, bool]]
) -> list[list[DiscoverTitleRow]]:
    """Return at most twelve titles like each title: most genres in common, then a close rating, then votes.

    A key is a title's id and whether adult titles are hidden, which is the same in all keys of a request.
    """
    ids = [title_id for title_id, _ in keys]
    pairs = await pool.fetch(SIMILAR_IDS_BY_TITLE_ID, ids, any(hides for _, hides in keys))
    wanted = list({pair["id"] for pair in pairs})
    found = dict(zip(wanted, await load_discover_titles_by_id(pool, wanted), strict=True)) if wanted else {}
    grouped = many_per_key(ids, pairs, lambda pair: pair["title_id"])
    return [[row for pair in group if (row := found[pair["id"]])] for group in grouped]
