"""Alternative titles: all of a title, and those of some languages for lists."""

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from mediacanon.loaders.batch import many_per_key

# The most names of a title; IMDb has some 250 of the best known films.
MOST_NAMES = 1000


class NameRow(NamedTuple):
    """A name of a title in a region; `kind` is 'display' for the one that people see there, 'edited' for a person's."""

    title_id: int
    name: str
    region: str | None
    language: str | None
    kind: str
    attributes: list[str]


class DisplayNames(NamedTuple):
    """The question for a title's display names in some regions, and in some languages of any region."""

    title_id: int
    regions: frozenset[str]
    languages: frozenset[str]


_COLUMNS = "a.title_id, a.name, a.region, a.language, a.kind, COALESCE(a.attributes, '{}') AS attributes"

# Display names first, working titles last.
NAMES_BY_TITLE_ID = f"""
SELECT named.*
  FROM (SELECT DISTINCT unnest($1::integer[])) AS asked (title_id)
 CROSS JOIN LATERAL (
       SELECT {_COLUMNS}
         FROM title_akas a
        WHERE a.title_id = asked.title_id
        ORDER BY array_position('{{original,display,alternative}}', a.kind), a.kind = 'working',
                 a.region, a.language, a.name
        LIMIT {MOST_NAMES}) AS named
"""

# A name without kind and remarks is its country's, too: in 98 of 100 cases the country has no other. A display name
# changed by hand is the English one, as texts written without a language are.
DISPLAY_NAMES_BY_TITLE_ID = f"""
SELECT named.*
  FROM (SELECT {_COLUMNS}
          FROM title_akas a
         WHERE a.title_id = ANY($1::integer[]) AND (a.kind = 'display' OR a.kind = 'other' AND a.attributes IS NULL)
           AND (a.language IS NULL AND a.region = ANY($2::text[]) OR a.language = ANY($3::text[]))
         UNION ALL
        SELECT t.id, t.display_name, 'US', 'en', 'edited', '{{}}'
          FROM titles t
         WHERE t.id = ANY($1) AND 'en' = ANY($3) AND 'display_name' = ANY(t.locked_fields)) AS named
 ORDER BY title_id, kind <> 'edited', kind, region, name
"""


async def load_names_by_title_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[NameRow]]:
    """Return the names of each title, the original one first, then display names by region, working titles last."""
    rows = map(NameRow._make, await pool.fetch(NAMES_BY_TITLE_ID, ids))
    return many_per_key(ids, rows, lambda row: row.title_id)


async def load_display_names(pool: asyncpg.Pool, asked: Sequence[DisplayNames]) -> list[list[NameRow]]:
    """Return for each question an edited name, display names by region, then others; some are of other questions."""
    regions = sorted({region for each in asked for region in each.regions})
    languages = sorted({language for each in asked for language in each.languages})
    ids = [each.title_id for each in asked]
    rows = map(NameRow._make, await pool.fetch(DISPLAY_NAMES_BY_TITLE_ID, ids, regions, languages))
    return many_per_key(ids, rows, lambda row: row.title_id)
