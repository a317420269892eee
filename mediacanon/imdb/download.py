"""Downloads IMDb's files: changed files only, resumed after an interruption, kept once they are complete.

Beside `title.basics.tsv.gz` lie `.version` (the server's validators of the file) and, during a download, `.part` and
`.part.version`. The old file stays until the new one has been read to its end.
"""

import asyncio
import errno
import fcntl
import logging
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx
import orjson

from mediacanon.database.locks import open_lock
from mediacanon.errors import ImportRefused, UpstreamUnavailable
from mediacanon.http.retries import LONGEST_RETRY_AFTER, backoff, retry_after
from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import Dataset
from mediacanon.imdb.stage import GZIP_MAGIC, LineChunks
from mediacanon.progress import Progress, SilentProgress

log = logging.getLogger(__name__)

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_NOT_THE_REST = {HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
# Errors that no retry can mend.
_PERMANENT = (httpx.TooManyRedirects, httpx.UnsupportedProtocol, httpx.InvalidURL)
# Bytes of progress that reset the count of failures: on a bad line many short attempts bring the whole file.
PROGRESS_BYTES = 1 << 20
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Limits of a download; times in seconds, sizes in bytes."""

    attempts: int = 6
    first_wait: float = 1.0  # doubled after each failure
    silence: float = 30.0  # of the server, until the attempt fails
    attempt: float = 3600.0  # 60 kB a second bring title.basics; a slower line needs another attempt
    largest: int = 4 << 30  # twenty times title.basics of 2026


class _AttemptError(Exception):
    """A failed attempt that is worth a retry, no earlier than `after` seconds."""

    def __init__(self, reason: str, *, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True, slots=True)
class Version:
    """The server's validators of a file and its size in bytes; None: the server did not send them."""

    url: str
    etag: str | None
    last_modified: str | None
    size: int | None

    @classmethod
    def of(cls, url: str, response: httpx.Response) -> Self:
        """Return the version of the complete file in a 200 response."""
        length = response.headers.get("content-length")
        etag, last_modified = response.headers.get("etag"), response.headers.get("last-modified")
        return cls(url, etag, last_modified, None if length is None else int(length))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the version stored at `path`; None if it is absent or malformed."""
        try:
            return cls(**orjson.loads(path.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Store the version at `path`."""
        path.write_bytes(orjson.dumps(self))

    @property
    def range_condition(self) -> str | None:
        """The value for If-Range: a strong ETag, else the date."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    @property
    def conditions(self) -> dict[str, str]:
        """The headers of a conditional request: the file is sent only if it has changed."""
        headers = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


async def download(
    folder: Path,
    *,
    base_url: str,
    further: Sequence[Dataset] = (),
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> None:
    """Bring the three files and the `further` ones in `folder` up to date, all at once; a missing folder is created.

    Raises UpstreamUnavailable if one of the three cannot be downloaded, ImportRefused if a download is no dataset or
    cannot be stored. A file that could not be updated stays as it was.
    """
    patience = patience or Patience()
    with _only_download(folder):
        async with httpx.AsyncClient(
            headers={"user-agent": "MediaCanon", "accept-encoding": "identity"},
            timeout=patience.silence,
            follow_redirects=True,
            max_redirects=5,
        ) as client:
            files = [
                _Download(client, dataset, folder=folder, base_url=base_url, patience=patience)
                for dataset in (*datasets.ALL, *further)
            ]
            runs = [file.run if file.dataset in datasets.ALL else file.run_if_it_can_be_had for file in files]
            running = [asyncio.create_task(run(progress or SilentProgress())) for run in runs]
            try:
                await asyncio.gather(*running)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)


@contextmanager
def _only_download(folder: Path) -> Iterator[None]:
    """Create the folder, and lock it against other downloads."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open_lock(folder / ".download.lock")
    except OSError as error:
        raise _cannot_store(error, folder) from error
    with os.fdopen(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportRefused(f"Another download into {folder} is running; nothing to do") from None
        yield


def _cannot_store(error: OSError, path: Path) -> ImportRefused:
    return ImportRefused(f"{error.filename or path} cannot be written: {error.strerror or error}")


class _Download:
    """The download of one file into the folder."""

    def __init__(
        self, client: httpx.AsyncClient, dataset: Dataset, *, folder: Path, base_url: str, patience: Patience
    ) -> None:
        self._client = client
        self.dataset = dataset
        self._patience = patience
        self._url = f"{base_url}/{dataset.file}"
        self._file = folder / dataset.file
        self._part = folder / f"{dataset.file}.part"

    async def run_if_it_can_be_had(self, progress: Progress) -> None:
        """Bring the file up to date, or log why it stays as it is: a mirror may lack the further files."""
        try:
            await self.run(progress)
        except UpstreamUnavailable as error:
            log.warning("%s; what was imported of it stays as it is", error)

    async def run(self, progress: Progress) -> None:
        """Bring the file up to date, with retries."""
        failures, pauses = 0, self._pauses()
        furthest = _size(self._part)
        while True:
            try:
                await self._attempt_in_time(progress)
            except _AttemptError as failure:
                reached = _size(self._part)
                if reached >= furthest + PROGRESS_BYTES:
                    failures, pauses, furthest = 0, self._pauses(), reached
                failures += 1
                if failures >= self._patience.attempts:
                    raise UpstreamUnavailable(f"{self._url} cannot be had: {failure}") from failure
                wait = max(next(pauses), failure.after)
                log.warning("%s: %s; trying again in %.0f s", self.dataset.file, failure, wait)
                await asyncio.sleep(wait)
            else:
                return

    def _pauses(self) -> Iterator[float]:
        return backoff(self._patience.first_wait, LONGEST_RETRY_AFTER)

    async def _attempt_in_time(self, progress: Progress) -> None:
        """Make one attempt within its time limit; every failure becomes one of our own exceptions."""
        try:
            async with asyncio.timeout(self._patience.attempt):
                await self._attempt(progress)
        except _PERMANENT as error:
            raise UpstreamUnavailable(f"{self._url} cannot be had: {error}") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise _AttemptError(str(error) or type(error).__name__) from error
        except OSError as error:
            if error.errno in _DISK_FULL:
                # The database may be on the same disk.
                self._drop_part()
            raise _cannot_store(error, self._part) from error

    async def _attempt(self, progress: Progress) -> None:
        whole, part = self._stored_version(self._file), self._stored_version(self._part)
        headers = whole.conditions if whole else {}
        if part and part.range_condition:
            headers |= {"range": f"bytes={_size(self._part)}-", "if-range": part.range_condition}
        async with self._client.stream("GET", self._url, headers=headers) as response:
            if response.status_code == HTTPStatus.NOT_MODIFIED and whole:
                self._drop_part()
                return
            version, offset = self._accept(response, part)
            await self._receive(response, version, offset, progress)
        await self._check(is_resumed=offset > 0)
        self._keep(version)

    def _stored_version(self, file: Path) -> Version | None:
        """Return the version of which `file` is the complete content, or the beginning for a part."""
        version = Version.read(_version_of(file))
        if version is None or version.url != self._url:
            return None
        size = _size(file)
        fits = size == version.size if file == self._file else size > 0
        return version if fits else None

    def _accept(self, response: httpx.Response, part: Version | None) -> tuple[Version, int]:
        """Return the version in the response and the offset of its first byte; raise for any other response."""
        status = response.status_code
        if status == HTTPStatus.OK:
            return Version.of(self._url, response), 0
        if part and status == HTTPStatus.PARTIAL_CONTENT:
            offset = _size(self._part)
            found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
            if found and (int(found[1]), int(found[2])) == (offset, part.size):
                return part, offset
        if part and status in _NOT_THE_REST:
            self._drop_part()
            raise _AttemptError("the server does not go on where the download stopped")
        reason = f"the server answers {status} {response.reason_phrase}"
        if response.is_server_error or status in _BUSY:
            raise _AttemptError(reason, after=retry_after(response.headers) or 0.0)
        raise UpstreamUnavailable(f"{self._url} cannot be had: {reason}")

    async def _receive(self, response: httpx.Response, version: Version, offset: int, progress: Progress) -> None:
        """Write the body to the part, which has `offset` bytes already."""
        left = None if version.size is None else version.size - offset
        self._check_room(left or 0)
        with (
            self._part.open("ab" if offset else "wb") as part,
            progress.step(f"Downloading {self.dataset.file}", total=left) as step,
        ):
            # Written while the part is empty, so that it never describes the bytes of another version.
            version.write(_version_of(self._part))
            async for block in response.aiter_raw():
                if not offset and not block.startswith(GZIP_MAGIC[: len(block)]):
                    raise self._refusal(f"is no gzip file but {response.headers.get('content-type', 'unknown')}")
                offset += part.write(block)
                if offset > self._patience.largest:
                    raise self._refusal(f"does not end: {offset:,} bytes so far")
                step.advance(len(block))
            part.flush()
            os.fsync(part.fileno())
        if offset != (version.size or offset):
            raise _AttemptError(f"{offset:,} of {version.size:,} bytes came")

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if size > self._patience.largest:
            raise self._refusal(f"cannot be {size:,} bytes long")
        if size > free:
            needed = f"{size / MEGABYTE:,.0f} MB are needed, {free / MEGABYTE:,.0f} MB are free"
            raise ImportRefused(f"{self._part.parent} has no room for {self.dataset.file}: {needed}")

    async def _check(self, *, is_resumed: bool) -> None:
        """Read the part to its end: header, compressed data, checksum. Raises ImportRefused or _AttemptError."""
        lines = iter(LineChunks(self._part, self.dataset))
        try:
            # One chunk at a time, so that an interrupt need not wait for the end of the file.
            while await asyncio.to_thread(next, lines, b""):
                pass
        except ImportRefused as error:
            if not is_resumed:
                raise self._refusal(f"is of no use: {error}") from None
            self._drop_part()
            raise _AttemptError("the parts of the download do not fit together") from error

    def _refusal(self, why: str) -> ImportRefused:
        """Delete the part, which cannot be resumed; return the error to raise."""
        self._drop_part()
        return ImportRefused(f"The file at {self._url} {why}")

    def _drop_part(self) -> None:
        self._part.unlink(missing_ok=True)
        _version_of(self._part).unlink(missing_ok=True)

    def _keep(self, version: Version) -> None:
        """Replace the file by the part. Killed between the two renames, the next run downloads the file again."""
        with suppress(TypeError, ValueError):
            changed = parsedate_to_datetime(version.last_modified or "").timestamp()
            os.utime(self._part, (changed, changed))
        self._part.replace(self._file)
        _version_of(self._part).replace(_version_of(self._file))


def _version_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.version")


def _size(file: Path) -> int:
    """Return the size in bytes, 0 if there is no such file."""
    return file.stat().st_size if file.exists() else 0
