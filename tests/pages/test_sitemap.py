"""robots.txt and sitemaps."""

import re
from xml.etree import ElementTree as ET

import asyncpg
import httpx
import pytest

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def locations(text: str) -> list[str]:
    """Return the addresses in a sitemap or an index of sitemaps."""
    return [each.text for each in ET.fromstring(text).iter(f"{NAMESPACE}loc")]  # noqa: S314 - our own response


async def test_the_sitemap_has_every_title_and_credited_person_once(
    demo_client: httpx.AsyncClient, demo_pool: asyncpg.Pool
):
    """robots.txt leads to the index, the index to the sitemaps, and these to pages that exist."""
    robots = (await demo_client.get("/robots.txt")).text
    index = await demo_client.get(re.search(r"Sitemap: (\S+)", robots)[1])
    assert index.headers["content-type"].startswith("application/xml")
    pages = []
    for sitemap in locations(index.text):
        pages += locations((await demo_client.get(sitemap)).text)
    people = await demo_pool.fetchval("SELECT count(*) FROM people WHERE id IN (SELECT person_id FROM credits)")
    assert people > 100
    assert len(pages) == len(set(pages)) == 720 + people
    for address in (pages[0], pages[-1]):
        assert (await demo_client.get(address)).status_code == 200


@pytest.mark.parametrize("kind", ["movies", "people"])
@pytest.mark.parametrize("number", ["2", "0", "01", "1_0", "%D9%A1", "1" * 4400])
async def test_a_sitemap_that_the_index_does_not_list_is_404(demo_client: httpx.AsyncClient, kind: str, number: str):
    """No sitemap is empty, and each has one address."""
    assert (await demo_client.get(f"/sitemap-{kind}-{number}.xml")).status_code == 404


async def test_people_without_a_shown_credit_are_left_out(client: httpx.AsyncClient, connection: asyncpg.Connection):
    """Nobody without a credit, or with one of withdrawn or hidden titles alone; parts without people are skipped."""
    await connection.execute(
        "INSERT INTO people (id, name) VALUES (7, 'A'), (8, 'B'), (9, 'C'), (50001, 'D'), (250001, 'E')"
    )
    await connection.execute(
        "INSERT INTO credits (title_id, person_id, ordinal, category)"
        " VALUES (1, 7, 7000, 1), (2, 8, 7001, 1), (3, 9, 7002, 1), (1, 50001, 7003, 1), (2, 250001, 7004, 1)"
    )
    await connection.execute("UPDATE titles SET withdrawn_at = now() WHERE id = 2")
    await connection.execute("UPDATE titles SET is_adult = true WHERE id = 3")
    index = locations((await client.get("/sitemap.xml")).text)
    people = [address for address in index if "people" in address]
    assert [int(re.search(r"people-(\d+)", address)[1]) for address in people] == [1, 2, 6, 1981]
    found = [[path.rpartition("/")[2] for path in locations((await client.get(part)).text)] for part in people[:3]]
    assert found == [["7"], ["50001"], []]
    assert (await client.get("/sitemap-people-3.xml")).status_code == 404
