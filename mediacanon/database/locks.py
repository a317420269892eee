"""File locks the kernel drops when their holder dies, however it dies: who starts, who uses, who still runs."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from mediacanon.errors import DatabaseUnavailable

_LOOK_AGAIN = 0.01


def open_lock(path: Path) -> int:
    """Return a descriptor of the lock file at `path`, made when missing; closing it gives the lock up."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        # Made by root in a user's folder, it must not keep that user out.
        owner = path.parent.stat()
        os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def share(path: Path) -> int:
    """Return a descriptor that holds `path` together with others until it is closed."""
    lock = open_lock(path)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def is_held(path: Path) -> bool:
    """Tell whether anybody, this process included, holds the lock at `path`."""
    lock = open_lock(path)
    try:
        return not _try(lock)
    finally:
        os.close(lock)


@contextlib.contextmanager
def exclusive(path: Path, *, patience: float) -> Iterator[int]:
    """Hold `path` alone inside the block; give its descriptor.

    Raises DatabaseUnavailable when others keep it longer than `patience` seconds.
    """
    lock = open_lock(path)
    try:
        deadline = time.monotonic() + patience
        while not _try(lock):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"Another MediaCanon has held {path} for {patience:.0f} seconds.")
            time.sleep(_LOOK_AGAIN)
        yield lock
    finally:
        os.close(lock)


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
