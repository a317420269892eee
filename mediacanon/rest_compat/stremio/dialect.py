"""Stremio's add-on protocol as a dialect."""

from pathlib import Path

from mediacanon.errors import BadArgument, NotFound
from mediacanon.rest_compat.dialect import App, Configuration, Dialect, Null, ValueRule
from mediacanon.rest_compat.stremio.endpoints import ENDPOINTS
from mediacanon.rest_compat.stremio.rules import TEXT, addresses, example_names, options

INTRODUCTION = (
    """An add-on for Stremio, Nuvio, Jellyfin with Gelato, and every other program that installs add-ons of Stremio by
    their address: catalogues of movies and series, search, and details with every episode. It has no streams.""",
    """Type the address of the manifest into the program's field for add-ons: this server's address and
    `/stremio/manifest.json`. Stremio's web app, and some televisions, take `https` only.""",
    """Between `/stremio/` and `manifest.json` may stand a choice: `catalogs=` with names from the manifest
    between commas, such as `movie.top` or `series.trending`, and `languages=` with the languages of its texts, the
    preferred one first: `/stremio/catalogs=movie.top,series.top&languages=de,en/manifest.json`.""",
    """This product uses the TMDB API but is not endorsed or certified by TMDB.""",
)

STREMIO = Dialect(
    title="Stremio add-on",
    prefix="/stremio",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="The manifest, the catalogues and the details of an add-on for Stremio.",
    introduction=INTRODUCTION,
    configuration=Configuration("/stremio/configure", "manifest.json", "stremio", options),
    apps=(
        App(
            "Stremio and Nuvio",
            (
                "Choose catalogues and languages at `/stremio/configure`, or take the address below.",
                "Open the add-ons of the program, choose to add one by its address, and paste it.",
            ),
            "/stremio/manifest.json",
        ),
        App(
            "Jellyfin with Gelato",
            ("Open the settings of the plugin.", "Paste the address as that of the add-on."),
            "/stremio/manifest.json",
        ),
    ),
    media_type="application/json; charset=utf-8",
    null=Null.OMIT,
    values={
        # A day alone fails the whole answer.
        "Date": ValueRule(lambda day: f"{day}T00:00:00.000Z", {"type": "string", "format": "date-time"}),
        "Float": ValueRule(lambda rating: f"{rating:.1f}", TEXT),
        "TitleType": ValueRule({"movie": "movie", "show": "series"}.get, {"enum": ["movie", "series"]}),
    },
    error=lambda status, message: {"err": "not found" if status == 404 else message},  # noqa: PLR2004 - the SDK's words
    statuses={400: 404},
    messages={NotFound: "not found", BadArgument: "not found"},
    matches_sent_path=True,
    path_queries=frozenset({"extra"}),
    has_query_folder=True,
    examples=example_names,
    addresses=addresses,
)
