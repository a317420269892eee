"""For search engines: robots.txt, sitemaps, and what pages say of titles."""

import json
import re
from xml.etree import ElementTree as ET

import httpx
import pytest

from mediacanon.pages.json_ld import structured_data

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def locations(text: str) -> list[str]:
    """Return the addresses in a sitemap or an index of them."""
    return [each.text for each in ET.fromstring(text).iter(f"{NAMESPACE}loc")]  # noqa: S314 - our own answer


async def test_the_sitemap_has_every_title_once(demo_client: httpx.AsyncClient):
    """robots.txt leads to the index, the index to the sitemaps, and those to pages that are there."""
    robots = (await demo_client.get("/robots.txt")).text
    index = await demo_client.get(re.search(r"Sitemap: (\S+)", robots)[1])
    assert index.headers["content-type"].startswith("application/xml")
    found = []
    for sitemap in locations(index.text):
        found += locations((await demo_client.get(sitemap)).text)
    assert len(found) == len(set(found)) == 720
    for address in (found[0], found[-1]):
        assert (await demo_client.get(address)).status_code == 200


@pytest.mark.parametrize("path", ["/sitemap-movies-2.xml", "/sitemap-movies-0.xml", "/sitemap-people-1.xml"])
async def test_sitemaps_that_the_index_does_not_list_are_404(demo_client: httpx.AsyncClient, path: str):
    """None is empty."""
    assert (await demo_client.get(path)).status_code == 404


async def test_search_leads_to_the_titles(demo_client: httpx.AsyncClient):
    """With what was asked."""
    answer = await demo_client.get("/search?q=a+b&type=show")
    assert (answer.status_code, answer.headers["location"]) == (308, "/titles?q=a+b&type=show")


async def test_pages_say_what_they_are(demo_client: httpx.AsyncClient):
    """A canonical address without what does not matter, a preview, and facts for search engines."""
    path = (await demo_client.get("/search?q=harbour+lights", follow_redirects=True)).text
    path = re.search(r'class="card" href="([^"]+)"', path)[1]
    text = (await demo_client.get(f"{path}?source=somewhere")).text
    assert f'<link rel="canonical" href="http://mediacanon.test{path}">' in text
    assert '<meta property="og:type" content="video.tv_show">' in text
    facts = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text)[1])
    assert (facts["@type"], facts["name"], facts["numberOfEpisodes"]) == ("TVSeries", "Harbour Lights", 58)
    assert facts["aggregateRating"]["ratingValue"] == 9.4


def test_no_name_breaks_out_of_the_data_block():
    """Whatever a title is called, the block ends where it ends."""
    name = "</script><script>alert(1)</script><!-- & \u2028"
    title = dict.fromkeys(
        ("originalTitle", "imageUrl", "releaseDate", "startYear", "runtimeMinutes", "originalLanguage", "originCountry",
         "averageRating", "numVotes", "imdbId")
    ) | {"type": "movie", "displayName": name, "genres": []}  # fmt: skip
    text = structured_data(title, "http://x/movies/1")
    assert "<" not in text
    assert json.loads(text) == {
        "@context": "https://schema.org",
        "@type": "Movie",
        "name": name,
        "url": "http://x/movies/1",
    }
