"""Answers are compressed as the client likes it, once, and only where it helps."""

import gzip

import httpx
import pytest
import zstandard

from mediacanon.http.compression import preferred_encoding

PLAIN = {"zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body), "gzip": gzip.decompress}


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.1, gzip;q=0.9", "gzip"),
        ("gzip;q=0", None),
        ("*", "zstd"),
        ("zstd;q=0, *;q=0.5", "gzip"),
        ("identity;q=1, gzip;q=0.5", None),
        ("GZIP ; q=1.000", "gzip"),
        ("nonsense;;;", None),
    ],
)
def test_the_client_chooses(header: str, encoding: str | None):
    """By its weights; the server's taste decides among equals."""
    assert preferred_encoding(header) == encoding


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
@pytest.mark.parametrize("path", ["/api/shows/1", "/shows/1", "/static/style.css", "/api/openapi.json"])
async def test_texts_are_compressed_once(demo_client: httpx.AsyncClient, path: str, encoding: str):
    """Decompressed once they are the plain bytes, and the tag stays."""
    plain = await demo_client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for _ in range(2):
        async with demo_client.stream("GET", path, headers={"accept-encoding": encoding}) as response:
            raw = b"".join([chunk async for chunk in response.aiter_raw()])
        assert response.headers["content-encoding"] == encoding
        assert PLAIN[encoding](raw) == plain.content
        assert len(raw) == int(response.headers["content-length"]) < len(plain.content)
        assert response.headers["etag"] == plain.headers["etag"]
        assert "Accept-Encoding" in response.headers["vary"]


@pytest.mark.parametrize("path", ["/api/titles/999999", "/static/icon.png"])
async def test_short_answers_and_pictures_stay_as_they_are(demo_client: httpx.AsyncClient, path: str):
    """Nothing is gained there."""
    assert "content-encoding" not in (await demo_client.get(path)).headers
