"""Texts that people type into a search: a pasted id, or words with a year, a country or a season among them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from mediacanon.vocabulary import country_names

# Some names have 300 characters.
LONGEST_QUERY = 300
# So many words must each begin a word of a name; later ones only tell exact names apart.
MOST_WORDS = 8
# Of the years in a text, the last ones narrow it.
MOST_YEARS = 2

_IMDB_ID = re.compile(r"(?<![a-z0-9])((?:tt|nm)\d{5,10})(?![a-z0-9])", re.IGNORECASE)
_TMDB_ID = re.compile(r"(?:tmdb:|themoviedb\.org/)(?:(movie|tv|show|person)[:/])?(\d{1,9})\b", re.IGNORECASE)
_TVDB_ID = re.compile(r"(?:tvdb[:-]|thetvdb\.com/(?:dereferrer/series/|\?\S*\bid=))(\d{1,9})\b", re.IGNORECASE)
_NOUNS = {"movie": "movie", "tv": "show", "show": "show", "person": "person", None: None}

_YEAR = re.compile(r"^(1[89]\d\d|20\d\d|21\d\d)$")
_EPISODE = re.compile(r"^s\d{1,4}(e\d{1,5})?$")
# Words beside a name that say what is meant.
_KINDS = {
    "movie": "movie", "film": "movie", "movies": "movie", "films": "movie", "series": "show", "show": "show",
    "tv": "show", "serie": "show", "miniseries": "show", "mini": "show", "anime": None, "season": "show",
    "staffel": "show", "saison": "show", "episode": "show",
}  # fmt: skip
_COUNTRIES = {name.lower(): code for code, name in country_names().items() if " " not in name} | {
    "us": "US", "usa": "US", "america": "US", "american": "US", "uk": "GB", "england": "GB", "britain": "GB",
    "british": "GB", "english": "GB", "french": "FR", "german": "DE", "japanese": "JP", "korean": "KR", "korea": "KR",
    "danish": "DK", "swedish": "SE", "norwegian": "NO", "spanish": "ES", "italian": "IT", "australian": "AU",
    "canadian": "CA", "indian": "IN", "chinese": "CN", "russian": "RU", "turkish": "TR", "turkey": "TR", "polish": "PL",
    "dutch": "NL", "israeli": "IL", "mexican": "MX", "brazilian": "BR",
}  # fmt: skip
_NUMBERED = ("season", "staffel", "saison", "episode")
# Words of which a name may lack any, as long as it has the others.
_WEAK = frozenset(["the", "a", "an", "and", "et", "und"])
_UNSPACED = re.compile(r"^[\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]$")

# Thai, Lao, Burmese and Khmer: a word of letters in a name is several words.
_UNSPACED_WORDS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


@dataclass(frozen=True, slots=True)
class PastedId:
    """An id in another catalogue; `noun`: title, movie, show or person, None if the id does not tell."""

    source: str
    noun: str | None
    value: str


class Told(NamedTuple):
    """The facts of a title that a program tells beside the text."""

    type: str | None = None
    year: int | None = None


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text: the words of a name, and the facts of the title that the other words tell."""

    words: tuple[str, ...]
    year: int | None = None
    country: str | None = None
    kind: str | None = None

    @property
    def name(self) -> str:
        """The words as a folded name."""
        return " ".join(self.words)

    @property
    def is_narrowed(self) -> bool:
        """True if words were left out of the name."""
        return bool(self.year or self.country or self.kind)


def pasted_id(text: str) -> PastedId | None:
    """Return the id in a pasted text such as tt0903747, imdb:nm0000138, tmdb:movie:603 or an address; None without."""
    if found := _IMDB_ID.search(text[:LONGEST_QUERY]):
        value = found[1].lower()
        return PastedId("imdb", "person" if value.startswith("nm") else "title", value)
    if found := _TMDB_ID.search(text[:LONGEST_QUERY]):
        return PastedId("tmdb", _NOUNS[found[1] and found[1].lower()], found[2])
    if found := _TVDB_ID.search(text[:LONGEST_QUERY]):
        return PastedId("tvdb", "show", found[1])
    return None


def readings_of(folded: str) -> list[Reading]:
    """Return the ways to read a folded text, at most four: as it stands, and with its last words as facts."""
    words = tuple(folded.split())
    readings = [Reading(words)]
    kept, kind, country = _without_told(words)
    if len(kept) < len(words):
        readings.append(Reading(kept, kind=kind, country=country))
    for year in _years(kept):
        place = len(kept) - 1 - kept[::-1].index(year)
        readings.append(Reading((*kept[:place], *kept[place + 1 :]), int(year), country, kind))
    return readings


def _without_told(words: Sequence[str]) -> tuple[tuple[str, ...], str | None, str | None]:
    """Return the words without those at either end that tell a kind or a country, with both; years stay."""
    kept, years, kind, country = list(words), list[str](), None, None
    while len(kept) > 1:
        if _YEAR.match(kept[-1]) and len(years) < MOST_YEARS:
            years.insert(0, kept.pop())
            continue
        told = _told_at_the_end(kept)
        if told is None:
            break
        number, kind_told, country_told = told
        kept, kind, country = kept[:-number], kind or kind_told, country or country_told
    if len(kept) > 1 and kept[0] in _KINDS:
        kind, kept = kind or _KINDS[kept[0]], kept[1:]
    return (*kept, *years), kind, country


def _told_at_the_end(words: Sequence[str]) -> tuple[int, str | None, str | None] | None:
    """Return how many of the last words tell something, and the kind and the country they tell."""
    last, before = words[-1], words[-2]
    if len(words) > 2 and before in _NUMBERED and last.isdecimal():  # noqa: PLR2004 - a word is left
        return 2, "show", None
    if _EPISODE.match(last):
        return 1, "show", None
    if last in _KINDS or last in _COUNTRIES:
        return 1, _KINDS.get(last), _COUNTRIES.get(last)
    return None


def _years(words: Sequence[str]) -> list[str]:
    """Return the years that narrow a text: those with other words beside them, or a year that is said twice."""
    years = [word for word in dict.fromkeys(words) if _YEAR.match(word)] if len(words) > 1 else []
    return years[-MOST_YEARS:]


def required_words(words: Sequence[str]) -> list[str]:
    """Return the words that a name must have, each at the beginning of one of its own; runs of Chinese as phrases."""
    strong = [word for word in words if word not in _WEAK] or list(words)
    return list(_joined(strong))[:MOST_WORDS]


def beginning_of(word: str) -> str:
    """Return the text, after a space, that a folded name holds if a word begins so; anywhere in unspaced scripts."""
    # The index has nothing for two letters inside of a word.
    return word if len(word) > 2 and _UNSPACED_WORDS.search(word) else f" {word}"  # noqa: PLR2004


def _joined(words: Sequence[str]) -> Iterator[str]:
    for is_unspaced, run in groupby(words, key=lambda word: bool(_UNSPACED.match(word))):
        if is_unspaced:
            yield " ".join(run)
        else:
            yield from run
