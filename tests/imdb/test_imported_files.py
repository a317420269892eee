"""The files of the last import: kept as they were imported, and believed only then."""

import os
from pathlib import Path

import pytest

from mediacanon.imdb.datasets import BASICS
from mediacanon.imdb.imported_files import IMPORTED, hash_files, keep_files, kept_files
from tests.imdb.files import replace, title, write


def test_kept_files_outlive_the_next_download(tmp_path: Path) -> None:
    """They are those of their hash, and of no other."""
    write(tmp_path, titles=[title("tt0900000")])
    first = hash_files(tmp_path)
    keep_files(tmp_path)
    assert kept_files(tmp_path, first) == tmp_path / IMPORTED
    write(tmp_path, titles=[title("tt0900001")])
    assert kept_files(tmp_path, first) == tmp_path / IMPORTED
    assert kept_files(tmp_path, hash_files(tmp_path)) is None
    assert kept_files(tmp_path, None) is None
    keep_files(tmp_path)
    keep_files(tmp_path)
    assert kept_files(tmp_path, hash_files(tmp_path)) == tmp_path / IMPORTED
    assert sorted(file.name for file in (tmp_path / IMPORTED).iterdir()) == [
        "title.basics.tsv.gz", "title.episode.tsv.gz", "title.ratings.tsv.gz"
    ]  # fmt: skip


def test_a_kept_file_that_was_written_into_is_not_believed(tmp_path: Path) -> None:
    """Somebody edits the file under one of its two names."""
    write(tmp_path, titles=[title("tt0900000")])
    known = hash_files(tmp_path)
    keep_files(tmp_path)
    with (tmp_path / BASICS.file).open("ab") as file:
        file.write(b"more")
    assert kept_files(tmp_path, known) is None


def test_files_are_copied_where_links_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links, or a file of another account."""

    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write(tmp_path, titles=[title("tt0900000")])
    known = hash_files(tmp_path)
    keep_files(tmp_path)
    replace(tmp_path / BASICS.file, b"another")
    assert kept_files(tmp_path, known) == tmp_path / IMPORTED


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The import has succeeded all the same."""
    write(tmp_path, titles=[title("tt0900000")])
    (tmp_path / IMPORTED).write_bytes(b"in the way")
    keep_files(tmp_path)
    assert kept_files(tmp_path, hash_files(tmp_path)) is None
    assert "the next one takes longer" in caplog.text
