"""PostgreSQL's client programs: chosen by version, run without exposing a password."""

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
    """A password before the host or in the query is removed from the URL and unquoted."""
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
def test_the_database_of_a_url_is_replaced(url, other):
    """Only the database changes, in each of the ways that a URL can name it."""
    assert with_database(url, "o/x") == other


def test_a_password_is_on_no_command_line(tmp_path):
    """The password goes through the environment, which only the user's own processes can read."""
    command, environment = Programs(18, tmp_path).command("psql", "-l", dsn="postgresql://u:secret@h/d")
    assert [str(part) for part in command] == [f"{tmp_path}/psql", "-l", "--dbname=postgresql://u@h/d"]
    assert environment["PGPASSWORD"] == "secret"
    assert "PGPASSWORD" not in Programs(18, tmp_path).command("psql", dsn="postgresql://u@h/d")[1]


def test_the_closest_version_comes_first():
    """No program is older than the server; without a fitting one the message names the versions found."""
    majors = [programs.major for programs in find_programs(server=15)]
    assert majors == sorted(majors)
    assert all(programs.run("psql", "--version").returncode == 0 for programs in find_programs(server=15))
    with pytest.raises(DatabaseUnavailable, match=r"of PostgreSQL 99 or newer; found: .*\d"):
        find_programs(server=99)
