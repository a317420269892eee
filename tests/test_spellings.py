"""The words of a filter in other spellings: each face of the catalogue finds the same titles by them."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.serving import ask

# The catalogue's spelling of a filter, and others that mean it.
SPELLINGS = [
    ({"genre": "Sci-Fi"}, [{"genre": "sci-fi"}, {"genre": "SCIFI"}, {"genre": "Science Fiction"}, {"genre": "sci fi"}]),
    ({"genre": "Family"}, [{"genre": "Kids"}, {"genre": "FAMILY"}]),
    ({"genre": "Dating"}, [{"genre": "dating"}, {"genre": "DATING"}]),
    ({"lang": "ko"}, [{"lang": "KO"}, {"lang": "Korean"}]),
    ({"lang": "ja"}, [{"lang": "jp"}, {"lang": "japanese"}]),
    ({"country": "KR"}, [{"country": "kr"}, {"country": "south korea"}]),
    ({"country": "GB"}, [{"country": "uk"}, {"country": "United Kingdom"}]),
]
TYPES = [({"type": "movie"}, [{"type": "Movie"}, {"type": "MOVIES"}]), ({"type": "show"}, [{"type": "tv"}])]

Find = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[object]]


async def by_rest(client: httpx.AsyncClient, words: dict[str, str]) -> object:
    """Return the titles and the total of the contract's discover."""
    answer = (await client.get("/api/discover", params=words)).json()
    return answer["total"], [title["title_id"] for title in answer["titles"]]


async def by_list(client: httpx.AsyncClient, words: dict[str, str]) -> object:
    """Return Sonarr's list of the most voted shows; an empty list is an error, which has the same text."""
    return (await client.get("/lists/sonarr/discover/most_rated.json", params={**words, "limit": "100"})).json()


async def by_page(client: httpx.AsyncClient, words: dict[str, str]) -> object:
    """Return the titles of the page, and the filters that it shows as set."""
    page = (await client.get("/discover", params=words)).text
    set_ = re.findall(r'aria-current="true">(.*?)</a>', page)
    assert set_, words
    return re.findall(r'href="(/(?:movies|shows)/\d+)', page), set_


async def by_graphql(client: httpx.AsyncClient, words: dict[str, str]) -> object:
    """Return the titles and totals of discover and of the list of titles."""
    names = {"genre": "genresIn", "lang": "languageIn", "country": "countryIn"}
    found = await ask(
        client,
        "query ($f: TitleFilter) { discover(filter: $f) { total items { titleId } } "
        "titles(filter: $f) { total items { titleId } languages { code count } } }",
        f={names[name]: [word] for name, word in words.items()},
    )
    assert "errors" not in found
    return found["data"]


FACES = {"REST": by_rest, "lists": by_list, "pages": by_page, "GraphQL": by_graphql}


@pytest.mark.parametrize(
    ("face", "right", "others"),
    [
        (face, right, others)
        for face in FACES
        for right, others in [*SPELLINGS, *(TYPES if face in ("REST", "pages") else [])]
    ],
)
async def test_a_word_finds_the_same_titles_in_every_spelling(
    demo_client: httpx.AsyncClient, face: str, right: dict[str, str], others: list[dict[str, str]]
) -> None:
    """Case, hyphens, TMDB's names and English names do not matter to any face."""
    find: Find = FACES[face]
    expected = await find(demo_client, right)
    assert expected != await find(demo_client, {next(iter(right)): "Nope"})
    for words in others:
        assert await find(demo_client, words) == expected, words


async def test_a_word_for_two_genres_means_either(demo_client: httpx.AsyncClient) -> None:
    """TMDB's Action & Adventure finds the titles of both genres, also where each genre is required."""
    query = "query ($f: TitleFilter) { discover(filter: $f) { total } }"

    async def total(**words: list[str]) -> int:
        answer = await ask(demo_client, query, f=words)
        found: int = answer["data"]["discover"]["total"]
        return found

    either = await total(genresIn=["Action", "Adventure"])
    assert either > await total(genresIn=["Action"])
    assert either == await total(genresIn=["action and adventure"])
    assert either == await total(genresAll=["Action & Adventure"])
    assert await total(genresNotIn=["Action & Adventure"]) == await total() - either
    assert await total(genresNotIn=["Nope"]) == await total()


async def test_an_unknown_word_finds_nothing(demo_client: httpx.AsyncClient) -> None:
    """A word without a meaning is answered as before: an empty page, no error."""
    for words in ({"genre": "Nope"}, {"lang": "qq"}, {"country": "Mars"}, {"type": "banana"}):
        response = await demo_client.get("/api/discover", params=words)
        assert (response.status_code, response.json()["titles"], response.json()["total"]) == (200, [], 0), words


async def test_the_languages_of_a_search_are_chosen_in_any_spelling(demo_client: httpx.AsyncClient) -> None:
    """The contract's search by name counts and lists a language by its code in capitals too."""
    right, other = [
        (await demo_client.get("/api/titles", params={"q": "the", "lang": code})).json() for code in ("en", "EN")
    ]
    assert right == other
    assert right["total"] > 0
    document = 'query ($l: String) { titles(language: $l, filter: {languageIn: ["EN"]}) { total } }'
    assert (await ask(demo_client, document, l="English"))["data"]["titles"]["total"] > 0
