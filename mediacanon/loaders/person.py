"""People with their facts from IMDb, by id and by name, and their biographies from TMDB."""

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from mediacanon.loaders.batch import one_per_key
from mediacanon.loaders.title import IdsRow, as_moment

# People made by hand have no number of IMDb's.
FIRST_OWN_ID = 1_000_000_000


class PersonRow(NamedTuple):
    """A person; `known_for` are IMDb's ids of titles, best known first, which the catalogue may lack."""

    person_id: int
    name: str
    birth_year: int | None
    death_year: int | None
    tmdb_id: int | None
    professions: list[str]
    known_for_ids: list[str]
    is_withdrawn: bool
    image_url: str | None
    locked_fields: list[str]

    @property
    def imdb_id(self) -> str | None:
        """IMDb's id, None for a person made by hand."""
        return f"nm{self.person_id:07}" if self.person_id < FIRST_OWN_ID else None

    @property
    def ids(self) -> IdsRow:
        """The person's ids in other catalogues."""
        return IdsRow(self.imdb_id, self.tmdb_id)


PERSON_COLUMNS = """
       p.id, p.name, p.birth_year::integer AS birth_year, p.death_year::integer AS death_year, p.tmdb_id,
       COALESCE(string_to_array(p.professions, ','), '{}') AS professions,
       COALESCE(string_to_array(p.known_for, ','), '{}') AS known_for, p.withdrawn_at IS NOT NULL AS is_withdrawn,
       p.image_url, COALESCE(p.locked_fields, '{}') AS locked_fields"""


class PersonFactsRow(NamedTuple):
    """The biography of a person and where it is from, 'tmdb' or 'edit', and when TMDB last told about the person."""

    person_id: int
    biography: str | None
    source: str | None
    fetched_at: str | None


PEOPLE_BY_ID = f"""
SELECT {PERSON_COLUMNS}
  FROM people p
 WHERE p.id = ANY($1::integer[])
"""

PEOPLE_BY_TMDB_ID = f"""
SELECT {PERSON_COLUMNS}
  FROM people p
 WHERE p.tmdb_id = ANY($1::integer[])
 ORDER BY p.id DESC
"""

FACTS_BY_PERSON_ID = f"""
SELECT person_id, biography, source, {as_moment("fetched_at")}
  FROM person_facts
 WHERE person_id = ANY($1::integer[])
"""


def imdb_number(imdb_id: str) -> int:
    """Return the number in IMDb's id of a person, which is our id."""
    return int(imdb_id.removeprefix("nm"))


async def load_people_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[PersonRow | None]:
    """Return each person, None for an unknown id."""
    rows = [PersonRow(*record) for record in await pool.fetch(PEOPLE_BY_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.person_id)


async def load_facts_by_person_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[PersonFactsRow | None]:
    """Return the biography of each person, None for one without."""
    rows = [PersonFactsRow(*record) for record in await pool.fetch(FACTS_BY_PERSON_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.person_id)


async def load_people_by_tmdb_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[PersonRow | None]:
    """Return the person with each of TMDB's ids, None for an unknown one."""
    rows = [PersonRow(*record) for record in await pool.fetch(PEOPLE_BY_TMDB_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.tmdb_id)
