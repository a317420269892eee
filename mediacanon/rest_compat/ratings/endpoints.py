"""The table of the ratings."""

from mediacanon.rest_compat.endpoint import NO_MATCH, Endpoint
from mediacanon.rest_compat.ratings.rules import (
    BULK_SCHEMA,
    EPISODES_SCHEMA,
    MOST_IDS,
    RATING_SCHEMA,
    SEASONS_SCHEMA,
    AnyId,
    rating,
    ratings,
    season_ratings,
)

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/ratings/api/shows/{show}/season-ratings",
        document="seasons",
        summary="The rated episodes of a show, by season; the show by its IMDb or TMDB id",
        answer="lookup.found",
        load=AnyId(),
        arrange=season_ratings,
        schema=SEASONS_SCHEMA,
        is_list=True,
        is_cached=True,
        example="/ratings/api/shows/{series}/season-ratings",
    ),
    Endpoint(
        method="GET",
        path="/ratings/v1/ratings/{imdb}",
        document="rating",
        summary="The rating of a title or an episode; with `episodes=true` that of a title and its rated episodes",
        answer=("with_episodes.found", "lookup.found"),
        arrange=rating,
        schema={"anyOf": [RATING_SCHEMA, EPISODES_SCHEMA]},
        fallbacks={"imdb": NO_MATCH},
        is_cached=True,
        example="/ratings/v1/ratings/{series}?episodes=true",
    ),
    Endpoint(
        method="POST",
        path="/ratings/v1/ratings/bulk",
        document="bulk",
        summary=f"The ratings of up to {MOST_IDS} titles and episodes, in order, and the ids without one",
        reads_body=True,
        answer={"found": "lookup.found", "missing": "lookup.missing", "invalid": "lookup.invalid"},
        arrange=ratings,
        schema=BULK_SCHEMA,
        max_items={"identifiers": MOST_IDS},
        body={"identifiers": ["{movie}", "{series}"]},
    ),
)
