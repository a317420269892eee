"""`mediacanon doctor`: each fault is found, with a hint how to repair it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from cli import main
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.imdb.datasets import RATINGS
from tests.database.clusters import ask
from tests.fakes.imdb import FakeImdb
from tests.fakes.imdb import Fault as ImdbFault
from tests.fakes.tmdb import KEY, FakeTmdb
from tests.fakes.tmdb import Fault as TmdbFault

Run = Callable[[], Result]
STATE = "UPDATE sync_state SET {} WHERE key = '{}'"


@pytest.fixture
def imdb() -> Iterator[FakeImdb]:
    """Yield a fake IMDb with one file that begins like a gzip file."""
    with FakeImdb({RATINGS.file: b"\x1f\x8b" + b"x" * 1000}) as server:
        yield server


@pytest.fixture
def tmdb() -> Iterator[FakeTmdb]:
    """Yield a fake TMDB."""
    with FakeTmdb() as server:
        yield server


@pytest.fixture
def run(
    demo_database: str, imdb: FakeImdb, tmdb: FakeTmdb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Return a function that runs `mediacanon doctor` on an installation without faults."""
    settings = {"DATABASE_URL": demo_database, "IMDB_BASE_URL": imdb.url, "TMDB_BASE_URL": tmdb.url}
    for name, value in {**settings, "TMDB_API_KEY": KEY, "MEDIACANON_DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(main, ["doctor", *arguments])


def finding(done: Result, check: str) -> tuple[str, str, str]:
    """Return the finding of a check: status, text, hint."""
    one = next(one for one in orjson.loads(done.stdout) if one["check"] == check)
    return one["status"], one["found"], one["hint"]


def test_a_sound_installation_passes(run: Run) -> None:
    """Every check is ok and the exit code is 0; without a terminal the table has no colours."""
    done = run()
    assert done.exit_code == 0, done.output
    # npm installs the explorer's files, and the machine may be short of disk space.
    lines = [line for line in done.output.splitlines() if "explorer" not in line and "disk" not in line]
    assert sum(line.startswith("ok ") for line in lines) == 11
    assert "catalogue            600 movies, 120 shows, 512 seasons, 6,418 episodes" in done.output
    assert " of 720 titles; discover hides titles without" in done.output
    assert re.search(r"title.akas (....-..-..), due from (?!\1)....-..-..; title.principals ", done.output)
    assert "\x1b" not in done.output


@pytest.mark.parametrize(
    ("statement", "check", "status", "found"),
    [
        ("DROP EXTENSION pg_trgm CASCADE", "extensions", "fail", "missing: pg_trgm"),
        (STATE.format("value = '99'", "schema_version"), "schema", "fail", "version 99, this program knows 1"),
        (STATE.format("value = '0'", "schema_version"), "schema", "warn", "version 0 of 1"),
        ("DROP TABLE sync_state", "schema", "warn", "none yet"),
        ("DELETE FROM titles", "catalogue", "warn", "empty"),
        ("DELETE FROM sync_state WHERE key = 'last_import'", "last import", "warn", "never"),
        (STATE.format("updated_at = now() - interval '9 days'", "last_import"), "last import", "warn", "9 days ago"),
        (
            "DELETE FROM sync_state WHERE key = 'imdb_file:name.basics.tsv.gz'",
            "further files",
            "warn",
            "never name.basics",
        ),
    ],
)
def test_faults_of_the_database_are_found(
    run: Run, demo_database: str, statement: str, check: str, status: str, found: str
) -> None:
    """Each has a hint; a fault that stops the server has exit code 1."""
    ask(demo_database, statement)
    done = run("--json")
    assert finding(done, check)[:1] == (status,)
    assert found in finding(done, check)[1]
    assert finding(done, check)[2]
    assert done.exit_code == (1 if status == "fail" else 0)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://me:secret@127.0.0.1:1/none", "Cannot use the database none on 127.0.0.1:1"),
        ("postgresql://me:secret@host:port/none", "The database URL is malformed"),
    ],
)
def test_an_unreachable_database_fails(run: Run, url: str, found: str) -> None:
    """The finding has no password, and the other checks are made."""
    done = run("--json", "--db", url)
    assert (done.exit_code, finding(done, "database")[0]) == (1, "fail")
    assert finding(done, "database")[1].startswith(found)
    assert "secret" not in done.output
    assert finding(done, "TMDB")[0] == "ok"


def test_the_tmdb_key_is_tried(run: Run, tmdb: FakeTmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused key fails; a broken response and a missing key are warnings."""
    monkeypatch.setenv("TMDB_API_KEY", "wrong")
    done = run("--json")
    assert (done.exit_code, finding(done, "TMDB")) == (1, ("fail", "the key is refused", "check TMDB_API_KEY"))
    monkeypatch.setenv("TMDB_API_KEY", KEY)
    tmdb.misbehave(TmdbFault.TRUNCATED_JSON)
    assert finding(run("--json"), "TMDB")[0] == "warn"
    monkeypatch.delenv("TMDB_API_KEY")
    assert finding(run("--json"), "TMDB")[:2] == ("warn", "no key")


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (ImdbFault.SERVER_ERROR, "answers with status 5"),
        (ImdbFault.NOT_FOUND, "answers with status 404"),
        (ImdbFault.HTML, "is not a gzip file"),
    ],
)
def test_imdb_is_tried(run: Run, imdb: FakeImdb, fault: ImdbFault, found: str) -> None:
    """The server works without IMDb, so a fault is a warning."""
    imdb.misbehave(fault)
    done = run("--json")
    assert (done.exit_code, finding(done, "IMDb")[0]) == (0, "warn")
    assert found in finding(done, "IMDb")[1]


def test_an_unreachable_imdb_is_a_warning(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is no failure."""
    monkeypatch.setenv("IMDB_BASE_URL", "http://127.0.0.1:1")
    assert finding(run("--json"), "IMDb")[0] == "warn"


def test_our_own_database_is_started_and_left_as_it_was(
    run: Run, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a new machine the cluster is created, without a schema, which is a warning."""
    home = data_root / "doctor"
    monkeypatch.delenv("DATABASE_URL")
    done = run("--json", "--data-dir", str(home))
    assert done.exit_code == 0, done.output
    assert finding(done, "database")[0] == "ok"
    assert finding(done, "schema")[:2] == ("warn", "none yet")
    postgres = EmbeddedPostgres(home)
    tables = ask(postgres.start(), "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    postgres.stop()
    assert tables == 0
