"""TMDB's replies as frozen dataclasses.

The parser is lenient with missing values: an absent, null or empty key counts as unknown, and unused keys are ignored.
It is strict with types: a value of the wrong type raises MalformedReply, so a broken reply is never stored. Further
facts of a title are the exception (`facts`): one of them in a wrong type costs that fact alone.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.facts import FurtherFacts, parse_facts
from mediacanon.tmdb.image_urls import IMAGE_PATH
from mediacanon.vocabulary import MAX_INTEGER

# TMDB's own name for the kind of a title, also in its paths.
MediaType = Literal["movie", "tv"]

IMDB_ID = re.compile(r"[a-z]{2}\d{1,12}")
# TMDB's words for episodes that are not "standard".
EPISODE_KINDS = ("finale", "mid_season")
LONGEST_BIOGRAPHY = 10_000
LANGUAGE_OR_COUNTRY = re.compile(r"[A-Za-z-]{2,10}")


class MalformedReply(UpstreamUnavailable):
    """TMDB's reply is not in the form it documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A movie or show as a find reply lists it; None: TMDB does not say."""

    media_type: MediaType
    tmdb_id: int
    poster_path: str | None
    original_language: str | None
    release_date: date | None
    popularity: float | None
    origin_country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindResults:
    """The titles and the numbers of people TMDB lists under an IMDb id, most relevant first; none: an unknown id."""

    movies: tuple[Match, ...] = ()
    shows: tuple[Match, ...] = ()
    people: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Details(Match):
    """A movie or show in full. `runtime_minutes` of a show is the length of an episode."""

    imdb_id: str | None
    runtime_minutes: int | None
    further: FurtherFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeDetails:
    """An episode; None: TMDB does not say. `kind` is 'finale' or 'mid_season', None for every other episode."""

    tmdb_id: int | None
    number: int
    kind: str | None
    name: str | None
    synopsis: str | None
    still_path: str | None
    air_date: date | None
    runtime_minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A season and its episodes by TMDB's own numbers; None: TMDB does not say."""

    tmdb_id: int | None
    name: str | None
    overview: str | None
    poster_path: str | None
    air_date: date | None
    episodes: dict[int, EpisodeDetails]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDetails:
    """A person's number, picture and biography in English; None: TMDB does not say."""

    tmdb_id: int
    imdb_id: str | None
    profile_path: str | None
    biography: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmOfFranchise:
    """A film as its franchise's reply names it."""

    tmdb_id: int
    name: str
    release_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FranchiseDetails:
    """A franchise, TMDB's collection; None: TMDB does not say."""

    name: str | None
    overview: str | None
    poster_path: str | None
    backdrop_path: str | None
    films: tuple[FilmOfFranchise, ...]


def parse_franchise(reply: object) -> FranchiseDetails:
    """Return a franchise with its films; a film without a name is left out. Raises MalformedReply."""
    fields = _object(reply)
    if "parts" not in fields:
        raise MalformedReply
    parts = [_object(part) for part in _list(fields, "parts")]
    films = (
        FilmOfFranchise(tmdb_id=_required_integer(part, "id"), name=name, release_date=_day(part, "release_date"))
        for part in parts
        if (name := _text(part, "title"))
    )
    return FranchiseDetails(
        name=_text(fields, "name"),
        overview=_text(fields, "overview"),
        poster_path=_token(fields, "poster_path", IMAGE_PATH),
        backdrop_path=_token(fields, "backdrop_path", IMAGE_PATH),
        films=tuple(films),
    )


def parse_find_results(reply: object) -> FindResults:
    """Return the titles that a find reply lists. Raises MalformedReply."""
    fields = _object(reply)
    if not fields.keys() & {"movie_results", "tv_results"}:
        raise MalformedReply
    return FindResults(
        movies=tuple(_match(result, "movie") for result in _list(fields, "movie_results")),
        shows=tuple(_match(result, "tv") for result in _list(fields, "tv_results")),
        people=tuple(_required_integer(_object(result), "id") for result in _list(fields, "person_results")),
    )


def parse_person(reply: object) -> PersonDetails:
    """Return a person's picture and biography. Raises MalformedReply."""
    fields = _object(reply)
    return PersonDetails(
        tmdb_id=_required_integer(fields, "id"),
        imdb_id=_token(fields, "imdb_id", IMDB_ID),
        profile_path=_token(fields, "profile_path", IMAGE_PATH),
        biography=(_text(fields, "biography") or "")[:LONGEST_BIOGRAPHY] or None,
    )


def parse_details(reply: object, media_type: MediaType, languages: Sequence[str] = ("en",)) -> Details:
    """Return the details of a movie or show, with the further facts of the appended replies and texts in `languages`.

    Raises MalformedReply.
    """
    fields = _object(reply)
    match = _match(fields, media_type)
    external_ids = fields if media_type == "movie" else _object(fields.get("external_ids") or {})
    return Details(
        media_type=media_type,
        tmdb_id=match.tmdb_id,
        poster_path=match.poster_path,
        original_language=match.original_language,
        release_date=match.release_date,
        popularity=match.popularity,
        origin_country=match.origin_country or _production_country(fields),
        imdb_id=_token(external_ids, "imdb_id", IMDB_ID),
        runtime_minutes=_minutes(fields, "runtime") or _episode_minutes(fields),
        further=parse_facts(fields, media_type, languages),
    )


def parse_season(reply: object) -> Season:
    """Return the episodes of a season. Raises MalformedReply."""
    fields = _object(reply)
    if "episodes" not in fields:
        raise MalformedReply
    episodes = [parse_episode(one) for one in _list(fields, "episodes")]
    return Season(
        tmdb_id=_positive_integer(fields, "id"),
        name=_text(fields, "name"),
        overview=_text(fields, "overview"),
        poster_path=_token(fields, "poster_path", IMAGE_PATH),
        air_date=_day(fields, "air_date"),
        episodes={episode.number: episode for episode in episodes},
    )


def parse_episode(reply: object) -> EpisodeDetails:
    """Return the details of an episode. Raises MalformedReply."""
    fields = _object(reply)
    kind = _text(fields, "episode_type")
    return EpisodeDetails(
        tmdb_id=_positive_integer(fields, "id"),
        number=_required_integer(fields, "episode_number"),
        kind=kind if kind in EPISODE_KINDS else None,
        name=_text(fields, "name"),
        synopsis=_text(fields, "overview"),
        still_path=_token(fields, "still_path", IMAGE_PATH),
        air_date=_day(fields, "air_date"),
        runtime_minutes=_minutes(fields, "runtime"),
    )


def _match(reply: object, media_type: MediaType) -> Match:
    fields = _object(reply)
    return Match(
        media_type=media_type,
        tmdb_id=_required_integer(fields, "id"),
        poster_path=_token(fields, "poster_path", IMAGE_PATH),
        original_language=_token(fields, "original_language", LANGUAGE_OR_COUNTRY),
        release_date=_day(fields, "release_date" if media_type == "movie" else "first_air_date"),
        popularity=_popularity(fields),
        origin_country=_first_country(_list(fields, "origin_country")),
    )


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedReply
    return value


def _list(fields: dict[str, Any], key: str) -> list[Any]:
    value = fields.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedReply
    return value


def _text(fields: dict[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedReply
    # PostgreSQL's text holds every character except zero.
    return value.replace("\0", "").strip() or None


def _token(fields: dict[str, Any], key: str, form: re.Pattern[str]) -> str | None:
    """Return a text of the given form; None for any other text, which would be of no use."""
    value = _text(fields, key)
    return value if value and form.fullmatch(value) else None


def _day(fields: dict[str, Any], key: str) -> date | None:
    value = _text(fields, key)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None


def _number(fields: dict[str, Any], key: str) -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedReply
    return value if math.isfinite(value) else None


def _required_integer(fields: dict[str, Any], key: str) -> int:
    value = _number(fields, key)
    if value is None or value != int(value) or not 0 <= value <= MAX_INTEGER:
        raise MalformedReply
    return int(value)


def _positive_integer(fields: dict[str, Any], key: str) -> int | None:
    value = _number(fields, key)
    return int(value) if value and value == int(value) and 1 <= value <= MAX_INTEGER else None


def _minutes(fields: dict[str, Any], key: str) -> int | None:
    value = _number(fields, key)
    return int(value) if value and 1 <= value <= MAX_INTEGER else None


def _episode_minutes(fields: dict[str, Any]) -> int | None:
    listed = _list(fields, "episode_run_time")
    return _minutes({"minutes": listed[0]}, "minutes") if listed else None


def _popularity(fields: dict[str, Any]) -> float | None:
    """Return the popularity; 0 stands for unknown and a `real` column ends near 3.4e38."""
    value = _number(fields, "popularity")
    return float(value) if value and abs(value) < 1e38 else None  # noqa: PLR2004 - named above


def _first_country(countries: list[Any]) -> str | None:
    if not countries:
        return None
    return _token({"country": countries[0]}, "country", LANGUAGE_OR_COUNTRY)


def _production_country(fields: dict[str, Any]) -> str | None:
    countries = _list(fields, "production_countries")
    return _first_country([_object(country).get("iso_3166_1") for country in countries[:1]])
