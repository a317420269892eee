"""Downloads IMDb's files: only those that changed, resumed after an interruption, kept when they are whole.

Beside `title.basics.tsv.gz` lie `.version` (what the server called it), and while a download is not done
`.part` and `.part.version`. The old file stays until the new one was read to its end.
"""

import asyncio
import errno
import fcntl
import logging
import os
import re
import shutil
from collections.abc import Iterator
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
from mediacanon.http.retries import retry_after
from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import Dataset
from mediacanon.imdb.stage import GZIP_MAGIC, LineChunks
from mediacanon.progress import Progress, SilentProgress

log = logging.getLogger(__name__)

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_NOT_THE_REST = {HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
# Asking again does not help against these.
_HOPELESS = (httpx.TooManyRedirects, httpx.UnsupportedProtocol, httpx.InvalidURL)
# An attempt that got so much further than any before was no failure: a bad line ends with the whole file.
WORTH_AN_ATTEMPT = 1 << 20
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How much a download puts up with; times in seconds, sizes in bytes."""

    attempts: int = 6
    first_wait: float = 1.0  # doubled after each failure
    silence: float = 30.0  # of the server, before the attempt has failed
    attempt: float = 3600.0  # 60 kB a second bring title.basics; a slower line needs another attempt
    largest: int = 4 << 30  # twenty times title.basics of 2026


class _TryAgainError(Exception):
    """This attempt came to nothing, the next one may."""

    def __init__(self, reason: str, *, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True, slots=True)
class Version:
    """A file as the server named it: its validators and its size in bytes, where they were told."""

    url: str
    etag: str | None
    last_modified: str | None
    size: int | None

    @classmethod
    def of(cls, url: str, response: httpx.Response) -> Self:
        """Return the version of the whole file that a 200 answer brings."""
        length = response.headers.get("content-length")
        etag, last_modified = response.headers.get("etag"), response.headers.get("last-modified")
        return cls(url, etag, last_modified, None if length is None else int(length))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return what was remembered at `path`, None when that cannot be used."""
        try:
            return cls(**orjson.loads(path.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Remember it at `path`."""
        path.write_bytes(orjson.dumps(self))

    @property
    def range_condition(self) -> str | None:
        """What If-Range may name: a strong ETag, else the date."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the file only if it is another one now."""
        headers = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


async def download(
    folder: Path,
    *,
    base_url: str,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> None:
    """Bring the files in `folder` up to date, all at once; it is made when missing.

    Raises UpstreamUnavailable when they cannot be had, ImportRefused when what came is no dataset or
    cannot be stored; a file that could not be renewed stays as it was.
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
                for dataset in datasets.ALL
            ]
            running = [asyncio.create_task(file.run(progress or SilentProgress())) for file in files]
            try:
                await asyncio.gather(*running)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)


@contextmanager
def _only_download(folder: Path) -> Iterator[None]:
    """Make the folder and keep other downloads out of it."""
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
    """One file on its way into the folder."""

    def __init__(
        self, client: httpx.AsyncClient, dataset: Dataset, *, folder: Path, base_url: str, patience: Patience
    ) -> None:
        self._client = client
        self._dataset = dataset
        self._patience = patience
        self._url = f"{base_url}/{dataset.file}"
        self._file = folder / dataset.file
        self._part = folder / f"{dataset.file}.part"

    async def run(self, progress: Progress) -> None:
        """Bring the file up to date, in as many attempts as patience allows."""
        failures = 0
        furthest = _size(self._part)
        while True:
            try:
                await self._attempt_in_time(progress)
            except _TryAgainError as failure:
                reached = _size(self._part)
                if reached >= furthest + WORTH_AN_ATTEMPT:
                    failures, furthest = 0, reached
                failures += 1
                if failures >= self._patience.attempts:
                    raise UpstreamUnavailable(f"{self._url} cannot be had: {failure}") from failure
                wait = max(self._patience.first_wait * 2 ** (failures - 1), failure.after)
                log.warning("%s: %s; trying again in %.0f s", self._dataset.file, failure, wait)
                await asyncio.sleep(wait)
            else:
                return

    async def _attempt_in_time(self, progress: Progress) -> None:
        """Make one attempt, every failure of it told in our own exceptions."""
        try:
            async with asyncio.timeout(self._patience.attempt):
                await self._attempt(progress)
        except _HOPELESS as error:
            raise UpstreamUnavailable(f"{self._url} cannot be had: {error}") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise _TryAgainError(str(error) or type(error).__name__) from error
        except OSError as error:
            if error.errno in _DISK_FULL:
                # The database may live on that disk too.
                self._drop_part()
            raise _cannot_store(error, self._part) from error

    async def _attempt(self, progress: Progress) -> None:
        whole, part = self._remembered(self._file), self._remembered(self._part)
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

    def _remembered(self, file: Path) -> Version | None:
        """Return the version of which `file` is the whole or the beginning."""
        version = Version.read(_version_of(file))
        if version is None or version.url != self._url:
            return None
        size = _size(file)
        fits = size == version.size if file == self._file else size > 0
        return version if fits else None

    def _accept(self, response: httpx.Response, part: Version | None) -> tuple[Version, int]:
        """Return which version the answer brings and from which byte on; raise for any other answer."""
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
            raise _TryAgainError("the server does not go on where the download stopped")
        told = f"the server answers {status} {response.reason_phrase}"
        if response.is_server_error or status in _BUSY:
            raise _TryAgainError(told, after=retry_after(response.headers) or 0.0)
        raise UpstreamUnavailable(f"{self._url} cannot be had: {told}")

    async def _receive(self, response: httpx.Response, version: Version, offset: int, progress: Progress) -> None:
        """Write the body to the part, of which `offset` bytes are there."""
        left = None if version.size is None else version.size - offset
        self._make_sure_it_fits(left or 0)
        with (
            self._part.open("ab" if offset else "wb") as part,
            progress.step(f"Downloading {self._dataset.file}", total=left) as step,
        ):
            # Written when the part is empty: it never describes the bytes of another version.
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
            raise _TryAgainError(f"{offset:,} of {version.size:,} bytes came")

    def _make_sure_it_fits(self, size: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if size > self._patience.largest:
            raise self._refusal(f"cannot be {size:,} bytes long")
        if size > free:
            needed = f"{size / MEGABYTE:,.0f} MB are needed, {free / MEGABYTE:,.0f} MB are free"
            raise ImportRefused(f"{self._part.parent} has no room for {self._dataset.file}: {needed}")

    async def _check(self, *, is_resumed: bool) -> None:
        """Read the part to its end: header, compressed data, checksum."""
        lines = iter(LineChunks(self._part, self._dataset))
        try:
            # A step at a time, so that an interrupted program need not wait for the end of the file.
            while await asyncio.to_thread(next, lines, b""):
                pass
        except ImportRefused as error:
            if not is_resumed:
                raise self._refusal(f"is of no use: {error}") from None
            self._drop_part()
            raise _TryAgainError("the parts of the download do not fit together") from error

    def _refusal(self, why: str) -> ImportRefused:
        """Drop what came, which nothing can be added to; return what to raise."""
        self._drop_part()
        return ImportRefused(f"What {self._url} gives {why}")

    def _drop_part(self) -> None:
        self._part.unlink(missing_ok=True)
        _version_of(self._part).unlink(missing_ok=True)

    def _keep(self, version: Version) -> None:
        """Put the part in the file's place. Killed in between, the next run downloads the file again."""
        with suppress(TypeError, ValueError):
            changed = parsedate_to_datetime(version.last_modified or "").timestamp()
            os.utime(self._part, (changed, changed))
        self._part.replace(self._file)
        _version_of(self._part).replace(_version_of(self._file))


def _version_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.version")


def _size(file: Path) -> int:
    """Return the size in bytes, 0 when there is no such file."""
    return file.stat().st_size if file.exists() else 0
