"""What people looked at: views of titles, and clicks of the collections that led there."""

import asyncpg

from mediacanon.errors import NotFound
from mediacanon.writes.facts import Fact, short_line
from mediacanon.writes.transaction import change

SOURCE = Fact("source", short_line(100))
# Consumers say source=collection-{slug} for a title they found in a collection.
COLLECTION = "collection-"

INSERT_VIEW = """
WITH viewed AS (
    INSERT INTO title_views (title_id, source)
    SELECT id, $2::text FROM titles WHERE id = $1::bigint FOR KEY SHARE
    RETURNING title_id
), clicked AS (
    INSERT INTO collection_clicks (collection_id)
    SELECT c.id FROM collections c WHERE c.slug = $3::text AND EXISTS (SELECT FROM viewed)
)
SELECT title_id FROM viewed
"""


async def record_view(pool: asyncpg.Pool, title_id: int, source: str | None) -> None:
    """Count a view of a title, and a click of the collection that `source` names.

    Raises NotFound for an unknown title, BadArgument for a source that is none.
    """
    SOURCE.check(source)
    slug = source.removeprefix(COLLECTION) if source and source.startswith(COLLECTION) else None
    async with change(pool) as connection:
        if await connection.fetchval(INSERT_VIEW, title_id, source, slug) is None:
            raise NotFound(f"There is no title {title_id}")
