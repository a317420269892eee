"""/images: each image is fetched once, the cache on disk is bounded, and nothing but images is served."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mediacanon.image_proxy import LARGEST_IMAGE, ImageFolder, ImageName
from tests.serving import app_of, client_of, served

JPEG = b"\xff\xd8\xff" + bytes(1000)
POSTER = "/images/poster/w500/{}.jpg"


# file -> the faulty response of the host
FAULTS = {
    "missing.jpg": Response(status_code=404),
    "broken.jpg": Response(status_code=500),
    "page.jpg": Response("<script>alert(1)</script>", media_type="text/html"),
    "huge.jpg": Response(bytes(LARGEST_IMAGE + 1), media_type="image/jpeg"),
    "bomb.jpg": Response(
        gzip.compress(bytes(1_000_000)), media_type="image/jpeg", headers={"content-encoding": "gzip"}
    ),
    "moved.jpg": RedirectResponse("http://127.0.0.1:9/elsewhere.jpg"),
}


class ImageHost:
    """A stand-in for TMDB's image host; it records the requests, and answers once `open` is set."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.encodings: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def answer(self, request: Request) -> Response:
        """Return an image, or the fault that the file's name stands for."""
        self.requests.append(request.url.path)
        self.encodings.append(request.headers.get("accept-encoding", ""))
        await self.open.wait()
        return FAULTS.get(request.path_params["file"]) or Response(JPEG, media_type="image/jpeg")


def bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.fixture
async def host() -> ImageHost:
    """Give a host that answers at once."""
    return ImageHost()


@asynccontextmanager
async def proxied(dsn: str, host: ImageHost, folder: Path, *, megabytes: str = "1") -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a server that caches the host's images."""
    async with served(Starlette(routes=[Route("/t/p/{size}/{file}", host.answer)])) as url:
        settings = {"TMDB_IMAGE_BASE_URL": f"{url}/t/p", "MEDIACANON_DATA_DIR": str(folder)}
        async with client_of(app_of(dsn, MEDIACANON_IMAGE_CACHE_MB=megabytes, **settings)) as client:
            yield client


async def test_an_image_is_fetched_once_and_then_cached(demo: str, host: ImageHost, tmp_path: Path) -> None:
    """Later responses, also of a restarted server, come from disk; browsers may cache them for ever."""
    for _ in range(2):
        async with proxied(demo, host, tmp_path) as client:
            for _ in range(2):
                answer = await client.get(POSTER.format("a"))
                assert (answer.status_code, answer.content) == (200, JPEG)
            known = await client.get(POSTER.format("a"), headers={"if-none-match": answer.headers["etag"]})
    assert host.requests == ["/t/p/w500/a.jpg"]
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert known.status_code == 304


async def test_concurrent_requests_share_one_fetch(demo: str, host: ImageHost, tmp_path: Path) -> None:
    """The fetch goes on if the first client leaves."""
    host.open.clear()
    async with proxied(demo, host, tmp_path) as client:
        asking = [asyncio.create_task(client.get(POSTER.format("a"))) for _ in range(10)]
        while not host.requests:
            await asyncio.sleep(0.01)
        asking[0].cancel()
        host.open.set()
        answers = await asyncio.gather(*asking[1:])
    assert {answer.content for answer in answers} == {JPEG}
    assert len(host.requests) == 1


@pytest.mark.parametrize(
    ("file", "status"), [("broken", 503), ("bomb", 503), ("page", 503), ("huge", 503), ("moved", 503)]
)
async def test_a_failed_fetch_is_neither_cached_nor_passed_on(
    demo: str, host: ImageHost, tmp_path: Path, file: str, status: int
) -> None:
    """The client gets an error, redirects are not followed, nothing is on disk, and the next request tries again."""
    async with proxied(demo, host, tmp_path) as client:
        for _ in range(2):
            answer = await client.get(POSTER.format(file))
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "*"
            assert b"alert" not in answer.content
    assert len(host.requests) == 2
    assert bytes_in(tmp_path) == 0


async def test_scripts_of_every_site_may_read_errors_of_images(demo: str, host: ImageHost, tmp_path: Path) -> None:
    """No such image, no such size, no such kind, no such method; pages of errors elsewhere stay closed."""
    paths = [POSTER.format("missing"), "/images/poster/w1/a.jpg", "/images/face/w500/a.jpg", "/images/a"]
    async with proxied(demo, host, tmp_path) as client:
        answers = [*[await client.get(path) for path in paths], await client.post(POSTER.format("a"))]
        assert "access-control-allow-origin" not in (await client.get("/nowhere")).headers
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 405]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"*"}


async def test_a_missing_image_is_remembered_for_a_while(demo: str, host: ImageHost, tmp_path: Path) -> None:
    """TMDB is asked once, and again after ten minutes."""
    async with proxied(demo, host, tmp_path) as client:
        for _ in range(3):
            assert (await client.get(POSTER.format("missing"))).status_code == 404
    assert len(host.requests) == 1
    assert bytes_in(tmp_path) == 0


async def test_an_image_is_bounded_before_it_is_decoded(demo: str, host: ImageHost, tmp_path: Path) -> None:
    """The host is asked for the plain bytes."""
    async with proxied(demo, host, tmp_path) as client:
        await client.get(POSTER.format("a"))
    assert host.encodings == ["identity"]


@pytest.mark.parametrize(
    "path",
    [
        "/images/poster/w501/a.jpg",
        "/images/still/w780/a.jpg",
        "/images/logo/w500/a.jpg",
        "/images/poster/w500/a.svg",
        "/images/poster/w500/..%2f..%2fa.jpg",
        "/images/poster/w500/a.jpg%0a",
        "/images/poster/w500/.jpg",
        "/images/poster/../w500/a.jpg",
    ],
)
async def test_other_paths_are_404(demo: str, host: ImageHost, tmp_path: Path, path: str) -> None:
    """Sizes and names that TMDB cannot have cause no request to its host."""
    async with proxied(demo, host, tmp_path) as client:
        assert (await client.get(path)).status_code == 404
    assert host.requests == []


async def test_an_unreachable_host_is_503(demo: str, tmp_path: Path) -> None:
    """A client gets an error, not a stack trace."""
    app = app_of(
        demo,
        MEDIACANON_IMAGE_CACHE_MB="1",
        TMDB_IMAGE_BASE_URL="http://127.0.0.1:9/t/p",
        MEDIACANON_DATA_DIR=str(tmp_path),
    )
    async with client_of(app) as client:
        assert (await client.get(POSTER.format("a"))).status_code == 503


async def test_without_the_setting_there_are_no_images(demo_client: httpx.AsyncClient) -> None:
    """The proxy is off by default."""
    assert (await demo_client.get(POSTER.format("a"))).status_code == 404


def test_the_folder_stays_within_its_bound(tmp_path: Path) -> None:
    """The least recently used images are evicted first."""
    images = ImageFolder(tmp_path, most_bytes=100_000)
    names = [ImageName("w500", f"{number}.jpg") for number in range(300)]
    images.write(names[0], bytes(1000))
    for age, name in enumerate(names[1:]):
        images.write(name, bytes(1000))
        path = tmp_path / name.size / name.file
        os.utime(path, (1_000_000 + age, path.stat().st_mtime))
        assert images.read(names[0])
    assert bytes_in(tmp_path) <= 100_000
    assert images.read(names[-1])
    assert images.read(names[1]) is None
    assert images.read(names[0])
