"""Writes small files in IMDb's format: a row is a tuple, None is null."""

import gzip
from collections.abc import Iterable
from pathlib import Path

from mediacanon.imdb.datasets import ALL, FURTHER, Dataset

Row = tuple[object, ...]


def title(
    tconst: str,
    kind: str = "movie",
    name: str = "A Film",
    *,
    year: int | None = 2001,
    end: int | None = None,
    runtime: int | None = 90,
    genres: str | None = "Drama",
    original: str | None = None,
    is_adult: object = 0,
) -> Row:
    """Return a row of title.basics."""
    return (tconst, kind, name, original or name, is_adult, year, end, runtime, genres)


def text(dataset: Dataset, rows: Iterable[Row]) -> bytes:
    """Return the file's content before compression, with the header first."""
    lines = [dataset.header, *rows]
    written = ("\t".join("\\N" if value is None else str(value) for value in line) for line in lines)
    return "".join(f"{line}\n" for line in written).encode()


def write(
    folder: Path,
    *,
    titles: Iterable[Row] = (),
    episodes: Iterable[Row] = (),
    ratings: Iterable[Row] = (),
) -> Path:
    """Write the three files into `folder`; a file without rows gets a row of a title that the import ignores."""
    folder.mkdir(parents=True, exist_ok=True)
    fillers = [("tt0000001", "short", "Filler", "Filler", 0, None, None, None, None)]
    given = [
        [*fillers, *titles],
        list(episodes) or [("tt0000002", "tt0000001", None, None)],
        list(ratings) or [("tt0000001", 5.0, 5)],
    ]
    for dataset, rows in zip(ALL, given, strict=True):
        replace(folder / dataset.file, gzip.compress(text(dataset, rows)))
    return folder


def write_further(folder: Path, **files: Iterable[Row]) -> None:
    """Write further files by noun (akas, principals, crew, people) into `folder`; the others stay as they are."""
    nouns = {dataset.noun: dataset for dataset in FURTHER}
    for noun, rows in files.items():
        replace(folder / nouns[noun].file, gzip.compress(text(nouns[noun], rows)))


def replace(file: Path, content: bytes) -> None:
    """Put another file in the place of `file`, as a download does: the old one may have a second name."""
    part = file.with_name(f"{file.name}.new")
    part.write_bytes(content)
    part.replace(file)


MANY = [title(f"tt1{n:06}", name=f"Film {n}") for n in range(3000)]
