"""What changed in the catalogue, told to every worker through PostgreSQL's NOTIFY."""

import asyncpg
import orjson

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

CHANNEL = "catalog"
ANNOUNCE = "SELECT pg_notify($1::text, $2::text)"


async def announce_title(connection: Connection, title_id: int) -> None:
    """Tell every worker that a title, or what is below it, changed; heard when the transaction commits."""
    await connection.execute(ANNOUNCE, CHANNEL, orjson.dumps({"kind": "title", "id": title_id}).decode())
