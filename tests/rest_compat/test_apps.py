"""The page that says how to point programs at this server, and the dialects that are on."""

import re

import httpx

from mediacanon.server.app import DIALECTS
from mediacanon.settings import DIALECTS as NAMES
from tests.serving import app_of, client_of


async def test_every_dialect_has_its_programs_and_an_address_that_answers(demo_client: httpx.AsyncClient):
    """Each address is that of this server as it was asked for, and leads to an answer."""
    text = (await demo_client.get("/apps")).text
    addresses = re.findall(r'<code class="address">([^<]+)</code>', text)
    assert len(addresses) == sum(len(dialect.apps) for dialect in DIALECTS)
    for address in addresses:
        assert address.startswith("http://mediacanon.test/")
        response = await demo_client.get(address)
        assert response.status_code == 200, address
    assert {"Radarr", "Sonarr", "Stremio and Nuvio"} <= set(re.findall(r"<h2[^>]*>([^<]+)</h2>", text))
    assert {dialect.prefix.removeprefix("/") for dialect in DIALECTS} == {"api", *NAMES}


async def test_a_dialect_that_is_off_is_not_found(demo: str):
    """Neither its paths nor its programs are there; the contract, which the pages use, always is."""
    async with client_of(app_of(demo, MEDIACANON_DIALECTS="omdb")) as client:
        statuses = {
            path: (await client.get(path)).status_code
            for path in ("/api/titles", "/omdb", "/lists", "/stremio/manifest.json")
        }
        assert statuses == {"/api/titles": 200, "/omdb": 200, "/lists": 404, "/stremio/manifest.json": 404}
        text = (await client.get("/apps")).text
        assert "Jackett" in text
        assert "Stremio" not in text.replace("How to point Stremio, Radarr, Sonarr, Jackett and other programs", "")
        assert "/lists" not in (await client.get("/omdb")).text
