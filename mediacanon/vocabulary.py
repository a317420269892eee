"""Controlled vocabulary: the catalogue's types, sort orders, id formats, sentinels and bounds, each spelled once.

Clients spell the words of a filter in their own ways: `title_type`, `language_code`, `country_code` and `genres_named`
return the catalogue's spelling.
"""

import enum
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, get_args

from babel import Locale

TitleType = Literal["movie", "show"]
TITLE_TYPES: tuple[TitleType, ...] = get_args(TitleType)


# The words of TMDB and of other programs for the two types, lower case.
_TYPE_WORDS = {"movies": "movie", "film": "movie", "shows": "show", "series": "show", "tv": "show"}

# https://developer.imdb.com/non-commercial-datasets/ names no list; these are the genres of its dump.
IMDB_GENRES = (
    *("Action", "Adult", "Adventure", "Animation", "Biography", "Comedy", "Crime", "Documentary", "Drama", "Family"),
    *("Fantasy", "Film-Noir", "Game-Show", "History", "Horror", "Music", "Musical", "Mystery", "News", "Reality-TV"),
    *("Romance", "Sci-Fi", "Short", "Sport", "Talk-Show", "Thriller", "War", "Western"),
)
# The genres that every catalogue has for people to assign; `mediacanon genres add` adds others.
CUSTOM_GENRES = ("Cooking", "Dating")
# TMDB's names and usual words for IMDb's genres. A word for two genres means either.
# TMDB's Soap and TV Movie are no genres of IMDb.
_GENRE_WORDS = {
    "Action & Adventure": ("Action", "Adventure"),
    "Kids": ("Family",),
    "Noir": ("Film-Noir",),
    "Reality": ("Reality-TV",),
    "Sci-Fi & Fantasy": ("Sci-Fi", "Fantasy"),
    "Science Fiction": ("Sci-Fi",),
    "Sports": ("Sport",),
    "Talk": ("Talk-Show",),
    "War & Politics": ("War",),
}

# Two or three letters, and the codes that TMDB has beyond ISO 639: Cantonese, Moldavian, and no language.
_TMDB_LANGUAGES = {"cn": "Cantonese", "mo": "Moldavian", "xx": "No Language"}
# Codes of countries that are no codes of languages. `kr` is one: Kanuri.
_LANGUAGE_WORDS = {"cz": "cs", "dk": "da", "gr": "el", "jp": "ja", "ua": "uk"}
# Names that CLDR has in other words, and the countries of old films, which TMDB has with the codes they had.
_COUNTRY_WORDS = {
    "czech republic": "CZ",
    "czechoslovakia": "XC",
    "east germany": "XG",
    "great britain": "GB",
    "hong kong": "HK",
    "macao": "MO",
    "macau": "MO",
    "serbia and montenegro": "CS",
    "soviet union": "SU",
    "turkey": "TR",
    "uk": "GB",
    "united states of america": "US",
    "usa": "US",
    "yugoslavia": "YU",
}
_COUNTRY_LENGTH = 2


class DiscoverSort(enum.Enum):
    """Sort orders of discover: a member's name is its spelling in GraphQL, its value that of REST, pages and files."""

    MOST_RATED = "most_rated"
    TRENDING = "trending"
    POPULAR = "popular"
    TOP_RATED = "top_rated"
    NEWEST = "newest"
    HIDDEN_GEMS = "hidden_gems"
    A_TO_Z = "a-z"


# The first films are of the 1870s; announced ones lie a few years ahead.
FIRST_YEAR, LAST_YEAR = 1870, 2100
IMDB_ID = re.compile(r"tt[0-9]{7,10}")

# Sentinels in `image_url` for "TMDB has none"; the empty text is older. None of them ever leaves the server.
NO_POSTER = "none"
NO_STILL = "TMDB_NOT_FOUND_DO_NOT_RETRY"
NO_IMAGE = frozenset({"", NO_POSTER, NO_STILL})

# PostgreSQL's integer, which GraphQL's Int has the range of, and its bigint.
MIN_INTEGER, MAX_INTEGER = -(2**31), 2**31 - 1
MIN_BIGINT, MAX_BIGINT = -(2**63), 2**63 - 1

# For a character class; the syntax is that of JSON Schema as well.
CONTROL_CHARACTERS = r"\x00-\x1f\x7f-\x9f"
HTTP_ADDRESS = (
    rf"https?://[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*(:[0-9]{{1,5}})?([/?#][^\s\x20{CONTROL_CHARACTERS}\"<>\\^`{{|}}]*)?"
)


def control_characters(*, allowed: str = "") -> re.Pattern[str]:
    """Return the pattern of a character that no stored text may hold, `allowed` excepted.

    Control characters, and halves of surrogate pairs, which are no characters. PostgreSQL stores no NUL.
    """
    return re.compile(rf"(?![{allowed}])" * bool(allowed) + rf"[{CONTROL_CHARACTERS}\ud800-\udfff]")


CONTROL = control_characters()


def title_type(text: str) -> str:
    """Return the type that a word means in any case, such as `Movie`, `tv` or `series`; other words as they are."""
    word = text.strip().lower()
    return word if word in TITLE_TYPES else _TYPE_WORDS.get(word, text)


@functools.cache
def language_names() -> Mapping[str, str]:
    """Return the English name of each language code in use."""
    return {**Locale("en").languages, **_TMDB_LANGUAGES}


@functools.cache
def country_names() -> Mapping[str, str]:
    """Return the English name of each country code in use; continents are none."""
    territories = Locale("en").territories.items()
    known = {code: name for code, name in territories if len(code) == _COUNTRY_LENGTH}
    return {code: name.title() for name, code in _COUNTRY_WORDS.items() if code not in known} | known


@functools.cache
def _language_words() -> Mapping[str, str]:
    return {name.lower(): code for code, name in language_names().items()} | _LANGUAGE_WORDS


@functools.cache
def _country_words() -> Mapping[str, str]:
    return {name.lower(): code for code, name in country_names().items()} | _COUNTRY_WORDS


def language_code(text: str) -> str:
    """Return the code of a language in any case, or of its English name: `KO` and `Korean` are `ko`.

    An unknown word stays as it is.
    """
    word = text.strip().lower()
    return word if word in language_names() else _language_words().get(word, text)


def country_code(text: str) -> str:
    """Return the code of a country in any case, or of its English name: `kr` and `South Korea` are `KR`.

    An unknown word stays as it is.
    """
    code = text.strip().upper()
    return code if code in country_names() else _country_words().get(code.lower(), text)


# Parameter of an address -> the function that returns the catalogue's spelling of its words.
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "type": title_type,
    "lang": language_code,
    "country": country_code,
}


def _genre_key(name: str) -> str:
    """Return the letters and digits of a name, lower case: `Sci-Fi`, `sci fi` and `SciFi` are one."""
    return "".join(filter(str.isalnum, name.lower().replace("&", "and"))) or name.lower()


_GENRES_BY_KEY = {_genre_key(word): genres for word, genres in _GENRE_WORDS.items()}


def genres_named(word: str, known: Iterable[str]) -> list[str]:
    """Return the genres among the known ones that a word names: itself, its other spellings, else TMDB's meaning.

    Several for a word of TMDB such as `Sci-Fi & Fantasy`, which means either; none for an unknown word.
    """
    names, key = list(known), _genre_key(word)
    if word in names:
        return [word]
    spelled = [name for name in names if _genre_key(name) == key]
    return spelled or [name for name in _GENRES_BY_KEY.get(key, ()) if name in names]
