"""The form that creates a title."""

import httpx
import pytest

from tests.serving import app_of, client_of

FILLED = {"type": "movie", "displayName": "A Name <b>&\"'"}


@pytest.fixture
async def client(database: str):
    """Give a client of an empty catalogue."""
    async with client_of(app_of(database)) as opened:
        yield opened


async def test_a_title_is_created_and_shown(client: httpx.AsyncClient):
    """The redirect leads to its page, which shows the name as it was typed."""
    given = {**FILLED, "startYear": "1999", "runtimeMinutes": "90", "originalLanguage": "en", "imdbId": "tt7654321"}
    response = await client.post("/add", data=given)
    assert response.status_code == 303
    text = (await client.get(response.headers["location"])).text
    assert "A Name &lt;b&gt;&amp;&#34;&#39;" in text
    assert "1 h 30 min" in text
    assert "<b>" not in text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"displayName": ""}, "Name is required"),
        ({"displayName": "   "}, "Name is required"),
        ({"startYear": "soon"}, "Year must be a number"),
        ({"startYear": "99999999999"}, "Year must be a smaller number"),
        ({"startYear": "12"}, "Year must be a year from 1870 to 2100"),
        ({"startYear": "2000", "endYear": "1999"}, "Final year"),
        ({"imdbId": "nm1"}, "IMDb id must look like tt0903747"),
        ({"imageUrl": "javascript:alert(1)"}, "Poster must be"),
        ({"originCountry": "usa"}, "Country must be"),
        ({"type": "opera"}, "Type must be movie or show"),
        ({"type": ""}, "Type must be movie or show"),
    ],
)
async def test_a_mistake_is_shown_and_the_input_stays(client: httpx.AsyncClient, wrong, message):
    """400, with the form's labels in the message, at the field, and the other fields as they were."""
    response = await client.post("/add", data={**FILLED, "originalTitle": "Stays", **wrong})
    assert response.status_code == 400
    assert message in response.text
    assert response.text.count('<p class="mistake"') == response.text.count('class="field wrong"') == 1
    assert 'value="Stays"' in response.text


async def test_an_imdb_id_that_is_taken_is_a_conflict(client: httpx.AsyncClient):
    """409, shown at the field."""
    given = {**FILLED, "imdbId": "tt7654321"}
    assert (await client.post("/add", data=given)).status_code == 303
    response = await client.post("/add", data=given)
    assert response.status_code == 409
    assert "A title with this IMDb id is already there" in response.text
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}])
async def test_a_form_of_another_site_is_refused(client: httpx.AsyncClient, headers):
    """Only this server's own page may send it."""
    assert (await client.post("/add", data=FILLED, headers=headers)).status_code == 403


async def test_a_link_of_another_site_leads_to_the_form(client: httpx.AsyncClient):
    """Only the form itself is refused, not the visit."""
    assert "Add title" in (await client.get("/add", headers={"sec-fetch-site": "cross-site"})).text


async def test_a_malformed_form_is_refused(client: httpx.AsyncClient):
    """413 above 64 KiB, 400 for bytes that are no text."""
    assert (await client.post("/add", content=b"a" * 70_000)).status_code == 413
    assert (await client.post("/add", content=b"\xff")).status_code == 400


async def test_a_read_only_server_says_so(database: str):
    """The page has an explanation in place of the form, and a form sent to it is refused."""
    async with client_of(app_of(database, MEDIACANON_WRITES="off")) as client:
        text = (await client.get("/add")).text
        assert "read-only" in text
        assert "<form class" not in text.partition("<main")[2]
        assert (await client.post("/add", data=FILLED)).status_code == 403
