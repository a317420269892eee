"""People: IMDb's facts, a picture and a biography, edited by hand."""

import re
from collections.abc import Iterable, Mapping

import asyncpg

from mediacanon.database.changes import Connection, notify_person
from mediacanon.errors import NotFound
from mediacanon.vocabulary import LAST_YEAR, PROFESSION
from mediacanon.writes.facts import (
    ADDRESS,
    TEXT,
    Fact,
    Rule,
    assignments,
    check_facts,
    check_unlock,
    columns,
    differing,
    locked_after,
    short_line,
)
from mediacanon.writes.transaction import change

LONGEST_NAME, MOST_PROFESSIONS = 200, 10
_PROFESSIONS = re.compile(rf"{PROFESSION}(,{PROFESSION}){{0,{MOST_PROFESSIONS - 1}}}")
# IMDb has years before Christ as positive ones, so a death may precede a birth.
YEAR = Rule(f"a year from 1 to {LAST_YEAR}", lambda value: 1 <= value <= LAST_YEAR, "smallint")
PROFESSIONS = Rule(
    f"up to {MOST_PROFESSIONS} of IMDb's words, such as actor or art_department",
    lambda value: bool(_PROFESSIONS.fullmatch(value)),
)

PERSON_FACTS = (
    Fact("name", short_line(LONGEST_NAME), is_required=True),
    Fact("birth_year", YEAR),
    Fact("death_year", YEAR),
    Fact("image_url", ADDRESS),
    Fact("professions", PROFESSIONS),
)
BIOGRAPHY = Fact("biography", TEXT)
LOCKABLE = frozenset(fact.name for fact in (*PERSON_FACTS, BIOGRAPHY))

PERSON_TO_UPDATE = f"""
SELECT {columns(PERSON_FACTS)}, locked_fields, id
  FROM people
 WHERE id = $1::bigint
   FOR NO KEY UPDATE
"""
UPDATE_PERSON = f"""
UPDATE people
   SET locked_fields = $2::text[],
       {assignments(PERSON_FACTS, first=3)}
 WHERE id = $1::integer
"""
BIOGRAPHY_TO_UPDATE = "SELECT biography FROM person_facts WHERE person_id = $1::integer"
STORE_BIOGRAPHY = """
INSERT INTO person_facts (person_id, source, biography) VALUES ($1::integer, 'edit', $2::text)
    ON CONFLICT (person_id) DO UPDATE SET source = excluded.source, biography = excluded.biography
"""


async def update_person(
    pool: asyncpg.Pool, person_id: int, changes: Mapping[str, object], unlock: Iterable[str] = ()
) -> None:
    """Change the given facts and lock them against imports and TMDB; the facts in `unlock` lose their lock.

    Professions are a list of words. Raises NotFound, BadArgument for an invalid fact.
    """
    unlock = frozenset(unlock)
    check_unlock(unlock, LOCKABLE)
    changes = _as_stored(changes)
    check_facts((*PERSON_FACTS, BIOGRAPHY), changes)
    async with change(pool) as connection:
        stored = await connection.fetchrow(PERSON_TO_UPDATE, person_id)
        if stored is None:
            raise NotFound(f"There is no person {person_id}")
        changed = differing(PERSON_FACTS, stored, changes)
        told = await _change_biography(connection, stored["id"], changes)
        locked = locked_after(stored["locked_fields"] or (), unlock, [*changed, *told])
        values = [changed.get(fact.name, stored[fact.column]) for fact in PERSON_FACTS]
        await connection.execute(UPDATE_PERSON, stored["id"], locked or None, *values)
        await notify_person(connection, stored["id"], is_renamed="name" in changed)


def _as_stored(changes: Mapping[str, object]) -> dict[str, object]:
    """Return the facts with professions as IMDb's file has them, between commas."""
    professions = changes.get("professions")
    joined = {"professions": ",".join(professions) or None} if isinstance(professions, list) else {}
    return {**changes, **joined}


async def _change_biography(connection: Connection, person_id: int, changes: Mapping[str, object]) -> list[str]:
    if BIOGRAPHY.name not in changes:
        return []
    known = await connection.fetchval(BIOGRAPHY_TO_UPDATE, person_id)
    changed = differing([BIOGRAPHY], {BIOGRAPHY.name: known}, changes)
    if changed:
        await connection.execute(STORE_BIOGRAPHY, person_id, changed[BIOGRAPHY.name])
    return [*changed]
