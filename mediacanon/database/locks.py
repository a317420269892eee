"""File locks of processes that start, use or run the server; the kernel drops a lock when its holder dies."""

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from mediacanon.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

# Seconds until a wait is told.
PATIENCE = 3.0
_POLL_INTERVAL = 0.01


def open_lock(path: Path) -> int:
    """Return a descriptor of the lock file at `path`, created if missing; closing it releases the lock."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        # A lock file created by root in a user's folder must not keep that user out.
        owner = path.parent.stat()
        os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def share(path: Path) -> int:
    """Return a descriptor that holds a shared lock on `path` until it is closed."""
    lock = open_lock(path)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def is_held(path: Path) -> bool:
    """Return whether any process, this one included, holds the lock at `path`."""
    lock = open_lock(path)
    try:
        return not _try(lock)
    finally:
        os.close(lock)


@contextlib.contextmanager
def exclusive(path: Path, *, timeout: float) -> Iterator[int]:
    """Hold an exclusive lock on `path` inside the block; yield its descriptor.

    Raises DatabaseUnavailable when other processes hold the lock longer than `timeout` seconds.
    """
    lock = open_lock(path)
    try:
        started = time.monotonic()
        deadline, said = started + timeout, False
        while not _try(lock):
            if not said and time.monotonic() > started + PATIENCE:
                log.warning("Waiting for another MediaCanon that starts or stops PostgreSQL (it holds %s)", path)
                said = True
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"Another MediaCanon has held {path} for {timeout:.0f} seconds.")
            time.sleep(_POLL_INTERVAL)
        yield lock
    finally:
        os.close(lock)


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
