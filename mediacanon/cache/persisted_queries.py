"""Persisted queries: GraphQL documents by their SHA-256, known to all workers of a server.

Each worker caches texts in memory. A folder holds the same texts, one file each: the workers share it, and it survives
a killed process.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from cachetools import LRUCache

# Size of all texts in a worker's memory together, in characters, and of an entry beside its text: its hash and place.
MAX_SIZE = 1_000_000
OVERHEAD = 300
# Bounds of the folder.
MAX_FILES = 1_000
MAX_BYTES = 16_000_000
KEY = re.compile(r"[0-9a-f]{64}")


def key_of(text: str) -> str:
    """Return the key of a text: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


class PersistedQueries:
    """Texts by key, in memory and in a folder; without a folder, in memory alone. The oldest are evicted."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = QueryFolder(folder) if folder else None
        self._texts: LRUCache[str, str] = LRUCache(MAX_SIZE, getsizeof=lambda text: OVERHEAD + len(text))

    async def get(self, key: str) -> str | None:
        """Return the text of a key, None for an unknown one."""
        text = self._texts.get(key)
        if text is None and self._folder and KEY.fullmatch(key):
            text = await asyncio.to_thread(self._folder.read, key)
            if text is not None:
                self._store(key, text)
        return text

    async def add(self, text: str) -> None:
        """Add a text under its key."""
        key = key_of(text)
        is_known = key in self._texts
        self._store(key, text)
        # A thread costs some 50 us, so a client that sends the text each time pays for one look at the folder only.
        if self._folder and not (is_known and self._folder.has(key)):
            await asyncio.to_thread(self._folder.write, key, text)

    def _store(self, key: str, text: str) -> None:
        if OVERHEAD + len(text) <= MAX_SIZE:
            self._texts[key] = text


class QueryFolder:
    """Texts in files named by key. A folder that cannot be read or written is an empty one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, key: str) -> bool:
        """Return whether a file has this key."""
        return os.path.exists(self._path / key)  # noqa: PTH110 - a fifth of the time of Path.exists

    def read(self, key: str) -> str | None:
        """Return the text of a key and mark it as used, None for an unknown key or a damaged file."""
        path = self._path / key
        try:
            text = path.read_text(encoding="utf-8")
            os.utime(path)
        except (OSError, UnicodeDecodeError):
            return None
        return text if key_of(text) == key else None

    def write(self, key: str, text: str) -> None:
        """Write a text, unless the folder has it; a reader sees the whole file or none."""
        with contextlib.suppress(OSError):
            if self.read(key) is not None:
                return
            self._path.mkdir(parents=True, exist_ok=True)
            part = self._path / f"{key}.{secrets.token_hex(4)}"
            part.write_text(text, encoding="utf-8")
            part.replace(self._path / key)
            self._evict()

    def _evict(self) -> None:
        """Remove the files beyond the bounds, the least recently used first."""
        total = 0
        # A part of a killed worker is a file, too.
        for count, (_, size, path) in enumerate(sorted(self._files(), reverse=True), start=1):
            total += size
            if count > MAX_FILES or total > MAX_BYTES:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """Yield the time of each file's last use, its bytes and its path."""
        for path in self._path.iterdir():
            # Another worker may have removed it.
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                yield status.st_mtime_ns, status.st_size, path
