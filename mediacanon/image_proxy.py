"""/images: posters and stills, fetched once from TMDB and cached on disk, for clients that cannot reach TMDB."""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx
from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import Response

from mediacanon.cache.single_flight import SingleFlight
from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.http.conditional import conditional
from mediacanon.http.cors import ALLOW_ANY_ORIGIN
from mediacanon.http.static_files import FOR_EVER
from mediacanon.schema.images import BackdropSize, PosterSize, ProfileSize, StillSize
from mediacanon.settings import Settings
from mediacanon.tmdb.image_urls import FILE

log = logging.getLogger(__name__)

IMAGES = "/images/"
PATH = f"{IMAGES}{{kind}}/{{size}}/{{file}}"
SIZES = {
    "poster": frozenset(size.value for size in PosterSize),
    "backdrop": frozenset(size.value for size in BackdropSize),
    "still": frozenset(size.value for size in StillSize),
    "profile": frozenset(size.value for size in ProfileSize),
}
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
# A poster at TMDB has at most 2,000 by 3,000 pixels: some megabytes.
LARGEST_IMAGE = 16 * 1024 * 1024
LONGEST_DOWNLOAD = 30.0
# Images that TMDB does not have: how many are remembered, and for how many seconds each is not requested again.
MOST_MISSING, MISSING_SECONDS = 10_000, 600.0
MEGABYTE = 1024 * 1024
# The folder is measured after growing by this share of its bound, and cut to the bound less this share.
SLACK = 0.1
TEMPORARY = ".part"
HEADERS = {"cache-control": FOR_EVER, "x-content-type-options": "nosniff", **ALLOW_ANY_ORIGIN}


@dataclass(frozen=True, slots=True)
class ImageName:
    """An image at TMDB: its size and its file."""

    size: str
    file: str

    @property
    def media_type(self) -> str:
        """The media type that the file's ending promises."""
        return MEDIA_TYPES[self.file.rpartition(".")[2]]


class ImageFolder:
    """Images on disk up to a number of bytes; the least recently used are evicted first.

    Several processes may share the folder. Each measures it after adding a tenth of the bound itself, so the folder
    may exceed the bound by a tenth for each process but the first.
    """

    def __init__(self, folder: Path, *, most_bytes: float) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._unmeasured = float("inf")

    def read(self, name: ImageName) -> bytes | None:
        """Return an image and mark it as used; None if it is not cached."""
        path = self._path(name)
        try:
            body = path.read_bytes()
            os.utime(path, (time.time(), path.stat().st_mtime))
        except FileNotFoundError:
            return None
        return body

    def write(self, name: ImageName, body: bytes) -> None:
        """Cache an image; a reader sees the whole file or none."""
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
        """Yield the time of each file's last use, its bytes and its path."""
        for path in self._folder.glob("*/*"):
            # Another process may have removed it.
            with suppress(FileNotFoundError):
                status = path.stat()
                yield status.st_atime, status.st_size, path


class ImageProxy:
    """Answers /images/{kind}/{size}/{file}; fetches from TMDB's image host alone, each image once at a time."""

    _http: httpx.AsyncClient

    def __init__(self, folder: Path, *, base_url: str, most_megabytes: float) -> None:
        self._images = ImageFolder(folder, most_bytes=most_megabytes * MEGABYTE)
        self._base_url = base_url
        self._fetches: SingleFlight[ImageName, bytes] = SingleFlight(outlives_callers=True)
        self._missing: TTLCache[ImageName, bool] = TTLCache(MOST_MISSING, ttl=MISSING_SECONDS)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hold connections to TMDB while the block runs; its end cancels the running fetches."""
        async with httpx.AsyncClient(timeout=10, limits=httpx.Limits(max_connections=20)) as self._http:
            try:
                yield
            finally:
                await self._fetches.close()

    async def answer(self, request: Request) -> Response:
        """Return an image.

        Raises NotFound for a size or file that TMDB does not have, UpstreamUnavailable if TMDB sends no image.
        """
        kind, size, file = (request.path_params[part] for part in ("kind", "size", "file"))
        if size not in SIZES.get(kind, ()) or not FILE.fullmatch(file):
            raise NotFound
        name = ImageName(size, file)
        if name in self._missing:
            raise NotFound
        body = await asyncio.to_thread(self._images.read, name)
        if body is None:
            body = await self._fetches.do(name, partial(self._fetch, name))
        # The name is tag enough: TMDB gives a changed image another name.
        return conditional(request, body, media_type=name.media_type, tag=f'"{size}/{file}"', headers=HEADERS)

    async def _fetch(self, name: ImageName) -> bytes:
        try:
            async with asyncio.timeout(LONGEST_DOWNLOAD):
                body = await self._download(name)
        except (httpx.HTTPError, TimeoutError) as error:
            raise UpstreamUnavailable(f"TMDB's image host does not answer: {type(error).__name__}") from None
        try:
            await asyncio.to_thread(self._images.write, name, body)
        except OSError as error:
            log.warning("An image could not be cached: %s", error)
        return body

    async def _download(self, name: ImageName) -> bytes:
        url = f"{self._base_url}/{name.size}/{name.file}"
        headers = {"accept": name.media_type, "accept-encoding": "identity"}
        async with self._http.stream("GET", url, headers=headers) as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                self._missing[name] = True
                raise NotFound
            if response.status_code != HTTPStatus.OK:
                raise UpstreamUnavailable(f"TMDB's image host answers with status {response.status_code}")
            if response.headers.get("content-type", "").partition(";")[0].strip() != name.media_type:
                raise UpstreamUnavailable(f"TMDB's image host answers with another type than {name.media_type}")
            # A few compressed bytes may decode to gigabytes: images arrive as they are, or not at all.
            if response.headers.get("content-encoding", "identity") != "identity":
                raise UpstreamUnavailable("TMDB's image host answers with a compressed image")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > LARGEST_IMAGE:
                    raise UpstreamUnavailable("TMDB's image host answers with an image that is too large")
            return bytes(body)


def build_image_proxy(settings: Settings) -> ImageProxy | None:
    """Return the image proxy of the settings, None if it is switched off."""
    if not settings.image_cache_mb:
        return None
    return ImageProxy(
        settings.data_dir / "images", base_url=settings.tmdb_image_base_url, most_megabytes=settings.image_cache_mb
    )
