"""Rules of OMDb: every value is a text, "N/A" stands for none, and clients compare the texts of errors: README.md."""

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson

from mediacanon.rest_compat.endpoint import Data, Run, Texts, Variables
from mediacanon.vocabulary import IMDB_ID, country_names, language_names

NA = "N/A"
# Hits on a page, and the pages of a search.
PAGE, MOST_PAGES = 10, 100
INCORRECT_ID, FAULT = "Incorrect IMDb ID.", "Error getting data."
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TYPES = {"movie": "movie", "show": "series"}
# Characters that XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,99}")
JSON, XML, SCRIPT = "application/json", "text/xml", "text/javascript"
CHARSET = "; charset=utf-8"

Facts = Mapping[str, Any]
Answer = dict[str, Any]


class BestMatch:
    """Loads the title that a name fits best: a search, then the title itself."""

    async def __call__(self, run: Run, variables: Variables, texts: Texts) -> Data:
        """Return the data of the title; without a hit nothing is found."""
        hits = (await run({**variables, "isChosen": False}))["search"]
        exact = [hit for hit in hits if hit["matchedOn"] in ("NAME", "ORIGINAL_TITLE")]
        wanted = [hit["title"] for hit in exact or hits if _fits(hit["title"], texts)]
        if not wanted:
            return {"lookup": {"found": []}}
        return await run({**variables, "isChosen": True, "i": wanted[0]["imdbId"]})


def _fits(title: Facts, texts: Texts) -> bool:
    """Return whether a title has an IMDb id, and the type and the year that are asked for; series have a Season."""
    year, type_ = _number(texts, "y"), "series" if "Season" in texts else _first(texts, "type").lower()
    return bool(title["imdbId"]) and year in (None, title["startYear"]) and type_ in ("", TYPES[title["type"]])


def _first(texts: Texts, name: str) -> str:
    return next(iter(texts.get(name, ())), "").strip()


def _number(texts: Texts, name: str) -> int | None:
    text = _first(texts, name)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _text(value: object) -> str:
    return NA if value in (None, "", []) else str(value)


def _day(day: str | None) -> str:
    """Return 31 Mar 1999."""
    if not day:
        return NA
    year, month, number = day.split("-")
    return f"{number} {MONTHS[int(month) - 1]} {year}"


def _years(title: Facts) -> str:
    """Return the year, of a series the first and the last one with an en dash between, which ends a running one."""
    start, end = title["startYear"], title["endYear"]
    if not start or title["type"] == "movie":
        return _text(start)
    return str(start) if start == end else f"{start}\N{EN DASH}{end or ''}"


def _ratings(facts: Facts) -> Answer:
    rating, votes = facts["averageRating"], facts["numVotes"]
    shown = NA if rating is None else f"{rating:.1f}"
    return {
        "Ratings": [] if rating is None else [{"Source": "Internet Movie Database", "Value": f"{shown}/10"}],
        "Metascore": NA,
        "imdbRating": shown,
        "imdbVotes": NA if votes is None else f"{votes:,}",
        "imdbID": _text(facts["imdbId"]),
    }


def _of_title(title: Facts) -> Answer:
    """Return the values that an episode has from its series."""
    language, country = title["originalLanguage"], title["originCountry"]
    return {
        "Rated": _text(title["certification"]),
        "Genre": _text(", ".join(title["genres"])),
        "Language": _text(language_names().get(language, language)),
        "Country": _text(country_names().get(country, country)),
    }


def _title(title: Facts) -> Answer:
    shared, minutes = _of_title(title), title["runtimeMinutes"]
    found = {
        "Title": title["displayName"],
        "Year": _years(title),
        "Rated": shared["Rated"],
        "Released": _day(title["releaseDate"]),
        "Runtime": f"{minutes} min" if minutes else NA,
        "Genre": shared["Genre"],
        "Director": _people(title["directors"]),
        "Writer": _people(title["writers"]),
        "Actors": _people(title["actors"]),
        "Plot": _text(title["overview"] and title["overview"]["text"]),
        "Language": shared["Language"],
        "Country": shared["Country"],
        "Awards": NA,
        "Poster": _text(title["imageUrl"]),
        **_ratings(title),
        "Type": TYPES[title["type"]],
    }
    if title["type"] == "movie":
        companies = ", ".join(company["name"] for company in title["companies"])
        found |= {"DVD": NA, "BoxOffice": NA, "Production": _text(companies), "Website": _text(title["homepage"])}
    else:
        found["totalSeasons"] = _total_seasons(title["show"])
    return found | {"Response": "True"}


def _people(page: Facts | None) -> str:
    """Return the names of some people, each once: one may have several jobs."""
    names = [credit["person"]["name"] for credit in page["items"]] if page else []
    return _text(", ".join(dict.fromkeys(names)))


def _total_seasons(show: Facts) -> str:
    return _text(len([season for season in show["seasons"] if season["seasonNumber"]]) or None)


def _episode(episode: Facts, season: int, show: Facts) -> Answer:
    shared, day, minutes = _of_title(show), episode["airDate"], episode["runtimeMinutes"]
    return {
        "Title": _episode_name(episode),
        "Year": day[:4] if day else NA,
        "Rated": shared["Rated"],
        "Released": _day(day),
        "Season": str(season),
        "Episode": str(episode["episodeNumber"]),
        "Runtime": f"{minutes} min" if minutes else NA,
        "Genre": shared["Genre"],
        **dict.fromkeys(("Director", "Writer", "Actors"), NA),
        "Plot": _text(episode["synopsis"]),
        "Language": shared["Language"],
        "Country": shared["Country"],
        "Awards": NA,
        "Poster": _text(episode["imageUrl"] or show["imageUrl"]),
        **_ratings(episode),
        "seriesID": _text(show["imdbId"]),
        "Type": "episode",
        "Response": "True",
    }


def _episode_name(episode: Facts) -> str:
    return episode["displayName"] or f"Episode {episode['episodeNumber']}"


def _season_of(title: Facts | None, texts: Texts) -> Facts | None:
    seasons = title["show"]["seasons"] if title and title["show"] else []
    return next((each for each in seasons if each["seasonNumber"] == _number(texts, "Season")), None)


def detail_by_id(found: list[Facts], texts: Texts) -> Answer | None:
    """Return the title or the episode with an id, None without one."""
    answer = None
    if not IMDB_ID.fullmatch(_first(texts, "i")):
        return None
    if found and (episode := found[0]["episode"]):
        answer = _episode(episode, episode["season"]["seasonNumber"], episode["season"]["show"]["title"])
    elif found and found[0]["title"]:
        answer = _title(found[0]["title"])
    return answer


def detail_by_name(found: list[Facts], _: Texts) -> Answer | None:
    """Return the title that a name fits best."""
    return _title(found[0]["title"]) if found else None


def season_by_id(found: list[Facts], texts: Texts) -> Answer | None:
    """Return the episodes of a season by number, None if there is none."""
    title = found[0]["title"] if found else None
    season = _season_of(title, texts)
    if title is None or season is None:
        return None
    is_full = _first(texts, "detail").lower() == "full"
    return {
        "Title": title["displayName"],
        "Season": str(season["seasonNumber"]),
        "totalSeasons": _total_seasons(title["show"]),
        "Episodes": [
            _episode(each, season["seasonNumber"], title) if is_full else _short(each) for each in season["episodes"]
        ],
        "Response": "True",
    }


def _short(episode: Facts) -> Answer:
    rating = episode["averageRating"]
    return {
        "Title": _episode_name(episode),
        "Released": _text(episode["airDate"]),
        "Episode": str(episode["episodeNumber"]),
        "imdbRating": NA if rating is None else f"{rating:.1f}",
        "imdbID": _text(episode["imdbId"]),
    }


def episode_by_id(found: list[Facts], texts: Texts) -> Answer | None:
    """Return an episode of a season, None if there is none."""
    title = found[0]["title"] if found else None
    season, wanted = _season_of(title, texts), _number(texts, "Episode")
    episodes = season["episodes"] if season else []
    episode = next((each for each in episodes if each["episodeNumber"] == wanted), None)
    return _episode(episode, season["seasonNumber"], title) if title and season and episode else None


season_by_name, episode_by_name = season_by_id, episode_by_id


def search(hits: list[Facts], texts: Texts) -> Answer | None:
    """Return a page of the hits with an IMDb id, of the type and the year asked for; None without one."""
    page = _number(texts, "page")
    number = 1 if page is None else page
    fitting = [hit["title"] for hit in hits if _fits(hit["title"], texts)]
    shown = fitting[PAGE * (number - 1) : PAGE * number] if 1 <= number <= MOST_PAGES else []
    if not shown:
        return None
    return {
        "Search": [
            {
                "Title": title["displayName"],
                "Year": _years(title),
                "imdbID": title["imdbId"],
                "Type": TYPES[title["type"]],
                "Poster": _text(title["imageUrl"]),
            }
            for title in shown
        ],
        "totalResults": str(len(fitting)),
        "Response": "True",
    }


def no_title(texts: Texts) -> str:
    """Return the message for an id that is none, or that nothing has."""
    return FAULT if IMDB_ID.fullmatch(_first(texts, "i")) else INCORRECT_ID


def no_hit(texts: Texts) -> str:
    """Return the message for a name that nothing fits."""
    if _number(texts, "page") not in (None, *range(1, MOST_PAGES + 1)):
        return "The offset specified in a OFFSET clause may not be negative."
    return "Series not found!" if _first(texts, "type").lower() == "series" else "Movie not found!"


def no_season(_: Texts) -> str:
    """Return the message for an unknown season."""
    return "Series or season not found!"


def no_episode(_: Texts) -> str:
    """Return the message for an unknown episode."""
    return "Series or episode not found!"


def written(answer: Any, texts: Texts) -> tuple[bytes, str]:  # noqa: ANN401 - any JSON
    """Return an answer or an error as JSON, as XML for `r=xml`, as a call for `callback`, with its media type."""
    if _first(texts, "r").lower() == "xml":
        return _xml(answer).encode(), XML + CHARSET
    body, callback = orjson.dumps(answer), _first(texts, "callback")
    if not CALLBACK.fullmatch(callback):
        return body, JSON + CHARSET
    # Separators of lines end a string of scripts before ES2019.
    text = body.decode().replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"{callback}({text});".encode(), SCRIPT + CHARSET


def _xml(answer: Answer) -> str:
    response = f"response={quoteattr(answer['Response'])}"
    if "Error" in answer:
        body = f"<root {response}><error>{quoteattr(answer['Error'])[1:-1]}</error></root>"
    elif "Search" in answer:
        results = "".join(f"<result {_attributes(hit)}/>" for hit in answer["Search"])
        body = f"<root totalResults={quoteattr(answer['totalResults'])} {response}>{results}</root>"
    elif "Episodes" in answer:
        results = "".join(f"<result {_attributes(each)}/>" for each in answer["Episodes"])
        head = _attributes({name: answer[name] for name in ("Title", "Season", "totalSeasons")})
        body = f"<root {head} {response}>{results}</root>"
    else:
        body = f"<root {response}><movie {_attributes(answer)}/></root>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{body}'


def _quoted(text: str) -> str:
    return quoteattr(_NO_XML.sub("", text))


def _attributes(facts: Facts) -> str:
    """Return the texts of an object as attributes, each name with a small first letter."""
    return " ".join(
        f"{name[0].lower()}{name[1:]}={_quoted(value)}"
        for name, value in facts.items()
        if isinstance(value, str) and name != "Response"
    )


def example_names(data: Facts) -> dict[str, object]:
    """Return the ids and the name in the examples."""
    movies, shows = data["movies"]["items"], data["shows"]["items"]
    return {
        "movie": movies[0]["imdbId"] if movies else "tt0111161",
        "series": shows[0]["imdbId"] if shows else "tt0903747",
        "name": (shows[0]["displayName"] if shows else "Friends").replace("&", "%26").replace("+", "%2B"),
    }


def addresses(_: Facts) -> dict[str, list[tuple[str, str]]]:
    """Return the address that programs ask for."""
    return {"Programs for OMDb, as the address of the API": [("Address", "/omdb/")]}


_TEXT = {"type": "string"}
_TRUE = {"const": "True"}
_ERROR = {
    "type": "object",
    "properties": {"Response": {"const": "False"}, "Error": _TEXT},
    "required": ["Response", "Error"],
    "additionalProperties": False,
}
_IN_EVERY_DETAIL = (
    *("Title", "Year", "Rated", "Released", "Runtime", "Genre", "Director", "Writer", "Actors", "Plot", "Language"),
    *("Country", "Awards", "Poster", "Metascore", "imdbRating", "imdbVotes", "imdbID", "Type"),
)
_IN_SOME = ("DVD", "BoxOffice", "Production", "Website", "totalSeasons", "Season", "Episode", "seriesID")


def _or_error(schema: Facts) -> dict[str, Any]:
    return {"anyOf": [{"type": "object", "additionalProperties": False, **schema}, _ERROR]}


_DETAIL = {
    "properties": {
        **dict.fromkeys((*_IN_EVERY_DETAIL, *_IN_SOME), _TEXT),
        "Ratings": {"type": "array", "items": {"type": "object", "required": ["Source", "Value"]}},
        "Response": _TRUE,
    },
    "required": [*_IN_EVERY_DETAIL, "Ratings", "Response"],
}
DETAIL_SCHEMA = _or_error(_DETAIL)
SEASON_SCHEMA = _or_error(
    {
        "properties": {
            **dict.fromkeys(("Title", "Season", "totalSeasons"), _TEXT),
            "Episodes": {
                "type": "array",
                "items": {"type": "object", "required": ["Title", "Released", "Episode", "imdbRating", "imdbID"]},
            },
            "Response": _TRUE,
        },
        "required": ["Title", "Season", "totalSeasons", "Episodes", "Response"],
    }
)
SEARCH_SCHEMA = _or_error(
    {
        "properties": {
            "Search": {
                "type": "array",
                "minItems": 1,
                "maxItems": PAGE,
                "items": {
                    "type": "object",
                    "properties": dict.fromkeys(("Title", "Year", "imdbID", "Type", "Poster"), _TEXT),
                    "required": ["Title", "Year", "imdbID", "Type", "Poster"],
                    "additionalProperties": False,
                },
            },
            "totalResults": {"type": "string", "pattern": "^[0-9]+$"},
            "Response": _TRUE,
        },
        "required": ["Search", "totalResults", "Response"],
    }
)
