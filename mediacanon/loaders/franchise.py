"""Franchises: TMDB's collections of films, with the films in the catalogue and the missing ones."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from mediacanon.loaders.batch import one_per_key
from mediacanon.loaders.search_candidates import literal
from mediacanon.loaders.title import TITLE_COLUMNS, TitleRow, title_row


@dataclass(frozen=True, slots=True)
class MissingFilmRow:
    """A film of a franchise that the catalogue lacks."""

    tmdb_id: int
    name: str
    release_date: str | None


@dataclass(frozen=True, slots=True)
class FranchiseRow:
    """A franchise; `films` are the ones in TMDB's reply, none before the first request."""

    tmdb_id: int
    name: str
    overview: str | None
    poster_url: str | None
    backdrop_url: str | None
    fetched_at: dt.datetime | None
    films: list[MissingFilmRow]


FRANCHISES_BY_ID = """
SELECT f.id, f.name, f.overview, f.poster_url, f.backdrop_url, f.fetched_at, f.films
  FROM franchises f
 WHERE f.id = ANY($1::integer[])
"""

# TMDB has some thousand collections.
FRANCHISES_BY_NAME = """
SELECT f.id
  FROM (SELECT id, fold(name) AS folded FROM franchises) AS f
 WHERE f.folded LIKE ALL ($2::text[])
 ORDER BY f.folded LIKE $1::text DESC, length(f.folded), f.id
 LIMIT $3::integer
"""
FOLDED = "SELECT fold($1::text)"

# The films of a franchise in order of release, those that were not enriched yet as well.
TITLES_BY_FRANCHISE_ID = f"""
WITH films AS (
    SELECT f.franchise_id, f.title_id
      FROM title_facts f
     WHERE f.franchise_id = ANY($1::integer[])
    UNION
    SELECT named.franchise_id, t.id
      FROM unnest($1::integer[], $2::integer[]) AS named (franchise_id, tmdb_id)
      JOIN titles t ON t.tmdb_id = named.tmdb_id AND t.type = 'movie'
)
SELECT films.franchise_id, {TITLE_COLUMNS}
  FROM films
  JOIN titles t ON t.id = films.title_id
 ORDER BY films.franchise_id, t.release_date, t.start_year, t.id
"""


async def load_franchises_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[FranchiseRow | None]:
    """Return each franchise, None for an unknown number."""
    records = await pool.fetch(FRANCHISES_BY_ID, ids)
    rows = [FranchiseRow(*(*record[:6], [MissingFilmRow(**film) for film in record[6] or ()])) for record in records]
    return one_per_key(ids, rows, lambda row: row.tmdb_id)


async def load_franchises_by_name(pool: asyncpg.Pool, text: str, *, limit: int) -> list[int]:
    """Return the numbers of the franchises whose name has all words of a text; those that begin with it come first."""
    folded = await pool.fetchval(FOLDED, text) or ""
    patterns = [f"%{literal(word)}%" for word in folded.split()]
    if not patterns:
        return []
    records = await pool.fetch(FRANCHISES_BY_NAME, f"{literal(folded)}%", patterns, limit)
    return [record[0] for record in records]


async def load_titles_by_franchise(
    pool: asyncpg.Pool, keys: Sequence[tuple[int, tuple[int, ...]]]
) -> list[list[TitleRow]]:
    """Return the titles of each (franchise, TMDB's numbers of its films) in order of release."""
    named = [(id_, film) for id_, films in keys for film in films]
    # A franchise without a named film takes part by its own number.
    named += [(id_, 0) for id_, films in keys if not films]
    records = await pool.fetch(TITLES_BY_FRANCHISE_ID, [one[0] for one in named], [one[1] for one in named])
    found: dict[int, list[TitleRow]] = {id_: [] for id_, _ in keys}
    for record in records:
        found[record[0]].append(title_row(record, 1))
    return [found[id_] for id_, _ in keys]
