"""Radarr and Sonarr as clients: each list type reads a response by the rules of its parser in the program's source.

Sources: Radarr/Radarr `ImportLists/StevenLu/StevenLuParser.cs`, `ImportLists/RadarrList/RadarrListParser.cs`,
`ImportLists/HttpImportListBase.cs`, `ImportLists/ImportListSyncService.cs`; Sonarr/Sonarr
`ImportLists/Custom/CustomImport.cs`, `ImportLists/Custom/CustomAPIResource.cs`, `ImportLists/ImportListSyncService.cs`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

# Both programs send it. A response of type text/json to it is a block page for Radarr.
ACCEPT = {"accept": "application/json"}
# A setting with an address must match it.
ADDRESS = re.compile(r"^https?://[-_a-z0-9.]+", re.IGNORECASE)

# Fields of the classes that the programs deserialize to, by their JSON name in any case. A value type takes no null.
STEVEN_LU = {"title": str, "imdb_id": str, "poster_url": str}
TMDB_MOVIE = {
    **dict.fromkeys(("poster_path", "overview", "release_date", "original_title", "original_language"), str),
    **dict.fromkeys(("title", "backdrop_path", "trailer_key", "trailer_site"), str),
    **dict.fromkeys(("id", "vote_count"), int),
    **dict.fromkeys(("popularity", "vote_average"), float),
    **dict.fromkeys(("adult", "video"), bool),
}
CUSTOM_SERIES = {"title": str, "tvdbid": int, "tmdbid": int, "imdbid": str}
VALUE_TYPES = (int, float, bool)


class ListFailed(Exception):  # noqa: N818 - an event of the program
    """The program records a failure of the list, and removes nothing in this round."""


def deserialize(content: bytes, fields: Mapping[str, type]) -> list[dict[str, Any]]:
    """Return the items of a JSON array as Newtonsoft does: unknown fields are ignored, absent ones are defaults."""
    try:
        items = json.loads(content)
    except ValueError as error:
        raise ListFailed("no JSON") from error
    if not isinstance(items, list):
        raise ListFailed("no array")
    return [_item(item, fields) for item in items]


def _item(item: Any, fields: Mapping[str, type]) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ListFailed("no object")
    found: dict[str, Any] = {name: kind() if kind in VALUE_TYPES else None for name, kind in fields.items()}
    for key, value in item.items():
        kind = fields.get(key.lower())
        if kind is None:
            continue
        if value is None and kind in VALUE_TYPES:
            raise ListFailed(f"{key} is null")
        if value is not None and type(value) is not kind and not (kind is float and type(value) is int):
            raise ListFailed(f"{key} is no {kind.__name__}")
        found[key.lower()] = value
    return found


def steven_lu(response: httpx.Response) -> list[str]:
    """Return the IMDb ids that Radarr's "StevenLu Custom" takes from a response."""
    if response.status_code != 200:
        raise ListFailed(response.status_code)
    if "text/json" in response.headers["content-type"]:
        raise ListFailed("a block page")
    items = deserialize(response.content, STEVEN_LU)
    # Without an id Radarr searches its server for the title, and takes the first hit.
    assert all(item["title"] and item["imdb_id"] for item in items)
    return [item["imdb_id"] for item in items]


def radarr_list(response: httpx.Response) -> list[int]:
    """Return the TMDB ids that Radarr's "Custom Lists" takes from a response; nothing else of an item is read."""
    body = json.loads(response.content)
    if isinstance(body, dict) and body.get("errors"):
        # The person who tests the list in Radarr reads the title.
        raise ListFailed(f"Error while calling api: {body['errors'][0]['title']}")
    if response.status_code != 200:
        raise ListFailed(response.status_code)
    items = deserialize(response.content, TMDB_MOVIE)
    # Without an id Radarr searches its server for an empty title, and takes the first hit.
    assert all(item["id"] > 0 for item in items)
    return [item["id"] for item in items]


def custom_list(response: httpx.Response) -> list[str | int]:
    """Return the id of each show that Sonarr's "Custom List" maps: of TVDB, else of IMDb, else of TMDB."""
    if response.status_code >= 400:
        raise ListFailed(response.status_code)
    items = deserialize(response.content, CUSTOM_SERIES)
    assert all(item["title"] for item in items)
    ids = [max(item["tvdbid"], 0) or item["imdbid"] or max(item["tmdbid"], 0) for item in items]
    # "Rejected, unable to find TVDB ID"
    assert all(ids)
    return ids


Reader = Callable[[httpx.Response], list[Any]]


async def synchronize(client: httpx.AsyncClient, address: str, read: Reader, library: list[Any]) -> list[Any]:
    """Return a library after a round with the strictest clean level: a failed list leaves it alone."""
    try:
        return read(await client.get(address, headers=ACCEPT))
    except ListFailed:
        return library
