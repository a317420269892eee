"""The files of the last import, kept beside the downloads: the next import reads the difference to them.

They are hard links where the file system has these, since a download replaces a file and never writes into it. Nothing
is believed of them: their hash must be that of the files which the catalogue was last brought to.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from mediacanon.errors import ImportRefused
from mediacanon.imdb import datasets

log = logging.getLogger(__name__)

# Below the folder of the downloads.
IMPORTED = "imported"
UNFINISHED = "unfinished-"
A_DAY = 86_400
FILES = tuple(dataset.file for dataset in datasets.ALL)


def hash_file(path: Path) -> bytes:
    """Return the SHA-256 of a file. Raises ImportRefused for a missing file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError:
        raise ImportRefused(f"{path} is missing") from None
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read: {error.strerror}") from None


def hash_files(folder: Path) -> str:
    """Return the SHA-256 over the three files' own hashes, in hexadecimal. Raises ImportRefused for a missing file."""
    total = hashlib.sha256()
    for name in FILES:
        total.update(hash_file(folder / name))
    return total.hexdigest()


def kept_files(folder: Path, files_hash: str | None) -> Path | None:
    """Return the folder of the three kept files if they are those of this hash."""
    with suppress(ImportRefused):
        if files_hash and hash_files(folder / IMPORTED) == files_hash:
            return folder / IMPORTED
    return None


def kept_file(folder: Path, name: str, file_hash: str | None) -> Path | None:
    """Return the path of a kept file if it is that of this hash."""
    with suppress(ImportRefused):
        if file_hash and hash_file(folder / IMPORTED / name).hex() == file_hash:
            return folder / IMPORTED / name
    return None


def keep_files(folder: Path, files: Mapping[str, Path] | None = None) -> None:
    """Keep files under their names, the three of `folder` by default, which have been imported.

    Where they cannot be kept, the next import takes longer.
    """
    files = files or {name: folder / name for name in FILES}
    kept = folder / IMPORTED
    try:
        kept.mkdir(exist_ok=True)
        for name, file in files.items():
            _keep(file, kept / name)
    except OSError as error:
        log.warning("The files of this import cannot be kept, so the next one takes longer: %s", error)
        forget_files(folder, files)


def new_file(folder: Path, ending: str) -> Path:
    """Return the path of an empty file beside the kept ones: another database's import may use the same folder.

    Deletes those that killed imports left a day ago. Raises OSError.
    """
    kept = folder / IMPORTED
    kept.mkdir(exist_ok=True)
    for left in kept.glob(f"{UNFINISHED}*{ending}"):
        if left.stat().st_mtime < time.time() - A_DAY:
            left.unlink()
    handle, path = tempfile.mkstemp(prefix=UNFINISHED, suffix=ending, dir=kept)
    os.close(handle)
    return Path(path)


def forget_files(folder: Path, names: Iterable[str] = FILES) -> None:
    """Delete kept files."""
    for name in names:
        with suppress(OSError):
            (folder / IMPORTED / name).unlink()


def _keep(file: Path, kept: Path) -> None:
    if kept.exists() and kept.samefile(file):
        return
    part = kept.with_name(f"{kept.name}.part")
    part.unlink(missing_ok=True)
    try:
        os.link(file.resolve(), part)
    except OSError:
        shutil.copyfile(file, part)
    part.replace(kept)
