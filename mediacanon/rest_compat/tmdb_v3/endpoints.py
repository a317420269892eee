"""The table of TMDB's API: every path stands below `/tmdb/3`, and at `/3` again."""

import re
from collections.abc import Callable
from typing import Any

from mediacanon.execution.variables import Unreadable
from mediacanon.rest_compat.endpoint import NO_MATCH, Endpoint, Texts
from mediacanon.rest_compat.tmdb_v3 import codes
from mediacanon.rest_compat.tmdb_v3.filters import languages
from mediacanon.rest_compat.tmdb_v3.find import FOUND, found, readings
from mediacanon.rest_compat.tmdb_v3.parts import EPISODE_PARTS, PARTS, SEASON_PARTS, SIMILAR, Part, page_of_similar
from mediacanon.rest_compat.tmdb_v3.refusals import APPENDS, APPENDS_FEW, HAS_PAGE
from mediacanon.rest_compat.tmdb_v3.shapes import Of, arranged, schema_of, shape, whole_title
from mediacanon.rest_compat.tmdb_v3.titles import EPISODE_IN_FULL, MOVIE, SEASON, SHOW, episode_of, season_of
from mediacanon.vocabulary import IMDB_ID, MAX_INTEGER

ROOT = "/tmdb/3"
APPENDING: dict[str, Any] = {"appends": APPENDS, "texts": (APPENDS,), "checks": (APPENDS_FEW,)}
TYPES = {"movie": "movie", "tv": "show"}
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


def number(tmdb: str, imdb_id: re.Pattern[str], **type_: str) -> Callable[[str], dict[str, Any]]:
    """Return the reader of TMDB's number or IMDb's id, for an input with the field `tmdb`; titles have a type."""

    def read(text: str) -> dict[str, Any]:
        if imdb_id.fullmatch(text):
            return {"imdbId": text}
        if not _NUMBER.fullmatch(text) or int(text) > MAX_INTEGER:
            raise Unreadable("TMDB's number or IMDb's id")
        return {tmdb: {**type_, "id": int(text)} if type_ else int(text)}

    return read


def row(path: str, document: str, summary: str, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    """Return the row of a path below the root."""
    whole = f"{ROOT}/{path}"
    example = whole.replace("{season}", "1").replace("{episode}", "1")
    own = {"name": re.sub(r"\W+", "_", path).strip("_"), "example": example, **fields}
    return Endpoint(method="GET", path=whole, document=document, summary=summary, is_cached=True, **own)


def _fixed(path: str, summary: str, answer: Any, schema: dict[str, Any]) -> Endpoint:  # noqa: ANN401 - any JSON
    """Return the row of an answer that is always the same; a function makes it when it is first asked for."""

    def arrange(_: object, __: Texts) -> Any:  # noqa: ANN401 - any JSON
        return answer() if callable(answer) else answer

    return row(path, "nothing", summary, answer={}, arrange=arrange, schema=schema)


def _of_title(kind: str, path: str, part: Part, of: Of = whole_title, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    """Return the row of a part at a path below that of a movie or show."""
    return row(
        f"{kind}/{{{kind}}}{path}",
        part.document,
        part.summary,
        answer="title",
        arrange=arranged(part.shape, TYPES[kind], of),
        schema={**schema_of(part.shape), "additionalProperties": "appends" in fields},
        parameters={"title": (kind,), "languages": ("language",)},
        readers={"title": number("tmdb", IMDB_ID, type=TYPES[kind]), "languages": languages},
        bounds={"season": (0, MAX_INTEGER)},
        fallbacks={"title": NO_MATCH, "season": NO_MATCH},
        # Titles alike depend on more than the one that they are like.
        tags=() if part.document == "similar" else ("title:{titleId}",),
        **fields,
    )


def _parts(
    parts: tuple[Part, ...],
    path: str = "",
    id_: str = "tmdbId",
    of: Of = whole_title,
    **fields: Any,  # noqa: ANN401 - the row's own
) -> list[Endpoint]:
    """Return the rows of parts; alone they have the number of the object that they are parts of."""
    alone = [part._replace(shape={**shape(f"id={id_}:whole"), **part.shape}) for part in parts]
    return [
        _of_title(kind, f"{path}/{part.name}", part, of, alone=("id",), **fields)
        for part in alone
        for kind in part.kinds
    ]


SEASON_PATH, EPISODE_PATH = "/season/{season}", "/season/{season}/episode/{episode}"
WHOLE: tuple[tuple[str, str, Part, Of], ...] = (
    ("movie", "", Part("", (), "movie", MOVIE, "A movie, by TMDB's number or IMDb's id"), whole_title),
    ("tv", "", Part("", (), "show", SHOW, "A show, by TMDB's number or IMDb's id"), whole_title),
    ("tv", SEASON_PATH, Part("", (), "season", SEASON, "A season with its episodes"), season_of),
    ("tv", EPISODE_PATH, Part("", (), "season", EPISODE_IN_FULL, "An episode"), episode_of),
)
TITLES = (
    *(_of_title(*each, **APPENDING) for each in WHOLE),
    *_parts(PARTS),
    *_parts(SIMILAR, of=page_of_similar, texts=("page",), checks=(HAS_PAGE,)),
    *_parts(SEASON_PARTS, SEASON_PATH, "ids.tmdb", season_of),
    *_parts(EPISODE_PARTS, EPISODE_PATH, "ids.tmdb", episode_of, texts=("episode",)),
)

_LIST = {"type": "array", "items": {"type": "object"}}
_OBJECT = {"type": "object"}
SUCCESS = {"success": True, "status_code": 1, "status_message": "Success."}
CONFIGURATION = (
    _fixed(
        "configuration",
        "Addresses and sizes of images",
        {"images": codes.IMAGES, "change_keys": []},
        _OBJECT,
    ),
    _fixed("configuration/countries", "Countries by code", codes.countries, _LIST),
    _fixed("configuration/jobs", "Jobs by department", codes.jobs, _LIST),
    _fixed("configuration/languages", "Languages by code", codes.languages, _LIST),
    _fixed(
        "configuration/primary_translations",
        "Languages with their countries",
        codes.primary_translations,
        {"type": "array", "items": {"type": "string"}},
    ),
    _fixed("configuration/timezones", "Time zones by country", codes.timezones, _LIST),
    _fixed("authentication", "Success: every key is right here, and none is needed", SUCCESS, _OBJECT),
    *(
        _fixed(
            f"certification/{kind}/list",
            "Certifications by country, the youngest audience first",
            lambda: {"certifications": codes.certifications()},
            _OBJECT,
        )
        for kind in TYPES
    ),
    *(
        _fixed(f"watch/providers/{name}", "Nothing: services that show titles are not known", {"results": []}, _OBJECT)
        for name in ("regions", *TYPES)
    ),
)

FIND = row(
    "find/{external}",
    "find",
    "The title, the episode or the person with an IMDb id, or with `external_source=tvdb_id` the show with a TVDB id",
    texts=("external_source",),
    parameters={"ids": ("external",), "languages": ("language",)},
    readers={"ids": readings, "languages": languages},
    answer="lookup.found",
    arrange=found,
    schema=FOUND,
    is_list=True,
    example=f"{ROOT}/find/{{imdb}}?external_source=imdb_id",
)
