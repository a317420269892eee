"""Seasons of a show; deleting a season deletes its episodes."""

import asyncpg

from mediacanon.database.changes import notify_title
from mediacanon.errors import NotFound
from mediacanon.writes.facts import NUMBER, Fact
from mediacanon.writes.title import notify_removal
from mediacanon.writes.transaction import change

SEASON_NUMBER = Fact("season_number", NUMBER, is_required=True, stored_as="season")

# The lock on the show prevents its deletion before the season is inserted.
INSERT_SEASON = """
WITH parent AS (
    SELECT id, title_id FROM shows WHERE id = $1::bigint FOR KEY SHARE
), created AS (
    INSERT INTO show_seasons (show_id, season) SELECT id, $2::integer FROM parent RETURNING id
)
SELECT created.id, parent.title_id FROM created, parent
"""

# Imports place episodes, not seasons, so the lock on the number stands at the episodes.
UPDATE_SEASON = f"""
WITH stored AS (
    SELECT ss.id, ss.season, s.title_id
      FROM show_seasons ss
      JOIN shows s ON s.id = ss.show_id
     WHERE ss.id = $1::bigint
       FOR NO KEY UPDATE OF ss
), renumbered AS (
    UPDATE show_seasons ss
       SET season = $2::integer
      FROM stored
     WHERE ss.id = stored.id
       AND ss.season <> $2::integer
    RETURNING ss.id
), locked AS (
    UPDATE show_episodes e
       SET locked_fields = array_append(e.locked_fields, '{SEASON_NUMBER.name}')
      FROM renumbered
     WHERE e.season_id = renumbered.id
       AND '{SEASON_NUMBER.name}' <> ALL (COALESCE(e.locked_fields, '{{}}'))
)
SELECT title_id FROM stored
"""

DELETE_SEASON = """
DELETE FROM show_seasons ss
 USING shows s
 WHERE ss.id = $1::bigint
   AND s.id = ss.show_id
RETURNING s.title_id
"""


async def create_season(pool: asyncpg.Pool, show_id: int, season_number: int) -> int:
    """Create a season without episodes; return its id.

    Raises NotFound for an unknown show, BadArgument for an invalid number, Conflict for a number in use.
    """
    SEASON_NUMBER.check(season_number)
    async with change(pool) as connection:
        created = await connection.fetchrow(INSERT_SEASON, show_id, season_number)
        if created is None:
            raise NotFound(f"There is no show {show_id}")
        await notify_title(connection, created["title_id"])
        season_id: int = created["id"]
        return season_id


async def update_season(pool: asyncpg.Pool, season_id: int, season_number: int) -> None:
    """Give a season another number, and lock that number at its episodes against imports.

    Raises NotFound, BadArgument for an invalid number, Conflict for a number in use.
    """
    SEASON_NUMBER.check(season_number)
    async with change(pool) as connection:
        title_id = await connection.fetchval(UPDATE_SEASON, season_id, season_number)
        if title_id is None:
            raise NotFound(f"There is no season {season_id}")
        await notify_title(connection, title_id)


async def delete_season(pool: asyncpg.Pool, season_id: int) -> bool:
    """Delete a season and its episodes; return whether it existed."""
    async with change(pool) as connection:
        return await notify_removal(connection, await connection.fetchval(DELETE_SEASON, season_id))
