"""The transaction of a change; constraint violations become errors in the client's words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from mediacanon.database.changes import Connection
from mediacanon.errors import BadArgument, Conflict

# Shorter than the time limit of a request: an import holds its rows for minutes.
WAIT_FOR_LOCKS = "SET LOCAL lock_timeout = '3s'"
# unique key -> the client's message
TAKEN = {
    "titles_imdb_id_key": "A title with this imdbId is already there",
    "show_seasons_show_id_season_key": "The show already has a season of this seasonNumber",
    "show_episodes_season_id_episode_key": "The season already has an episode of this episodeNumber",
}


@asynccontextmanager
async def change(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """Yield a connection in a transaction, which commits at the end of the block.

    Raises Conflict for a duplicate of a unique value, and for rows locked for too long by another transaction, such as
    an import; BadArgument for names too long for an index entry.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(WAIT_FOR_LOCKS)
            yield connection
    except asyncpg.UniqueViolationError as error:
        raise Conflict(TAKEN.get(error.constraint_name or "")) from error
    except asyncpg.ProgramLimitExceededError as error:
        # An index entry holds 2,704 bytes, which both names share once folded and compressed.
        raise BadArgument("displayName and originalTitle are too long together") from error
    except (TimeoutError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError) as error:
        raise Conflict("Another client or an import is changing the same entry; try again") from error
