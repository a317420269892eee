"""Controlled vocabulary: the catalogue's types, sort orders, id formats, sentinels and bounds, each spelled once."""

import enum
import re
from typing import Literal, get_args

TitleType = Literal["movie", "show"]
TITLE_TYPES: tuple[TitleType, ...] = get_args(TitleType)


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
