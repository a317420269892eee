"""`mediacanon sync`: report, progress, exit codes and interruptions."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import orjson
import pytest

from mediacanon.imdb.datasets import ALL, BASICS, EPISODE
from tests.fakes.imdb import FakeImdb, Fault
from tests.fakes.tmdb import KEY, FakeTmdb
from tests.fakes.tmdb_catalogue import film
from tests.imdb.catalogue import Catalogue
from tests.imdb.files import title, write

ROOT = Path(__file__).parents[2]
SYNC = [sys.executable, "-c", "from cli import main; main()", "sync"]
TITLES = [title(f"tt1{n:06}", name=f"Film {n}") for n in range(1200)]
IMPORT_WAITS = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = 'mediacanon sync' AND datname = current_database() AND wait_event_type = 'Lock'
"""


def files(folder: Path, *titles: tuple[object, ...]) -> dict[str, bytes]:
    """Return the three files of a dump by name."""
    write(
        folder,
        titles=[*TITLES, title("tt2000000", "tvSeries", "A Show"), *titles],
        episodes=[("tt3000000", "tt2000000", 1, 1)],
        ratings=[("tt1000000", 7.5, 100), ("tt3000000", 8.5, 50)],
    )
    return {dataset.file: (folder / dataset.file).read_bytes() for dataset in ALL}


@pytest.fixture
def imdb(tmp_path: Path) -> Iterator[FakeImdb]:
    """Yield a fake IMDb with a small dump."""
    with FakeImdb(files(tmp_path / "today")) as server:
        yield server


@pytest.fixture
def environment(imdb: FakeImdb, database: str, tmp_path: Path) -> dict[str, str]:
    """Return an environment with the fake IMDb and the test's database."""
    ours = {"IMDB_BASE_URL": imdb.url, "DATABASE_URL": database, "MEDIACANON_DATA_DIR": str(tmp_path / "home")}
    return dict(os.environ) | ours


@pytest.fixture
def catalogue(pool: asyncpg.Pool) -> Catalogue:
    """Return a reader of the test's database."""
    return Catalogue(pool)


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [*SYNC, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=180)


def numbers(output: str, name: str) -> list[str]:
    """Return the cells of the row `name` in a table of the report."""
    return next(line.removeprefix(name).split() for line in output.splitlines() if line.startswith(f"{name} "))


def test_the_report_counts_per_kind_file_and_step(environment: dict[str, str]) -> None:
    """Standard output is the report alone; progress goes to standard error in plain lines."""
    done = run(environment)
    assert done.returncode == 0
    assert numbers(done.stdout, "kind")[:4] == ["inserted", "updated", "unchanged", "withdrawn"]
    assert numbers(done.stdout, "kind")[4:] == ["moved", "duplicates", "skipped"]
    assert numbers(done.stdout, "movies")[0] == "1,200"
    assert numbers(done.stdout, "episodes")[0] == "1"
    assert numbers(done.stdout, BASICS.file) == ["1,202", "0", "0"]
    assert float(numbers(done.stdout, "together")[0]) > 0
    assert not done.stdout.count("malformed row")
    assert "Downloading title.basics.tsv.gz: done" in done.stderr
    assert "Merging: done" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_unchanged_files_are_not_imported(environment: dict[str, str], imdb: FakeImdb) -> None:
    """The second run downloads nothing and prints so; --force imports the same files again."""
    run(environment)
    again = run(environment)
    assert (again.returncode, again.stdout) == (0, "Nothing changed: the files are those of the last import.\n")
    assert imdb.statuses(BASICS.file) == [200, 304]
    assert numbers(run(environment, "--force").stdout, "movies")[2] == "1,200"


def test_json_prints_the_report_as_an_object(environment: dict[str, str]) -> None:
    """An import and a run without changes print one object each."""
    report = orjson.loads(run(environment, "--json").stdout)
    movies = next(one for one in report["changes"] if one["kind"] == "movies")
    assert movies["inserted"] == 1200
    assert report["rows"][EPISODE.file] == 1
    assert report["seconds"]["downloading"] > 0
    assert orjson.loads(run(environment, "--json").stdout)["is_unchanged"] is True


def test_malformed_rows_are_listed_after_the_tables(environment: dict[str, str], tmp_path: Path) -> None:
    """Each has file, line and reason."""
    files(tmp_path / "odd", title("tt2000001", year="soon"))  # type: ignore[arg-type]
    done = run(environment, "--offline", "--dir", str(tmp_path / "odd"))
    assert done.returncode == 0
    assert numbers(done.stdout, BASICS.file) == ["1,203", "1", "0"]
    assert f"  {BASICS.file}:1204: " in done.stdout.splitlines()[-1]


def test_a_refused_import_is_one_line_and_exit_code_1(environment: dict[str, str], tmp_path: Path) -> None:
    """The line names the file and the fault."""
    done = run(environment, "--offline", "--dir", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: {tmp_path}/nowhere/{BASICS.file} is missing\n"


def test_an_unreachable_file_is_one_line_and_exit_code_1(environment: dict[str, str], imdb: FakeImdb) -> None:
    """The line has the URL and the reason."""
    imdb.misbehave(Fault.NOT_FOUND, file=BASICS.file)
    done = run(environment)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last == f"Error: {imdb.url}/{BASICS.file} cannot be had: the server answers 404 Not Found"


@pytest.mark.parametrize("arguments", [["--workers", "9"], ["--fast"]])
def test_wrong_usage_is_exit_code_2(environment: dict[str, str], arguments: list[str]) -> None:
    """The message names the option."""
    done = run(environment, *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr


def test_a_terminal_gets_bars_and_clean_output(environment: dict[str, str]) -> None:
    """Bars go to standard error; standard output stays free of control characters."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        SYNC, stdout=subprocess.PIPE, stderr=theirs, env=environment | {"TERM": "xterm"}, cwd=ROOT
    ) as process:
        os.close(theirs)
        seen = b""
        while block := _read(ours):
            seen += block
        output = process.communicate()[0].decode()
    os.close(ours)
    assert process.returncode == 0
    assert numbers(output, "movies")[0] == "1,200"
    assert "\x1b" not in output
    assert "Staging title.basics.tsv.gz" in seen.decode()
    assert "━" in seen.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def test_a_broken_pipe_does_not_stop_the_import(environment: dict[str, str]) -> None:
    """Standard error may be a pipe without a reader, as after `2>&1 | head`."""
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        SYNC, stdout=subprocess.PIPE, stderr=theirs, env=environment, cwd=ROOT, check=False, text=True
    )
    os.close(theirs)
    assert done.returncode == 0
    assert numbers(done.stdout, "movies")[0] == "1,200"


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_merge_leaves_the_catalogue_as_it_was(
    environment: dict[str, str],
    imdb: FakeImdb,
    pool: asyncpg.Pool,
    catalogue: Catalogue,
    tmp_path: Path,
    kill: signal.Signals,
) -> None:
    """After Ctrl-C or SIGTERM the exit code is 130, without traceback or leftovers, and the next run works."""
    await asyncio.to_thread(run, environment)
    before = await catalogue.dump()
    imdb.files = files(tmp_path / "tomorrow", title("tt2000001", name="New"))
    async with pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM sync_state FOR UPDATE")
        process = await asyncio.create_subprocess_exec(
            *SYNC, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while not await pool.fetchval(IMPORT_WAITS):
            assert process.returncode is None
            await asyncio.sleep(0.02)
        process.send_signal(kill)
        output, errors = await process.communicate()
    assert (process.returncode, output) == (130, b"")
    assert errors.splitlines()[-1] == b"Interrupted."
    assert b"Traceback" not in errors
    assert await catalogue.dump() == before
    assert not await pool.fetchval("SELECT to_regnamespace('imdb_staging')::text")
    assert numbers((await asyncio.to_thread(run, environment)).stdout, "movies")[0] == "1"


async def test_an_interrupted_download_is_continued_by_the_next_run(
    environment: dict[str, str], imdb: FakeImdb, catalogue: Catalogue
) -> None:
    """Ctrl-C keeps the partial download and leaves the catalogue unchanged."""
    before = await catalogue.dump()
    imdb.misbehave(Fault.HANG, file=BASICS.file, times=1)
    process = await asyncio.create_subprocess_exec(
        *SYNC, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr
    while b"Downloading title.basics.tsv.gz" not in await process.stderr.readline():
        assert process.returncode is None
    process.send_signal(signal.SIGINT)
    output, errors = await process.communicate()
    assert (process.returncode, output) == (130, b"")
    assert b"Traceback" not in errors
    assert await catalogue.dump() == before
    assert (await asyncio.to_thread(run, environment)).returncode == 0
    assert imdb.statuses(BASICS.file)[-1] in {200, 206}


@pytest.mark.parametrize("left_out", [(), ("--no-tmdb",), ("--offline",)])
def test_with_a_key_the_import_is_followed_by_a_backfill(
    environment: dict[str, str], left_out: tuple[str, ...]
) -> None:
    """Flagged titles are fetched from TMDB and counted in the report; --no-tmdb and --offline prevent it."""
    run(environment, "--json")
    with FakeTmdb() as tmdb:
        tmdb.catalogue.add_film(film(11, "tt1000000"))
        keyed = environment | {"TMDB_API_KEY": KEY, "TMDB_BASE_URL": tmdb.url, "TMDB_RATE": "0"}
        first = run(keyed, "--json", *left_out)
        again = run(keyed, *left_out)
        requests = list(tmdb.requests)
    assert (first.returncode, again.returncode) == (0, 0)
    if left_out:
        assert "tmdb" not in orjson.loads(first.stdout)
        assert requests == []
    else:
        assert orjson.loads(first.stdout)["tmdb"]["fetched"] == 1201
        assert "/3/movie/11" in requests
        assert again.stdout.endswith("0 titles fetched from TMDB, 0 changed\n")
