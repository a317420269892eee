"""Static files: cached for ever under their hash, revalidated otherwise."""

import re

import httpx
import pytest


async def test_a_file_with_its_hash_is_cached_for_ever(demo_client: httpx.AsyncClient):
    """The address changes with the content; the address without a hash is revalidated."""
    address = re.search(r'href="(/static/style.css\?v=\w+)"', (await demo_client.get("/")).text)[1]
    hashed, plain = await demo_client.get(address), await demo_client.get("/static/style.css")
    assert hashed.content == plain.content
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "no-cache"
    known = await demo_client.get("/static/style.css", headers={"if-none-match": plain.headers["etag"]})
    assert known.status_code == 304


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/nothing.css", "/static/%2e%2e/settings.py", "/static/"])
async def test_no_other_file_is_served(demo_client: httpx.AsyncClient, path: str):
    """The folder is the boundary."""
    assert (await demo_client.get(path)).status_code == 404
