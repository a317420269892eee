"""Look-up of our titles at TMDB: chooses the film or show that a title is, and collects its facts."""

from dataclasses import dataclass
from datetime import date

from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.facts import NOTHING, FurtherFacts
from mediacanon.tmdb.replies import Details, FindResults, Match, MediaType
from mediacanon.vocabulary import TitleType

MEDIA_TYPES: dict[TitleType, MediaType] = {"movie": "movie", "show": "tv"}
# A poster that an editor removed (null and locked) counts as present: no search for another.
HAS_IMAGE = "(COALESCE(t.image_url, '') <> '' OR 'image_url' = ANY (t.locked_fields))"
TITLE_TO_FIND = f"""t.id AS title_id, t.type, t.imdb_id, t.tmdb_id,
       'tmdb_id' = ANY (t.locked_fields) AS is_tmdb_id_locked, {HAS_IMAGE} AS has_image"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleToFind:
    """The columns of a title that its look-up needs; an edited TMDB id is locked."""

    title_id: int
    type: TitleType
    imdb_id: str | None
    tmdb_id: int | None
    is_tmdb_id_locked: bool
    has_image: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleFacts:
    """TMDB's facts about a title; None: TMDB does not say. All None: TMDB does not know the title."""

    media_type: MediaType | None = None
    tmdb_id: int | None = None
    poster_path: str | None = None
    original_language: str | None = None
    release_date: date | None = None
    popularity: float | None = None
    origin_country: str | None = None
    runtime_minutes: int | None = None
    further: FurtherFacts = NOTHING


@dataclass(frozen=True, slots=True)
class FetchedTitle:
    """TMDB's facts about one of our titles, as it was when TMDB was asked."""

    title: TitleToFind
    facts: TitleFacts


async def look_up(client: TmdbClient, title: TitleToFind) -> TitleFacts:
    """Return TMDB's facts: one request if the title's TMDB id is known and right, else two.

    Raises UpstreamUnavailable; facts are complete or absent, never partial.
    """
    details = await _known_details(client, title)
    is_final = title.has_image or title.is_tmdb_id_locked or not title.imdb_id
    if details and (details.poster_path or is_final):
        return _facts(details, details, details.poster_path)
    if not title.imdb_id:
        return TitleFacts()
    results = await client.find(title.imdb_id)
    match = choose(results, title.type)
    if match is None:
        return TitleFacts() if details is None else _facts(details, details, None)
    if details is None or (details.media_type, details.tmdb_id) != (match.media_type, match.tmdb_id):
        details = await client.details(match.media_type, match.tmdb_id)
    poster = (details and details.poster_path) or poster_of(results, match)
    return _facts(match, details, poster)


def choose(results: FindResults, title_type: str) -> Match | None:
    """Return the first result of the title's own type, else the first film, else the first show."""
    own, *others = (results.shows, results.movies) if title_type == "show" else (results.movies, results.shows)
    return next((match for matches in (own, *others) for match in matches[:1]), None)


def poster_of(results: FindResults, match: Match) -> str | None:
    """Return the poster of the chosen result, else of the first film, else of the first show."""
    candidates = (match, *results.movies[:1], *results.shows[:1])
    return next((candidate.poster_path for candidate in candidates if candidate.poster_path), None)


async def _known_details(client: TmdbClient, title: TitleToFind) -> Details | None:
    """Return the details under the title's TMDB id, if they are this title's.

    TMDB numbers films and shows separately and we store the bare number: it may belong to the other kind, and the
    details of another title may name no IMDb id at all. Details therefore have to name our IMDb id, if the title has
    one. An edited TMDB id is right, whatever IMDb id TMDB links to it.
    """
    if not title.tmdb_id:
        return None
    details = await client.details(MEDIA_TYPES[title.type], title.tmdb_id)
    is_trusted = title.is_tmdb_id_locked or not title.imdb_id
    return details if details and (is_trusted or details.imdb_id == title.imdb_id) else None


def _facts(match: Match, details: Details | None, poster_path: str | None) -> TitleFacts:
    """Return the facts of the details, with the find result as the fallback for each."""
    best = details or match
    return TitleFacts(
        media_type=match.media_type,
        tmdb_id=match.tmdb_id,
        poster_path=poster_path,
        original_language=best.original_language or match.original_language,
        release_date=best.release_date or match.release_date,
        popularity=best.popularity or match.popularity,
        origin_country=best.origin_country or match.origin_country,
        runtime_minutes=details.runtime_minutes if details else None,
        further=details.further if details else NOTHING,
    )
