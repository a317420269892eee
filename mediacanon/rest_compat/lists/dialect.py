"""The lists as a dialect."""

from pathlib import Path

from mediacanon.rest_compat.dialect import App, Dialect, Null
from mediacanon.rest_compat.lists.endpoints import ENDPOINTS
from mediacanon.rest_compat.lists.rules import RULES, addresses, example_names

INTRODUCTION = (
    """Radarr and Sonarr add the titles of a list by themselves. Copy an address from this page into a new import list
    there, and choose the type of list that the heading names.""",
    """A list is a JSON array of all its titles. `limit` is the most titles it has, 1 to 500; without it the most are
    100. The lists of discover also take `genre`, `lang`, `country`, `year_min`, `year_max`, `rating_min`,
    `min_votes`, TMDB's `keyword`, `company`, `network`, `status`, `certification_max` and `has_video`, and people by
    IMDb's ids: `people`, `cast`, `directed_by`, `written_by`. Several may stand between commas where it makes
    sense.""",
    """Any problem is an error with its status, never an empty list: an empty list would have both programs remove the
    titles of your library that no list names.""",
)

LISTS = Dialect(
    title="Lists for Radarr and Sonarr",
    prefix="/lists",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="Import lists of movies for Radarr and of shows for Sonarr.",
    introduction=INTRODUCTION,
    apps=(
        App(
            "Radarr",
            (
                "Choose a list on the page below.",
                "In Radarr open Settings, Import Lists, + and StevenLu Custom, and paste its address as `URL`.",
            ),
            "/lists",
        ),
        App(
            "Sonarr",
            (
                "Choose a list on the page below.",
                "In Sonarr open Settings, Import Lists, + and Custom List, and paste its address as `List URL`.",
            ),
            "/lists",
        ),
    ),
    media_type="application/json; charset=utf-8",
    null=Null.OMIT,
    # Radarr prints `errors` to the person who tests a list.
    error=lambda status, message: {"error": message, "errors": [{"status": status, "title": message}]},
    is_strict=True,
    ignored=frozenset({"apikey", "api_key", "source"}),
    rules=RULES,
    examples=example_names,
    addresses=addresses,
)
