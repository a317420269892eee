"""The table of the REST interface: a row is an endpoint, its document in `documents/` says the rest.

A variable of the document is a parameter of the same name: of the path, else of the query string, of a write's body.
Parameters are read leniently, as consumers expect: what a row does not say otherwise, `parameters.py` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mediacanon import notation

Names = tuple[str, ...]
# No name, genre, language or country reads so: what cannot match anything is asked for by it.
NOTHING = "∄∄∄"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    document: str
    summary: str
    # What of the data is the answer: a path of fields, or paths by key; `#` counts the list there.
    answer: str | Mapping[str, str] = ""
    status: int = 200
    # Lists at the top of the answer that stay when empty, and keys that are null: all others are absent then.
    lists: Names = ()
    nulls: Names = ()
    is_list: bool = False
    # A parameter outside of its bounds, and a number that is none, is as if absent.
    bounds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    # How a parameter's words are called in GraphQL.
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # What to ask for where a parameter holds no word that GraphQL knows: for those left out it counts as absent.
    otherwise: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # What to ask for where a number is above the bounds that a title can have.
    beyond: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Variables that are not called as their parameters, and lists that may not have more entries.
    reads: Mapping[str, Names] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    # Whose view, whose click the answer is: keys of it.
    view: str = ""
    click: str = ""
    # Whether answers are kept, and by which key of the answer one is about a single title.
    is_hot: bool = False
    about: str = ""
    # A write that replaces all its facts: what is absent is cleared.
    replaces: bool = False
    # What the documentation page asks for, and the endpoint whose answer looks like this one's.
    example: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    like: str = ""

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"


PAGING = {"page": (1, 2**31 - 1), "per_page": (1, 100)}
UNKNOWN_TYPE = {"type": {"q": NOTHING}}
# The sorts of contract and collections by the names of GraphQL.
SORTS = {
    "most_rated": "MOST_RATED",
    "trending": "TRENDING",
    "popular": "POPULAR",
    "top_rated": "TOP_RATED",
    "newest": "NEWEST",
    "hidden_gems": "HIDDEN_GEMS",
    "a-z": "A_TO_Z",
}
FACTS = {"display_name": "The Third Man", "start_year": 1949, "imdb_id": "tt99041959"}

TITLES = (
    Endpoint(
        method="GET",
        path="/api/titles",
        document="titles",
        summary="Titles whose name holds `q`, most voted first, with the languages of the whole match",
        answer="titles",
        lists=("titles", "languages"),
        bounds=PAGING,
        otherwise=UNKNOWN_TYPE,
        is_hot=True,
        example="/api/titles?q=the&per_page=2",
    ),
    Endpoint(
        method="POST",
        path="/api/titles",
        document="create_title",
        summary="Create a title alone; mostly one wants a movie or a show",
        answer="createTitle",
        status=201,
        body={"type": "movie", **FACTS},
        like="/api/titles/{id}",
    ),
    Endpoint(
        method="GET",
        path="/api/titles/{id}",
        document="title",
        summary="A title with its genres",
        answer="title",
        view="title_id",
        is_hot=True,
        about="title_id",
        example="/api/titles/{title}",
    ),
    Endpoint(
        method="PUT",
        path="/api/titles/{id}",
        document="update_title",
        summary="Replace a title's facts: those left out are cleared",
        answer="updateTitle",
        replaces=True,
        body=FACTS,
        like="/api/titles/{id}",
    ),
    Endpoint(
        method="DELETE",
        path="/api/titles/{id}",
        document="delete_title",
        summary="Delete a title with its movie or show, seasons and episodes",
        status=204,
    ),
)

MOVIES = (
    Endpoint(
        method="POST",
        path="/api/movies",
        document="create_movie",
        summary="Create a movie and its title",
        answer="createMovie",
        status=201,
        body=FACTS,
        like="/api/movies/{id}",
    ),
    Endpoint(
        method="GET",
        path="/api/movies/{id}",
        document="movie",
        summary="A movie with its title",
        answer="movie",
        view="title_id",
        is_hot=True,
        about="title_id",
        example="/api/movies/{movie}",
    ),
    Endpoint(
        method="PUT",
        path="/api/movies/{id}",
        document="update_movie",
        summary="Replace the facts of a movie's title: those left out are cleared",
        answer="updateMovie",
        replaces=True,
        body=FACTS,
        like="/api/movies/{id}",
    ),
    Endpoint(
        method="DELETE",
        path="/api/movies/{id}",
        document="delete_movie",
        summary="Delete a movie and its title",
        status=204,
    ),
)

SHOWS = (
    Endpoint(
        method="POST",
        path="/api/shows",
        document="create_show",
        summary="Create a show, still without seasons, and its title",
        answer="createShow",
        status=201,
        nulls=("is_series_finished",),
        body={"display_name": "Pride and Prejudice", "start_year": 1995, "end_year": 1995},
        like="/api/shows/{id}",
    ),
    Endpoint(
        method="GET",
        path="/api/shows/{id}",
        document="show",
        summary="A show with its title, all seasons and all episodes",
        answer="show",
        view="title_id",
        is_hot=True,
        about="title_id",
        example="/api/shows/{show}",
    ),
    Endpoint(
        method="PUT",
        path="/api/shows/{id}",
        document="update_show",
        summary="Replace the facts of a show's title: those left out are cleared",
        answer="updateShow",
        nulls=("is_series_finished",),
        replaces=True,
        body={"display_name": "Pride and Prejudice", "start_year": 1995, "end_year": 1995},
        like="/api/shows/{id}",
    ),
    Endpoint(
        method="DELETE",
        path="/api/shows/{id}",
        document="delete_show",
        summary="Delete a show, its title, seasons and episodes",
        status=204,
    ),
    Endpoint(
        method="GET",
        path="/api/shows/{id}/ratings",
        document="show_ratings",
        summary="The ratings of every episode with its IMDb id, by season",
        answer="show",
        is_hot=True,
        about="title_id",
        example="/api/shows/{show}/ratings",
    ),
)

SEASONS = (
    Endpoint(
        method="GET",
        path="/api/shows/{id}/seasons",
        document="show_seasons",
        summary="A show's seasons without their episodes; of an unknown show none",
        answer="show.seasons",
        is_list=True,
        is_hot=True,
        example="/api/shows/{show}/seasons",
    ),
    Endpoint(
        method="POST",
        path="/api/shows/{id}/seasons",
        document="create_season",
        summary="Create a season, still without episodes",
        answer="createSeason",
        status=201,
        nulls=("is_season_finished",),
        body={"season_number": 1},
        like="/api/seasons/{id}",
    ),
    Endpoint(
        method="GET",
        path="/api/seasons/{id}",
        document="season",
        summary="A season with its episodes",
        answer="season",
        is_hot=True,
        example="/api/seasons/{season}",
    ),
    Endpoint(
        method="DELETE",
        path="/api/seasons/{id}",
        document="delete_season",
        summary="Delete a season and its episodes",
        status=204,
    ),
    Endpoint(
        method="GET",
        path="/api/seasons/{id}/episodes",
        document="season_episodes",
        summary="A season's episodes; of an unknown season none",
        answer="season.episodes",
        is_list=True,
        is_hot=True,
        example="/api/seasons/{season}/episodes",
    ),
    Endpoint(
        method="POST",
        path="/api/seasons/{id}/episodes",
        document="create_episode",
        summary="Create an episode",
        answer="createEpisode",
        status=201,
        body={"episode_number": 1, "display_name": "Pilot"},
        like="/api/episodes/{id}",
    ),
    Endpoint(
        method="GET",
        path="/api/episodes/{id}",
        document="episode",
        summary="An episode",
        answer="episode",
        is_hot=True,
        example="/api/episodes/{episode}",
    ),
    Endpoint(
        method="PUT",
        path="/api/episodes/{id}",
        document="update_episode",
        summary="Give an episode another number and name",
        answer="updateEpisode",
        replaces=True,
        body={"episode_number": 2, "display_name": "Cat's in the Bag"},
        like="/api/episodes/{id}",
    ),
    Endpoint(
        method="DELETE",
        path="/api/episodes/{id}",
        document="delete_episode",
        summary="Delete an episode",
        status=204,
    ),
)

LISTS = (
    Endpoint(
        method="GET",
        path="/api/discover",
        document="discover",
        summary="Titles with a poster, filtered, in one of seven orders",
        answer="discover",
        lists=("titles",),
        bounds={"page": PAGING["page"], "limit": (1, 100), "rating_min": (0, 10)},
        words={"sort": SORTS},
        otherwise={"type": {"genre": [NOTHING]}},
        beyond={"rating_min": {"genre": [NOTHING]}},
        is_hot=True,
        example="/api/discover?genre=Drama&type=movie&sort=top_rated&limit=2",
    ),
    Endpoint(
        method="GET",
        path="/api/discover/carousels",
        document="carousels",
        summary="The best titles of each collection, shows and movies taking turns",
        answer="carousels",
        lists=("carousels",),
        bounds={"page": PAGING["page"], "per_page": (1, 50)},
        is_hot=True,
        example="/api/discover/carousels?per_page=1",
    ),
    Endpoint(
        method="GET",
        path="/api/collections",
        document="collections",
        summary="The collections: pinned first, then those that are clicked most",
        answer="collections",
        is_list=True,
        is_hot=True,
        example="/api/collections",
    ),
    Endpoint(
        method="GET",
        path="/api/collections/{slug}",
        document="collection",
        summary="A collection, by its slug or id, with a page of its titles",
        answer={"collection": "collection", "titles": "listed.titles.items", "total": "#listed.titles.items"},
        lists=("titles",),
        reads={"id": ("slug",)},
        bounds={"page": PAGING["page"]},
        click="collection.slug",
        is_hot=True,
        example="/api/collections/{collection}",
    ),
    Endpoint(
        method="GET",
        path="/api/search",
        document="search",
        summary="What a person typed, best match first, typos forgiven",
        answer={"results": "search"},
        lists=("results",),
        bounds={"limit": (1, 50)},
        example="/api/search?q=the&limit=2",
    ),
    Endpoint(
        method="GET",
        path="/api/lookup",
        document="lookup",
        summary="What up to 250 ids of IMDb (`imdb=tt0133093,...`) and TMDB (`tmdb=movie:603,...`) stand for",
        answer="lookup",
        lists=("found", "missing"),
        reads={"ids": ("imdb", "tmdb")},
        most={"ids": 250},
        example="/api/lookup?imdb={imdb},tt9999999999&tmdb=movie:603",
    ),
)

ENDPOINTS = (*TITLES, *MOVIES, *SHOWS, *SEASONS, *LISTS)

# What a body's facts, and parameters that are not read leniently, must be: as JSON Schema.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_NAME = {
    "minLength": 1,
    "maxLength": 500,
    "pattern": rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$",
}
# As the writes check it.
_ADDRESS = rf"https?://[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*(:[0-9]{{1,5}})?([/?#][^\s\x20{_CONTROL}\"<>\\^`{{|}}]*)?"
_IMDB_ID = notation.IMDB_ID.pattern
_YEAR = {"minimum": notation.FIRST_YEAR, "maximum": notation.LAST_YEAR}
_NUMBER = {"minimum": 0, "maximum": 2**31 - 1}
RULES: Mapping[str, Mapping[str, Any]] = {
    "display_name": _NAME,
    "start_year": _YEAR,
    "end_year": _YEAR,
    "imdb_id": {"pattern": f"^({_IMDB_ID})?$"},
    "image_url": {"maxLength": 2000, "pattern": f"^({_ADDRESS})?$"},
    "season_number": _NUMBER,
    "episode_number": _NUMBER,
    "imdb": {"pattern": f"^({_IMDB_ID}(,{_IMDB_ID}){{0,249}})?$"},
    "tmdb": {"pattern": "^((movie|show):[1-9][0-9]{0,8}(,(movie|show):[1-9][0-9]{0,8}){0,249})?$"},
}

# What the contract has clients read where a body lacks these.
REFUSALS = {"type": "Type must be 'movie' or 'show'", "display_name": "display_name required"}
