"""Compressed request bodies (RFC 9110, section 8.4), decoded up to a limit."""

import zlib
from collections.abc import Callable

import zstandard

from mediacanon.errors import BadArgument, TooLarge, WrongMediaType

DECODERS = ("gzip", "deflate", "zstd")
# Window sizes of zlib: with a header of gzip, with a header of zlib, and without any.
_GZIP, _ZLIB, _RAW = 31, 15, -15
_DEFLATE_METHOD = 8


def decode(body: bytes, content_encoding: str, *, most_bytes: int) -> bytes:
    """Return a body without its content encoding.

    Raises WrongMediaType for an encoding without a decoder and for several at once, BadArgument for damaged bytes, and
    TooLarge as soon as more than `most_bytes` are decoded.
    """
    encoding = content_encoding.strip().lower().removeprefix("x-")
    if encoding in ("", "identity"):
        return body
    if encoding not in DECODERS:
        raise WrongMediaType(f"Send the body plain, or in one Content-Encoding of {', '.join(DECODERS)}.")
    read = _read_zstd if encoding == "zstd" else _read_zlib(_window(body, encoding))
    try:
        decoded = read(body, most_bytes + 1)
    except (zlib.error, zstandard.ZstdError, EOFError):
        raise BadArgument(f"The body is not the {encoding} that its Content-Encoding names") from None
    if len(decoded) > most_bytes:
        raise TooLarge(f"A request body may have {most_bytes // 1024} KiB, decoded as well")
    return decoded


def _window(body: bytes, encoding: str) -> int:
    if encoding == "gzip":
        return _GZIP
    # Clients send deflate with and without the header of zlib.
    return _ZLIB if body[:1] and body[0] & 15 == _DEFLATE_METHOD and int.from_bytes(body[:2]) % 31 == 0 else _RAW


def _read_zlib(window: int) -> Callable[[bytes, int], bytes]:
    def read(body: bytes, most: int) -> bytes:
        decoder = zlib.decompressobj(window)
        decoded = decoder.decompress(body, most)
        if not decoder.eof and len(decoded) < most:
            raise EOFError
        return decoded

    return read


def _read_zstd(body: bytes, most: int) -> bytes:
    # A window beyond the limit is memory for nothing.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 23)
    decoder = decompressor.stream_reader(body)
    decoded = bytearray()
    while len(decoded) < most and (chunk := decoder.read(most - len(decoded))):
        decoded += chunk
    return bytes(decoded)
