"""Conditional requests (RFC 9110, section 13): entity tags and 304."""

import hashlib
import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

_SUFFIX = re.compile(r'"?(?:--?|;|/)(?:gzip|br|zstd|deflate)"?$')


def entity_tag(body: bytes) -> str:
    """Return a strong entity tag of a body."""
    # Processors have instructions for SHA-256, which make it the fastest of the strong hashes.
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def conditional(
    request: Request, body: bytes, *, media_type: str, tag: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return 200 with the body and its entity tag, or 304 if the client holds the same body."""
    tag = tag or entity_tag(body)
    response_headers = {"etag": tag, "cache-control": "no-cache", **(headers or {})}
    if_none_match = ",".join(request.headers.getlist("if-none-match"))
    if if_none_match and has_tag(if_none_match, tag):
        return Response(status_code=304, headers=response_headers)
    return Response(body, media_type=media_type, headers=response_headers)


def has_tag(if_none_match: str, tag: str) -> bool:
    """Return whether If-None-Match names the tag, strong or weak.

    A proxy that compresses the body weakens the tag, or adds a suffix: Apache `-gzip`, Jetty `--gzip`, others `;gzip`
    and `/gzip`, inside the quotes or after them.
    """
    tags = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in tags or tag in tags or any(_SUFFIX.sub('"', each) == tag for each in tags)
