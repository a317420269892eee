"""The table of Radarr's metadata: one row."""

from typing import Any

from mediacanon.rest_compat.endpoint import NO_MATCH, Endpoint, Texts

_RATING = {
    "type": "object",
    "properties": {
        "Count": {"type": "integer"},
        "Value": {"type": "number"},
        "Origin": {"type": "string"},
        "Type": {"type": "string"},
    },
    "required": ["Count", "Value", "Origin", "Type"],
}


def movies(movie: dict[str, Any], _: Texts) -> list[dict[str, Any]]:
    """Return a list of the movie: the first entry counts. A rating that is not known is 0."""
    title = movie["title"]
    rated = {
        "Count": title["numVotes"] or 0,
        "Value": title["averageRating"] or 0,
        "Origin": "Imdb",
        "Type": "User",
    }
    return [
        {
            "ImdbId": title["imdbId"],
            "TmdbId": title["tmdbId"] or 0,
            "Title": title["displayName"],
            "Year": title["startYear"] or 0,
            "MovieRatings": {"Imdb": rated},
            "Ratings": [rated],
        }
    ]


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/radarr/v1/movie/imdb/{imdb}",
        document="movie",
        summary="The ratings of a movie by its IMDb id, in a list of one",
        answer="movie",
        arrange=movies,
        schema={
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "ImdbId": {"type": "string"},
                    "TmdbId": {"type": "integer"},
                    "Title": {"type": "string"},
                    "Year": {"type": "integer"},
                    "MovieRatings": {"type": "object", "properties": {"Imdb": _RATING}, "required": ["Imdb"]},
                    "Ratings": {"type": "array", "items": _RATING},
                },
                "required": ["ImdbId", "TmdbId", "Title", "MovieRatings", "Ratings"],
            },
        },
        fallbacks={"imdb": NO_MATCH},
        tags=("title:{titleId}",),
        is_cached=True,
        example="/radarr/v1/movie/imdb/{movie}",
    ),
)
