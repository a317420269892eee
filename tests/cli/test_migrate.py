"""`mediacanon migrate`: upgrades a database, and leaves a current one as it is."""

from click.testing import CliRunner

from cli import main
from tests.database.clusters import ask


def test_a_dropped_table_is_restored(database: str) -> None:
    """The command applies the schema even to a database with the current version; a second run changes nothing."""
    ask(database, "DROP TABLE title_views")
    for _ in range(2):
        done = CliRunner().invoke(main, ["migrate", "--db", database])
        assert (done.exit_code, done.output) == (0, "The database has the current schema.\n")
        assert ask(database, "SELECT to_regclass('title_views') IS NOT NULL")
