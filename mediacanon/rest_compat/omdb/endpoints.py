"""The table of OMDb: one path; the row is chosen by the parameters that are there, in this order."""

from typing import Any

from mediacanon.rest_compat.endpoint import NO_MATCH, Endpoint, Names
from mediacanon.rest_compat.omdb.rules import (
    DETAIL_SCHEMA,
    SEARCH_SCHEMA,
    SEASON_SCHEMA,
    BestMatch,
    detail_by_id,
    detail_by_name,
    episode_by_id,
    episode_by_name,
    no_episode,
    no_hit,
    no_season,
    no_title,
    search,
    season_by_id,
    season_by_name,
)

TITLE_TYPES = {"type": {"movie": "movie", "series": "show"}}
# Of a series, whatever `type` says.
OF_SERIES: dict[str, Any] = {"constants": {"type": "show"}}


def _row(name: str, needs: Names, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    return Endpoint(method="GET", path="/omdb", name=name, needs=needs, is_list=True, is_cached=True, **fields)


def _by_id(name: str, needs: Names, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    document = "by_id" if name == "by_id" else "seasons_by_id"
    return _row(name, needs, document=document, answer="lookup.found", fallbacks={"i": NO_MATCH}, **fields)


def _by_name(name: str, needs: Names, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    document = "by_name" if name == "by_name" else "seasons_by_name"
    return _row(
        name,
        needs,
        document=document,
        answer="lookup.found",
        load=BestMatch(),
        parameters={"i": (), "isChosen": ()},
        fallbacks={"t": NO_MATCH},
        **fields,
    )


ENDPOINTS = (
    _by_id(
        "episode_by_id",
        ("i", "Season", "Episode"),
        summary="An episode of a series",
        arrange=episode_by_id,
        schema=DETAIL_SCHEMA,
        not_found=no_episode,
        example="/omdb?i={series}&Season=1&Episode=1",
    ),
    _by_id(
        "season_by_id",
        ("i", "Season"),
        summary="The episodes of a season; `detail=full` with all that is known about each",
        texts=("detail",),
        arrange=season_by_id,
        schema=SEASON_SCHEMA,
        not_found=no_season,
        example="/omdb?i={series}&Season=1",
    ),
    _by_id(
        "by_id",
        ("i",),
        summary="A movie, a series or an episode by its IMDb id",
        arrange=detail_by_id,
        schema=DETAIL_SCHEMA,
        not_found=no_title,
        example="/omdb?i={movie}",
    ),
    _by_name(
        "episode_by_name",
        ("t", "Season", "Episode"),
        summary="An episode of the series that a name fits best",
        **OF_SERIES,
        arrange=episode_by_name,
        schema=DETAIL_SCHEMA,
        not_found=no_episode,
        example="/omdb?t={name}&Season=1&Episode=1",
    ),
    _by_name(
        "season_by_name",
        ("t", "Season"),
        summary="The episodes of a season of the series that a name fits best",
        texts=("detail",),
        **OF_SERIES,
        arrange=season_by_name,
        schema=SEASON_SCHEMA,
        not_found=no_season,
        example="/omdb?t={name}&Season=1",
    ),
    _by_name(
        "by_name",
        ("t",),
        summary="The movie or series that a name fits best",
        enum_names=TITLE_TYPES,
        arrange=detail_by_name,
        schema=DETAIL_SCHEMA,
        not_found=no_hit,
        example="/omdb?t={name}",
    ),
    _row(
        "search",
        ("s",),
        document="search",
        summary="Movies and series, best match first, ten on a page",
        texts=("page",),
        enum_names=TITLE_TYPES,
        answer="search",
        arrange=search,
        schema=SEARCH_SCHEMA,
        fallbacks={"s": NO_MATCH},
        not_found=no_hit,
        example="/omdb?s=the&type=series",
    ),
)
