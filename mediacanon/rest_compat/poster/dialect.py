"""The addresses of posters as a dialect."""

from pathlib import Path

from mediacanon.errors import BadArgument
from mediacanon.rest_compat.dialect import App, Dialect, Null
from mediacanon.rest_compat.poster.endpoints import ENDPOINTS
from mediacanon.rest_compat.ratings.rules import example_names

POSTER = Dialect(
    title="Posters",
    prefix="/poster",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="The poster of a title by its IMDb id.",
    introduction=(
        """Many programs build the address of a poster from an IMDb id. Here it is `/poster/w342/tt0133093.jpg`, and
        leads to the image at TMDB; widths are `w92`, `w154`, `w185`, `w342`, `w500`, `w780` and `original`.""",
    ),
    apps=(
        App(
            "Posters by IMDb id",
            ("Put the width and the id behind the address: `w342/tt0133093.jpg`.",),
            "/poster/",
        ),
    ),
    null=Null.KEEP,
    error=lambda _, message: {"error": message},
    # A malformed id is one that nothing has.
    statuses={400: 404},
    messages={BadArgument: "Not found."},
    examples=example_names,
)
