"""Staging: files and rows that are malformed, and rows that only look so."""

import gzip
from pathlib import Path

import pytest

from mediacanon.imdb.datasets import BASICS, EPISODE, RATINGS
from tests.imdb.catalogue import Catalogue, changes, denial, run_import
from tests.imdb.files import MANY, text, title, write


def basics(folder: Path, content: bytes) -> None:
    """Replace title.basics by the compressed `content`."""
    (folder / BASICS.file).write_bytes(gzip.compress(content))


async def test_a_missing_file_stops_the_import(database: str, catalogue: Catalogue, yesterday: Path) -> None:
    """The message names the file."""
    (yesterday / EPISODE.file).unlink()
    assert "title.episode.tsv.gz is missing" in await denial(database, catalogue, yesterday)


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
async def test_a_file_truncated_in_its_compressed_data_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path, keep: float
) -> None:
    """One missing byte in a thousand is enough."""
    whole = gzip.compress(text(BASICS, [*MANY, title("tt2000000")]))
    (yesterday / BASICS.file).write_bytes(whole[: int(len(whole) * keep)])
    assert "title.basics.tsv.gz is truncated" in await denial(database, catalogue, yesterday)


async def test_a_file_that_ends_inside_a_row_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path
) -> None:
    """The compressed data is complete, the text is cut."""
    basics(yesterday, text(BASICS, [*MANY, title("tt2000000")])[:-30])
    assert "ends inside a row" in await denial(database, catalogue, yesterday)


async def test_a_missing_last_newline_is_fine(database: str, catalogue: Catalogue, yesterday: Path) -> None:
    """The last row is imported if its columns are complete."""
    basics(yesterday, text(BASICS, [*MANY, title("tt2000000", name="Last")])[:-1])
    await run_import(database, yesterday)
    assert (await catalogue.title("tt2000000"))["display_name"] == "Last"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "another header"),
        (gzip.compress(b"\t".join(name.encode() for name in BASICS.header) + b"\n"), "has no rows"),
        (b"<html>Not today</html>", "is no gzip file"),
        (gzip.compress(b"tconst\ttitleType\n"), "another header"),
        (gzip.compress(text(BASICS, MANY).replace(b"genres\n", b"genres\textra\n", 1)), "another header"),
        (gzip.compress(text(RATINGS, [("tt1000000", 5.0, 5)])), "another header"),
        (gzip.compress(b"x" * (3 << 20)), "another header"),
        (gzip.compress(text(BASICS, []) + b"x" * (9 << 20)), "line longer than"),
        (gzip.compress(text(BASICS, MANY))[:-8] + b"\0" * 8, "cannot be read"),
    ],
    ids=["empty", "empty-gzip", "header-only", "html", "short-header", "extra-column", "other-file", "no-newline", "endless-line", "wrong-checksum"],
)  # fmt: skip
async def test_a_file_of_another_format_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path, content: bytes, complaint: str
) -> None:
    """The message names the file and the reason."""
    (yesterday / BASICS.file).write_bytes(content)
    message = await denial(database, catalogue, yesterday)
    assert complaint in message
    assert BASICS.file in message


BAD_ROWS = {
    "year": b"tt2000001\tmovie\tBad\tBad\t0\tMMXX\t\\N\t\\N\tDrama\n",
    "few": b"tt2000001\tmovie\tBad\tBad\t0\n",
    "many": b"tt2000001\tmovie\tBad\tBad\t0\t2001\t\\N\t\\N\tDrama\tMore\n",
    "blank": b"\n",
    "utf8": b"tt2000001\tmovie\tB\xffd\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "nul": b"tt2000001\tmovie\tB\x00d\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "control": b"tt2000001\tmovie\t\x01Bad\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "carriage": b"tt2000001\tmovie\tB\rd\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "end-of-data": b"\\.\n",
    "id": b"nm2000001\tmovie\tBad\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "no-name": b"tt2000001\tmovie\t\\N\tBad\t0\t2001\t\\N\t\\N\tDrama\n",
    "huge-year": b"tt2000001\tmovie\tBad\tBad\t0\t99999999999\t\\N\t\\N\tDrama\n",
}


@pytest.mark.parametrize("bad", BAD_ROWS.values(), ids=BAD_ROWS)
@pytest.mark.parametrize("at", [0, 1500, 3000])
async def test_a_malformed_row_is_skipped_and_shown_with_its_line(
    database: str, catalogue: Catalogue, tmp_path: Path, bad: bytes, at: int
) -> None:
    """First, in the middle and last; all other rows are imported."""
    lines = text(BASICS, MANY).splitlines(keepends=True)
    write(tmp_path)
    basics(tmp_path, b"".join([*lines[: at + 1], bad, *lines[at + 1 :]]))
    report = await run_import(database, tmp_path)
    assert changes(report, "movies").inserted == 3000
    assert report.skipped[BASICS.file] == 1
    assert str(report.examples[0]).startswith(f"{BASICS.file}:{at + 2}: ")


async def test_the_first_ten_malformed_rows_are_shown(database: str, tmp_path: Path) -> None:
    """All are counted; the first ten of the file are shown in order."""
    write(tmp_path)
    rows = [title(f"tt{n:07}", year="soon" if n % 1500 == 7 else 2001) for n in range(1, 18_001)]  # type: ignore[arg-type]
    basics(tmp_path, text(BASICS, rows))
    report = await run_import(database, tmp_path)
    assert report.skipped[BASICS.file] == 12
    assert [row.line for row in report.examples] == [8 + 1500 * n for n in range(10)]


async def test_more_than_one_malformed_row_in_a_thousand_stops_the_import(
    database: str, catalogue: Catalogue, yesterday: Path
) -> None:
    """The message shows the malformed rows."""
    rows = [*MANY, *[title(f"tt200000{n}", year="soon") for n in range(4)]]  # type: ignore[arg-type]
    basics(yesterday, text(BASICS, rows))
    message = await denial(database, catalogue, yesterday)
    assert "4 of 3,004 rows are malformed" in message
    assert "title.basics.tsv.gz:3002: " in message


async def test_a_file_with_carriage_returns_throughout_is_read(
    database: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    """A file repacked on another system is imported."""
    write(tmp_path)
    basics(tmp_path, text(BASICS, MANY).replace(b"\n", b"\r\n"))
    await run_import(database, tmp_path)
    assert (await catalogue.title("tt1000007"))["genres"] == ["Drama"]
