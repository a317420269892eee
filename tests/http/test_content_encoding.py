"""Compressed bodies are decoded up to a limit."""

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard

from mediacanon.errors import BadArgument, TooLarge, WrongMediaType
from mediacanon.http.content_encoding import decode

LIMIT = 64 * 1024
BODY = bytes(range(256)) * 256


def _raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


COMPRESSORS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "deflate with zlib's header": ("deflate", zlib.compress),
    "deflate without a header": ("Deflate", _raw_deflate),
    "zstd": (" zstd ", zstandard.ZstdCompressor().compress),
    "zstd in a stream": ("zstd", lambda body: zstandard.ZstdCompressor(write_content_size=False).compress(body)),
}


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_body_within_the_limit_is_decoded_whole(name: str):
    """The limit itself is within it; one byte more is too large."""
    encoding, compress = COMPRESSORS[name]
    for body in (b"", b"x", BODY):
        assert decode(compress(body), encoding, most_bytes=LIMIT) == body
    with pytest.raises(TooLarge, match="64 KiB"):
        decode(compress(BODY + b"x"), encoding, most_bytes=LIMIT)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_damaged_bytes_are_refused(name: str):
    """Bytes of another format are no body, and a body that is cut off is never taken for a whole one."""
    encoding, compress = COMPRESSORS[name]
    with pytest.raises(BadArgument, match="Content-Encoding"):
        decode(b"{}", encoding, most_bytes=LIMIT)
    # zstandard's reader does not tell the end of the bytes from the end of the frame.
    with contextlib.suppress(BadArgument):
        assert decode(compress(BODY)[:-9], encoding, most_bytes=LIMIT) != BODY


@pytest.mark.parametrize("name", COMPRESSORS)
def test_decoding_takes_no_more_memory_than_the_limit(name: str):
    """A body of 200 MB that is small when compressed is refused without being decoded."""
    encoding, compress = COMPRESSORS[name]
    bomb = compress(bytes(200_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decode(bomb, encoding, most_bytes=LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_a_plain_body_is_returned_as_it_is(encoding: str):
    """No encoding decodes nothing."""
    assert decode(b"{}", encoding, most_bytes=1) == b"{}"


@pytest.mark.parametrize("encoding", ["br", "gzip, zstd", "compress"])
def test_an_unknown_encoding_is_refused_with_the_known_ones(encoding: str):
    """415 names the encodings that a client may send."""
    with pytest.raises(WrongMediaType, match="gzip, deflate, zstd"):
        decode(b"{}", encoding, most_bytes=LIMIT)
