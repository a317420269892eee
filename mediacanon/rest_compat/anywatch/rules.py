"""Value rules of the contract: spelling of keys, optional lists, JSON Schemas of facts, texts of refusals, examples."""

import re
from collections.abc import Mapping
from typing import Any

from mediacanon import vocabulary
from mediacanon.http.memo import memoised

# Absent when empty; other lists stay, and so do the lists that a row declares.
OPTIONAL_LISTS = frozenset({"genres", "seasons", "episodes", "languages", "regions", "invalid"})
_HUMP = re.compile(r"(?<=[a-z0-9])[A-Z]")


# Only names of the schema and of documents, whose number is bounded, are spelled.
@memoised(most=1_000, longest=100)
def snake_case(name: str) -> str:
    """Return a GraphQL name as the contract spells it: startYear is start_year."""
    return _HUMP.sub(lambda hump: f"_{hump[0].lower()}", name)


# JSON Schemas of the facts in a body, and of the parameters that are not read leniently.
_CONTROL = vocabulary.CONTROL_CHARACTERS
_NAME = {
    "minLength": 1,
    "maxLength": 500,
    "pattern": rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$",
}
_IMDB_ID = vocabulary.IMDB_ID.pattern
_YEAR = {"minimum": vocabulary.FIRST_YEAR, "maximum": vocabulary.LAST_YEAR}
_LIFE = {"minimum": 1, "maximum": vocabulary.LAST_YEAR}
# Control characters but for those of lines.
_TEXT = {**_NAME, "maxLength": 10_000}
_NUMBER = {"minimum": 0, "maximum": vocabulary.MAX_INTEGER}
_IDS = {"pattern": "^[^,]*(,[^,]*){0,249}$"}
RULES: Mapping[str, Mapping[str, Any]] = {
    "display_name": _NAME,
    "start_year": _YEAR,
    "end_year": _YEAR,
    "imdb_id": {"pattern": f"^({_IMDB_ID})?$"},
    "name": {**_NAME, "maxLength": 200},
    "birth_year": _LIFE,
    "death_year": _LIFE,
    "professions": {"maxItems": 10, "items": {"type": "string", "pattern": f"^{vocabulary.PROFESSION}$"}},
    "biography": _TEXT,
    "image_url": {"maxLength": 2000, "pattern": f"^({vocabulary.HTTP_ADDRESS})?$"},
    "season_number": _NUMBER,
    "episode_number": _NUMBER,
    # A malformed id is answered as `invalid`; too many are refused.
    "imdb": _IDS,
    "tmdb": _IDS,
}

# Texts that the contract has clients read.
REFUSALS = {"id": "Invalid ID", "type": "Type must be 'movie' or 'show'", "display_name": "display_name required"}

# Names in the examples of an empty catalogue.
_FALLBACK_NAMES: Mapping[str, object] = {
    **dict.fromkeys(("title", "movie", "show", "season", "episode", "person"), 1),
    "imdb": "tt0133093",
    "collection": "top-drama-movies",
}


def example_names(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the ids in the examples: of the best known movie and show, and of the first collection."""
    movie: Mapping[str, Any] = next(iter(data["movies"]["items"]), {})
    show: Mapping[str, Any] = next((title["show"] for title in data["shows"]["items"] if title["show"]), {})
    season: Mapping[str, Any] = next(iter(show.get("seasons", ())), {})
    episode: Mapping[str, Any] = next(iter(season.get("episodes", ())), {})
    found = {
        "title": movie.get("titleId"),
        "movie": movie.get("movieId"),
        "imdb": movie.get("imdbId"),
        "show": show.get("showId"),
        "season": season.get("seasonId"),
        "episode": episode.get("episodeId"),
        "person": next((person["personId"] for person in data["people"]), None),
        "collection": next((collection["slug"] for collection in data["collections"]), None),
    }
    return {name: _FALLBACK_NAMES[name] if value is None else value for name, value in found.items()}
