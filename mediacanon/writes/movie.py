"""Movies: made with their title and deleted with it; their facts are the title's."""

from collections.abc import Iterable, Mapping

import asyncpg

from mediacanon.errors import NotFound
from mediacanon.writes.title import announce_removal, change_title, insert_title
from mediacanon.writes.transaction import change

INSERT_MOVIE = "INSERT INTO movies (title_id) VALUES ($1::integer) RETURNING id"

TITLE_ID_BY_MOVIE_ID = "SELECT title_id FROM movies WHERE id = $1::bigint"

DELETE_MOVIE = """
DELETE FROM titles t
 USING movies
 WHERE movies.id = $1::bigint
   AND t.id = movies.title_id
RETURNING t.id
"""


async def create_movie(pool: asyncpg.Pool, facts: Mapping[str, object]) -> int:
    """Create a movie with its title; return the movie's id.

    Raises BadArgument for a wrong fact, Conflict where the IMDb id is taken.
    """
    async with change(pool) as connection:
        title_id = await insert_title(connection, "movie", facts)
        movie_id: int = await connection.fetchval(INSERT_MOVIE, title_id)
        return movie_id


async def update_movie(
    pool: asyncpg.Pool, movie_id: int, changes: Mapping[str, object], unlock: Iterable[str] = ()
) -> None:
    """Change the given facts of the movie's title and lock them against imports; those in `unlock` lose their lock.

    Raises NotFound, BadArgument for a wrong fact, Conflict where the IMDb id is taken.
    """
    async with change(pool) as connection:
        title_id = await connection.fetchval(TITLE_ID_BY_MOVIE_ID, movie_id)
        if title_id is None:
            raise NotFound(f"There is no movie {movie_id}")
        await change_title(connection, title_id, changes, unlock)


async def delete_movie(pool: asyncpg.Pool, movie_id: int) -> bool:
    """Delete a movie, its title and all below it; return whether there was one."""
    async with change(pool) as connection:
        return await announce_removal(connection, await connection.fetchval(DELETE_MOVIE, movie_id))
