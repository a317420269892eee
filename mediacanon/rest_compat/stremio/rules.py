"""Rules of the add-on: the manifest, previews, details and videos as Stremio's core reads them, and its pages.

Where an item breaks a rule, core drops the item from a list, and loses the whole details: README.md.
"""

import asyncio
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

import orjson

from mediacanon.rest_compat.endpoint import Data, Run, Texts, Variables
from mediacanon.vocabulary import DiscoverSort, country_names, language_names

# Titles of a page: clients take less for the end. GraphQL's largest page.
PAGE = 100
# Titles of a collection that are looked through for those of one type.
MOST_PAGES = 20
# Series of a library asked about at once.
LIBRARY = 100
# Bytes of a manifest in Stremio's public list of add-ons.
LARGEST_MANIFEST = 8_192
# Bytes of this server's address in it.
LONGEST_ADDRESS = 300
TEXT = {"type": "string"}
TYPES = {"movie": "movie", "show": "series"}
NAMES = tuple(TYPES.values())
SKIP = {"name": "skip"}


class Catalog(NamedTuple):
    """A catalogue of both types. `is_on_board`: programs show its first titles at once, others after a choice."""

    id: str
    name: str
    sort: DiscoverSort
    is_on_board: bool = True


# The ids `top`, `imdbRating` and `year` are those of Stremio's own add-on: other programs ask for them unseen.
CATALOGS = (
    Catalog("top", "Most voted", DiscoverSort.MOST_RATED),
    Catalog("trending", "Trending", DiscoverSort.TRENDING),
    Catalog("imdbRating", "Best rated", DiscoverSort.TOP_RATED),
    Catalog("year", "New", DiscoverSort.NEWEST),
    Catalog("gems", "Hidden gems", DiscoverSort.HIDDEN_GEMS, is_on_board=False),
)


class Page:
    """Loads the hundred titles behind the first `skip` ones, which the variable `page` has: two pages, if need be."""

    async def __call__(self, run: Run, variables: Variables, _: Texts) -> Data:
        """Return the data with these titles."""
        number, cut = divmod(variables["page"], PAGE)
        runs = [run({**variables, "page": number + 1 + more}) for more in range(2 if cut else 1)]
        items = [title for data in await asyncio.gather(*runs) for title in data["discover"]["items"]]
        return {"discover": {"items": items[cut : cut + PAGE]}}


class PageOfType:
    """Loads the hundred titles of one type behind the first `skip` ones of a collection."""

    async def __call__(self, run: Run, variables: Variables, texts: Texts) -> Data:
        """Return the data with these titles; null for an unknown collection."""
        skip, items = variables["page"], list[dict[str, Any]]()
        for number in range(1, MOST_PAGES + 1):
            data = await run({**variables, "page": number})
            if data["collection"] is None:
                return data
            page = data["collection"]["titles"]["items"]
            items += [title for title in page if title["id"] and [TYPES[title["type"]]] == texts["type"]]
            if len(page) < PAGE or len(items) >= skip + PAGE:
                break
        return {"collection": {"titles": {"items": items[skip : skip + PAGE]}}}


def metas(titles: list[dict[str, Any]], _: Texts) -> dict[str, Any]:
    """Return previews of the titles; those without an IMDb id are left out."""
    return {"metas": [_preview(title) for title in titles if "id" in title]}


def search_metas(hits: list[dict[str, Any]], texts: Texts) -> dict[str, Any]:
    """Return previews of the titles that a search has found."""
    return metas([hit["title"] for hit in hits], texts)


def meta(found: dict[str, Any], _: Texts) -> dict[str, Any]:
    """Return a movie or a series with all that is known about it."""
    return {"meta": _details(found["title"], found.get("seasons", []))}


def metas_detailed(found: list[dict[str, Any]], _: Texts) -> dict[str, Any]:
    """Return the series of a library with their episodes."""
    titles = [hit["title"] for hit in found if "show" in hit.get("title", {})]
    return {"metasDetailed": [_details(title, title.pop("show")["seasons"]) for title in titles if "id" in title]}


def _preview(title: dict[str, Any]) -> dict[str, Any]:
    start, end = title.pop("startYear", None), title.pop("endYear", None)
    is_movie = title["type"] == "movie"
    if start:
        title["releaseInfo"] = str(start) if is_movie or start == end else f"{start}-{end or ''}"
    title["behaviorHints"] = {"defaultVideoId": title["id"] if is_movie else None, "hasScheduledVideos": not is_movie}
    return title


def _details(title: dict[str, Any], seasons: list[dict[str, Any]]) -> dict[str, Any]:
    found = _preview(title)
    found["imdb_id"] = found["id"]
    if "releaseInfo" in found:
        found["year"] = found["releaseInfo"]
    for key, names in (("country", country_names()), ("language", language_names())):
        if key in found:
            found[key] = names.get(found[key], found[key])
    if "minutes" in found:
        found["runtime"] = f"{found.pop('minutes')} min"
    if "overview" in found:
        found["description"] = found.pop("overview")["text"]
    for key in ("director", "writer", "cast"):
        # Core makes links of the names.
        people = [credit["person"]["name"] for credit in found.pop(key, {"items": []})["items"]]
        if people:
            found[key] = list(dict.fromkeys(people))
    trailers = [
        {"source": video["key"], "type": "Trailer"}
        for video in found.pop("allVideos")
        if video["kind"] == "TRAILER" and video["site"] == "YouTube"
    ]
    if trailers:
        found["trailers"] = trailers
    if found["type"] == "series":
        found["videos"] = [
            _video(found["id"], season["number"], episode) for season in seasons for episode in season["episodes"]
        ]
    return found


def _video(show: str, season: int, episode: dict[str, Any]) -> dict[str, Any]:
    number = episode["episode"]
    return {
        **episode,
        "id": f"{show}:{season}:{number}",
        "title": episode.get("title") or f"Episode {number}",
        "season": season,
    }


def manifest(data: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """Return the manifest: with the catalogues that the path names, else with all that fit."""
    offered = [*_orders(data["genres"]), *(_search(type_) for type_ in NAMES), *_library_catalogs()]
    made = {
        "id": "org.mediacanon.catalog",
        "version": version("mediacanon"),
        "name": "MediaCanon",
        "description": "Movies and series with IMDb's ratings."
        " Uses the TMDB API but is not endorsed or certified by TMDB.",
        # 256 pixels wide.
        "logo": "/static/icon.png",
        "resources": ["catalog", {"name": "meta", "types": list(NAMES), "idPrefixes": ["tt"]}],
        "types": list(NAMES),
        "idPrefixes": ["tt"],
        "catalogs": offered,
        "behaviorHints": {"configurable": True, "newEpisodeNotifications": True},
    }
    collections = [_collection(type_, each) for each in data["collections"] for type_ in _types(each)]
    if chosen := {name for text in texts.get("catalogs", ()) for name in text.split(",")}:
        made["catalogs"] = [each for each in [*offered, *collections] if _is_chosen(each, chosen)]
        return made
    room = LARGEST_MANIFEST - LONGEST_ADDRESS - len(orjson.dumps(made))
    for each in collections:
        room -= len(orjson.dumps(each)) + 1
        if room < 0:
            break
        offered.append(each)
    return made


def _is_chosen(catalog: Mapping[str, Any], chosen: set[str]) -> bool:
    """Return whether a catalogue is named, or one that programs ask for by themselves."""
    names = {extra["name"] for extra in catalog["extra"] if extra.get("isRequired")}
    return bool(names & {"search", *ASKED_WITH}) or f"{catalog['type']}.{catalog['id']}" in chosen


def _orders(genres: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "type": type_,
            "id": catalog.id,
            "name": catalog.name,
            "extra": [{"name": "genre", "options": genres, "isRequired": not catalog.is_on_board}, SKIP],
        }
        for catalog in CATALOGS
        for type_ in NAMES
    ]


def _search(type_: str) -> dict[str, Any]:
    return {"type": type_, "id": "search", "name": "Search", "extra": [{"name": "search", "isRequired": True}]}


ASKED_WITH = {"calendarVideosIds": "calendar-videos", "lastVideosIds": "last-videos"}


def _library_catalogs() -> list[dict[str, Any]]:
    return [
        {
            "type": "series",
            "id": id_,
            "name": id_.replace("-", " ").capitalize(),
            "extra": [{"name": name, "isRequired": True, "optionsLimit": LIBRARY}],
        }
        for name, id_ in ASKED_WITH.items()
    ]


def _types(collection: Mapping[str, Any]) -> list[str]:
    """Return the types among the first titles of a collection, in the add-on's words or GraphQL's."""
    found = {title["type"] for title in collection["titles"]["items"]}
    return [name for type_, name in TYPES.items() if found & {type_, name}]


def _collection(type_: str, collection: Mapping[str, str]) -> dict[str, Any]:
    """Return a catalogue that is not on the board: its genre must be chosen, and there is one."""
    only = {"name": "genre", "options": ["All"], "isRequired": True}
    return {"type": type_, "id": f"c.{collection['slug']}", "name": collection["name"], "extra": [only, SKIP]}


def options(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the catalogues that a person may choose, each with its name."""
    plural = {"movie": "movies", "series": "series"}
    orders = [(f"{type_}.{each.id}", f"{each.name}: {plural[type_]}") for each in CATALOGS for type_ in NAMES]
    collections = [
        (f"{type_}.c.{each['slug']}", each["name"]) for each in data["collections"] for type_ in _types(each)
    ]
    return orders + collections


def example_names(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the ids and the slug in the examples."""

    def first(rows: list[dict[str, str | None]], name: str, otherwise: str) -> str:
        return next((text for row in rows if (text := row[name])), otherwise)

    return {
        "movie": first(data["movies"]["items"], "imdbId", "tt0111161"),
        "series": first(data["shows"]["items"], "imdbId", "tt0903747"),
        "collection": first(data["collections"], "slug", "top-drama-movies"),
    }


def addresses(_: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the address that a program asks for."""
    return {"Stremio and other programs, as the address of an add-on": [("Manifest", "/stremio/manifest.json")]}


_STRINGS = {"type": "array", "items": TEXT}
_MOMENT = {"type": "string", "format": "date-time"}
_HINTS = {
    "type": "object",
    "properties": {"defaultVideoId": {"type": ["string", "null"]}, "hasScheduledVideos": {"type": "boolean"}},
    "required": ["defaultVideoId", "hasScheduledVideos"],
}
_VIDEO = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("id", "title", "overview", "thumbnail", "rating"), TEXT),
        **{name: {"type": "integer", "minimum": 0} for name in ("season", "episode")},
        "released": _MOMENT,
    },
    "required": ["id", "title", "season", "episode"],
    "additionalProperties": False,
}
_PREVIEW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^tt[0-9]+$"},
        "type": {"enum": list(NAMES)},
        **dict.fromkeys(("name", "poster", "imdbRating", "releaseInfo"), TEXT),
        "genres": _STRINGS,
        "released": _MOMENT,
        "behaviorHints": _HINTS,
    },
    "required": ["id", "type", "name", "genres", "behaviorHints"],
    "additionalProperties": False,
}
_DETAILS = {
    **_PREVIEW,
    "properties": {
        **_PREVIEW["properties"],
        **dict.fromkeys(("description", "background", "runtime", "country", "language", "website"), TEXT),
        **dict.fromkeys(("imdb_id", "year", "status"), TEXT),
        **dict.fromkeys(("director", "writer", "cast"), _STRINGS),
        "moviedb_id": {"type": "integer"},
        "trailers": {"type": "array", "items": {"type": "object", "properties": {"source": TEXT, "type": TEXT}}},
        "videos": {"type": "array", "items": _VIDEO},
    },
}


def _object_of(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


METAS_SCHEMA = _object_of("metas", {"type": "array", "items": _PREVIEW})
META_SCHEMA = _object_of("meta", _DETAILS)
DETAILED_SCHEMA = _object_of("metasDetailed", {"type": "array", "items": _DETAILS})
_EXTRA = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "isRequired": {"type": "boolean"},
        "options": _STRINGS,
        "optionsLimit": {"type": "integer"},
    },
    "required": ["name"],
}
MANIFEST_SCHEMA = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("id", "version", "name", "description", "logo"), TEXT),
        "types": _STRINGS,
        "idPrefixes": _STRINGS,
        "catalogs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": TEXT, "id": TEXT, "name": TEXT, "extra": {"type": "array", "items": _EXTRA}},
                "required": ["type", "id", "name", "extra"],
            },
        },
        "behaviorHints": {"type": "object"},
    },
    "required": ["id", "version", "name", "description", "resources", "types", "catalogs"],
}
