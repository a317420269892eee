"""The schema: applied once or twice, it is the same."""

from mediacanon.database.migrate import migrate


async def test_migrating_twice_changes_nothing(database: str) -> None:
    """schema.sql is idempotent."""
    await migrate(database)
