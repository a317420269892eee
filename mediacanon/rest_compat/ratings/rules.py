"""Rules of the ratings: rated titles and episodes alone, by IMDb's ids. Sources: README.md."""

from collections.abc import Mapping
from typing import Any

from mediacanon.rest_compat.endpoint import Data, Run, Texts, Variables

Facts = Mapping[str, Any]
_NO_ID = "tt0000000"
# Identifiers in one request.
MOST_IDS = 250


class AnyId:
    """Loads a show by its IMDb id, or by its TMDB id, which is a number alone."""

    async def __call__(self, run: Run, variables: Variables, texts: Texts) -> Data:
        """Return the data; nothing is found for another text."""
        [show] = texts["show"]
        return await run({**variables, "show": f"show:{show}" if show.isdecimal() else show or _NO_ID})


def season_ratings(found: list[Facts], _: Texts) -> list[dict[str, Any]]:
    """Return the seasons with rated episodes; none for an unknown show."""
    show = (found[0]["title"] or {}).get("show") if found else None
    seasons = [
        {
            "season_number": season["seasonNumber"],
            "episodes": [
                {
                    "season_number": season["seasonNumber"],
                    "episode_number": episode["episodeNumber"],
                    "name": episode["displayName"],
                    "tconst": episode["imdbId"],
                    "vote_average": episode["averageRating"],
                    "imdb_rating": episode["averageRating"],
                    "imdb_votes": episode["numVotes"],
                }
                for episode in season["episodes"]
                if episode["averageRating"]
            ],
        }
        for season in (show["seasons"] if show else [])
    ]
    return [season for season in seasons if season["episodes"]]


def rating(found: list[Facts], _: Texts) -> dict[str, Any] | None:
    """Return the rating of a title or an episode, or those of a title and its episodes where these were asked for.

    None if it is unknown or not rated.
    """
    if not found:
        return None
    if "episode" not in found[0]:
        return _episode_ratings(found[0]["title"])
    rated = found[0]["title"] or found[0]["episode"]
    return _rating(rated) if rated and rated["averageRating"] is not None else None


def ratings(looked_up: Facts, _: Texts) -> dict[str, Any]:
    """Return the ratings of the ids that have one, and the other ids."""
    results, missing = [], [*looked_up["missing"], *(each["id"] for each in looked_up["invalid"])]
    for each in looked_up["found"]:
        rated = each["title"] or each["episode"]
        if rated and rated["averageRating"] is not None:
            results.append(_rating(rated))
        else:
            missing.append(each["id"])
    return {"results": results, "missing": missing}


def _episode_ratings(title: Facts | None) -> dict[str, Any] | None:
    if not title:
        return None
    return {
        "requestTconst": title["imdbId"],
        "rating": _rating(title) if title["averageRating"] is not None else None,
        "episodesParentTconst": title["imdbId"],
        "episodes": [
            {
                **_rating(episode),
                "parentTconst": title["imdbId"],
                "seasonNumber": season["seasonNumber"],
                "episodeNumber": episode["episodeNumber"],
            }
            for season in (title["show"]["seasons"] if title["show"] else [])
            for episode in season["episodes"]
            if episode["averageRating"] is not None
        ],
    }


def _rating(facts: Facts) -> dict[str, Any]:
    return {"tconst": facts["imdbId"], "averageRating": facts["averageRating"], "numVotes": facts["numVotes"]}


def example_names(data: Facts) -> dict[str, object]:
    """Return the ids in the examples."""
    movies, shows = data["movies"]["items"], data["shows"]["items"]
    return {
        "movie": movies[0]["imdbId"] if movies else "tt0111161",
        "series": shows[0]["imdbId"] if shows else "tt0903747",
    }


def addresses(_: Facts) -> dict[str, list[tuple[str, str]]]:
    """Return the address that programs ask for."""
    return {"Programs for ratings, as the address of the API": [("Address", "/ratings/")]}


_NUMBER: dict[str, Any] = {"type": "number"}
_NULLABLE = {"type": ["string", "null"]}
_COUNT = {"type": ["integer", "null"]}
_RATED = {"tconst": _NULLABLE, "averageRating": _NUMBER, "numVotes": _COUNT}
RATING_SCHEMA = {"type": "object", "properties": _RATED, "required": [*_RATED], "additionalProperties": False}
BULK_SCHEMA = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": RATING_SCHEMA},
        "missing": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["results", "missing"],
    "additionalProperties": False,
}
EPISODES_SCHEMA = {
    "type": "object",
    "properties": {
        "requestTconst": _NULLABLE,
        "rating": {"anyOf": [RATING_SCHEMA, {"type": "null"}]},
        "episodesParentTconst": _NULLABLE,
        "episodes": {"type": "array", "items": {"type": "object", "required": [*_RATED, "seasonNumber"]}},
    },
    "required": ["requestTconst", "rating", "episodesParentTconst", "episodes"],
}
SEASONS_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "season_number": {"type": "integer"},
            "episodes": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "object", "required": ["season_number", "episode_number", "tconst", "vote_average"]},
            },
        },
        "required": ["season_number", "episodes"],
    },
}
