"""Shows, each with its title, in one statement; seasons and episodes are questions of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from mediacanon.loaders.batch import one_per_key
from mediacanon.loaders.title import TITLE_COLUMNS, IdsRow, TitleRow, title_row


@dataclass(frozen=True, slots=True)
class ShowRow:
    """A show and its title."""

    show_id: int
    title_id: int
    title: TitleRow

    @property
    def ids(self) -> IdsRow:
        """The show's ids in other catalogues."""
        return self.title.ids

    @property
    def is_series_finished(self) -> bool:
        """True for a series that has ended: its title has an end year."""
        return self.title.end_year is not None


SHOWS_BY_ID = f"""
SELECT sh.id, sh.title_id, {TITLE_COLUMNS}
  FROM shows sh
  JOIN titles t ON t.id = sh.title_id
 WHERE sh.id = ANY($1::integer[])
"""

SHOWS_BY_TITLE_ID = f"""
SELECT sh.id, sh.title_id, {TITLE_COLUMNS}
  FROM shows sh
  JOIN titles t ON t.id = sh.title_id
 WHERE sh.title_id = ANY($1::integer[])
"""

EPISODE_COUNTS_BY_SHOW_ID = """
SELECT ss.show_id, count(*)::integer
  FROM show_seasons ss
  JOIN show_episodes e ON e.season_id = ss.id
 WHERE ss.show_id = ANY($1::integer[])
 GROUP BY ss.show_id
"""


def show_row(record: asyncpg.Record) -> ShowRow:
    """Return the show of a record."""
    return ShowRow(record[0], record[1], title_row(record, 2))


async def load_shows_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[ShowRow | None]:
    """Return each id's show, None for an unknown id."""
    rows = [show_row(record) for record in await pool.fetch(SHOWS_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.show_id)


async def load_shows_by_title_id(pool: asyncpg.Pool, title_ids: Sequence[int]) -> list[ShowRow | None]:
    """Return each title's show, None for a movie."""
    rows = [show_row(record) for record in await pool.fetch(SHOWS_BY_TITLE_ID, title_ids)]
    return one_per_key(title_ids, rows, lambda row: row.title_id)


async def load_episode_counts_by_show_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[int]:
    """Return the number of episodes of each show, 0 for an unknown id."""
    counts: dict[int, int] = dict(await pool.fetch(EPISODE_COUNTS_BY_SHOW_ID, ids))  # type: ignore[arg-type]  # records of two
    return [counts.get(show_id, 0) for show_id in ids]
