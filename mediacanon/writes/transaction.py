"""The transaction of a change, and the database's refusals in the client's words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from mediacanon.database.changes import Connection
from mediacanon.errors import BadArgument, Conflict

# unique key -> what the client tried to have twice
TAKEN = {
    "titles_imdb_id_key": "A title with this imdbId is already there",
    "show_seasons_show_id_season_key": "The show already has a season of this seasonNumber",
    "show_episodes_season_id_episode_key": "The season already has an episode of this episodeNumber",
}


@asynccontextmanager
async def change(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """Give a connection in a transaction: all that the block does happens, or nothing.

    Raises Conflict for what must be unique and is there, and where somebody else holds the rows for too long (an
    import may); BadArgument for names that no index can hold.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            yield connection
    except asyncpg.UniqueViolationError as error:
        raise Conflict(TAKEN.get(error.constraint_name or "")) from error
    except asyncpg.ProgramLimitExceededError as error:
        # An index entry holds 2,704 bytes, which both names share once folded and compressed.
        raise BadArgument("displayName and originalTitle are too long together") from error
    except (TimeoutError, asyncpg.DeadlockDetectedError) as error:
        raise Conflict("Somebody else is changing the same just now; try again") from error
