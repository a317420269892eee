"""TMDB's API of version 3 as a dialect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mediacanon.rest_compat.dialect import App, Dialect, Null
from mediacanon.rest_compat.tmdb_v3.endpoints import CONFIGURATION, FIND, TITLES
from mediacanon.rest_compat.tmdb_v3.filters import DAYS
from mediacanon.rest_compat.tmdb_v3.list_endpoints import LISTS
from mediacanon.rest_compat.tmdb_v3.refusals import DAY_SCHEMA, END, MESSAGES, PAGE_SCHEMA, START, error
from mediacanon.rest_compat.upstream import Upstream

INTRODUCTION = (
    """The API of themoviedb.org, version 3, over this catalogue: programs that let one set its address get this
    server's address and `/tmdb`, or only the name of this server: the same paths stand at `/3`. Keys are ignored.""",
    """Ratings and votes are IMDb's. The numbers of titles are TMDB's: a title that has none here is not found, and is
    in no list. Seasons, episodes and people whose number is not known have the number 0.""",
    """`append_to_response` appends every part of a movie, a show, a season or an episode to its answer, seasons of a
    show as well. `language` chooses texts and names.""",
    """This product uses the TMDB API but is not endorsed or certified by TMDB.""",
)


def example_names(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the numbers and ids in the examples: of the best known titles."""
    movies, shows = data["movies"]["items"], data["shows"]["items"]
    return {
        "movie": movies[0]["tmdbId"] if movies else 603,
        "tv": shows[0]["tmdbId"] if shows else 1396,
        "person": next((person["tmdbId"] for person in data["people"] if person["tmdbId"]), 6384),
        "collection": 2344,
        "imdb": movies[0]["imdbId"] if movies else "tt0133093",
    }


def is_empty(answer: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether an answer has nothing but the number of its object."""
    return isinstance(answer, dict) and not any(value for key, value in answer.items() if key not in ("id", "page"))


def addresses(_: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the addresses that programs ask for."""
    return {"Programs for TMDB": [("Address of the API", "/tmdb/3"), ("Address without the version", "/tmdb")]}


TMDB = Dialect(
    title="TMDB",
    prefix="/tmdb",
    also_at={"/3": "/tmdb/3"},
    endpoints=(*CONFIGURATION, FIND, *TITLES, *LISTS),
    documents=Path(__file__).parent / "documents",
    description="Movies, shows and people in the form of themoviedb.org, version 3.",
    introduction=INTRODUCTION,
    apps=(
        App(
            "MoviePilot and nas-tools",
            (
                "Serve this server under a host name with `https` and a valid certificate.",
                "Set `TMDB_API_DOMAIN`, in nas-tools `TMDB_API_DOMAINS`, to the host name alone, without `https://`.",
            ),
            "/",
        ),
        App("misaka_danmu_server", ("Set `tmdb_api_base_url` to the address.",), "/tmdb"),
        App(
            "Another MediaCanon",
            ("Set `TMDB_BASE_URL` to the address.", "Set `TMDB_API_KEY` to any text: `x`."),
            "/tmdb",
        ),
    ),
    media_type="application/json; charset=utf-8",
    null=Null.KEEP,
    error=error,
    messages=MESSAGES,
    rules={
        "page": PAGE_SCHEMA,
        "query": {"type": "string", "minLength": 1},
        **dict.fromkeys((START, END, *DAYS), DAY_SCHEMA),
    },
    upstream=Upstream("/tmdb/3", lacks=is_empty),
    examples=example_names,
    addresses=addresses,
)
