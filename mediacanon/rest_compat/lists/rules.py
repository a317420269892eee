"""Rules of the lists: a list is whole, holds one type of title, and each entry has an id that the program reads.

Both programs may remove the titles of a library that are on no list any more. So an incomplete list is an error, and so
is an empty one: README.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.rest_compat.endpoint import Data, Names, Run, Texts, Variables
from mediacanon.rest_compat.serializer import pick
from mediacanon.vocabulary import PEOPLE_PARAMETERS, DiscoverSort

# Entries of a list: Radarr asks its own server about each of them.
LIMIT = (1, 500)
# Titles of a page, GraphQL's largest, and pages of a collection: of 5,000 titles the entries are chosen.
PAGE = 100
MOST_PAGES = 50
# Readings of a list of several pages before it counts as changing all the time.
MOST_READINGS = 4


# JSON Schema of names between commas, in the letters of European languages. Other printable names are read as well.
_LETTERS = r"!-+\--~\u00c0-\u024f"
_NAME = rf"[{_LETTERS}][{_LETTERS} ]{{0,99}}"
_ONE_NAME = {"type": "string", "pattern": f"^{_NAME}$"}
_NAMES = {"pattern": rf"^{_NAME}(,{_NAME}){{0,49}}$"}
_PERSON = "(nm[0-9]{7,9}|[0-9]{1,9})"
_PEOPLE = {"pattern": rf"^{_PERSON}(,{_PERSON}){{0,49}}$"}
RULES: Mapping[str, Mapping[str, Any]] = {
    **dict.fromkeys(("genre", "lang", "country", "keyword", "company", "network", "status"), _NAMES),
    **dict.fromkeys(("certification_max", "certification_country"), _ONE_NAME),
    **dict.fromkeys(PEOPLE_PARAMETERS, _PEOPLE),
}


class _Reading(NamedTuple):
    data: Data
    titles: list[dict[str, Any]]
    pages: int


@dataclass(frozen=True, slots=True)
class WholeList:
    """Loads a list of titles of one type with one of these ids. `path` is that of the page in the document's data."""

    path: str
    type: str
    ids: Names

    async def __call__(self, run: Run, variables: Variables, texts: Texts) -> Data:  # noqa: ARG002 - as `Load` has it
        """Return the data with all entries on one page.

        Raises NotFound for an unknown list and for an empty one, UpstreamUnavailable for one that keeps changing.
        """
        reading = await self._read(run, variables)
        for _ in range(MOST_READINGS):
            # A page is one statement. Between two pages a title can move from the second to the first, and be missing:
            # two equal readings show that none did.
            again = await self._read(run, variables) if reading.pages > 1 else reading
            if again.titles == reading.titles:
                break
            reading = again
        else:
            raise UpstreamUnavailable("The list changed while it was read. Ask again in a minute")
        if not reading.titles:
            noun = f"{self.type} with {' or '.join(self.ids)}"
            raise NotFound(f"The list has no {noun}. This is an error, because an empty list would clear a library")
        return reading.data

    async def _read(self, run: Run, variables: Variables) -> _Reading:
        titles: list[dict[str, Any]] = []
        for number in range(1, MOST_PAGES + 1):
            data = await run({**variables, "limit": PAGE, "page": number})
            page = pick(data, self.path)
            if page is None:
                raise NotFound(f"There is no collection {variables.get('slug')}")
            titles += self._entries(page)
            is_last = len(page["items"]) < page["perPage"]
            if is_last or len(titles) >= variables["limit"]:
                break
        page["items"] = titles[: variables["limit"]]
        return _Reading(data, page["items"], number)

    def _entries(self, page: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the titles of a page that belong on the list; no answer has their type."""
        return [
            title
            for title, each in zip(page["items"], page["types"], strict=True)
            if each["type"] == self.type and any(title[name] for name in self.ids)
        ]


def _collections(data: Mapping[str, Any], type_: str) -> list[tuple[str, str]]:
    """Return name and slug of the collections with a title of a type among their first ten."""
    return [
        (each["name"], each["slug"])
        for each in data["collections"]
        if any(title["type"] == type_ for title in each["titles"]["items"])
    ]


def example_names(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the slugs in the examples: of the first collection with movies and the first with shows."""
    movies, shows = _collections(data, "movie"), _collections(data, "show")
    return {
        "movies": movies[0][1] if movies else "top-drama-movies",
        "shows": shows[0][1] if shows else "top-drama-shows",
    }


def addresses(data: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the address of every list, with its name, by program and by the type of list to choose there."""
    return {
        "Radarr, list type “StevenLu Custom”": _addresses("/lists/radarr", _collections(data, "movie")),
        "Radarr, list type “Custom Lists”": _addresses("/lists/radarr/tmdb", _collections(data, "movie")),
        "Sonarr, list type “Custom List”": _addresses("/lists/sonarr", _collections(data, "show")),
    }


def _addresses(folder: str, collections: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        *((name, f"{folder}/{slug}.json") for name, slug in collections),
        *((f"Discover, {sort.value}", f"{folder}/discover/{sort.value}.json") for sort in DiscoverSort),
    ]
