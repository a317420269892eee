"""`mediacanon tmdb`: backfill, images and reset."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.database.clusters import ask
from tests.fakes.tmdb import KEY, FakeTmdb, Fault
from tests.fakes.tmdb_catalogue import film, show

ROOT = Path(__file__).parents[2]
ADD = "INSERT INTO titles (type, display_name, imdb_id) VALUES ('movie', 'A Film', 'tt0000011')"


@pytest.fixture
def environment(database: str) -> dict[str, str]:
    """Return an environment with a catalogue of one film."""
    ask(database, ADD)
    return {**os.environ, "DATABASE_URL": database, "TMDB_API_KEY": KEY}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `mediacanon tmdb` to its end."""
    command = [sys.executable, "-m", "cli", "tmdb", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)


def test_a_backfill_prints_a_summary(environment: dict[str, str], database: str) -> None:
    """The summary is a line or JSON on standard output; standard error has progress, but no list of requests."""
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
    """The most voted title is fetched, the other one by the next run."""
    ask(database, "INSERT INTO titles (type, display_name, imdb_id, num_votes) VALUES ('movie', 'B', 'tt0000012', 9)")
    with FakeTmdb() as tmdb:
        environment["TMDB_BASE_URL"] = tmdb.url
        assert orjson.loads(run(environment, "backfill", "--limit", "1", "--json").stdout)["fetched"] == 1
        assert tmdb.requests == ["/3/find/tt0000012"]
        assert orjson.loads(run(environment, "backfill", "--limit", "9", "--json").stdout)["fetched"] == 1


def test_images_are_fetched_for_the_chosen_shows(environment: dict[str, str], database: str) -> None:
    """--limit takes the most voted shows, --skip-synced (the default) the unfetched ones, --all every show."""
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


def test_the_proxy_of_the_environment_holds_for_tmdb(environment: dict[str, str]) -> None:
    """HTTP_PROXY is used for TMDB, NO_PROXY is an exception from it, and a proxy that cannot be used is one line."""
    proxies = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    environment = {name: value for name, value in environment.items() if name.lower() not in proxies}
    with FakeTmdb() as tmdb:
        tmdb.catalogue.add_film(film(11, "tt0000011"))
        proxied = {**environment, "TMDB_BASE_URL": "http://tmdb.invalid", "HTTP_PROXY": tmdb.url}
        assert run(proxied, "backfill").stdout == "1 titles fetched from TMDB, 1 changed\n"
        assert tmdb.requests
        run(environment, "reset")
        direct = {**environment, "TMDB_BASE_URL": tmdb.url, "HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
        assert orjson.loads(run(direct, "backfill", "--json").stdout)["fetched"] == 1
    wrong = run({**environment, "HTTPS_PROXY": "ftp://me:hush-hush@proxy"}, "backfill")
    assert wrong.returncode == 1
    assert wrong.stderr == "Error: HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is not usable; it must be http://HOST:PORT\n"


def test_a_backfill_in_which_everything_failed_is_a_failure(environment: dict[str, str]) -> None:
    """The exit code is 1, and standard error ends with the reason; with one success among failures it is 0."""
    with socket.socket() as silent:
        # Bound, and not listening.
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        unreachable = run({**environment, "TMDB_BASE_URL": url}, "backfill")
    assert unreachable.returncode == 1
    assert "1 failed and left for the next run (TMDB does not answer: ConnectError: " in unreachable.stdout
    assert unreachable.stderr.splitlines()[-1].startswith("Error: TMDB does not answer: ConnectError: ")
    with FakeTmdb() as tmdb:
        environment["TMDB_BASE_URL"] = tmdb.url
        tmdb.catalogue.add_film(film(11, "tt0000011"))
        tmdb.misbehave(Fault.HTML)
        failed = run(environment, "backfill")
        assert failed.returncode == 1
        assert failed.stderr.splitlines()[-1] == "Error: TMDB's reply is not in the form it documents."
        tmdb.behave()
        ask(environment["DATABASE_URL"], ADD.replace("11", "12"))
        tmdb.misbehave(Fault.HTML, path="tt0000012")
        mixed = run(environment, "backfill", "--json")
    assert (mixed.returncode, orjson.loads(mixed.stdout)["failed"]) == (0, 1)


def test_a_key_is_needed(environment: dict[str, str]) -> None:
    """A missing key is an error of one line; a refused key stops the run. The exit code is 1 for both."""
    done = run({**environment, "TMDB_API_KEY": ""}, "backfill")
    assert (done.returncode, done.stderr) == (1, "Error: TMDB_API_KEY is not set: get a key from TMDB and set it\n")
    with FakeTmdb() as tmdb:
        refused = run({**environment, "TMDB_API_KEY": "wrong", "TMDB_BASE_URL": tmdb.url}, "backfill")
    assert refused.returncode == 1
    assert "stopped: TMDB refuses the key" in refused.stdout
