"""Movies, shows, seasons and episodes in TMDB's shapes: as entries of lists, and in full."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from mediacanon.rest_compat.endpoint import Texts
from mediacanon.rest_compat.tmdb_v3.codes import NO_LANGUAGE, country_name, is_language, language
from mediacanon.rest_compat.tmdb_v3.genres import genres
from mediacanon.rest_compat.tmdb_v3.shapes import (
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    Facts,
    Kind,
    at,
    listed,
    nested,
    shape,
    shaped,
)

# GraphQL's type -> TMDB's.
MEDIA_TYPES = {"movie": "movie", "show": "tv"}
# The type of a show by its genres, the first that it has.
_SHOW_TYPES = {"Reality-TV": "Reality", "News": "News", "Talk-Show": "Talk Show", "Documentary": "Documentary"}
_EPISODE_TYPES = {"FINALE": "finale", "MID_SEASON": "mid_season"}
_RUNNING = ("Returning Series", "In Production", "Planned", "Pilot")


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


def _original_name(title: Facts) -> str:
    name: str = title["nativeTitle"] or title["originalTitle"] or title["displayName"]
    return name


def _released(title: Facts) -> str:
    """Return the day. Clients take the year from nowhere else, so a year alone is its first day."""
    return title["releaseDate"] or (f"{title['startYear']:04}-01-01" if title["startYear"] else "")


def _status(title: Facts) -> str:
    """Return TMDB's word; without one a movie is out once its day has come, and a show runs until IMDb ends it."""
    if title["status"]:
        return str(title["status"])
    if title["type"] == "show":
        return "Ended" if title["show"]["isSeriesFinished"] else "Returning Series"
    return "Planned" if _released(title) > _today() else "Released"


def _countries(title: Facts) -> list[dict[str, str]]:
    codes = title["countries"] or [code for code in (title["originCountry"],) if code]
    return [{"code": code, "name": country_name(code)} for code in codes]


def _languages(title: Facts) -> list[dict[str, str]]:
    codes = title["spokenLanguages"] or [title["originalLanguage"]]
    return [language(code) for code in codes if is_language(code)]


TEXTS = {"type": "array", "items": TEXT}
RATED = "vote_average=averageRating:number vote_count=numVotes:whole"
_ENTRY = f"""
    adult=isAdult:truth backdrop_path=backdrop:image id=tmdbId:whole original_language=originalLanguage:language
    overview=overview.text:text popularity=tmdbPopularity:number poster_path=poster:image {RATED}"""
_MOVIE = f"{_ENTRY} original_title:original_name release_date:released title=name.text:text video=false"
_SHOW = (
    f"{_ENTRY} first_air_date:released name=name.text:text origin_country=originCountry:one original_name:original_name"
)
_KINDS = {
    "language": Kind(lambda code: code if is_language(code) else NO_LANGUAGE, TEXT),
    "original_name": Kind(_original_name, TEXT),
    "released": Kind(_released, TEXT),
    "genre_ids": Kind(
        lambda title: [each.id for each in genres(title["genres"], title["type"])], {"type": "array", "items": WHOLE}
    ),
}
ENTRIES = {
    "movie": shape(f"{_MOVIE} genre_ids:genre_ids", **_KINDS),
    "show": shape(f"{_SHOW} genre_ids:genre_ids", **_KINDS),
}
TYPED_ENTRIES = {type_: {**of, **shape(f'media_type="{MEDIA_TYPES[type_]}"')} for type_, of in ENTRIES.items()}

COMPANY = shape("id=tmdbId:whole logo_path=logo:image name:text origin_country=country:text")
_FULL = """
    genres:genres homepage:text production_companies=companies:companies production_countries:countries
    spoken_languages:languages status:status tagline=tagline.text:text"""
_KINDS |= {
    "companies": listed(COMPANY),
    "countries": listed(shape("iso_3166_1=code:text name:text"), _countries),
    "genres": listed(
        shape("id:whole name:text"),
        lambda title: [each._asdict() for each in genres(title["genres"], title["type"])],
    ),
    "languages": listed(shape("english_name:text iso_639_1:text name:text"), _languages),
    "status": Kind(_status, TEXT),
}
FRANCHISE = "id=tmdbId:whole name:text poster_path=poster:image backdrop_path=backdrop:image"
MOVIE = shape(
    f"""{_MOVIE} {_FULL} belongs_to_collection=franchise:franchise budget=0 imdb_id=imdbId:text?
    origin_country=originCountry:one revenue=0 runtime=runtimeMinutes:whole""",
    **_KINDS,
    franchise=nested(shape(FRANCHISE)),
)

EPISODE = f"""
    air_date=airDate:text? episode_number=episodeNumber:whole episode_type=kind:episode_type id=ids.tmdb:whole
    name:episode_name overview=synopsis:text production_code="" runtime=runtimeMinutes:whole?
    season_number=seasonNumber:whole show_id=showId:whole still_path=still:image {RATED}"""
EPISODE_KINDS = {
    "episode_type": Kind(lambda kind: _EPISODE_TYPES.get(kind, "standard"), TEXT),
    "episode_name": Kind(lambda each: each["displayName"] or f"Episode {each['episodeNumber']}", TEXT),
}
EPISODE_IN_FULL = shape(f"{EPISODE} crew=[] guest_stars=[]", **EPISODE_KINDS)


def _season_name(season: Facts) -> str:
    name: str = season["name"] or (f"Season {season['seasonNumber']}" if season["seasonNumber"] else "Specials")
    return name


def _season_day(season: Facts) -> str | None:
    days = (episode["airDate"] for episode in season["episodes"] if episode["airDate"])
    return season["airDate"] or min(days, default=None)


_SEASON = """
    air_date:season_day id=ids.tmdb:whole name:season_name overview:text poster_path=poster:image
    season_number=seasonNumber:whole vote_average=averageRating:number"""
_KINDS |= {"season_day": Kind(_season_day, TEXT_OR_NULL), "season_name": Kind(_season_name, TEXT)}


def _episodes(title: Facts, seasons: Iterable[Facts]) -> Iterator[dict[str, Any]]:
    for season in seasons:
        for episode in season["episodes"]:
            yield {**episode, "seasonNumber": season["seasonNumber"], "showId": title["tmdbId"]}


def _numbered(title: Facts) -> list[Facts]:
    """Return the seasons without the specials, which count for nothing."""
    return [season for season in title["show"]["seasons"] if season["seasonNumber"]]


def _aired(title: Facts, *, is_next: bool) -> Facts | None:
    """Return the last episode that was shown until today, or the first one after today."""
    today = _today()
    dated = [each for each in _episodes(title, _numbered(title)) if each["airDate"]]
    found = sorted(
        (each for each in dated if (each["airDate"] > today) == is_next),
        key=lambda each: (each["airDate"], each["seasonNumber"], each["episodeNumber"]),
    )
    return found[0 if is_next else -1] if found else None


_EPISODE = shape(EPISODE, **EPISODE_KINDS)
SHOW = shape(
    f"""{_SHOW} {_FULL} created_by=[] episode_run_time=runtimeMinutes:one in_production:in_production
    languages:language_codes last_air_date:last_day last_episode_to_air:last networks=networks:companies
    next_episode_to_air:next number_of_episodes:episode_count number_of_seasons:season_count
    seasons=show.seasons:seasons type:show_type""",
    **_KINDS,
    in_production=Kind(lambda title: _status(title) in _RUNNING, {"type": "boolean"}),
    language_codes=Kind(lambda title: [each["iso_639_1"] for each in _languages(title)], TEXTS),
    last_day=Kind(lambda title: at(_aired(title, is_next=False), "airDate"), TEXT_OR_NULL),
    last=nested(_EPISODE, lambda title: _aired(title, is_next=False)),
    next=nested(_EPISODE, lambda title: _aired(title, is_next=True)),
    episode_count=Kind(lambda title: sum(len(season["episodes"]) for season in _numbered(title)), WHOLE),
    season_count=Kind(lambda title: len(_numbered(title)), WHOLE),
    seasons=listed(shape(f"{_SEASON} episode_count=episodes:count", **_KINDS, count=Kind(len, WHOLE))),
    show_type=Kind(
        lambda title: next((word for name, word in _SHOW_TYPES.items() if name in title["genres"]), "Scripted"), TEXT
    ),
)
SEASON = shape(
    f"_id=ids.tmdb:key {_SEASON} episodes=episodes:episodes networks=networks:companies",
    **_KINDS,
    # TMDB's key of the season in its own database.
    key=Kind(lambda number: f"{number or 0:024x}", TEXT),
    episodes=listed(EPISODE_IN_FULL),
)


def season_of(title: Facts, _: Texts) -> Facts | None:
    """Return the season that a document asks for, each episode with its number and the show's; None without one."""
    found = at(title, "show.season")
    return found and {**found, "networks": title["networks"], "episodes": list(_episodes(title, [found]))}


def episode_of(title: Facts, texts: Texts) -> Facts | None:
    """Return the episode whose number is in the path, None if there is none."""
    episodes = at(season_of(title, texts), "episodes") or ()
    numbers = [text.lstrip("0") or "0" for text in texts["episode"]]
    return next((each for each in episodes if [str(each["episodeNumber"])] == numbers), None)


def entry(title: Facts, *, is_typed: bool = False) -> dict[str, Any]:
    """Return a title as lists show it, with its media type where it is typed."""
    return shaped((TYPED_ENTRIES if is_typed else ENTRIES)[title["type"]], title)
