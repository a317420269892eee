"""The ratings of titles and episodes as a dialect."""

from pathlib import Path

from mediacanon.rest_compat.dialect import App, Dialect, Null
from mediacanon.rest_compat.ratings.endpoints import ENDPOINTS
from mediacanon.rest_compat.ratings.rules import addresses, example_names

INTRODUCTION = (
    """IMDb's ratings of a show by season, as Nuvio and SeriesGraph read them, and of a title with its episodes, as
    nexio-imdbratings serves them. Programs get this server's address and `/ratings/`.""",
)

RATINGS = Dialect(
    title="Ratings",
    prefix="/ratings",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="IMDb's ratings of titles, and of episodes by season.",
    introduction=INTRODUCTION,
    apps=(
        App(
            "Programs for ratings",
            ("Paste the address as the base of the ratings API: `IMDB_RATINGS_API_BASE_URL` of a build of Nuvio.",),
            "/ratings/",
        ),
    ),
    media_type="application/json; charset=utf-8",
    null=Null.KEEP,
    error=lambda status, message: {"error": {"code": str(status), "message": message}},
    examples=example_names,
    addresses=addresses,
)
