"""Movies and shows: created and deleted with their title; their facts are the title's."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import asyncpg

from mediacanon.errors import NotFound
from mediacanon.writes.title import change_title, insert_title, notify_removal
from mediacanon.writes.transaction import change


class Kind(NamedTuple):
    """A title type, and the statements for the rows of its own table."""

    type: str
    insert: str
    title_id: str
    delete: str


def _kind(type_: str, table: str) -> Kind:
    return Kind(
        type_,
        f"INSERT INTO {table} (title_id) VALUES ($1::integer) RETURNING id",
        f"SELECT title_id FROM {table} WHERE id = $1::bigint",
        f"DELETE FROM titles t USING {table} k WHERE k.id = $1::bigint AND t.id = k.title_id RETURNING t.id",
    )


MOVIE, SHOW = _kind("movie", "movies"), _kind("show", "shows")


async def create(pool: asyncpg.Pool, kind: Kind, facts: Mapping[str, object]) -> int:
    """Create a movie or a show with its title; return its id.

    Raises BadArgument for an invalid fact, Conflict for an IMDb id in use.
    """
    async with change(pool) as connection:
        title_id = await insert_title(connection, kind.type, facts)
        id_: int = await connection.fetchval(kind.insert, title_id)
        return id_


async def update(
    pool: asyncpg.Pool, kind: Kind, id_: int, changes: Mapping[str, object], unlock: Iterable[str] = ()
) -> None:
    """Change the given facts of its title and lock them against imports; the facts in `unlock` lose their lock.

    Raises NotFound, BadArgument for an invalid fact, Conflict for an IMDb id in use.
    """
    async with change(pool) as connection:
        title_id = await connection.fetchval(kind.title_id, id_)
        if title_id is None:
            raise NotFound(f"There is no {kind.type} {id_}")
        await change_title(connection, title_id, changes, unlock)


async def delete(pool: asyncpg.Pool, kind: Kind, id_: int) -> bool:
    """Delete a movie or a show, its title and everything below it; return whether it existed."""
    async with change(pool) as connection:
        return await notify_removal(connection, await connection.fetchval(kind.delete, id_))
