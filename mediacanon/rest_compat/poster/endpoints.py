"""The table of the posters: one row."""

from typing import Any

from mediacanon.rest_compat.endpoint import NO_MATCH, Endpoint, Texts
from mediacanon.schema.images import PosterSize


def address(title: dict[str, Any], _: Texts) -> str | None:
    """Return the address of the poster, None where there is none."""
    found: str | None = title["poster"]
    return found


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/poster/{size}/{imdb}.jpg",
        document="poster",
        summary="The way to the poster of a movie or a show",
        answer="title",
        arrange=address,
        redirects=True,
        addresses={"location": "poster"},
        enum_names={"size": {str(size.value): size.name for size in PosterSize}},
        fallbacks={"imdb": NO_MATCH, "size": NO_MATCH},
        tags=("title:{titleId}",),
        is_cached=True,
        max_age=86_400,
        example="/poster/w342/{movie}.jpg",
    ),
)
