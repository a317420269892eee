"""Responses are compressed by the client's preference, once, and only if it saves bytes."""

import gzip

import httpx
import pytest
import zstandard

from mediacanon.http.accept import LONGEST_MEMOISED
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
        ("identity;q=0", None),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"),
        ("deflate, gzip;q=1.0, *;q=0.5", "gzip"),
    ],
)
def test_the_encoding_of_the_highest_weight_is_sent(header: str, encoding: str | None):
    """The server's order decides among equal weights."""
    assert preferred_encoding(header) == encoding


def test_a_long_header_is_no_cache_key():
    """It is read and not remembered."""
    before = preferred_encoding.__wrapped__.cache_info().currsize
    assert preferred_encoding("gzip," + "x" * LONGEST_MEMOISED) == "gzip"
    assert preferred_encoding.__wrapped__.cache_info().currsize == before


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
@pytest.mark.parametrize("path", ["/api/shows/1", "/shows/1", "/titles", "/static/style.css", "/api/openapi.json"])
async def test_texts_are_compressed_once(demo_client: httpx.AsyncClient, path: str, encoding: str):
    """Decompressed they are the plain bytes, and the entity tag is the same."""
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
async def test_short_responses_and_pictures_are_not_compressed(demo_client: httpx.AsyncClient, path: str):
    """Compression would save nothing."""
    assert "content-encoding" not in (await demo_client.get(path)).headers
