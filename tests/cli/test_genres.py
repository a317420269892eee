"""`mediacanon genres`: list, add, and the cycle of a review: export, edit, import."""

import re
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from cli import main
from mediacanon.imdb.demo import write_demo_files
from tests.database.clusters import ask
from tests.fakes.tmdb import KEY, FakeTmdb
from tests.fakes.tmdb_catalogue import film

Run = Callable[..., Result]
CUSTOM = """SELECT array_agg(g.name || ' ' || title_id ORDER BY 1) FROM title_genres
              JOIN genres g ON g.id = genre_id WHERE g.is_custom"""


@pytest.fixture
def run(demo_database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `mediacanon` on the test's own demo catalogue."""
    monkeypatch.setenv("DATABASE_URL", demo_database)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


def decide(file: Path, genres: str) -> list[int]:
    """Write genres to every line GENRES of a file; return the ids of its titles."""
    text = file.read_text()
    file.write_text(re.sub(r"^GENRES:.*$", f"GENRES: {genres}", text, flags=re.MULTILINE))
    return [int(number) for number in re.findall(r"^\[(\d+)\]", text, re.MULTILINE)]


def custom_genres(dsn: str) -> list[str]:
    """Return the custom genres with their titles."""
    return ask(dsn, CUSTOM)


def test_an_edited_file_is_stored(run: Run, demo_database: str, tmp_path: Path) -> None:
    """Genres are stored in any letter case; the next export has other titles."""
    file = tmp_path / "review.txt"
    first = run("genres", "export", file, "--limit", 3, "--genre", "reality-tv", "--genre", "Game-Show")
    assert (first.exit_code, first.output) == (0, f"3 titles to review in {file}.\n")
    ids = decide(file, "COOKING, dating")
    assert all("Reality-TV" in line or "Game-Show" in line for line in file.read_text().split("\n") if "[" in line[:1])
    rehearsal = run("genres", "import", file, "--dry-run")
    assert rehearsal.output.endswith("6 genres added, 0 removed. Nothing was stored (--dry-run).\n")
    done = run("genres", "import", file)
    assert done.output == "3 titles reviewed, 3 changed: 6 genres added, 0 removed.\n"
    assert {f"{genre} {one}" for one in ids for genre in ("Cooking", "Dating")} <= set(custom_genres(demo_database))
    decide(file, "none")
    counts = orjson.loads(run("genres", "import", file, "--json").stdout)
    assert counts == {"reviewed": 3, "changed": 3, "given": 0, "taken": 6}
    next_file = tmp_path / "next.txt"
    run("genres", "export", next_file, "--genre", "Reality-TV", "--genre", "Game-Show")
    assert not set(ids) & set(decide(next_file, ""))


def test_a_file_with_mistakes_is_not_stored(run: Run, demo_database: str, tmp_path: Path) -> None:
    """Mistakes of form and of content are printed by line on standard error; the exit code is 1."""
    before = custom_genres(demo_database)
    file = tmp_path / "review.txt"
    file.write_text("[1] A\nGENRES: Dating\n\n[99999] B\nGENRES: Cuking, drama\nnonsense\n[1] A\n[2]\n")
    done = run("genres", "import", file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.split("\n") == [
        f"Error: 6 mistakes in {file}, nothing was stored:",
        f"  {file}:4: there is no title 99999",
        f"  {file}:5: Drama is IMDb's genre, which imports give and take; only custom genres can be given",
        f"  {file}:5: there is no custom genre 'Cuking'; did you mean Cooking?",
        f"  {file}:6: neither a title ([id] ...) nor GENRES: 'nonsense'",
        f"  {file}:7: title 1 stands in line 1 already",
        f"  {file}:8: title 2 has no line GENRES",
        "",
    ]
    assert custom_genres(demo_database) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no titles"),
        (b"# only\n", "has no titles"),
        (b"[1] \xc3\x84\nGENRES:\n[2] \xc4", ":3: not UTF-8"),
        (b"x\n" * 60, "and 10 more"),
    ],
)
def test_files_of_another_kind_are_refused(run: Run, tmp_path: Path, content: bytes, said: str) -> None:
    """An empty file, another encoding or another format is refused, with a bounded list of mistakes."""
    file = tmp_path / "review.txt"
    file.write_bytes(content)
    done = run("genres", "import", file)
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.count("\n") < 60


def test_an_edited_file_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    """Only --force overwrites it; a missing folder is an error of one line."""
    file = tmp_path / "review.txt"
    file.write_text("hours of work")
    refused = run("genres", "export", file)
    assert (refused.exit_code, file.read_text()) == (1, "hours of work")
    assert refused.stderr == f"Error: {file} exists already; --force overwrites it\n"
    assert orjson.loads(run("genres", "export", file, "--force", "--limit", 1, "--json").stdout)["titles"] == 1
    assert run("genres", "export", tmp_path / "no" / "file").stderr.endswith("No such file or directory\n")
    unknown = run("genres", "export", tmp_path / "x", "--genre", "Nope")
    assert unknown.stderr == "Error: There is no genre 'Nope'; `mediacanon genres list` prints all\n"
    assert [one.name for one in tmp_path.iterdir()] == ["review.txt"]


def test_a_new_genre_is_listed_and_accepted(run: Run, tmp_path: Path) -> None:
    """An added genre is in the header of exported files, and accepted in their lines."""
    assert run("genres", "add", "Home Makeover").output == "Added the custom genre Home Makeover.\n"
    assert run("genres", "add", "home makeover").exit_code == 1
    run("genres", "export", tmp_path / "review.txt", "--limit", 1)
    assert "Home Makeover" in (tmp_path / "review.txt").read_text()
    decide(tmp_path / "review.txt", "home makeover")
    assert run("genres", "import", tmp_path / "review.txt").exit_code == 0
    listed = orjson.loads(run("genres", "list", "--json").stdout)
    assert {"name": "Home Makeover", "is_custom": True, "count": 1} in listed
    assert re.search(r"^Home Makeover +custom +1$", run("genres", "list").stdout, re.MULTILINE)


def test_custom_genres_survive_an_import(run: Run, demo_database: str, tmp_path: Path) -> None:
    """A forced import with other genres keeps the reviewed custom genres."""
    run("genres", "export", tmp_path / "review.txt", "--limit", 5)
    decide(tmp_path / "review.txt", "Dating")
    run("genres", "import", tmp_path / "review.txt")
    before = custom_genres(demo_database)
    ask(demo_database, "UPDATE titles SET imdb_genres = 'Short'")
    dump = tmp_path / "dump"
    dump.mkdir()
    write_demo_files(dump)
    done = run("sync", "--offline", "--force", "--dir", dump)
    assert done.exit_code == 0, done.stderr
    assert custom_genres(demo_database) == before
    run("genres", "export", tmp_path / "next.txt", "--limit", 5)
    assert not set(decide(tmp_path / "review.txt", "")) & set(decide(tmp_path / "next.txt", ""))


def test_countries_come_from_tmdb(
    run: Run, demo_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key, missing countries are fetched; if TMDB fails, the file is written without them."""
    imdb_id = ask(demo_database, "SELECT imdb_id FROM titles WHERE type = 'movie' ORDER BY num_votes DESC NULLS LAST")
    ask(demo_database, "UPDATE titles SET origin_country = NULL, enriched_at = NULL, tmdb_id = NULL")
    ask(demo_database, "DELETE FROM custom_genre_reviews")
    ask(demo_database, f"UPDATE titles SET num_votes = 9e6 WHERE imdb_id = '{imdb_id}'")
    monkeypatch.setenv("TMDB_API_KEY", KEY)
    with FakeTmdb() as tmdb:
        monkeypatch.setenv("TMDB_BASE_URL", tmdb.url)
        tmdb.catalogue.add_film(film(11, imdb_id, origin_country=["KR"], original_language="ko"))
        assert run("genres", "export", tmp_path / "asked.txt", "--limit", 1).stderr == ""
    assert "ko/KR" in (tmp_path / "asked.txt").read_text()
    monkeypatch.setenv("TMDB_API_KEY", "wrong")
    with FakeTmdb() as tmdb:
        monkeypatch.setenv("TMDB_BASE_URL", tmdb.url)
        done = run("genres", "export", tmp_path / "refused.txt", "--limit", 2)
    assert (done.exit_code, done.stdout) == (0, f"2 titles to review in {tmp_path / 'refused.txt'}.\n")
    assert "The country of 1 title is unknown: TMDB refuses the key" in done.stderr


def test_the_originals_spelling_still_works(run: Run, tmp_path: Path) -> None:
    """`sync --genres-export` and `--genres-import` take limit, filter and an ignored batch size."""
    file = tmp_path / "review.txt"
    out = run("sync", "--genres-export", file, "--genres-limit", 2, "--genres-filter", "drama, Comedy", "--batch", 5000)
    assert out.output == f"2 titles to review in {file}.\n"
    assert run("sync", "--genres-export", file).exit_code == 1
    decide(file, "Dating")
    back = run("sync", "--genres-import", file, "--batch", 5000, "--json")
    assert orjson.loads(back.stdout) == {"reviewed": 2, "changed": 2, "given": 2, "taken": 0}
