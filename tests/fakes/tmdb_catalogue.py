"""Invented films, shows and people in exactly the form of TMDB's v3 replies."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson

Reply = dict[str, Any]


def film(tmdb_id: int, imdb_id: str, *, title: str = "A Film", **changed: object) -> Reply:
    """Return a `/3/movie/{id}` reply."""
    return {
        "adult": False,
        "backdrop_path": None,
        "belongs_to_collection": None,
        "budget": 0,
        "genres": [{"id": 18, "name": "Drama"}],
        "homepage": "",
        "id": tmdb_id,
        "imdb_id": imdb_id,
        "origin_country": ["DK"],
        "original_language": "da",
        "original_title": title,
        "overview": f"{title}: a wish that is hard to fulfil.",
        "popularity": 12.5,
        "poster_path": f"/poster{tmdb_id}.jpg",
        "production_companies": [],
        "production_countries": [{"iso_3166_1": "SE", "name": "Sweden"}],
        "release_date": "2011-03-04",
        "revenue": 0,
        "runtime": 97,
        "spoken_languages": [{"english_name": "Danish", "iso_639_1": "da", "name": "Dansk"}],
        "status": "Released",
        "tagline": "",
        "title": title,
        "video": False,
        "vote_average": 6.7,
        "vote_count": 41,
        **changed,
    }


def show(tmdb_id: int, *, title: str = "A Show", seasons: int = 1, **changed: object) -> Reply:
    """Return a `/3/tv/{id}` reply; as at TMDB it names no IMDb id."""
    return {
        "adult": False,
        "backdrop_path": None,
        "created_by": [],
        "episode_run_time": [42],
        "first_air_date": "2015-09-01",
        "genres": [],
        "homepage": "",
        "id": tmdb_id,
        "in_production": False,
        "languages": ["pt"],
        "last_air_date": "2019-09-01",
        "last_episode_to_air": None,
        "name": title,
        "next_episode_to_air": None,
        "networks": [],
        "number_of_episodes": 10 * seasons,
        "number_of_seasons": seasons,
        "origin_country": ["PT"],
        "original_language": "pt",
        "original_name": title,
        "overview": f"{title}: they are at it again.",
        "popularity": 33.25,
        "poster_path": f"/poster{tmdb_id}.jpg",
        "production_companies": [],
        "production_countries": [{"iso_3166_1": "PT", "name": "Portugal"}],
        "seasons": [],
        "spoken_languages": [],
        "status": "Ended",
        "tagline": "",
        "type": "Scripted",
        "vote_average": 7.9,
        "vote_count": 230,
        **changed,
    }


def person(tmdb_id: int, imdb_id: str, *, name: str = "A Person", **changed: object) -> Reply:
    """Return a `/3/person/{id}` reply."""
    return {
        "adult": False,
        "also_known_as": [],
        "biography": f"{name} was born by the sea.",
        "birthday": "1950-05-09",
        "deathday": None,
        "gender": 1,
        "homepage": None,
        "id": tmdb_id,
        "imdb_id": imdb_id,
        "known_for_department": "Acting",
        "name": name,
        "place_of_birth": "Lisbon, Portugal",
        "popularity": 3.5,
        "profile_path": f"/profile{tmdb_id}.jpg",
        **changed,
    }


def episode(show_id: int, season: int, number: int, **changed: object) -> Reply:
    """Return an episode as a season reply lists it."""
    return {
        "air_date": f"2015-{1 + season % 12:02}-{1 + number % 28:02}",
        "crew": [],
        "episode_number": number,
        "episode_type": "standard",
        "guest_stars": [],
        "id": show_id * 100_000 + season * 1_000 + number,
        "name": f"Part {number} of season {season}",
        "overview": f"What happens in part {number}.",
        "production_code": "",
        "runtime": 44,
        "season_number": season,
        "show_id": show_id,
        "still_path": f"/still{show_id}s{season}e{number}.jpg",
        "vote_average": 7.1,
        "vote_count": 12,
        **changed,
    }


def season_of(show_id: int, season: int, episodes: list[Reply]) -> Reply:
    """Return a `/3/tv/{id}/season/{n}` reply."""
    return {
        "_id": f"{show_id:012x}{season:012x}",
        "air_date": "2015-09-01",
        "episodes": episodes,
        "id": show_id * 100 + season,
        "name": f"Season {season}",
        "networks": [],
        "overview": "",
        "poster_path": None,
        "season_number": season,
        "vote_average": 7.5,
    }


FIND_KEYS_OF_FILM = [
    "adult",
    "backdrop_path",
    "id",
    "original_language",
    "original_title",
    "overview",
    "popularity",
    "poster_path",
    "release_date",
    "title",
    "video",
    "vote_average",
    "vote_count",
]
FIND_KEYS_OF_SHOW = [
    "adult",
    "backdrop_path",
    "first_air_date",
    "id",
    "name",
    "origin_country",
    "original_language",
    "original_name",
    "overview",
    "popularity",
    "poster_path",
    "vote_average",
    "vote_count",
]


def find_result(details: Reply, keys: list[str], media_type: str) -> Reply:
    """Return a title as a find reply lists it: no running time, and no country for films."""
    shown = {key: details[key] for key in keys}
    return shown | {"media_type": media_type, "genre_ids": [18]}


FIND_KEYS_OF_PERSON = ["adult", "gender", "id", "known_for_department", "name", "popularity", "profile_path"]

# A part that TMDB has nothing for.
EMPTY_PARTS: dict[str, Reply] = {
    "content_ratings": {"results": []},
    "external_ids": {"imdb_id": None, "wikidata_id": None},
    "keywords": {"keywords": [], "results": []},
    "release_dates": {"results": []},
    "translations": {"translations": []},
    "videos": {"results": []},
}


@dataclass
class Catalogue:
    """The replies of the fake by path."""

    replies: dict[str, Reply] = field(default_factory=dict)
    films: dict[str, list[Reply]] = field(default_factory=dict)
    shows: dict[str, list[Reply]] = field(default_factory=dict)
    people: dict[str, list[Reply]] = field(default_factory=dict)
    # Replies of parts, such as /3/movie/{id}/videos, which come with a reply only on request.
    appended: dict[str, Reply] = field(default_factory=dict)

    def add_film(self, details: Reply, imdb_id: str | None = None) -> None:
        """Add a film, found by its own IMDb id or by another; parts among its details come on request."""
        path = f"/3/movie/{details['id']}"
        parts = {"external_ids": {"imdb_id": details["imdb_id"], "wikidata_id": None}}
        self.append(path, **parts | {part: details[part] for part in EMPTY_PARTS.keys() & details.keys()})
        details = {name: value for name, value in details.items() if name not in EMPTY_PARTS}
        self.replies[path] = details
        self.films.setdefault(imdb_id or details["imdb_id"], []).append(
            find_result(details, FIND_KEYS_OF_FILM, "movie")
        )

    def add_franchise(self, franchise_id: int, films: list[Reply], **changed: object) -> None:
        """Add a collection with these films."""
        keys = ("id", "title", "release_date", "poster_path", "overview", "original_language")
        self.replies[f"/3/collection/{franchise_id}"] = {
            "id": franchise_id,
            "name": "The Collection",
            "overview": "Films that belong together.",
            "poster_path": f"/collection{franchise_id}.jpg",
            "backdrop_path": None,
            "parts": [{key: one[key] for key in keys} | {"media_type": "movie"} for one in films],
            **changed,
        }

    def add_person(self, details: Reply) -> None:
        """Add a person, found by their IMDb id."""
        self.replies[f"/3/person/{details['id']}"] = details
        shown = {key: details[key] for key in FIND_KEYS_OF_PERSON}
        self.people[details["imdb_id"]] = [shown | {"media_type": "person", "known_for": []}]

    def append(self, path: str, **parts: Reply) -> None:
        """Add replies that come with the one at `path` on request."""
        self.appended |= {f"{path}/{part}": reply for part, reply in parts.items()}

    def add_show(self, details: Reply, imdb_id: str, *, episodes: int = 0) -> None:
        """Add a show, found by an IMDb id, with `episodes` in each of its seasons."""
        path = f"/3/tv/{details['id']}"
        self.replies[path] = details
        self.append(path, external_ids={"imdb_id": imdb_id, "tvdb_id": None})
        self.shows.setdefault(imdb_id, []).append(find_result(details, FIND_KEYS_OF_SHOW, "tv"))
        for season in range(1, details["number_of_seasons"] + 1 if episodes else 0):
            numbers = range(1, episodes + 1)
            self.add_season(details["id"], season, [episode(details["id"], season, n) for n in numbers])

    def add_season(self, show_id: int, season: int, episodes: list[Reply]) -> None:
        """Add a season and each of its episodes."""
        path = f"/3/tv/{show_id}/season/{season}"
        self.replies[path] = season_of(show_id, season, episodes)
        for one in episodes:
            self.replies[f"{path}/episode/{one['episode_number']}"] = one

    def reply(self, path: str, query: str) -> bytes | None:
        """Return the body of TMDB's reply; None: TMDB would respond with 404."""
        if path.startswith("/3/find/"):
            imdb_id = path.removeprefix("/3/find/")
            return orjson.dumps(
                {
                    "movie_results": self.films.get(imdb_id, []),
                    "person_results": self.people.get(imdb_id, []),
                    "tv_results": self.shows.get(imdb_id, []),
                    "tv_episode_results": [],
                    "tv_season_results": [],
                }
            )
        known = self.replies.get(path)
        if known is None:
            return None
        asked = parse_qs(query).get("append_to_response", [""])[0].split(",")
        appended = {part: self.appended.get(f"{path}/{part}", EMPTY_PARTS.get(part)) for part in asked}
        return orjson.dumps(known | {part: reply for part, reply in appended.items() if reply is not None})
