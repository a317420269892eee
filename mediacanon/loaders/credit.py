"""Credits from both sides: the cast and crew of titles and episodes, and the titles of people, page by page."""

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from mediacanon.loaders.person import PERSON_COLUMNS, PersonRow

# The first column after those of the person.
PERSON_END = 2 + len(PersonRow._fields)
DEPARTMENTS = ("acting", "directing", "writing", "production", "camera", "sound", "art", "editing", "crew")


class CreditRow(NamedTuple):
    """A person's work of one category on a title; `title_id` of an episode's is its show's."""

    title_id: int
    person: PersonRow
    category: str
    department: str
    job: str | None
    characters: list[str]
    # Of a show, where the credits of its episodes are imported: in how many, and the years in which they were shown.
    episode_count: int | None
    first_year: int | None
    last_year: int | None
    position: int


class CreditsOf(NamedTuple):
    """The question for a part of the credits of a title, an episode or a person; no departments: all of them."""

    id: int
    departments: tuple[str, ...] = ()
    hides_adult: bool = False
    limit: int = 0
    offset: int = 0


# Several jobs or characters stand between lines.
_COLUMNS = rf"""
       c.title_id, {PERSON_COLUMNS},
       k.name AS category, k.department, replace(c.job, E'\n', ', ') AS job,
       COALESCE(string_to_array(NULLIF(c.characters, ''), E'\n'), '{{}}') AS characters,
       c.episode_count, c.first_year, c.last_year"""
_ASKED = """unnest($1::integer[], $2::text[], $3::boolean[], $4::integer[], $5::bigint[]) WITH ORDINALITY
       AS asked (id, departments, hides_adult, wanted, skipped, place)"""
_IN_DEPARTMENT = "(asked.departments = '' OR k.department = ANY (string_to_array(asked.departments, ',')))"
_PEOPLE_AND_CATEGORIES = """
         JOIN credit_categories k ON k.id = c.category
         JOIN people p ON p.id = c.person_id"""
_LISTED = r"""unnest(ec.people, ec.categories, string_to_array(ec.characters, E'\n')) WITH ORDINALITY
                      AS listed (person_id, category, characters, place)"""


def _with_episodes(*, of_title: str, of_episode: str) -> str:
    """Return the credits of a title or a person together with those of episodes, one for each person and category.

    A show's own credit tells the job and the roles, its episodes how many they are; without any imported, nothing is
    looked up.
    """
    return rf"""(
       SELECT title_id, person_id, category, min(ordinal) AS ordinal, max(job) AS job,
              COALESCE(max(characters) FILTER (WHERE ordinal IS NOT NULL), max(characters)) AS characters,
              max(episode_count) AS episode_count, max(first_year) AS first_year, max(last_year) AS last_year
         FROM (SELECT cr.title_id, cr.person_id, cr.category, cr.ordinal, cr.job, cr.characters,
                      NULL::integer AS episode_count, NULL::integer AS first_year, NULL::integer AS last_year
                 FROM credits cr
                WHERE {of_title}
                UNION ALL
               SELECT title_id, person_id, category, NULL, NULL,
                      replace((array_agg(characters ORDER BY characters = '', episodes DESC))[1], E'\t', E'\n'),
                      sum(episodes)::integer, extract(year FROM min(first_day))::integer,
                      extract(year FROM max(last_day))::integer
                 FROM (SELECT s.title_id, listed.person_id, listed.category,
                              COALESCE(listed.characters, '') AS characters,
                              count(*) AS episodes, min(e.air_date) AS first_day, max(e.air_date) AS last_day
                         FROM episode_credits ec
                         JOIN show_episodes e ON e.id = ec.episode_id
                         JOIN show_seasons ss ON ss.id = e.season_id
                         JOIN shows s ON s.id = ss.show_id
                        CROSS JOIN LATERAL {_LISTED}
                        WHERE {of_episode} AND EXISTS (SELECT FROM episode_credits)
                        GROUP BY s.title_id, listed.person_id, listed.category, listed.characters) AS role
                GROUP BY title_id, person_id, category) AS each
        GROUP BY title_id, person_id, category)"""


# The cast first, in the order of billing, of a show those in most of its episodes; then the crew, by kind of work.
_OF_TITLE = f"""
         FROM {_with_episodes(of_title="cr.title_id = asked.id", of_episode="s.title_id = asked.id")} AS c
         {_PEOPLE_AND_CATEGORIES}
        WHERE {_IN_DEPARTMENT}"""
_OF_EPISODE = rf"""
         FROM (SELECT s.title_id, listed.person_id, listed.category, listed.place, NULL::text AS job,
                      replace(NULLIF(listed.characters, ''), E'\t', E'\n') AS characters,
                      NULL::integer AS episode_count, NULL::integer AS first_year, NULL::integer AS last_year
                 FROM episode_credits ec
                 JOIN show_episodes e ON e.id = ec.episode_id
                 JOIN show_seasons ss ON ss.id = e.season_id
                 JOIN shows s ON s.id = ss.show_id
                CROSS JOIN LATERAL {_LISTED}
                WHERE ec.episode_id = asked.id) AS c
         {_PEOPLE_AND_CATEGORIES}
        WHERE {_IN_DEPARTMENT}"""
_IS_THEIRS = "ec.people @> ARRAY[asked.id] AND listed.person_id = asked.id"
# Withdrawn titles are in no list.
_OF_PERSON = f"""
         FROM {_with_episodes(of_title="cr.person_id = asked.id", of_episode=_IS_THEIRS)} AS c
         {_PEOPLE_AND_CATEGORIES}
         JOIN titles t ON t.id = c.title_id
        WHERE {_IN_DEPARTMENT}
          AND t.withdrawn_at IS NULL AND NOT (asked.hides_adult AND t.is_adult)"""


def _parts(of: str, order: str) -> str:
    return f"""
SELECT asked.place, part.*
  FROM {_ASKED}
 CROSS JOIN LATERAL (
       SELECT {_COLUMNS}, (row_number() OVER (ORDER BY {order}))::integer AS position
{of}
        ORDER BY position
        LIMIT asked.wanted OFFSET asked.skipped) AS part
"""


_CAST_FIRST = "CASE WHEN k.department = 'acting' THEN 0 ELSE k.id END"
CREDITS_BY_TITLE_ID = _parts(_OF_TITLE, f"{_CAST_FIRST}, c.episode_count DESC NULLS LAST, c.ordinal, c.person_id, k.id")
CREDITS_BY_EPISODE_ID = _parts(_OF_EPISODE, f"{_CAST_FIRST}, c.place")
# The latest first.
CREDITS_BY_PERSON_ID = _parts(_OF_PERSON, "t.start_year DESC NULLS FIRST, t.num_votes DESC NULLS LAST, t.id, k.id")


def _counted(of: str) -> str:
    return f"""
SELECT number.count
  FROM {_ASKED}
 CROSS JOIN LATERAL (SELECT count(*)::integer AS count {of}) AS number
 ORDER BY asked.place
"""


CREDIT_COUNTS_BY_TITLE_ID = _counted(_OF_TITLE)
CREDIT_COUNTS_BY_EPISODE_ID = _counted(_OF_EPISODE)
CREDIT_COUNTS_BY_PERSON_ID = _counted(_OF_PERSON)


def _arguments(asked: Sequence[CreditsOf]) -> list[list[object]]:
    rows = [(each.id, ",".join(each.departments), each.hides_adult, each.limit, each.offset) for each in asked]
    return [list(column) for column in zip(*rows, strict=True)] or [[]] * 5


async def load_credits_by_title(pool: asyncpg.Pool, asked: Sequence[CreditsOf]) -> list[list[CreditRow]]:
    """Return for each question its part of the title's credits: the cast, then the crew."""
    return await _load_parts(pool, CREDITS_BY_TITLE_ID, asked)


async def load_credits_by_episode(pool: asyncpg.Pool, asked: Sequence[CreditsOf]) -> list[list[CreditRow]]:
    """Return for each question its part of the episode's credits: the cast, then the crew."""
    return await _load_parts(pool, CREDITS_BY_EPISODE_ID, asked)


async def load_credits_by_person(pool: asyncpg.Pool, asked: Sequence[CreditsOf]) -> list[list[CreditRow]]:
    """Return for each question its part of the person's credits, the latest first."""
    return await _load_parts(pool, CREDITS_BY_PERSON_ID, asked)


async def load_credit_counts_by_title(pool: asyncpg.Pool, asked: Sequence[CreditsOf]) -> list[int]:
    """Return for each question the number of the title's credits."""
    return [record[0] for record in await pool.fetch(CREDIT_COUNTS_BY_TITLE_ID, *_arguments(asked))]


async def load_credit_counts_by_episode(pool: asyncpg.Pool, asked: Sequence[CreditsOf]) -> list[int]:
    """Return for each question the number of the episode's credits."""
    return [record[0] for record in await pool.fetch(CREDIT_COUNTS_BY_EPISODE_ID, *_arguments(asked))]


async def load_credit_counts_by_person(pool: asyncpg.Pool, asked: Sequence[CreditsOf]) -> list[int]:
    """Return for each question the number of the person's credits."""
    return [record[0] for record in await pool.fetch(CREDIT_COUNTS_BY_PERSON_ID, *_arguments(asked))]


async def _load_parts(pool: asyncpg.Pool, statement: str, asked: Sequence[CreditsOf]) -> list[list[CreditRow]]:
    parts: list[list[CreditRow]] = [[] for _ in asked]
    for record in await pool.fetch(statement, *_arguments(asked)):
        place, title_id = record[:2]
        parts[place - 1].append(CreditRow(title_id, PersonRow._make(record[2:PERSON_END]), *record[PERSON_END:]))
    return parts
