"""The table of the add-on: every path stands below the manifest's folder."""

from dataclasses import replace
from typing import Any

from mediacanon.rest_compat.addresses import FILE
from mediacanon.rest_compat.endpoint import NO_MATCH, Check, Endpoint
from mediacanon.rest_compat.stremio.rules import (
    CATALOGS,
    DETAILED_SCHEMA,
    LIBRARY,
    MANIFEST_SCHEMA,
    META_SCHEMA,
    METAS_SCHEMA,
    NAMES,
    Page,
    PageOfType,
    manifest,
    meta,
    metas,
    metas_detailed,
    search_metas,
)
from mediacanon.vocabulary import MAX_INTEGER

TYPES = {"type": {"movie": "movie", "series": "show"}}
SORTS = {"sort": {catalog.id: catalog.sort.name for catalog in CATALOGS}}
OF_KNOWN_TYPE = Check(lambda texts: texts["type"][0] not in NAMES, "There is no such type")
NO_METAS: dict[str, Any] = {"metas": []}
# Languages in order of preference; their bound is the schema's.
LANGUAGES = {"languages": 20}
HOUR, DAY = 3_600, 86_400
IMAGES = {"poster": "poster", "background": "backdrop", "thumbnail": "still"}


def _catalog(path: str, document: str, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    return Endpoint(
        method="GET",
        path=path,
        document=document,
        arrange=metas,
        schema=METAS_SCHEMA,
        addresses=IMAGES,
        enum_names={**TYPES, **SORTS},
        fallbacks={"type": NO_MATCH, "sort": NO_MATCH},
        parameters={"page": ("skip",)},
        bounds={"page": (0, MAX_INTEGER)},
        is_cached=True,
        max_age=HOUR,
        **fields,
    )


def _meta(type_: str, document: str, example: str, seconds: int) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/stremio/meta/{type_}/{{imdb}}.json",
        document=document,
        summary=f"A {type_} with all that is known about it" + (", and its episodes" if type_ == "series" else ""),
        answer="found",
        arrange=meta,
        schema=META_SCHEMA,
        addresses=IMAGES,
        fallbacks={"imdb": NO_MATCH},
        max_items=LANGUAGES,
        view="titleId",
        is_cached=True,
        tags=("title:{titleId}",),
        max_age=seconds,
        example=example,
    )


def _library(catalog: str, parameter: str) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/stremio/catalog/series/{catalog}/{{extra}}.json",
        document="library",
        name=catalog.replace("-", "_"),
        summary=f"The series of a library with their episodes: `{parameter}` has their ids between commas",
        answer="lookup.found",
        arrange=metas_detailed,
        schema=DETAILED_SCHEMA,
        addresses=IMAGES,
        parameters={"ids": (parameter,)},
        max_items={"ids": LIBRARY, **LANGUAGES},
        is_list=True,
        is_cached=True,
        max_age=3 * HOUR,
        example=f"/stremio/catalog/series/{catalog}/{parameter}={{series}}.json",
    )


ROWS = (
    Endpoint(
        method="GET",
        path="/stremio/manifest.json",
        document="manifest",
        summary="The manifest: what the add-on has",
        answer={"collections": "collections", "genres": "choices.genres"},
        arrange=manifest,
        schema=MANIFEST_SCHEMA,
        addresses={"logo": FILE},
        is_cached=True,
        max_age=HOUR,
        example="/stremio/manifest.json",
    ),
    _meta("movie", "movie", "/stremio/meta/movie/{movie}.json", DAY),
    _meta("series", "series", "/stremio/meta/series/{series}.json", 3 * HOUR),
    Endpoint(
        method="GET",
        path="/stremio/catalog/{type}/search/{extra}.json",
        document="search",
        summary="What `search=` finds, best match first",
        answer="search",
        arrange=search_metas,
        schema=METAS_SCHEMA,
        addresses=IMAGES,
        enum_names=TYPES,
        checks=(OF_KNOWN_TYPE,),
        fallbacks={"search": NO_MATCH},
        is_list=True,
        empty=NO_METAS,
        is_cached=True,
        max_age=HOUR,
        example="/stremio/catalog/movie/search/search=the.json",
    ),
    _library("calendar-videos", "calendarVideosIds"),
    _library("last-videos", "lastVideosIds"),
    _catalog(
        "/stremio/catalog/{type}/c.{slug}.json",
        "collection",
        summary="A hundred titles of one type in a collection",
        answer="collection.titles.items",
        load=PageOfType(),
        example="/stremio/catalog/movie/c.{collection}.json",
    ),
    _catalog(
        "/stremio/catalog/{type}/{sort}.json",
        "catalog",
        summary="A hundred titles of a catalogue: `skip` says how many come before them, `genre` which",
        answer="discover.items",
        load=Page(),
        example="/stremio/catalog/series/top.json",
    ),
)


def _with_extra(row: Endpoint) -> Endpoint:
    return replace(
        row,
        path=f"{row.path.removesuffix('.json')}/{{extra}}.json",
        name=f"{row.operation}_page",
        example=f"{row.example.removesuffix('.json')}/skip=100.json",
    )


ENDPOINTS = (*ROWS, *(_with_extra(row) for row in ROWS if row.arrange is metas))
