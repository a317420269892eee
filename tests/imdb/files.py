"""Writes small files in IMDb's format: a row is a tuple, None is null."""

import gzip
from collections.abc import Iterable
from pathlib import Path

from mediacanon.imdb.datasets import ALL, Dataset

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
        (folder / dataset.file).write_bytes(gzip.compress(text(dataset, rows)))
    return folder


MANY = [title(f"tt1{n:06}", name=f"Film {n}") for n in range(3000)]
