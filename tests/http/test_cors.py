"""CORS: every site may read."""

import httpx
import pytest

from mediacanon.http.cors import ALLOW_ANY_ORIGIN, ALLOWED, MAX_AGE, preflight_headers, read_headers


def test_a_read_names_the_headers_that_scripts_may_see():
    """`Vary` and exposed headers appear only if there are any."""
    assert read_headers() == ALLOW_ANY_ORIGIN
    assert read_headers(vary="Accept", expose=("ETag", "X-Request-Id")) == {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "ETag, X-Request-Id",
        "vary": "Accept",
    }


def test_a_preflight_names_methods_and_headers():
    """Browsers remember it for a day; headers that are malformed or too long are not repeated."""
    usual = {
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": ", ".join(ALLOWED),
        "access-control-max-age": MAX_AGE,
        "vary": "Access-Control-Request-Headers",
    }
    for requested in (None, "", "a b", "x\r\ny: z", ",", "x" * 2_000):
        assert preflight_headers(methods=("GET", "HEAD"), requested=requested) == usual


@pytest.mark.parametrize("path", ["/api/titles/1", "/graphql"])
@pytest.mark.parametrize("requested", ["apollographql-client-name,x-apollo-operation-name", "x-requested-with"])
async def test_a_preflight_of_a_read_allows_the_headers_it_asks_for(
    demo_client: httpx.AsyncClient, path: str, requested: str
):
    """Otherwise the browser tells its script "Failed to fetch"."""
    headers = {"origin": "https://elsewhere.example", "access-control-request-headers": requested}
    response = await demo_client.options(path, headers={**headers, "access-control-request-method": "GET"})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-headers"] == requested


@pytest.mark.parametrize("path", ["/api/titles/1", "/api/nothing", "/graphql?query={stats{movies}}"])
async def test_every_site_may_read(demo_client: httpx.AsyncClient, path: str):
    """Errors, too: a script must see the reason."""
    response = await demo_client.get(path, headers={"origin": "https://elsewhere.example"})
    assert response.headers["access-control-allow-origin"] == "*"
