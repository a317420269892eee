"""`mediacanon tmdb` as an operator sees it."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.database.clusters import ask
from tests.fakes.tmdb import KEY, FakeTmdb
from tests.fakes.tmdb_catalogue import film, show

ROOT = Path(__file__).parents[2]
ADD = "INSERT INTO titles (type, display_name, imdb_id) VALUES ('movie', 'A Film', 'tt0000011')"


@pytest.fixture
def environment(database: str) -> dict[str, str]:
    """Give the environment of a command on a catalogue of one film."""
    ask(database, ADD)
    return {**os.environ, "DATABASE_URL": database, "TMDB_API_KEY": KEY}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run mediacanon tmdb to its end."""
    command = [sys.executable, "-m", "cli", "tmdb", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)


def test_a_backfill_tells_what_it_did(environment: dict[str, str], database: str) -> None:
    """In a line or as JSON on standard output; progress, but no list of requests, on standard error."""
    with FakeTmdb() as tmdb:
        tmdb.catalogue.add_film(film(11, "tt0000011", origin_country=["KR"]))
        environment["TMDB_BASE_URL"] = tmdb.url
        done = run(environment, "backfill")
        assert (done.returncode, done.stdout) == (0, "1 titles fetched from TMDB, 1 changed\n")
        assert "HTTP Request" not in done.stderr
        assert orjson.loads(run(environment, "reset", "--json").stdout) == {"flagged": 1}
        assert orjson.loads(run(environment, "backfill", "--json").stdout)["fetched"] == 1
    assert ask(database, "SELECT origin_country FROM titles") == "KR"


def test_a_backfill_keeps_its_limit(environment: dict[str, str], database: str) -> None:
    """The most voted is fetched, the other one by the next run."""
    ask(database, "INSERT INTO titles (type, display_name, imdb_id, num_votes) VALUES ('movie', 'B', 'tt0000012', 9)")
    with FakeTmdb() as tmdb:
        environment["TMDB_BASE_URL"] = tmdb.url
        assert orjson.loads(run(environment, "backfill", "--limit", "1", "--json").stdout)["fetched"] == 1
        assert tmdb.requests == ["/3/find/tt0000012"]
        assert orjson.loads(run(environment, "backfill", "--limit", "9", "--json").stdout)["fetched"] == 1


def test_images_come_for_as_many_shows_as_asked_for(environment: dict[str, str], database: str) -> None:
    """With --limit the most voted; with --skip-synced, the default, those never looked for, with --all every show."""
    with FakeTmdb() as tmdb:
        environment["TMDB_BASE_URL"] = tmdb.url
        for number in (21, 22):
            tmdb.catalogue.add_show(show(number), f"tt00000{number}")
            ask(
                database,
                "INSERT INTO titles (type, display_name, imdb_id, num_votes)"
                f" VALUES ('show', 'A Show', 'tt00000{number}', {number})",
            )
        fetched = []
        for options in (["--limit", "1"], ["--skip-synced"], [], ["--all"], ["--all", "--limit", "1"]):
            fetched.append(orjson.loads(run(environment, "images", "--json", *options).stdout)["fetched"])
            if len(fetched) == 1:
                assert tmdb.requests == ["/3/find/tt0000022", "/3/tv/22"]
    assert fetched == [1, 1, 0, 2, 1]


def test_without_a_key_a_line_says_so(environment: dict[str, str]) -> None:
    """Exit code 1; a key that is refused stops the run, exit code 1, too."""
    done = run({**environment, "TMDB_API_KEY": ""}, "backfill")
    assert (done.returncode, done.stderr) == (1, "Error: TMDB_API_KEY is not set: get a key from TMDB and set it\n")
    with FakeTmdb() as tmdb:
        refused = run({**environment, "TMDB_API_KEY": "wrong", "TMDB_BASE_URL": tmdb.url}, "backfill")
    assert refused.returncode == 1
    assert "stopped: TMDB refuses the key" in refused.stdout
