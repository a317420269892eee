"""The table of the lists: for each program a list of every collection, and of every sort order of discover."""

from typing import Any

from mediacanon.rest_compat.endpoint import Endpoint, Names
from mediacanon.rest_compat.lists.rules import LIMIT, WholeList
from mediacanon.vocabulary import FIRST_YEAR, LAST_YEAR, MAX_INTEGER, DiscoverSort

YEARS = (FIRST_YEAR, LAST_YEAR)
SORTS = {sort.value: sort.name for sort in DiscoverSort}
# No parameter sets the page.
WHOLE: dict[str, Names] = {"page": ()}
IMDB, TMDB = ("imdb_id",), ("id",)
ANY_ID = ("tvdbId", "imdbId", "tmdbId")


def _collection(*, type_: str, ids: Names, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    return Endpoint(
        method="GET",
        answer="collection.titles.items",
        load=WholeList("collection.titles", type_, ids),
        bounds={"limit": LIMIT},
        parameters=WHOLE,
        is_cached=True,
        **fields,
    )


def _discover(*, type_: str, ids: Names, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    return Endpoint(
        method="GET",
        answer="discover.items",
        load=WholeList("discover", type_, ids),
        bounds={
            "limit": LIMIT,
            "year_min": YEARS,
            "year_max": YEARS,
            "rating_min": (0, 10),
            "min_votes": (0, MAX_INTEGER),
        },
        enum_names={"sort": SORTS},
        parameters=WHOLE,
        is_cached=True,
        **fields,
    )


RADARR = (
    _collection(
        path="/lists/radarr/{slug}.json",
        document="radarr_collection",
        summary="The movies of a collection that have an IMDb id, for Radarr: StevenLu Custom",
        type_="movie",
        ids=IMDB,
        example="/lists/radarr/{movies}.json?limit=2",
    ),
    _discover(
        path="/lists/radarr/discover/{sort}.json",
        document="radarr_discover",
        summary="The movies of discover that have an IMDb id, for Radarr: StevenLu Custom",
        type_="movie",
        ids=IMDB,
        example="/lists/radarr/discover/top_rated.json?genre=Drama&year_min=1990&limit=2",
    ),
    _collection(
        path="/lists/radarr/tmdb/{slug}.json",
        document="radarr_collection",
        name="radarr_tmdb_collection",
        summary="The movies of a collection that have a TMDB id, for Radarr: Custom Lists",
        type_="movie",
        ids=TMDB,
        example="/lists/radarr/tmdb/{movies}.json?limit=2",
    ),
    _discover(
        path="/lists/radarr/tmdb/discover/{sort}.json",
        document="radarr_discover",
        name="radarr_tmdb_discover",
        summary="The movies of discover that have a TMDB id, for Radarr: Custom Lists",
        type_="movie",
        ids=TMDB,
        example="/lists/radarr/tmdb/discover/most_rated.json?limit=2",
    ),
)

SONARR = (
    _collection(
        path="/lists/sonarr/{slug}.json",
        document="sonarr_collection",
        summary="The shows of a collection that have an id at TVDB, IMDb or TMDB, for Sonarr: Custom List",
        type_="show",
        ids=ANY_ID,
        example="/lists/sonarr/{shows}.json?limit=2",
    ),
    _discover(
        path="/lists/sonarr/discover/{sort}.json",
        document="sonarr_discover",
        summary="The shows of discover that have an id at TVDB, IMDb or TMDB, for Sonarr: Custom List",
        type_="show",
        ids=ANY_ID,
        example="/lists/sonarr/discover/trending.json?min_votes=1000&limit=2",
    ),
)

ENDPOINTS = (*RADARR, *SONARR)
