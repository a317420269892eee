"""Titles with their genres and the id of their movie or show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

from mediacanon.loaders.batch import one_per_key
from mediacanon.vocabulary import NO_IMAGE


def real_image(column: str) -> str:
    """Return SQL for the address of an image, null for a sentinel."""
    return f"CASE WHEN {column} NOT IN ({', '.join(map(repr, sorted(NO_IMAGE)))}) THEN {column} END AS image_url"


def as_written(column: str) -> str:
    """Return SQL for a `real` as its shortest decimal: 8.7, not 8.699999809265137."""
    return f"{column}::text::double precision AS {column.rpartition('.')[2]}"


def as_day(column: str) -> str:
    """Return SQL for a `date` as text, YYYY-MM-DD: a date object would be created only to be formatted again."""
    return f"{column}::text AS {column.rpartition('.')[2]}"


def as_moment(column: str) -> str:
    """Return SQL for a `timestamp` as text, `2026-03-01 12:30:00.537`; it is formatted where it is asked for."""
    return as_day(column)


# The condition of a list that hides adult titles. The indexes of discover include the column.
NOT_ADULT = "NOT t.is_adult"


def and_not_adult(*, hides_adult: bool) -> str:
    """Return NOT_ADULT as a further condition on a title `t` where adult titles are hidden, else no condition."""
    return f"AND {NOT_ADULT}" if hides_adult else ""


# The condition of the partial indexes in schema.sql, word for word: PostgreSQL uses them for no other. It also knows
# the share of titles that pass this one test; of a test for each sentinel it would guess a fifth.
HAS_POSTER = "t.image_url LIKE 'http%'"


def and_has_poster(*, has_poster: bool | None) -> str:
    """Return HAS_POSTER as a further condition on a title `t` where only titles with a poster are wanted."""
    return f"AND {HAS_POSTER}" if has_poster else ""


@dataclass(frozen=True, slots=True)
class IdsRow:
    """An entity's ids in other catalogues; ids that TMDB knows of a title are those of `title_id`."""

    imdb: str | None
    tmdb: int | None
    title_id: int | None = None


class TitleRow(NamedTuple):
    """A title; `genres` are sorted by name, and its type decides whether it has a `movie_id` or a `show_id`."""

    title_id: int
    type: str
    display_name: str
    start_year: int | None
    end_year: int | None
    imdb_id: str | None
    image_url: str | None
    tmdb_id: int | None
    num_votes: int | None
    average_rating: float | None
    original_title: str | None
    original_language: str | None
    release_date: str | None
    tmdb_popularity: float | None
    runtime_minutes: int | None
    origin_country: str | None
    is_adult: bool
    genres: list[str]
    created_at: str
    updated_at: str
    enriched_at: str | None
    is_withdrawn: bool
    locked_fields: list[str]
    movie_id: int | None
    show_id: int | None

    @property
    def ids(self) -> IdsRow:
        """The title's ids in other catalogues."""
        return IdsRow(self.imdb_id, self.tmdb_id, self.title_id)


TITLE_COLUMNS = f"""
       t.id, t.type, t.display_name, t.start_year, t.end_year, t.imdb_id, {real_image("t.image_url")}, t.tmdb_id,
       t.num_votes, {as_written("t.average_rating")}, t.original_title, t.original_language,
       {as_day("t.release_date")}, {as_written("t.tmdb_popularity")}, t.runtime_minutes, t.origin_country, t.is_adult,
       ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
              WHERE tg.title_id = t.id ORDER BY g.name) AS genres,
       {as_moment("t.created_at")}, {as_moment("t.updated_at")}, {as_moment("t.enriched_at")},
       t.withdrawn_at IS NOT NULL AS is_withdrawn, t.locked_fields,
       (SELECT m.id FROM movies m WHERE m.title_id = t.id) AS movie_id,
       (SELECT s.id FROM shows s WHERE s.title_id = t.id) AS show_id"""

TITLES_BY_ID = f"""
SELECT {TITLE_COLUMNS}
  FROM titles t
 WHERE t.id = ANY($1::integer[])
"""

TITLES_BY_IMDB_ID = f"""
SELECT {TITLE_COLUMNS}
  FROM titles t
 WHERE t.imdb_id = ANY($1::text[])
"""

TITLES_BY_TMDB_ID = f"""
SELECT {TITLE_COLUMNS}
  FROM titles t
 WHERE (t.type, t.tmdb_id) IN (SELECT * FROM unnest($1::text[], $2::integer[]))
 ORDER BY t.id
"""

# TMDB has the id, and may have it at two shows: the better known one comes last.
SHOWS_BY_TVDB_ID = f"""
SELECT f.tvdb_id, {TITLE_COLUMNS}
  FROM title_facts f
  JOIN titles t ON t.id = f.title_id AND t.type = 'show'
 WHERE f.tvdb_id = ANY($1::integer[])
 ORDER BY t.withdrawn_at NULLS LAST, t.num_votes NULLS FIRST, t.id DESC
"""


def title_row(record: asyncpg.Record, first: int = 0) -> TitleRow:
    """Return the title whose columns (TITLE_COLUMNS) begin at `first` of a record."""
    return TitleRow._make(record[first : first + 25])


async def load_titles_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[TitleRow | None]:
    """Return each id's title, withdrawn ones as well; None for an unknown id."""
    rows = [title_row(record) for record in await pool.fetch(TITLES_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.title_id)


async def load_titles_by_imdb_id(pool: asyncpg.Pool, ids: Sequence[str]) -> list[TitleRow | None]:
    """Return each IMDb id's title, None for an unknown id."""
    rows = [title_row(record) for record in await pool.fetch(TITLES_BY_IMDB_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.imdb_id)


async def load_titles_by_tmdb_id(pool: asyncpg.Pool, keys: Sequence[tuple[str, int]]) -> list[TitleRow | None]:
    """Return the title of each (type, TMDB id), the newest of several; None for an unknown key."""
    types, ids = [key[0] for key in keys], [key[1] for key in keys]
    rows = [title_row(record) for record in await pool.fetch(TITLES_BY_TMDB_ID, types, ids)]
    return one_per_key(keys, rows, lambda row: (row.type, row.tmdb_id))


async def load_shows_by_tvdb_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[TitleRow | None]:
    """Return the title of each show's TVDB id, None for an unknown id."""
    found = {record[0]: title_row(record, 1) for record in await pool.fetch(SHOWS_BY_TVDB_ID, ids)}
    return [found.get(each) for each in ids]
