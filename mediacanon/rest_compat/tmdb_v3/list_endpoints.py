"""The rows of lists: discover and its kin, searches, people, collections, genres and changes."""

from typing import Any

from mediacanon.rest_compat.endpoint import NO_MATCH, Check, Endpoint
from mediacanon.rest_compat.tmdb_v3 import lists, people
from mediacanon.rest_compat.tmdb_v3.endpoints import APPENDING, ROOT, TYPES, number, row
from mediacanon.rest_compat.tmdb_v3.filters import NO_FILTERS, filters, languages
from mediacanon.rest_compat.tmdb_v3.parts import POSTER
from mediacanon.rest_compat.tmdb_v3.refusals import HAS_DAYS, HAS_PAGE, HAS_QUERY, HAS_RANGE, MOST_PAGES
from mediacanon.rest_compat.tmdb_v3.shapes import Shape, schema_of, shape, shaped
from mediacanon.vocabulary import IMDB_PERSON_ID, MAX_INTEGER

IN_LANGUAGE: dict[str, Any] = {"parameters": {"languages": ("language",)}, "readers": {"languages": languages}}


def _list(path: str, summary: str, document: str, answer: str, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    """Return the row of a page."""
    checks: tuple[Check, ...] = (HAS_PAGE, *fields.pop("checks", ()))
    bounds = {"page": (1, MOST_PAGES), **fields.pop("bounds", {})}
    example = {"example": f"{ROOT}/{path}?query=the"} if HAS_QUERY in checks else {}
    name = f"{path.replace('/', '_')}_list"
    shared = {"name": name, "answer": answer, "checks": checks, "bounds": bounds, "empty": lists.EMPTY_PAGE}
    return row(path, document, summary, **shared, **example, **fields)


def _discovered(path: str, summary: str, kind: str = "", **constants: Any) -> Endpoint:  # noqa: ANN401 - variables
    """Return the row of a list of discover with these variables, of movies, of shows, or of both."""
    dates, type_ = constants.pop("dates", None), {"type": TYPES[kind]} if kind else {}
    is_typed = path.startswith("trending")
    schema = lists.page_schema(lists.SCHEMAS["multi" if is_typed else kind])
    return _list(
        path,
        summary,
        "discover",
        "discover",
        arrange=lists.discovered(is_typed=is_typed, dates=dates),
        schema={**schema, "properties": {**schema["properties"], **lists.DATES["properties"]}} if dates else schema,
        constants={**type_, **constants},
        parameters={**NO_FILTERS, **IN_LANGUAGE["parameters"]},
        readers=IN_LANGUAGE["readers"],
    )


_DAYS_OF_CINEMA, _DAYS_AHEAD, _WEEK = 42, 28, 7
_POPULAR, _BEST = "the most popular first", "the best rated first"
ROWS = (
    *(
        _list(
            f"discover/{kind}",
            f"{noun} by filters: a comma in a list joins by and, a bar by or",
            "discover",
            "discover",
            arrange=lists.discovered(),
            schema=lists.page_schema(lists.SCHEMAS[kind]),
            checks=(HAS_DAYS,),
            constants={"type": type_},
            **{**filters(type_), "parameters": {**NO_FILTERS, **filters(type_)["parameters"]}},
        )
        for kind, type_, noun in (("movie", "movie", "Movies"), ("tv", "show", "Shows"))
    ),
    *(
        _discovered(f"trending/{kind or 'all'}/{window}", f"{noun}, {_POPULAR}, in either window", kind)
        for kind, noun in (("", "Movies and shows"), ("movie", "Movies"), ("tv", "Shows"))
        for window in ("day", "week")
    ),
    *(
        each
        for kind, noun in (("movie", "Movies"), ("tv", "Shows"))
        for each in (
            _discovered(f"{kind}/popular", f"{noun}, {_POPULAR}", kind),
            _discovered(f"{kind}/top_rated", f"{noun}, {_BEST}", kind, sort="TOP_RATED"),
        )
    ),
    _discovered(
        "movie/now_playing",
        "Movies of the last six weeks",
        "movie",
        releasedFrom=lists.day_from_now(-_DAYS_OF_CINEMA),
        releasedUntil=lists.day_from_now(0),
        dates=lists.dates(-_DAYS_OF_CINEMA, 0),
    ),
    _discovered(
        "movie/upcoming",
        "Movies of the next four weeks",
        "movie",
        releasedFrom=lists.day_from_now(1),
        releasedUntil=lists.day_from_now(_DAYS_AHEAD),
        dates=lists.dates(1, _DAYS_AHEAD),
    ),
    _discovered(
        "tv/airing_today",
        "Shows with an episode of today",
        "tv",
        airsFrom=lists.day_from_now(0),
        airsUntil=lists.day_from_now(0),
    ),
    _discovered(
        "tv/on_the_air",
        "Shows with an episode of the next seven days",
        "tv",
        airsFrom=lists.day_from_now(0),
        airsUntil=lists.day_from_now(_WEEK),
    ),
    *(
        _list(
            f"{kind}/changes",
            "Numbers of what has changed since yesterday, or between two days",
            "changes",
            "discover",
            arrange=lists.changed,
            schema=lists.page_schema(lists.CHANGE_SCHEMA),
            checks=(HAS_DAYS, HAS_RANGE),
            constants={"type": type_, "changedFrom": lists.a_day_ago},
            parameters=lists.CHANGES_PARAMETERS,
            readers=lists.CHANGES_READERS,
        )
        for kind, type_ in TYPES.items()
    ),
)


_TITLES, _PEOPLE, _BOTH = ("search_titles", "hits"), ("search_people", "people"), ("search_multi", "hits")
_FILMS = "search_collections", "franchises"
_NOTHING: tuple[str, dict[str, str]] = ("nothing", {})
_MOVIES, _SHOWS = lists.found_titles("movie"), lists.found_titles("tv")
# Name, summary, document and answer, arrangement.
_SEARCHES: tuple[tuple[str, str, tuple[str, Any], Any], ...] = (
    ("movie", "Movies by name, best match first", _TITLES, _MOVIES),
    ("tv", "Shows by name, best match first", _TITLES, _SHOWS),
    ("person", "People by name", _PEOPLE, lists.found_people),
    ("multi", "Movies, shows and people by name", _BOTH, lists.found_anything),
    ("collection", "Collections of films by name", _FILMS, lists.found_collections),
    ("company", "Nothing: companies are not searched", _NOTHING, lists.nothing_found),
    ("keyword", "Nothing: keywords are not searched", _NOTHING, lists.nothing_found),
)


def _narrowed(kind: str) -> dict[str, Any]:
    """Return the fields of a search in a language, of movies or shows with their type and their year."""
    if kind not in TYPES:
        return IN_LANGUAGE
    parameters = {**IN_LANGUAGE["parameters"], "year": lists.YEARS[kind]}
    return {**IN_LANGUAGE, "parameters": parameters, "constants": {"type": TYPES[kind]}}


SEARCHES = tuple(
    _list(
        f"search/{name}",
        summary,
        *asked,
        arrange=arrange,
        schema=lists.page_schema(lists.SCHEMAS.get(name, {})),
        checks=(HAS_QUERY,),
        needs=("query",),
        texts=("page",),
        fallbacks={"query": NO_MATCH},
        **_narrowed(name),
    )
    for name, summary, asked, arrange in _SEARCHES
)


def _person(path: str, document: str, of: Shape, summary: str, **fields: Any) -> Endpoint:  # noqa: ANN401 - the row's own
    return row(
        f"person/{{person}}{path}",
        document,
        summary,
        answer="person",
        arrange=people.known(of),
        schema={**schema_of(of), "additionalProperties": "appends" in fields},
        parameters={"languages": ("language",), "page": ()},
        readers={"person": number("tmdbId", IMDB_PERSON_ID), "languages": languages},
        fallbacks={"person": NO_MATCH},
        **fields,
    )


def _part_of_person(name: str, document: str, of: Shape, summary: str) -> Endpoint:
    load = {"load": people.AllCredits()} if document == "person_credits" else {}
    return _person(f"/{name}", document, {**shape("id=tmdbId:whole"), **of}, summary, alone=("id",), **load)


PEOPLE = (
    _person("", "person", people.IN_FULL, "A person, by TMDB's number or IMDb's id", **APPENDING),
    _part_of_person("movie_credits", "person_credits", people.work("movie"), "The movies with a person"),
    _part_of_person("tv_credits", "person_credits", people.work("show"), "The shows with a person"),
    _part_of_person("combined_credits", "person_credits", people.work("movie", "show"), "All titles with a person"),
    _part_of_person("external_ids", "person", shape(people.IDS), "The ids of a person in other catalogues"),
    _part_of_person("images", "person", shape("profiles=imageUrl:picture", picture=POSTER), "The picture of a person"),
    _part_of_person("tagged_images", "person", lists.NO_PAGE, "Nothing: pictures of people in titles are not known"),
    _part_of_person("translations", "person", shape("translations=[]"), "Nothing: texts on people are not known"),
    _part_of_person("changes", "person", shape("changes=[]"), "Nothing: the history of a person is not kept"),
)


def _collection(path: str, of: Shape, summary: str) -> Endpoint:
    return row(
        f"collection/{{collection}}{path}",
        "collection",
        summary,
        answer="franchise",
        arrange=lambda franchise, _: shaped(of, franchise),
        schema={**schema_of(of), "additionalProperties": not path},
        fallbacks={"collection": NO_MATCH},
        bounds={"collection": (1, MAX_INTEGER)},
        **IN_LANGUAGE,
        **({"alone": ("id",)} if path else APPENDING),
    )


COLLECTIONS = (
    _collection("", lists.COLLECTION, "A collection of films, in order of release"),
    _collection("/images", lists.COLLECTION_IMAGES, "The poster and the backdrop of a collection"),
    _collection("/translations", shape("id=tmdbId:whole translations=[]"), "Nothing: it has texts in one language"),
)
GENRES = tuple(
    row(
        f"genre/{kind}/list",
        "genres",
        "Genres: TMDB's with their numbers, the others of this catalogue with numbers from 900000 on",
        answer="choices.genres",
        arrange=lists.genre_list(type_),
        schema=lists.GENRES,
    )
    for kind, type_ in TYPES.items()
)
LISTS = (*ROWS, *SEARCHES, *PEOPLE, *COLLECTIONS, *GENRES)
