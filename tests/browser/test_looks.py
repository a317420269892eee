"""Every page on phone and desktop, light and dark: accessible, valid, without overflow, warning or foreign request."""

import asyncpg
import httpx
import pytest

from tests.browser.documents import ARTIFACTS, AXE, JAVA, PAGES, VNU, axe_findings, html_errors

WIDTHS = (360, 1440)
LANDMARKS = {"movie": "tt99000003", "show": "tt99100001", "daily": "tt99100003"}
ADDRESS = """
SELECT coalesce('/movies/' || m.id, '/shows/' || s.id)
  FROM titles t LEFT JOIN movies m ON m.title_id = t.id LEFT JOIN shows s ON s.title_id = t.id
 WHERE t.imdb_id = $1
"""


@pytest.fixture(scope="session")
async def paths(demo: str) -> dict[str, str]:
    """Give the path of every page."""
    connection = await asyncpg.connect(demo)
    found = {name: await connection.fetchval(ADDRESS, imdb_id) for name, imdb_id in LANDMARKS.items()}
    await connection.close()
    return {name: path.format(**found) for name, path in PAGES.items()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
async def test_every_page_looks_right(visits, site, paths, name, scheme):
    """No overflow, no console message, no foreign request, no violation for axe; a screenshot of each is stored."""
    ARTIFACTS.mkdir(exist_ok=True)
    for width in WIDTHS:
        visit = await visits(
            site,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            bypass_csp=True,
            reduced_motion="reduce",
        )
        await visit.page.goto(paths[name])
        await visit.page.screenshot(path=ARTIFACTS / f"{name}-{width}-{scheme}.png", full_page=width == 360)
        assert await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert visit.foreign_requests == []
        assert visit.messages == []
        if AXE.is_file():
            assert await axe_findings(visit.page) == []


@pytest.mark.skipif(not (JAVA and VNU.is_file()), reason="needs Java, and the checker that npm brings")
async def test_every_page_is_valid_html(site, paths, tmp_path):
    """The Nu HTML checker finds no error."""
    files = []
    async with httpx.AsyncClient(base_url=site, timeout=60) as client:
        for name, path in paths.items():
            files.append(tmp_path / f"{name}.html")
            files[-1].write_text((await client.get(path)).text)
    assert await html_errors(files) == []


async def test_the_policy_permits_all_that_a_page_needs(visit, paths):
    """Style, script and JSON-LD work under the strict policy, and the console stays silent."""
    await visit.page.goto(paths["movie"])
    kind = await visit.page.evaluate(
        "JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').textContent)['@type']"
    )
    assert kind == "Movie"
    assert visit.messages == []
