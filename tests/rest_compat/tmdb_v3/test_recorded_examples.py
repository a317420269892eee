"""Recorded answers of TMDB itself: every key that it sends is in the schema of ours, with its type."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from mediacanon.rest_compat.tmdb_v3.dialect import TMDB

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[4] / "shared")
RECORDED = SHARED / "data" / "tmdb" / "c-eg"
ROWS = {row.path.removeprefix("/tmdb/3/"): row for row in TMDB.endpoints}
# Folder of recorded answers -> the path whose parts they are.
FOLDERS = {
    "movies": "movie/{movie}",
    "tv_series": "tv/{tv}",
    "tv_seasons": "tv/{tv}/season/{season}",
    "tv_episodes": "tv/{tv}/season/{season}/episode/{episode}",
    "people": "person/{person}",
    "collections": "collection/{collection}",
    "find": "find/{external}",
    **{folder: folder for folder in ("discover", "search", "configuration")},
    "movie_lists": "movie",
    "tv_series_lists": "tv",
}
FILES = {
    "changes/movie_list": "movie/changes",
    "changes/tv_list": "tv/changes",
    "genres/movie_list": "genre/movie/list",
    "genres/tv_list": "genre/tv/list",
    "certifications/movie": "certification/movie/list",
    "trending/all": "trending/all/day",
    "trending/movies": "trending/movie/day",
    "trending/tv": "trending/tv/day",
    "discover/movies": "discover/movie",
    "configuration/details": "configuration",
}
NAMES = {"watch_providers": "watch/providers"}
KINDS = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
# Facts that are never known here, and so have one value: the number of a user's stars, popularity of people, and so on.
CONSTANTS = {"rated", "popularity", "profile_path", "iso_639_1", "vote_average"}


def path_of(file: Path) -> str:
    """Return the path of a recorded answer, empty for one that is not served."""
    folder, name = file.parent.name, file.stem
    if f"{folder}/{name}" in FILES:
        return FILES[f"{folder}/{name}"]
    if folder not in FOLDERS:
        return ""
    is_whole = folder == "find" or name.startswith("details")
    path = FOLDERS[folder] + ("" if is_whole else f"/{NAMES.get(name, name)}")
    return path if path in ROWS else ""


def answers() -> Iterator[Any]:
    """Yield the files with a path, or one that skips the test."""
    files = {file: path for file in sorted(RECORDED.rglob("*.json")) if (path := path_of(file))}
    yield from (pytest.param(file, path, id=f"{file.parent.name}/{file.stem}") for file, path in files.items())
    if not files:
        yield pytest.param(RECORDED, "", marks=pytest.mark.skip("the recorded answers are not here"))


def kinds(schema: dict) -> set[str]:
    """Return the types that a schema admits, empty for any."""
    if "anyOf" in schema:
        return set().union(*map(kinds, schema["anyOf"]))
    kind = schema.get("type", [])
    return set(kind) if isinstance(kind, list) else {kind}


def deviations(found: Any, schema: dict, at: str) -> Iterator[str]:
    """Yield the keys that a schema lacks, and the values that are of another type than it admits."""
    if isinstance(found, list):
        for each in found:
            yield from deviations(each, schema.get("items", {}), f"{at}[]")
    if not isinstance(found, dict):
        return
    options = [each for each in schema.get("anyOf", [schema]) if "properties" in each]
    if not options:
        return
    known = max(options, key=lambda each: len(each["properties"].keys() & found.keys()))
    for key, value in found.items():
        below = known["properties"].get(key)
        if below is None:
            if not known.get("additionalProperties", True):
                yield f"{at}.{key}"
            continue
        kind, wanted = KINDS.get(type(value), "null"), kinds(below)
        is_right = not wanted or kind in wanted or (kind == "integer" and "number" in wanted)
        if not is_right and kind != "null" and key not in CONSTANTS:
            yield f"{at}.{key}: {kind} is not {wanted}"
        yield from deviations(value, below, f"{at}.{key}")


@pytest.mark.parametrize(("file", "path"), list(answers()))
def test_every_key_of_tmdb_is_one_of_ours(file: Path, path: str):
    """Clients may read any of them; a constant of ours has no type."""
    found = orjson.loads(file.read_bytes())
    assert set(deviations(found, dict(ROWS[path].schema), path)) == set()


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")
def test_most_paths_have_a_recorded_answer():
    """The comparison has something to compare."""
    assert len({path_of(file) for file in RECORDED.rglob("*.json")}) > 60
