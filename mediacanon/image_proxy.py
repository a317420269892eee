"""/images: posters and stills fetched from TMDB once and kept on disk, for clients that cannot reach TMDB."""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import Response

from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.http.conditional import conditional
from mediacanon.http.static_files import FOR_EVER
from mediacanon.schema.images import PosterSize, StillSize
from mediacanon.settings import Settings
from mediacanon.tmdb.image_urls import FILE

log = logging.getLogger(__name__)

PATH = "/images/{kind}/{size}/{file}"
SIZES = {
    "poster": frozenset(size.value for size in PosterSize),
    "still": frozenset(size.value for size in StillSize),
}
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
# The largest poster at TMDB may have 2,000 by 3,000 pixels: some megabytes.
LARGEST_IMAGE = 16 * 1024 * 1024
LONGEST_DOWNLOAD = 30.0
MEGABYTE = 1024 * 1024
# After growing by this part of its bound the cache is measured, and cut to the bound less this part.
SLACK = 0.1
TEMPORARY = ".part"
HEADERS = {"cache-control": FOR_EVER, "x-content-type-options": "nosniff"}


@dataclass(frozen=True, slots=True)
class ImageName:
    """An image at TMDB: its size and its file."""

    size: str
    file: str

    @property
    def media_type(self) -> str:
        """What a file of this ending must hold."""
        return MEDIA_TYPES[self.file.rpartition(".")[2]]


class ImageFolder:
    """Images on disk, at most so many bytes; the ones not asked for longest go first.

    Several processes may share the folder: each measures it when it has added a tenth of the bound,
    so all but the first may exceed that by a tenth each.
    """

    def __init__(self, folder: Path, *, most_bytes: float) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._unmeasured = float("inf")

    def read(self, name: ImageName) -> bytes | None:
        """Return an image, None where it is not kept; note that it was asked for."""
        path = self._path(name)
        try:
            body = path.read_bytes()
            os.utime(path, (time.time(), path.stat().st_mtime))
        except FileNotFoundError:
            return None
        return body

    def write(self, name: ImageName, body: bytes) -> None:
        """Keep an image, whole or not at all."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
        part.write_bytes(body)
        part.replace(path)
        self._unmeasured += len(body)
        if self._unmeasured > SLACK * self._most_bytes:
            self._unmeasured = 0
            self._cut()

    def _path(self, name: ImageName) -> Path:
        return self._folder / name.size / name.file

    def _cut(self) -> None:
        files = sorted(self._files())
        excess = sum(size for _, size, _ in files) - (1 - SLACK) * self._most_bytes
        for _, size, path in files:
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield when each file was last asked for, its bytes and its path."""
        for path in self._folder.glob("*/*"):
            # Another process may have removed it.
            with suppress(FileNotFoundError):
                found = path.stat()
                yield found.st_atime, found.st_size, path


class ImageProxy:
    """Answers /images/{kind}/{size}/{file}; asks nobody but TMDB's image host, for each image once at a time."""

    _http: httpx.AsyncClient

    def __init__(self, folder: Path, *, base_url: str, most_megabytes: float) -> None:
        self._images = ImageFolder(folder, most_bytes=most_megabytes * MEGABYTE)
        self._base_url = base_url
        self._running: dict[ImageName, asyncio.Task[bytes]] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep connections to TMDB while the block runs."""
        async with httpx.AsyncClient(timeout=10, limits=httpx.Limits(max_connections=20)) as self._http:
            try:
                yield
            finally:
                tasks = list(self._running.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def answer(self, request: Request) -> Response:
        """Answer an image. Raises NotFound for what TMDB cannot have, UpstreamUnavailable where it does not answer."""
        kind, size, file = (request.path_params[part] for part in ("kind", "size", "file"))
        if size not in SIZES.get(kind, ()) or not FILE.fullmatch(file):
            raise NotFound
        name = ImageName(size, file)
        body = await asyncio.to_thread(self._images.read, name)
        if body is None:
            # Whoever asked first may leave, the others still wait.
            body = await asyncio.shield(self._fetching(name))
        # TMDB gives an image that changes another name.
        return conditional(request, body, media_type=name.media_type, tag=f'"{size}/{file}"', headers=HEADERS)

    def _fetching(self, name: ImageName) -> asyncio.Task[bytes]:
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._fetch(name))
            task.add_done_callback(lambda ended: self._note_ended(name, ended))
        return task

    def _note_ended(self, name: ImageName, task: asyncio.Task[bytes]) -> None:
        """Forget a fetch; its failure concerns only who still waits for it."""
        del self._running[name]
        if not task.cancelled():
            task.exception()

    async def _fetch(self, name: ImageName) -> bytes:
        try:
            async with asyncio.timeout(LONGEST_DOWNLOAD):
                body = await self._download(name)
        except (httpx.HTTPError, TimeoutError) as error:
            raise UpstreamUnavailable(f"TMDB's images cannot be had: {type(error).__name__}") from None
        try:
            await asyncio.to_thread(self._images.write, name, body)
        except OSError as error:
            log.warning("An image could not be kept: %s", error)
        return body

    async def _download(self, name: ImageName) -> bytes:
        url = f"{self._base_url}/{name.size}/{name.file}"
        async with self._http.stream("GET", url, headers={"accept": name.media_type}) as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise NotFound
            if response.status_code != HTTPStatus.OK:
                raise UpstreamUnavailable(f"TMDB's images cannot be had: status {response.status_code}")
            if response.headers.get("content-type", "").partition(";")[0].strip() != name.media_type:
                raise UpstreamUnavailable("TMDB answers with something that is no such image")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_IMAGE:
                    raise UpstreamUnavailable("TMDB answers with an image that is too large")
            return bytes(body)


def build_image_proxy(settings: Settings) -> ImageProxy | None:
    """Return the proxy as the settings say, None where none is wanted."""
    if not settings.image_cache_mb:
        return None
    return ImageProxy(
        settings.data_dir / "images", base_url=settings.tmdb_image_base_url, most_megabytes=settings.image_cache_mb
    )
