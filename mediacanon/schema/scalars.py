"""Scalars whose format a client can rely on."""

import datetime as dt
import re
from typing import NewType

import strawberry
from strawberry.schema.config import StrawberryConfig

from mediacanon import notation
from mediacanon.errors import BadArgument

IMDB_ID = notation.IMDB_ID
MICROSECOND_DIGITS = 6

TMDB_KEY = re.compile(r"(movie|show):([1-9][0-9]{0,9})")
LARGEST_INT = 2**31 - 1

ImdbId = NewType("ImdbId", str)
ExternalId = NewType("ExternalId", str)


def format_timestamp(value: dt.datetime) -> str:
    """Return RFC 3339 in UTC with `Z`, the fraction without trailing zeros: 2026-03-01T12:30:00.537Z."""
    text = value.isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return (text.rstrip("0") if value.microsecond else text) + "Z"


def parse_imdb_id(value: object) -> str:
    """Return the id. Raises BadArgument for anything but tt and seven to ten digits."""
    if not isinstance(value, str) or not IMDB_ID.fullmatch(value):
        raise BadArgument(f"{value!r} is no IMDb id; one looks like tt0903747")
    return value


def parse_external_id(value: object) -> str:
    """Return the id. Raises BadArgument for what neither IMDb nor TMDB would give."""
    if isinstance(value, str):
        tmdb = TMDB_KEY.fullmatch(value)
        if IMDB_ID.fullmatch(value) or (tmdb and int(tmdb[2]) <= LARGEST_INT):
            return value
    raise BadArgument(f"{value!r} is no external id; they look like tt0903747, movie:603 or show:1396")


CONFIG = StrawberryConfig(
    scalar_map={
        dt.date: strawberry.scalar(
            name="Date",
            description="A calendar day: `YYYY-MM-DD`.",
            serialize=dt.date.isoformat,
            parse_value=dt.date.fromisoformat,
        ),
        dt.datetime: strawberry.scalar(
            name="DateTime",
            description="A moment in UTC as RFC 3339, without trailing zeros: `2026-03-01T12:30:00.537Z`.",
            serialize=format_timestamp,
        ),
        ImdbId: strawberry.scalar(
            name="ImdbId",
            description="IMDb's id of a title or an episode: `tt` and seven to ten digits.",
            serialize=str,
            parse_value=parse_imdb_id,
        ),
        ExternalId: strawberry.scalar(
            name="ExternalId",
            description="An id of another catalogue: IMDb's `tt0903747`, TMDB's `movie:603` or `show:1396`.",
            serialize=str,
            parse_value=parse_external_id,
        ),
    }
)
