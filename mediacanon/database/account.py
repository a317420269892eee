"""The operating system account PostgreSQL runs under: ours, or an unprivileged one when we are root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mediacanon.errors import DatabaseUnavailable

# Accounts that may run a server when we are root, by preference; macOS names the first one _postgres.
UNPRIVILEGED = ("postgres", "_postgres", "nobody")
# Our own environment (PGDATA, PGOPTIONS, LANG ...) must not change a server's behaviour or messages.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The account that runs the server; `is_ours` is false only when we are root and drop to another account."""

    name: str
    uid: int
    gid: int
    is_ours: bool

    def run(
        self, command: Sequence[str | Path], *, keep_open: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end as this account and return its exit code and output.

        `keep_open` lists the descriptors that the program inherits. The program has a session of its own, so
        Ctrl-C does not reach it. Raises OSError when it cannot be started.
        """
        dropped = None if self.is_ours else self
        return subprocess.run(  # noqa: S603 - programs of our choice, no shell, arguments as a list
            command,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            pass_fds=keep_open,
            start_new_session=True,
            user=dropped.uid if dropped else None,
            group=dropped.gid if dropped else None,
            extra_groups=[] if dropped else None,
        )

    def reaches(self, folder: Path) -> bool:
        """Return whether this account can enter `folder`, tested by entering it."""
        if self.is_ours:
            return os.access(folder, os.X_OK)
        return self.run(["/bin/sh", "-c", 'cd -- "$0"', folder]).returncode == 0

    def take(self, path: Path | int) -> None:
        """Make this account the owner of a file or folder that we created."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)


def server_account(cluster: Path | None) -> ServerAccount:
    """Return the account for the server of `cluster`, or of a new cluster for None.

    The owner of a cluster runs its server. Raises DatabaseUnavailable when we may not act as that account.
    """
    owner = cluster.stat() if cluster else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise DatabaseUnavailable(
                f"The database in {cluster} belongs to {_name(owner.st_uid)}; only that user and"
                " root can run it. Set DATABASE_URL or another MEDIACANON_DATA_DIR."
            )
        return ServerAccount(_name(os.geteuid()), os.geteuid(), os.getegid(), is_ours=True)
    if owner and owner.st_uid != 0:
        return ServerAccount(_name(owner.st_uid), owner.st_uid, owner.st_gid, is_ours=False)
    return _unprivileged()


def _unprivileged() -> ServerAccount:
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(name, entry.pw_uid, entry.pw_gid, is_ours=False)
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and there is no user "
        + " or ".join(UNPRIVILEGED)
        + ": run MediaCanon as an ordinary user, or set DATABASE_URL."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
