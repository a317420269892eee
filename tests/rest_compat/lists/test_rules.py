"""A list is whole: pages that change while they are read are read again."""

from typing import Any

import pytest

from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.rest_compat.lists.rules import MOST_PAGES, PAGE, WholeList

LOAD = WholeList("discover", "movie", ("imdb_id",))


def title(number: int) -> dict[str, Any]:
    """Return a movie with an IMDb id."""
    return {"type": "movie", "title": f"Movie {number}", "imdb_id": f"tt{number:07}"}


class Catalogue:
    """Movies in an order that `moves` change, one before each of the runs."""

    def __init__(self, size: int, *moves: Any) -> None:
        self.titles = [title(number) for number in range(size)]
        self.moves = list(moves)
        self.pages: list[int] = []

    async def run(self, variables: Any) -> dict[str, Any]:
        """Return one page, as the document does."""
        if self.moves and (move := self.moves.pop(0)):
            move(self.titles)
        self.pages.append(variables["page"])
        first = (variables["page"] - 1) * variables["limit"]
        titles = self.titles[first : first + PAGE]
        types = [{"type": each["type"]} for each in titles]
        items = [{name: value for name, value in each.items() if name != "type"} for each in titles]
        return {"discover": {"perPage": PAGE, "types": types, "items": items}}


async def load(catalogue: Catalogue, limit: int) -> list[str]:
    """Return the names on a list of this catalogue."""
    data = await LOAD(catalogue.run, {"limit": limit, "page": 1}, {})
    return [each["title"] for each in data["discover"]["items"]]


def rise(titles: list[Any]) -> None:
    """Move the first title of the second page to the top."""
    titles.insert(0, titles.pop(PAGE))


async def test_a_list_of_one_page_is_read_once():
    """One statement shows one state of the catalogue."""
    catalogue = Catalogue(250)
    assert await load(catalogue, 100) == [f"Movie {number}" for number in range(100)]
    assert catalogue.pages == [1]


async def test_a_list_of_several_pages_is_read_until_two_readings_agree():
    """A title that rises from the second page to the first between both is on the list all the same."""
    catalogue = Catalogue(150, None, rise)
    found = await load(catalogue, 500)
    assert sorted(found) == sorted(f"Movie {number}" for number in range(150))
    assert catalogue.pages == [1, 2] * 3


async def test_a_list_that_keeps_changing_is_an_error():
    """503: the program tries again, and its library is left alone."""
    with pytest.raises(UpstreamUnavailable):
        await load(Catalogue(250, *[rise] * 50), 500)


async def test_entries_are_chosen_from_5000_titles():
    """A collection of shows is not read to its end for a movie."""
    catalogue = Catalogue(PAGE * MOST_PAGES + 1)
    for each in catalogue.titles[:-1]:
        each["type"] = "show"
    with pytest.raises(NotFound):
        await load(catalogue, 1)
    assert max(catalogue.pages) == MOST_PAGES
