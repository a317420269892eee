"""PostgreSQL's client programs: found by version, run without anybody seeing a password."""

import pytest

from mediacanon.database.programs import Programs, find_programs, with_database, without_password
from mediacanon.errors import DatabaseUnavailable


@pytest.mark.parametrize(
    ("url", "bare", "password"),
    [
        ("postgresql://u:p%40ss@h:1/d", "postgresql://u@h:1/d", "p@ss"),
        ("postgresql://u:a:b@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require", "a:b"),
        ("postgres://u@h/d", "postgres://u@h/d", None),
        ("postgresql://u:@h/d", "postgresql://u@h/d", ""),
        ("postgresql:///d?host=%2Frun%2Fa%20b&password=x%26y", "postgresql:///d?host=%2Frun%2Fa%20b", "x&y"),
        ("postgresql://h1:1,h2:2/d?user=u", "postgresql://h1:1,h2:2/d?user=u", None),
    ],
)
def test_a_password_leaves_the_url(url, bare, password):
    """Whether it stands before the host or in the query, and however it is written."""
    assert without_password(url) == (bare, password)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("postgresql://u:p@h:1/d?sslmode=require", "postgresql://u:p@h:1/o%2Fx?sslmode=require"),
        ("postgresql://u@/d?host=%2Frun%2Fpg&port=5432", "postgresql://u@/o%2Fx?host=%2Frun%2Fpg&port=5432"),
        ("postgresql:///?dbname=d&host=%2Frun", "postgresql:///o%2Fx?host=%2Frun"),
        ("postgres://h", "postgres://h/o%2Fx"),
    ],
)
def test_another_database_of_the_same_server_is_named(url, other):
    """Everything else of the URL stays, however it named its own."""
    assert with_database(url, "o/x") == other


def test_a_password_is_on_no_command_line(tmp_path):
    """It goes through the environment, which only the user's own processes can read."""
    command, environment = Programs(18, tmp_path).command("psql", "-l", dsn="postgresql://u:secret@h/d")
    assert [str(part) for part in command] == [f"{tmp_path}/psql", "-l", "--dbname=postgresql://u@h/d"]
    assert environment["PGPASSWORD"] == "secret"
    assert "PGPASSWORD" not in Programs(18, tmp_path).command("psql", dsn="postgresql://u@h/d")[1]


def test_the_closest_version_comes_first():
    """None is older than the server; where there is none the versions found are named."""
    majors = [programs.major for programs in find_programs(server=15)]
    assert majors == sorted(majors)
    assert all(programs.run("psql", "--version").returncode == 0 for programs in find_programs(server=15))
    with pytest.raises(DatabaseUnavailable, match=r"of PostgreSQL 99 or newer; found: .*\d"):
        find_programs(server=99)
