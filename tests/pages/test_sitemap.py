"""robots.txt and sitemaps."""

import re
from xml.etree import ElementTree as ET

import httpx
import pytest

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def locations(text: str) -> list[str]:
    """Return the addresses in a sitemap or an index of sitemaps."""
    return [each.text for each in ET.fromstring(text).iter(f"{NAMESPACE}loc")]  # noqa: S314 - our own response


async def test_the_sitemap_has_every_title_once(demo_client: httpx.AsyncClient):
    """robots.txt leads to the index, the index to the sitemaps, and these to pages that exist."""
    robots = (await demo_client.get("/robots.txt")).text
    index = await demo_client.get(re.search(r"Sitemap: (\S+)", robots)[1])
    assert index.headers["content-type"].startswith("application/xml")
    pages = []
    for sitemap in locations(index.text):
        pages += locations((await demo_client.get(sitemap)).text)
    assert len(pages) == len(set(pages)) == 720
    for address in (pages[0], pages[-1]):
        assert (await demo_client.get(address)).status_code == 200


@pytest.mark.parametrize("kind", ["movies", "people"])
@pytest.mark.parametrize("number", ["2", "0", "01", "1_0", "%D9%A1", "1" * 4400])
async def test_a_sitemap_that_the_index_does_not_list_is_404(demo_client: httpx.AsyncClient, kind: str, number: str):
    """No sitemap is empty, and each has one address."""
    assert (await demo_client.get(f"/sitemap-{kind}-{number}.xml")).status_code == 404
