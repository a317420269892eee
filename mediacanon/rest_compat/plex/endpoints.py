"""The table of both providers."""

from functools import partial
from typing import Any

from mediacanon.rest_compat.endpoint import Endpoint, Load
from mediacanon.rest_compat.plex.keys import load_movie, load_part_of_show
from mediacanon.rest_compat.plex.match import Match, matches
from mediacanon.rest_compat.plex.rules import Arrange, children, extras, grandchildren, images, metadata, provider
from mediacanon.rest_compat.plex.schemas import IMAGES, METADATA, PROVIDER

LOCALE = ("X-Plex-Language", "X-Plex-Country")
PAGE = ("X-Plex-Container-Start", "X-Plex-Container-Size")
HINTS = (
    *("type", "title", "parentTitle", "grandparentTitle", "year", "guid", "index", "parentIndex", "date"),
    *("filename", "manual", "includeChildren", *LOCALE),
)
# Names of a show come first: beside them, the title is that of the season or episode.
NAMES = {"name": ("grandparentTitle", "parentTitle", "title")}


def _internal(*variables: str) -> dict[str, tuple[str, ...]]:
    """Return variables that the rules set, and no parameter."""
    return dict.fromkeys((*variables, "languages", "country"), ())


OF_MATCH = _internal("ids", "id", "kind", "year", "asksName", "asksIds", "asksMovie", "asksShow")
OF_MOVIE = _internal("id", "by")
OF_SHOW = _internal(*OF_MOVIE, "season", "episode", "asksShow", "asksSeasons", "asksSeason", "asksEpisode")


def _provider(kind: str) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/plex/{kind}s",
        document="provider",
        name=f"{kind}_provider",
        summary=f"The provider of {kind}s: its identifier, types and paths",
        answer="__typename",
        arrange=provider(kind),
        schema=PROVIDER,
        is_cached=True,
        example=f"/plex/{kind}s",
    )


def _match(kind: str, summary: str, body: dict[str, Any]) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/plex/{kind}s/library/metadata/matches",
        document="match",
        name=f"match_{kind}",
        summary=summary,
        reads_body=True,
        waits=False,
        texts=HINTS,
        load=Match(kind),
        parameters={**OF_MATCH, **NAMES},
        answer=("lookup.found", "search", "show"),
        is_list=True,
        arrange=partial(matches, kind),
        schema=METADATA,
        body=body,
    )


def _by_key(
    kind: str, document: str, tail: str, summary: str, arrange: Arrange, *, texts: tuple[str, ...] = LOCALE
) -> Endpoint:
    load: Load = load_movie if kind == "movie" else load_part_of_show
    return Endpoint(
        method="GET",
        path=f"/plex/{kind}s/library/metadata/{{ratingKey}}{tail}",
        document=document,
        name=f"{kind}_{tail.strip('/') or 'metadata'}",
        summary=summary,
        texts=texts,
        load=load,
        parameters=OF_MOVIE if kind == "movie" else OF_SHOW,
        answer="movie" if kind == "movie" else ("show", "season", "episode"),
        arrange=arrange,
        schema=IMAGES if tail == "/images" else METADATA,
        is_cached=True,
        example=f"/plex/{kind}s/library/metadata/{{{'movie' if kind == 'movie' else 'series'}}}{tail}",
    )


MOVIES = (
    _provider("movie"),
    _match(
        "movie", "The movie that fits a file best; with `manual` the best twenty", {"type": 1, "guid": "imdb://{movie}"}
    ),
    _by_key("movie", "movie", "", "A movie", partial(metadata, "movie")),
    _by_key("movie", "movie", "/images", "The images of a movie", partial(images, "movie")),
    _by_key("movie", "movie", "/extras", "The extras of a movie: none", partial(extras, "movie")),
)
SHOWS = (
    _provider("show"),
    _match(
        "show",
        "The show, season or episode that fits a file best; with `manual` the best twenty",
        {"type": 4, "guid": "imdb://{series}", "parentIndex": 1, "index": 1},
    ),
    _by_key(
        "show",
        "show",
        "",
        "A show, season or episode; with `includeChildren=1` the seasons or episodes as well",
        partial(metadata, "show"),
        texts=("includeChildren", *LOCALE),
    ),
    _by_key(
        "show",
        "children",
        "/children",
        "A page of the seasons of a show, or of the episodes of a season",
        children,
        texts=(*PAGE, *LOCALE),
    ),
    _by_key(
        "show", "children", "/grandchildren", "A page of all episodes of a show", grandchildren, texts=(*PAGE, *LOCALE)
    ),
    _by_key("show", "show", "/images", "The images of a show, season or episode", partial(images, "show")),
    _by_key("show", "show", "/extras", "The extras of a show, season or episode: none", partial(extras, "show")),
)
ENDPOINTS = (*MOVIES, *SHOWS)
