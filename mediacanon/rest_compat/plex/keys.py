"""Keys: how Plex names a title, a season and an episode here, and the questions that follow from a key."""

import re
from collections.abc import Mapping
from typing import Any

from mediacanon.rest_compat.endpoint import Data, Run, Texts, Variables

IDENTIFIERS = {kind: f"tv.plex.agents.custom.mediacanon.{kind}s" for kind in ("movie", "show")}
# Our ids have nine digits here at most.
KEY = re.compile(
    r"(?:(?P<imdb>tt[0-9]{7,10})|(?P<kind>movie|show)-(?P<id>[1-9][0-9]{0,8}))"
    r"(?:-s(?P<season>[0-9]{1,4})(?:e(?P<episode>[0-9]{1,6}))?)?"
)
# A language with a country, if it is one of two letters: en-US, es-419, zh-Hans-CN.
_LANGUAGE = re.compile(r"(?P<tag>[A-Za-z]{2}(?:-[A-Za-z]{2})?)(?:-.*)?")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
# The country whose certifications Plex shows without its code.
UNPREFIXED = "US"


def text_of(texts: Texts, name: str) -> str:
    """Return the first text of a parameter, empty without one."""
    return next(iter(texts.get(name, ())), "").strip()


def number_of(texts: Texts, name: str, otherwise: int | None = None) -> int | None:
    """Return a parameter as a whole number from 0, or the other value where it is none."""
    text = text_of(texts, name)
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else otherwise


def is_set(texts: Texts, name: str) -> bool:
    """Return whether a switch is on: 1 or true."""
    return text_of(texts, name) in ("1", "true")


def country_of(texts: Texts) -> str:
    """Return the country whose certifications are asked for."""
    text = text_of(texts, "X-Plex-Country")
    return text.upper() if _COUNTRY.fullmatch(text) else UNPREFIXED


def locale_of(texts: Texts) -> Variables:
    """Return the variables of language and country; a language that is no tag is English."""
    language = _LANGUAGE.fullmatch(text_of(texts, "X-Plex-Language"))
    return {"languages": [language["tag"] if language else "en"], "country": country_of(texts)}


def work_key(title: Mapping[str, Any], imdb_id: str | None) -> str:
    """Return the key of a movie or a show: IMDb's id, or ours behind its kind."""
    return imdb_id or f"{title['type']}-{title['movieId'] if title['type'] == 'movie' else title['showId']}"


def read_key(text: str, kind: str) -> re.Match[str] | None:
    """Return the parts of a key; None for a text that is no key of this kind. A movie has no seasons."""
    key = KEY.fullmatch(text)
    if key is None or key["kind"] not in (None, kind) or (key["season"] and kind == "movie"):
        return None
    return key


def work_of(key: re.Match[str]) -> Variables:
    """Return the variables that name the movie or the show of a key."""
    return {"by": {"imdbId": key["imdb"]}} if key["imdb"] else {"id": int(key["id"])}


class Ask:
    """Runs the parts of a document: the variable `asksShow` includes the part `Show`."""

    def __init__(self, run: Run, variables: Variables, texts: Texts) -> None:
        self._run = run
        self._variables = {**variables, **locale_of(texts)}

    async def __call__(self, *parts: str, **variables: Any) -> Data:  # noqa: ANN401 - of the document
        """Return the data of these parts."""
        return await self._run({**self._variables, **{f"asks{part}": True for part in parts}, **variables})


async def load_movie(run: Run, variables: Variables, texts: Texts) -> Data:
    """Return the movie of a key."""
    key = read_key(text_of(texts, "ratingKey"), "movie")
    return await Ask(run, variables, texts)(**work_of(key)) if key else {"movie": None}


async def load_part_of_show(run: Run, variables: Variables, texts: Texts) -> Data:
    """Return the show, the season or the episode of a key; the season of an episode without an IMDb id."""
    key, ask = read_key(text_of(texts, "ratingKey"), "show"), Ask(run, variables, texts)
    if key is None:
        return {}
    if key["season"] is None:
        episode = {"episode": {"imdbId": key["imdb"]}} if key["imdb"] else {}
        return await ask("Show", *(["Episode"] if episode else []), **work_of(key), **episode)
    show = (await ask("Seasons", **work_of(key)))["numbers"]
    for season in show["seasons"] if show else ():
        if season["seasonNumber"] == int(key["season"]):
            return await ask("Season", season=season["seasonId"])
    return {}
