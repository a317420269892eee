"""Shows: made with their title and deleted with it; their facts are the title's."""

from collections.abc import Iterable, Mapping

import asyncpg

from mediacanon.errors import NotFound
from mediacanon.writes.title import announce_removal, change_title, insert_title
from mediacanon.writes.transaction import change

INSERT_SHOW = "INSERT INTO shows (title_id) VALUES ($1::integer) RETURNING id"

TITLE_ID_BY_SHOW_ID = "SELECT title_id FROM shows WHERE id = $1::bigint"

DELETE_SHOW = """
DELETE FROM titles t
 USING shows
 WHERE shows.id = $1::bigint
   AND t.id = shows.title_id
RETURNING t.id
"""


async def create_show(pool: asyncpg.Pool, facts: Mapping[str, object]) -> int:
    """Create a show with its title; return the show's id.

    Raises BadArgument for a wrong fact, Conflict where the IMDb id is taken.
    """
    async with change(pool) as connection:
        title_id = await insert_title(connection, "show", facts)
        show_id: int = await connection.fetchval(INSERT_SHOW, title_id)
        return show_id


async def update_show(
    pool: asyncpg.Pool, show_id: int, changes: Mapping[str, object], unlock: Iterable[str] = ()
) -> None:
    """Change the given facts of the show's title and lock them against imports; those in `unlock` lose their lock.

    Raises NotFound, BadArgument for a wrong fact, Conflict where the IMDb id is taken.
    """
    async with change(pool) as connection:
        title_id = await connection.fetchval(TITLE_ID_BY_SHOW_ID, show_id)
        if title_id is None:
            raise NotFound(f"There is no show {show_id}")
        await change_title(connection, title_id, changes, unlock)


async def delete_show(pool: asyncpg.Pool, show_id: int) -> bool:
    """Delete a show, its title and all below it; return whether there was one."""
    async with change(pool) as connection:
        return await announce_removal(connection, await connection.fetchval(DELETE_SHOW, show_id))
