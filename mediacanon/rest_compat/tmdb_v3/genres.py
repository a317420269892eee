"""TMDB's genres: their numbers and names for the catalogue's genres, which are IMDb's and custom ones."""

import zlib
from collections.abc import Iterable
from typing import NamedTuple

from mediacanon.execution.variables import Unreadable
from mediacanon.vocabulary import CUSTOM_GENRES, IMDB_GENRES


class Genre(NamedTuple):
    """A genre as TMDB numbers it."""

    id: int
    name: str


# Our name -> TMDB's genre, for movies and for shows. https://developer.themoviedb.org/reference/genre-movie-list
_IN_BOTH = "Animation 16|Comedy 35|Crime 80|Documentary 99|Drama 18|Family 10751|Mystery 9648|Western 37"
_TABLES = {
    "movie": f"{_IN_BOTH}|Action 28|Adventure 12|Fantasy 14|History 36|Horror 27|Music 10402|Romance 10749|"
    "Sci-Fi 878 Science Fiction|Thriller 53|War 10752",
    "show": f"{_IN_BOTH}|Action 10759 Action & Adventure|Adventure 10759 Action & Adventure|"
    "Fantasy 10765 Sci-Fi & Fantasy|News 10763|Reality-TV 10764 Reality|Sci-Fi 10765 Sci-Fi & Fantasy|"
    "Talk-Show 10767 Talk|War 10768 War & Politics",
}


def _read(table: str) -> dict[str, Genre]:
    """Return the genres of a table by our name; TMDB's is the same where it has none."""
    rows = (row.split(" ", 2) for row in table.split("|"))
    return {name: Genre(int(id_), *(named or [name])) for name, id_, *named in rows}


GENRES = {type_: _read(table) for type_, table in _TABLES.items()}
# Genres that TMDB lacks have numbers of our own, made of their names.
FIRST_OWN, OWN = 900_000, 100_000_000


def genre(name: str, type_: str) -> Genre:
    """Return the genre of a movie or show by the catalogue's name."""
    return GENRES[type_].get(name) or Genre(FIRST_OWN + zlib.crc32(name.encode()) % OWN, name)


def genres(names: Iterable[str], type_: str) -> list[Genre]:
    """Return the genres of some names, each once: one of TMDB's may be two of ours."""
    return list(dict.fromkeys(genre(name, type_) for name in names))


def word_of(number: str, type_: str) -> str:
    """Return the word for a number of a genre: our name, or TMDB's where it means several. Raises Unreadable."""
    names = [name for name in (*IMDB_GENRES, *CUSTOM_GENRES) if str(genre(name, type_).id) == number]
    if not names:
        raise Unreadable("the number of a genre")
    return names[0] if len(names) == 1 else genre(names[0], type_).name
