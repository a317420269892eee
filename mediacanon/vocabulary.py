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

# TMDB's words for the status of a movie or show.
TITLE_STATUSES = (
    *("Released", "Ended", "Returning Series", "Canceled", "In Production", "Post Production", "Planned", "Pilot"),
    "Rumored",
)
_STATUS_WORDS = {
    **{status.lower(): status for status in TITLE_STATUSES},
    "cancelled": "Canceled",
    "returning": "Returning Series",
}
# The country of a certification where none is named.
DEFAULT_COUNTRY = "US"

# The certifications of countries in TMDB's words, of movies and shows, from the youngest audience to the oldest: `<`
# parts the steps, a bar the words of one. https://developer.themoviedb.org/reference/certification-movie-list
_CERTIFICATIONS = {
    "AR": "ATP<+13|SAM 13<+16|SAM 16<+18|SAM 18<C",
    "AU": "P<C<E<G<PG<M<MA 15+|MA15+<AV 15+|AV15+<R 18+|R18+<X 18+|X18+",
    "BG": "A<B<C|12<14<D|16<X|18",
    "BR": "L|AL<10|A10<12|A12<14|A14<16|A16<18|A18",
    "CA": "E|Exempt<C<C8<G<PG<14A|14+<18A|18+<R<A",
    "CH": "0<6<8<10<12<14<16<18",
    "CZ": "U<12+<15+<18+",
    "DE": "0<6<12<16<18",
    "DK": "A<7<11<15<F",
    "ES": "ERI<A|APTA<Ai|TP<7<7i<10<12<13<16<18<X",
    "FI": "S<K-7|K7|7<K-12|K12|12<K-16|K16|16<K-18|K18|18<KK",
    "FR": "TP|U<10<12<16<18",
    "GB": "U<PG<12A|12<15<18<R18",
    "GR": "K<8<12|K12<K15<16<18|K18",
    "HK": "I<IIA<IIB<III",
    "HU": "KN|Children<6<12<16<18<X",
    "ID": "SU<P<A<13+|R<17+<D<21+",
    "IE": "G<PG<12A|12<15A|15<16<18",
    "IL": "All|E<G<12|12+<14<15+<16<18|18+",
    "IN": "U<U/A 7+<UA<U/A 13+<U/A 16+<A<S",
    "IT": "T<BA|6+<VM12<14+|VM14<18+|VM18",
    "JP": "G<PG12<R15+<R18+",
    "KR": "Exempt<ALL|All<7<12<15<18|19<Restricted Screening",
    "LT": "V<N-7<N-13<N-14<N-16<N-18|S",
    "LU": "EA<6<12<16<18",
    "LV": "U<7+<12+<16+<18+",
    "MA": "10<12<16",
    "MO": "A<B<C<D",
    "MX": "AA<A<B<B-15<C<D",
    "MY": "U<P13<18|18SG|18SX|18PA|18PL",
    "NL": "AL<6<9<12<14<16<18",
    "NO": "A<6<7<9<11<12<15<18",
    "NZ": "G<PG<M<R13<RP13<R15<R16|16<RP16<R18|18<RP18<R",
    "PH": "G<PG<R-13<R-16|SPG<R-18<X",
    "PL": "0<7<12<16<18",
    "PR": "TV-Y<TV-Y7<G|TV-G<PG|TV-PG<PG-13<TV-14<R|TV-MA<NC-17",
    "PT": "Públicos|T<M/3<M/6<10AP<M/12|12AP<M/14<M/16|16<M/18|18<P",
    "RU": "0+<6+<12+<16+<18+",
    "SE": "Btl<7|Från 7 år<11|Från 11 år<15|Från 15 år",
    "SG": "G<PG<PG13<NC16<M18<R21",
    "SK": "U<7<12<15<18",
    "TH": "P|ส<G|ท<13|น 13+<15|น 15+<18|น 18+<20|ฉ 20-",
    "TR": "Genel İzleyici|Genel İzleyici Kitlesi<6A<6+|7+<10A<10+<13A<13+<16+<18+",
    "TW": "0+<6+<12+<15+<18+",
    "US": "TV-Y<TV-Y7<G|TV-G<PG|TV-PG<PG-13<TV-14<R|TV-MA<NC-17",
    "VI": "TV-Y<TV-Y7<G|TV-G<PG|TV-PG<PG-13<TV-14<R|TV-MA<NC-17",
    "ZA": "A|All<PG<7-9PG<10-12PG<13<16<18<X18<XX",
}


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
IMDB_PERSON_ID = re.compile(r"nm[0-9]{7,9}")
# A pattern of IMDb's words for professions.
PROFESSION = "[a-z][a-z_]{0,49}"

# IMDb's files beyond the three that every catalogue has.
FURTHER_FILES = ("title.akas", "title.crew", "title.principals", "name.basics")
# Selected on request alone: the credits of episodes, in title.principals.
FURTHER_OPTIONS = ("episode.credits",)

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


def title_status(text: str) -> str:
    """Return TMDB's word for a status in any case, with blanks or hyphens; other words as they are."""
    return _STATUS_WORDS.get(text.strip().lower().replace("-", " ").replace("_", " "), text)


def certifications_of(country: str) -> tuple[tuple[str, ...], ...]:
    """Return the certifications of a country by its code, from the youngest audience to the oldest; () if unknown.

    Each step has the words for movies and for shows that mean it.
    """
    return tuple(tuple(step.split("|")) for step in _CERTIFICATIONS.get(country, "").split("<") if step)


def certified_at_most(country: str, most: str) -> tuple[str, ...]:
    """Return the certifications of a country for an audience as young as that of `most` or younger, as US:PG-13.

    An unknown word, and any of a country whose order is unknown, stands for itself alone.
    """
    code, words = country_code(country), list[str]()
    for step in certifications_of(code):
        words += step
        if most.strip().casefold() in map(str.casefold, step):
            return tuple(f"{code}:{word}" for word in words)
    return (f"{code}:{most.strip()}",)


def person_number(text: str) -> str:
    """Return the number in IMDb's id of a person, which is our id of the person; any other text as it is."""
    return text[2:] if IMDB_PERSON_ID.fullmatch(text) else text


# The parameters of filters by people.
PEOPLE_PARAMETERS = ("people", "cast", "directed_by", "written_by")
# Parameter of an address -> the function that returns the catalogue's spelling of its words.
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "type": title_type,
    "lang": language_code,
    "country": country_code,
    "certification_country": country_code,
    **dict.fromkeys(PEOPLE_PARAMETERS, person_number),
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
