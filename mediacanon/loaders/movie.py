"""Movies, each with its title, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from mediacanon.loaders.batch import one_per_key
from mediacanon.loaders.title import TITLE_COLUMNS, IdsRow, TitleRow, title_row


@dataclass(frozen=True, slots=True)
class MovieRow:
    """A movie and its title."""

    movie_id: int
    title_id: int
    title: TitleRow

    @property
    def ids(self) -> IdsRow:
        """The movie's ids in other catalogues."""
        return self.title.ids


MOVIES_BY_ID = f"""
SELECT mv.id, mv.title_id, {TITLE_COLUMNS}
  FROM movies mv
  JOIN titles t ON t.id = mv.title_id
 WHERE mv.id = ANY($1::integer[])
"""

MOVIES_BY_TITLE_ID = f"""
SELECT mv.id, mv.title_id, {TITLE_COLUMNS}
  FROM movies mv
  JOIN titles t ON t.id = mv.title_id
 WHERE mv.title_id = ANY($1::integer[])
"""


def movie_row(record: asyncpg.Record) -> MovieRow:
    """Return the movie of a record."""
    return MovieRow(record[0], record[1], title_row(record, 2))


async def load_movies_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[MovieRow | None]:
    """Return each id's movie, None for an unknown id."""
    rows = [movie_row(record) for record in await pool.fetch(MOVIES_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.movie_id)


async def load_movies_by_title_id(pool: asyncpg.Pool, title_ids: Sequence[int]) -> list[MovieRow | None]:
    """Return each title's movie, None for a show."""
    rows = [movie_row(record) for record in await pool.fetch(MOVIES_BY_TITLE_ID, title_ids)]
    return one_per_key(title_ids, rows, lambda row: row.title_id)
