"""Inserts titles, shows and episodes into a database, and reads them back."""

from typing import Any

import asyncpg

# Locks of other databases in the cluster belong to servers of other tests.
LOCKS = """
SELECT count(*) FROM pg_locks
 WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


async def add_title(pool: asyncpg.Pool, imdb_id: str | None, **columns: object) -> int:
    """Insert a title, a movie unless `type` says so, with its movie or show row; return its id."""
    columns = {"type": "movie", "display_name": "Title", "imdb_id": imdb_id, **columns}
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    title_id: int = await pool.fetchval(
        f"INSERT INTO titles ({names}) VALUES ({places}) RETURNING id", *columns.values()
    )
    table = "movies" if columns["type"] == "movie" else "shows"
    await pool.execute(f"INSERT INTO {table} (title_id) VALUES ($1)", title_id)
    return title_id


async def add_episodes(pool: asyncpg.Pool, title_id: int, *, seasons: int, episodes: int) -> None:
    """Insert seasons of nameless episodes; `episodes` is their number per season."""
    await pool.execute(
        """
        WITH season AS (
            INSERT INTO show_seasons (show_id, season)
            SELECT shows.id, number FROM shows, generate_series(1, $2::integer) AS number
             WHERE title_id = $1::integer
            RETURNING id
        )
        INSERT INTO show_episodes (season_id, episode)
        SELECT season.id, number FROM season, generate_series(1, $3::integer) AS number
        """,
        title_id,
        seasons,
        episodes,
    )


async def title_row(pool: asyncpg.Pool, title_id: int) -> dict[str, Any]:
    """Return the row of a title."""
    return dict(await pool.fetchrow("SELECT * FROM titles WHERE id = $1", title_id))


async def episode_rows(pool: asyncpg.Pool, title_id: int) -> list[dict[str, Any]]:
    """Return the rows of a show's episodes in order, with their season's number."""
    rows = await pool.fetch(
        """
        SELECT s.season, e.* FROM show_episodes e
          JOIN show_seasons s ON s.id = e.season_id JOIN shows w ON w.id = s.show_id
         WHERE w.title_id = $1 ORDER BY s.season, e.episode
        """,
        title_id,
    )
    return [dict(row) for row in rows]
