"""`find`: the entities under an id of another catalogue, in five lists."""

from typing import Any

from mediacanon.rest_compat.endpoint import Texts
from mediacanon.rest_compat.tmdb_v3.people import PERSON, PERSON_KINDS
from mediacanon.rest_compat.tmdb_v3.shapes import Facts, schema_of, shape, shaped
from mediacanon.rest_compat.tmdb_v3.titles import EPISODE, EPISODE_KINDS, MEDIA_TYPES, TYPED_ENTRIES

TVDB = "tvdb:"
# The beginnings of the ids of a source.
SOURCES = {"imdb_id": ("tt", "nm"), "tvdb_id": (TVDB,)}
SHAPES = {
    "movie": TYPED_ENTRIES["movie"],
    "person": shape(f'{PERSON} media_type="person" known_for=[]', **PERSON_KINDS),
    "tv": TYPED_ENTRIES["show"],
    "tv_episode": shape(f'{EPISODE} media_type="tv_episode"', **EPISODE_KINDS),
}
# IMDb has no ids of seasons, and of TVDB's those of shows are known.
SEASONS = "tv_season_results"
FOUND: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{f"{kind}_results": {"type": "array", "items": schema_of(of)} for kind, of in SHAPES.items()},
        SEASONS: {"type": "array", "maxItems": 0},
    },
    "required": [*(f"{kind}_results" for kind in SHAPES), SEASONS],
    "additionalProperties": False,
}


def readings(text: str) -> list[str]:
    """Return the external ids that a text may stand for: the parameter beside it tells the source."""
    return [text, f"{TVDB}{text}"]


def _entities(found: Facts) -> list[tuple[str, Facts, int | None]]:
    """Return the kind, the facts and the number of the thing with an id; of an episode the number of its show."""
    title, person, episode = found["title"], found["person"], found["episode"]
    if title:
        return [(MEDIA_TYPES[title["type"]], title, title["tmdbId"])]
    if person:
        return [("person", person, person["tmdbId"])]
    number = episode["season"]["show"]["title"]["tmdbId"]
    facts = {**episode, "seasonNumber": episode["season"]["seasonNumber"], "showId": number}
    return [("tv_episode", facts, number)]


def found(entities: list[Facts], texts: Texts) -> dict[str, list[dict[str, Any]]]:
    """Return the entity with an id, in the list of its kind; one without a number of TMDB's is not found."""
    lists: dict[str, list[dict[str, Any]]] = {**{f"{kind}_results": [] for kind in SHAPES}, SEASONS: []}
    source = next(iter(texts.get("external_source", ())), "") or "imdb_id"
    for each in entities:
        for kind, facts, number in _entities(each):
            if number is not None and each["id"].startswith(SOURCES.get(source, ("?",))):
                lists[f"{kind}_results"].append(shaped(SHAPES[kind], facts))
    return lists
