"""Titles: created alone, changed under a lock on their row, deleted with everything below them."""

from collections.abc import Iterable, Mapping

import asyncpg

from mediacanon.database.changes import Connection, notify_title
from mediacanon.errors import BadArgument, NotFound
from mediacanon.vocabulary import TITLE_TYPES
from mediacanon.writes.facts import (
    ADDRESS,
    COUNTRY,
    DAY,
    IMDB_ID,
    LANGUAGE,
    NAME,
    NUMBER,
    TMDB_ID,
    YEAR,
    YES_OR_NO,
    Fact,
    assignments,
    check_facts,
    check_unlock,
    columns,
    differing,
    locked_after,
    placeholders,
)
from mediacanon.writes.title_text import TEXT_FACTS, change_texts
from mediacanon.writes.transaction import change

TITLE_FACTS = (
    Fact("display_name", NAME, is_required=True),
    Fact("original_title", NAME),
    Fact("start_year", YEAR),
    Fact("end_year", YEAR),
    Fact("imdb_id", IMDB_ID),
    Fact("tmdb_id", TMDB_ID),
    Fact("image_url", ADDRESS),
    Fact("original_language", LANGUAGE),
    Fact("origin_country", COUNTRY),
    Fact("release_date", DAY),
    Fact("runtime_minutes", NUMBER),
    Fact("is_adult", YES_OR_NO, is_required=True),
)
LOCKABLE = frozenset(fact.name for fact in (*TITLE_FACTS, *TEXT_FACTS))

INSERT_TITLE = f"""
INSERT INTO titles (type, {columns(TITLE_FACTS)})
VALUES ($1::text, {placeholders(TITLE_FACTS, first=2)})
RETURNING id
"""

TITLE_TO_UPDATE = f"""
SELECT {columns(TITLE_FACTS)}, locked_fields
  FROM titles
 WHERE id = $1::bigint
   FOR NO KEY UPDATE
"""

# Another IMDb id ends the withdrawal of a title; another IMDb or TMDB id requests a new look-up at TMDB.
UPDATE_TITLE = f"""
UPDATE titles
   SET locked_fields = $2::text[],
       withdrawn_at = CASE WHEN $3::boolean THEN NULL ELSE withdrawn_at END,
       needs_backfill_tmdb = $4::boolean OR needs_backfill_tmdb,
       updated_at = now(),
       {assignments(TITLE_FACTS, first=5)}
 WHERE id = $1::bigint
"""

DELETE_TITLE = "DELETE FROM titles WHERE id = $1::bigint RETURNING id"


async def create_title(pool: asyncpg.Pool, title_type: str, facts: Mapping[str, object]) -> int:
    """Create a title without a movie or show; return its id.

    Raises BadArgument for an invalid fact, Conflict for an IMDb id in use.
    """
    async with change(pool) as connection:
        return await insert_title(connection, title_type, facts)


async def update_title(
    pool: asyncpg.Pool, title_id: int, changes: Mapping[str, object], unlock: Iterable[str] = ()
) -> None:
    """Change the given facts and lock them against imports; the facts in `unlock` lose their lock.

    Raises NotFound, BadArgument for an invalid fact, Conflict for an IMDb id in use.
    """
    async with change(pool) as connection:
        await change_title(connection, title_id, changes, unlock)


async def delete_title(pool: asyncpg.Pool, title_id: int) -> bool:
    """Delete a title and everything below it; return whether it existed."""
    async with change(pool) as connection:
        return await notify_removal(connection, await connection.fetchval(DELETE_TITLE, title_id))


async def insert_title(connection: Connection, title_type: str, facts: Mapping[str, object]) -> int:
    """Insert a title and notify the workers; return its id. Raises BadArgument for an invalid fact."""
    if title_type not in TITLE_TYPES:
        raise BadArgument("type must be movie or show")
    values = {fact.name: facts.get(fact.name) for fact in TITLE_FACTS} | {"is_adult": facts.get("is_adult", False)}
    check_facts(TITLE_FACTS, values)
    _check_years(values)
    title_id: int = await connection.fetchval(INSERT_TITLE, title_type, *values.values())
    await change_texts(connection, title_id, facts)
    await notify_title(connection, title_id)
    return title_id


async def change_title(
    connection: Connection, title_id: int, changes: Mapping[str, object], unlock: Iterable[str]
) -> None:
    """Change a title and notify the workers. Raises NotFound, and BadArgument for an invalid fact."""
    unlock = frozenset(unlock)
    check_unlock(unlock, LOCKABLE)
    check_facts(TITLE_FACTS, changes)
    stored = await connection.fetchrow(TITLE_TO_UPDATE, title_id)
    if stored is None:
        raise NotFound(f"There is no title {title_id}")
    changed = differing(TITLE_FACTS, stored, changes)
    values = {fact.name: changed.get(fact.name, stored[fact.name]) for fact in TITLE_FACTS}
    if changed.keys() & {"start_year", "end_year"}:
        _check_years(values)
    texts = await change_texts(connection, title_id, changes)
    locked = locked_after(stored["locked_fields"], unlock, [*changed, *texts])
    is_another = "imdb_id" in changed
    await connection.execute(
        UPDATE_TITLE, title_id, locked, is_another, is_another or "tmdb_id" in changed, *values.values()
    )
    await notify_title(connection, title_id)


async def notify_removal(connection: Connection, title_id: int | None) -> bool:
    """Notify the workers of a removal below a title; return False for None, which means that nothing was removed."""
    if title_id is not None:
        await notify_title(connection, title_id)
    return title_id is not None


def _check_years(values: Mapping[str, object]) -> None:
    match values["start_year"], values["end_year"]:
        case int(start), int(end) if end < start:
            raise BadArgument(f"endYear must be startYear ({start}) or later")
