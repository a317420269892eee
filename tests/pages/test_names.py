"""Names of titles in the reader's languages on pages, and links that keep them."""

import re

import httpx
import pytest

from mediacanon.pages.names import MOST_LANGUAGES, name_chain, show_names

LEUCHTTURM, PHARE = "Die Leuchtturmwärter", "Les Gardiens du phare"
LINK = re.compile(r'<a [^>]*href="([^"]+)"')
PAGE_LINK = re.compile(r"/(movies/|shows/|people/|titles|discover)|/$|/\?")


def test_a_chain_has_well_formed_languages_alone():
    """Any spelling of a tag, each once, in order, five at most."""
    assert name_chain(["DE_at", "german", "", "de-AT", "'--", "x" * 999, "fr"]) == ["de-AT", "fr"]
    assert name_chain(f"a{letter}" for letter in "abcdefghi") == ["aa", "ab", "ac", "ad", "ae"][:MOST_LANGUAGES]


def test_every_title_of_the_data_is_renamed():
    """Titles within titles, too; an episode keeps its name, and a title that was not asked for one."""
    inner = {"displayName": "Inner", "name": {"text": "Innen"}}
    data = {"a": [{"displayName": "A", "name": {"text": "B"}, "similar": [inner]}], "b": {"displayName": "C"}}
    show_names(data)
    assert data["a"][0]["displayName"] == "B"
    assert inner["displayName"] == "Innen"
    assert data["b"] == {"displayName": "C"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/titles",
        "/titles?q=lighthouse",
        "/discover?genre=Drama",
        "/discover?collection=top-drama-shows",
        "/movies/1",
        "/people/99000001",
    ],
)
async def test_pages_show_the_names_of_the_languages(collected_client: httpx.AsyncClient, path: str):
    """The first language that has a name wins; links to pages of titles keep the languages, the address of no language."""
    separator = "&" if "?" in path else "?"
    plain = (await collected_client.get(path)).text
    german = (await collected_client.get(f"{path}{separator}names=de,fr")).text
    assert "names=" not in plain.replace("&amp;", "&")
    assert LEUCHTTURM in german or path not in ("/movies/1", "/titles?q=lighthouse")
    assert german.count('class="card"') == plain.count('class="card"')
    assert german != plain
    links = [link.replace("&amp;", "&") for link in LINK.findall(german)]
    kept = [link for link in links if PAGE_LINK.match(link)]
    assert kept
    assert [link for link in kept if "names=de,fr" not in link] == []
    assert [link for link in links if not PAGE_LINK.match(link) and "names=" in link] == []
    assert '<input type="hidden" name="names" value="de,fr">' in german
    assert "names=" not in re.search(r'<link rel="canonical" href="([^"]+)"', german)[1]
    # A view's source is no part of a cached page.
    assert (await collected_client.get(f"{path}{separator}names=de,fr&source=x")).text == german


async def test_each_chain_is_a_page_of_its_own(collected_client: httpx.AsyncClient):
    """Cached apart; what is no language is ignored."""
    texts = [
        (await collected_client.get(f"/movies/1?names={names}")).text for names in ("de-AT,fr", "fr", "klingon", "")
    ]
    headings = [re.search(r"<h1><bdi>(.*?)</bdi>", text)[1] for text in texts]
    assert headings == ["Die Leuchtturmhüter", PHARE, "The Lighthouse Keepers", "The Lighthouse Keepers"]
    assert "names=klingon" not in "".join(LINK.findall(texts[2]))
