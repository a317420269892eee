"""Conditional requests (RFC 9110, section 13): entity tags and 304."""

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response


def entity_tag(body: bytes) -> str:
    """Return a strong entity tag of a body."""
    # Processors know SHA-256: of the strong ones it is the fastest.
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def conditional(
    request: Request, body: bytes, *, media_type: str, tag: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return 200 with the body and its entity tag, or 304 where the client has it already."""
    tag = tag or entity_tag(body)
    answer_headers = {"etag": tag, "cache-control": "no-cache", **(headers or {})}
    known = request.headers.get("if-none-match")
    if known and has_tag(known, tag):
        return Response(status_code=304, headers=answer_headers)
    return Response(body, media_type=media_type, headers=answer_headers)


def has_tag(if_none_match: str, tag: str) -> bool:
    """Return whether If-None-Match names the tag; a proxy that compressed the body may have made it weak."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or tag in known
