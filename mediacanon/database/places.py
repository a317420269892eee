"""The folder of a cluster: beside the other data, or in a place that the server's account can reach."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from mediacanon.database.account import ServerAccount, server_account
from mediacanon.database.server_settings import SOCKET
from mediacanon.errors import DatabaseUnavailable
from mediacanon.settings import default_data_dir

# Reachable by every account: for the clusters of root, whose server runs under another account.
SHARED = Path("/var/lib/mediacanon")
# sockaddr_un holds 104 bytes with the closing zero on macOS, 108 on Linux.
_LONGEST_SOCKET = 103


def find_place(data_dir: Path) -> tuple[Path, ServerAccount]:
    """Return the folder of the cluster of `data_dir`, created if missing, and its account.

    The folder is `data_dir`/postgres. When we are root and the server's account cannot reach it, the folder stands
    under /var/lib/mediacanon/clusters. Raises DatabaseUnavailable when neither place is usable.
    """
    if "\n" in str(data_dir):
        raise DatabaseUnavailable("A folder with a line break in its name cannot hold a database.")
    _make_reachable(data_dir)
    place = data_dir / "postgres"
    elsewhere = SHARED / "clusters" / _readable_name(data_dir)
    made = [folder for folder in (place, elsewhere) if (folder / "cluster").exists()]
    account = server_account(made[0] / "cluster" if made else None)
    if not account.is_ours and not account.reaches(data_dir):
        if made[:1] == [place]:
            raise DatabaseUnavailable(
                f"The database in {place} belongs to the user {account.name}, which cannot enter {data_dir}."
            )
        _make_reachable(elsewhere.parent)
        place = elsewhere
    elif made:
        place = made[0]
    _make_private(place, account)
    return place, account


def copies_of_binaries(account: ServerAccount) -> Path:
    """Return the folder for copies of binaries, for those installed out of reach of `account`."""
    folder = (default_data_dir() if account.is_ours else SHARED) / "binaries"
    _make_reachable(folder)
    return folder


def socket_folder(place: Path, account: ServerAccount, name: str) -> Path:
    """Return a private folder for the socket: `place`, or one named `name` where the path of `place` is unsuitable.

    Raises DatabaseUnavailable when that folder belongs to another user.
    """
    if _suits_a_socket(place):
        return place
    parents = [Path(tempfile.gettempdir()), Path("/tmp")] if account.is_ours else [SHARED]  # noqa: S108 - the folder in it is private and checked
    folder = next(parent / name for parent in parents if _suits_a_socket(parent / name))
    _make_reachable(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    # In one call, and not through a link: another user's link may lead to any folder of ours.
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        raise DatabaseUnavailable(f"{folder} must be a folder of {account.name}, and no link: remove it.")
    _make_private(folder, account)
    return folder


def _suits_a_socket(folder: Path) -> bool:
    """Return whether clients can name a socket in `folder`: short, in UTF-8, no comma (it separates hosts)."""
    try:
        length = len(str(folder / SOCKET).encode())
    except UnicodeEncodeError:
        return False
    return length <= _LONGEST_SOCKET and "," not in str(folder)


def _make_reachable(folder: Path) -> None:
    """Create `folder` and its missing parents, open to all users if we are root. Existing folders stay unchanged."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            each.chmod(0o755)


def _make_private(folder: Path, account: ServerAccount) -> None:
    """Create `folder` for `account` alone, or make an existing one private."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid == 0 and not account.is_ours and not any(folder.iterdir()):
        account.take(folder)
        found = folder.stat()
    if found.st_uid != account.uid:
        raise DatabaseUnavailable(f"{folder} must belong to {account.name}, the user that runs PostgreSQL.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def _readable_name(data_dir: Path) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", data_dir.name).strip("-")[:40]
    return f"{words or 'mediacanon'}-{digest(data_dir)}"


def digest(folder: Path) -> str:
    """Return 12 hexadecimal digits that identify a folder by its resolved path."""
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
