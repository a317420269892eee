"""What TMDB knows of one of our titles: which of its films and shows is meant, and its facts."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.replies import Details, Found, Kind, Match

TitleType = Literal["movie", "show"]
KINDS: dict[str, Kind] = {"movie": "movie", "show": "tv"}
# A poster that somebody took away is not looked for.
HAS_IMAGE = "(COALESCE(t.image_url, '') <> '' OR 'image_url' = ANY (t.locked_fields))"
TITLE_TO_FIND = f"""t.id AS title_id, t.type, t.imdb_id, t.tmdb_id,
       'tmdb_id' = ANY (t.locked_fields) AS is_tmdb_id_locked, {HAS_IMAGE} AS has_image"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleToFind:
    """A title of ours as far as finding it at TMDB goes; a TMDB id that a person gave is locked."""

    title_id: int
    type: TitleType
    imdb_id: str | None
    tmdb_id: int | None
    is_tmdb_id_locked: bool
    has_image: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What TMDB says of a title; None: it does not say. All None: it does not know the title."""

    kind: Kind | None = None
    tmdb_id: int | None = None
    poster_path: str | None = None
    original_language: str | None = None
    release_date: date | None = None
    popularity: float | None = None
    origin_country: str | None = None
    runtime_minutes: int | None = None


async def look_up(client: TmdbClient, title: TitleToFind) -> Facts:
    """Return TMDB's facts: one request where its id is known and right, else two.

    Raises UpstreamUnavailable; facts are whole or not there, never half of them.
    """
    details = await _known(client, title)
    is_final = title.has_image or title.is_tmdb_id_locked or not title.imdb_id
    if details and (details.poster_path or is_final):
        return _facts(details, details, details.poster_path)
    if not title.imdb_id:
        return Facts()
    found = await client.find(title.imdb_id)
    match = choose(found, title.type)
    if match is None:
        return Facts() if details is None else _facts(details, details, None)
    if details is None or (details.kind, details.tmdb_id) != (match.kind, match.tmdb_id):
        details = await client.details(match.kind, match.tmdb_id)
    poster = (details and details.poster_path) or poster_of(found, match)
    return _facts(match, details, poster)


def choose(found: Found, title_type: str) -> Match | None:
    """Return the result of the title's own type, else the first film, else the first show."""
    own, *others = (found.shows, found.movies) if title_type == "show" else (found.movies, found.shows)
    return next((match for results in (own, *others) for match in results[:1]), None)


def poster_of(found: Found, match: Match) -> str | None:
    """Return the chosen result's poster, else the first film's, else the first show's."""
    candidates = (match, *found.movies[:1], *found.shows[:1])
    return next((one.poster_path for one in candidates if one.poster_path), None)


async def _known(client: TmdbClient, title: TitleToFind) -> Details | None:
    """Return the details under the TMDB id we hold, where they are this title's.

    TMDB numbers films and shows apart and we store the bare number: it may be of the other kind, and a
    stranger's details may name no IMDb id at all. So they have to name ours, where we have one; but an
    id that a person gave is right, whatever TMDB links it to.
    """
    if not title.tmdb_id:
        return None
    details = await client.details(KINDS[title.type], title.tmdb_id)
    is_trusted = title.is_tmdb_id_locked or not title.imdb_id
    return details if details and (is_trusted or details.imdb_id == title.imdb_id) else None


def _facts(match: Match, details: Details | None, poster_path: str | None) -> Facts:
    """Return what the details say, and the find answer where they are silent or absent."""
    best = details or match
    return Facts(
        kind=match.kind,
        tmdb_id=match.tmdb_id,
        poster_path=poster_path,
        original_language=best.original_language or match.original_language,
        release_date=best.release_date or match.release_date,
        popularity=best.popularity or match.popularity,
        origin_country=best.origin_country or match.origin_country,
        runtime_minutes=details.runtime_minutes if details else None,
    )
