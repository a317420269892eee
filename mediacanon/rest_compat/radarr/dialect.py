"""The part of api.radarr.video that programs read ratings from, as a dialect."""

from pathlib import Path

from mediacanon.errors import BadArgument
from mediacanon.rest_compat.dialect import Dialect, Null
from mediacanon.rest_compat.radarr.endpoints import ENDPOINTS
from mediacanon.rest_compat.ratings.rules import example_names

INTRODUCTION = (
    """The ratings of a movie as Seerr reads them from Radarr's metadata server. The host is fixed in the clients: they
    reach this address through DNS and a certificate of your own.""",
)

RADARR = Dialect(
    title="Radarr metadata",
    prefix="/radarr",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="The ratings of a movie in the form of Radarr's metadata server.",
    introduction=INTRODUCTION,
    media_type="application/json; charset=utf-8",
    null=Null.KEEP,
    error=lambda _, message: {"message": message},
    # A malformed id is one that nothing has.
    statuses={400: 404},
    messages={BadArgument: "Not found."},
    examples=example_names,
)
