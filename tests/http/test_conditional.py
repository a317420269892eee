"""Conditional requests: entity tags and 304."""

import httpx
import pytest
from starlette.requests import Request

from mediacanon.http.conditional import conditional, entity_tag, has_tag

BODY = b"body"
TAG = entity_tag(BODY)


def request_with(if_none_match: str | None) -> Request:
    """Return a request with this If-None-Match header."""
    headers = [] if if_none_match is None else [(b"if-none-match", if_none_match.encode())]
    return Request({"type": "http", "method": "GET", "headers": headers})


def test_equal_bodies_have_equal_tags():
    """A tag is quoted, strong, and another for another body."""
    assert entity_tag(BODY) == TAG != entity_tag(b"other")
    assert TAG.startswith('"')
    assert TAG.endswith('"')


@pytest.mark.parametrize(
    ("if_none_match", "is_match"),
    [
        (TAG, True),
        (f"W/{TAG}", True),
        ("*", True),
        (f'"other", {TAG}', True),
        (f'"other",W/{TAG}', True),
        ('"other"', False),
        (TAG.strip('"'), False),
        ("", False),
        *((f'{TAG[:-1]}{suffix}"', True) for suffix in ("-gzip", ";gzip", "-br", "--gzip", "/gzip", "-zstd")),
        (f'W/{TAG[:-1]}-gzip"', True),
        (f"{TAG}-gzip", True),
        (f'{TAG[:-1]}-other"', False),
        ('"other-gzip"', False),
    ],
)
def test_a_tag_matches_strong_or_weak(if_none_match: str, *, is_match: bool):
    """A list matches if one of its tags does."""
    assert has_tag(if_none_match, TAG) == is_match


def test_a_client_with_the_same_body_gets_304():
    """Without a body, with the headers that 200 would have."""
    full = conditional(request_with(None), BODY, media_type="text/plain", headers={"vary": "Accept"})
    same = conditional(request_with(TAG), BODY, media_type="text/plain", headers={"vary": "Accept"})
    assert (full.status_code, full.body, same.status_code, same.body) == (200, BODY, 304, b"")
    assert full.headers["content-type"].startswith("text/plain")
    for name, value in (("etag", TAG), ("cache-control", "no-cache"), ("vary", "Accept")):
        assert full.headers[name] == same.headers[name] == value


def test_a_tag_of_the_callers_own_replaces_the_hash():
    """A resource whose name changes with its content needs no hash."""
    assert conditional(request_with(None), BODY, media_type="text/plain", tag='"mine"').headers["etag"] == '"mine"'
    assert conditional(request_with('"mine"'), BODY, media_type="text/plain", tag='"mine"').status_code == 304


@pytest.mark.parametrize("path", ["/", "/titles", "/api/titles/1", "/graphql?query={stats{movies}}"])
async def test_reads_are_conditional(demo_client: httpx.AsyncClient, path: str):
    """Pages, REST and GraphQL alike."""
    first = await demo_client.get(path)
    again = await demo_client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize("path", ["/", "/api/titles/1", "/graphql?query={stats{movies}}", "/api/openapi.json"])
async def test_a_tag_in_any_header_line_matches(demo_client: httpx.AsyncClient, path: str):
    """Several lines of a header are one list (RFC 9110, section 5.3)."""
    tag = (await demo_client.get(path)).headers["etag"]
    for tags in ((tag, '"other"'), ('"other"', tag)):
        response = await demo_client.get(path, headers=[("if-none-match", each) for each in tags])
        assert response.status_code == 304
