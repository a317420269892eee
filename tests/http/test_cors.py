"""CORS: every site may read."""

import httpx
import pytest

from mediacanon.http.cors import ALLOW_ANY_ORIGIN, MAX_AGE, preflight_headers, read_headers


def test_a_read_names_the_headers_that_scripts_may_see():
    """`Vary` and exposed headers appear only if there are any."""
    assert read_headers() == ALLOW_ANY_ORIGIN
    assert read_headers(vary="Accept", expose=("ETag", "X-Request-Id")) == {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "ETag, X-Request-Id",
        "vary": "Accept",
    }


def test_a_preflight_names_methods_and_headers():
    """Browsers remember it for a day."""
    assert preflight_headers(methods=("GET", "HEAD"), allow=("Accept",)) == {
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "Accept",
        "access-control-max-age": MAX_AGE,
    }


@pytest.mark.parametrize("path", ["/api/titles/1", "/api/nothing", "/graphql?query={stats{movies}}"])
async def test_every_site_may_read(demo_client: httpx.AsyncClient, path: str):
    """Errors, too: a script must see the reason."""
    response = await demo_client.get(path, headers={"origin": "https://elsewhere.example"})
    assert response.headers["access-control-allow-origin"] == "*"
