"""OMDb's API as a dialect."""

from pathlib import Path

from mediacanon.errors import BadArgument
from mediacanon.rest_compat.dialect import App, Dialect, Null
from mediacanon.rest_compat.omdb.endpoints import ENDPOINTS
from mediacanon.rest_compat.omdb.rules import FAULT, INCORRECT_ID, addresses, example_names, written

INTRODUCTION = (
    """The API of omdbapi.com, without a key and without a limit: programs that let one set its address get
    this server's address and `/omdb/`.""",
    """`i` is an IMDb id, `t` a name of which the best match is returned, `s` a name to search for. `type` (`movie`,
    `series`, `episode`) and `y` narrow both. With `Season`, and with `Episode`, a series is asked for its episodes.
    `r=xml` and `callback=` choose another format; `apikey` is ignored.""",
    """Ratings are IMDb's; there are none of Rotten Tomatoes and Metacritic. Plots and posters are TMDB's: this product
    uses the TMDB API but is not endorsed or certified by TMDB.""",
)

OMDB = Dialect(
    title="OMDb",
    prefix="/omdb",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="Details, searches and seasons in the form of omdbapi.com.",
    introduction=INTRODUCTION,
    apps=(
        App(
            "Jackett and other programs for OMDb",
            ("Paste the address as the URL of the OMDb API.", "Type any key where one is wanted: `x`."),
            "/omdb/",
        ),
    ),
    media_type="application/json; charset=utf-8",
    null=Null.KEEP,
    error=lambda status, message: {"Response": "False", "Error": FAULT if status >= 500 else message},  # noqa: PLR2004
    # Clients read the text; another status is a failure of the server to them.
    statuses={400: 200, 404: 200},
    messages={BadArgument: INCORRECT_ID},
    ignores_case=True,
    write=written,
    examples=example_names,
    addresses=addresses,
)
