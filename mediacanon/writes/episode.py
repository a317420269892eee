"""Episodes of a season."""

from collections.abc import Iterable, Mapping

import asyncpg

from mediacanon.database.changes import notify_title
from mediacanon.errors import NotFound
from mediacanon.writes.facts import (
    ADDRESS,
    DAY,
    NAME,
    NUMBER,
    TEXT,
    Fact,
    assignments,
    check_facts,
    check_unlock,
    columns,
    differing,
    locked_after,
    placeholders,
)
from mediacanon.writes.season import SEASON_NUMBER
from mediacanon.writes.title import notify_removal
from mediacanon.writes.transaction import change

EPISODE_FACTS = (
    Fact("episode_number", NUMBER, is_required=True, stored_as="episode"),
    Fact("display_name", NAME),
    Fact("synopsis", TEXT),
    Fact("image_url", ADDRESS),
    Fact("air_date", DAY),
    Fact("runtime_minutes", NUMBER),
)
# Renumbering a season locks the season number of its episodes.
LOCKABLE = frozenset({SEASON_NUMBER.name, *(fact.name for fact in EPISODE_FACTS)})

# The lock on the season prevents its deletion before the episode is inserted.
INSERT_EPISODE = f"""
WITH parent AS (
    SELECT ss.id, s.title_id
      FROM show_seasons ss
      JOIN shows s ON s.id = ss.show_id
     WHERE ss.id = $1::bigint
       FOR KEY SHARE OF ss
), created AS (
    INSERT INTO show_episodes (season_id, {columns(EPISODE_FACTS)})
    SELECT id, {placeholders(EPISODE_FACTS, first=2)} FROM parent
    RETURNING id
)
SELECT created.id, parent.title_id FROM created, parent
"""

EPISODE_TO_UPDATE = f"""
SELECT {columns(EPISODE_FACTS, "e")}, e.locked_fields, s.title_id,
       episode_name(e.display_name, e.tmdb_name, e.locked_fields) AS shown_name
  FROM show_episodes e
  JOIN show_seasons ss ON ss.id = e.season_id
  JOIN shows s ON s.id = ss.show_id
 WHERE e.id = $1::bigint
   FOR NO KEY UPDATE OF e
"""

UPDATE_EPISODE = f"""
UPDATE show_episodes
   SET locked_fields = $2::text[],
       {assignments(EPISODE_FACTS, first=3)}
 WHERE id = $1::bigint
"""

DELETE_EPISODE = """
DELETE FROM show_episodes e
 USING show_seasons ss, shows s
 WHERE e.id = $1::bigint
   AND ss.id = e.season_id
   AND s.id = ss.show_id
RETURNING s.title_id
"""


async def create_episode(pool: asyncpg.Pool, season_id: int, facts: Mapping[str, object]) -> int:
    """Create an episode; return its id.

    Raises NotFound for an unknown season, BadArgument for an invalid fact, Conflict for a number in use.
    """
    values = {fact.name: facts.get(fact.name) for fact in EPISODE_FACTS}
    check_facts(EPISODE_FACTS, values)
    async with change(pool) as connection:
        created = await connection.fetchrow(INSERT_EPISODE, season_id, *values.values())
        if created is None:
            raise NotFound(f"There is no season {season_id}")
        await notify_title(connection, created["title_id"])
        episode_id: int = created["id"]
        return episode_id


async def update_episode(
    pool: asyncpg.Pool, episode_id: int, changes: Mapping[str, object], unlock: Iterable[str] = ()
) -> None:
    """Change the given facts and lock them against imports and TMDB; the facts in `unlock` lose their lock.

    Raises NotFound, BadArgument for an invalid fact, Conflict for a number in use.
    """
    unlock = frozenset(unlock)
    check_unlock(unlock, LOCKABLE)
    check_facts(EPISODE_FACTS, changes)
    async with change(pool) as connection:
        stored = await connection.fetchrow(EPISODE_TO_UPDATE, episode_id)
        if stored is None:
            raise NotFound(f"There is no episode {episode_id}")
        shown = {**stored, "display_name": stored["shown_name"]}
        changed = differing(EPISODE_FACTS, shown, changes)
        locked = locked_after(stored["locked_fields"] or (), unlock, changed)
        values = [changed.get(fact.name, stored[fact.column]) for fact in EPISODE_FACTS]
        await connection.execute(UPDATE_EPISODE, episode_id, locked or None, *values)
        await notify_title(connection, stored["title_id"])


async def delete_episode(pool: asyncpg.Pool, episode_id: int) -> bool:
    """Delete an episode; return whether it existed."""
    async with change(pool) as connection:
        return await notify_removal(connection, await connection.fetchval(DELETE_EPISODE, episode_id))
