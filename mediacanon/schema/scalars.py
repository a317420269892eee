"""Scalars: formats that clients can rely on."""

import datetime as dt
import re
from contextlib import suppress
from typing import NewType

import strawberry
from strawberry.schema.config import StrawberryConfig

from mediacanon.errors import BadArgument, quoted
from mediacanon.vocabulary import IMDB_ID, IMDB_PERSON_ID, MAX_INTEGER, TITLE_TYPES

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIMESTAMP = re.compile(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
RFC_3339 = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"
TMDB_PERSON = "person"
TVDB_SHOW = "tvdb"
# TMDB's numbers by their kind, and TVDB's of shows.
NUMBERED_ID = re.compile(rf"({'|'.join((*TITLE_TYPES, TMDB_PERSON, TVDB_SHOW))}):([1-9][0-9]{{0,9}})")

EXTERNAL_IDS = "tt0903747, nm0000138, movie:603, show:1396, person:31 or tvdb:81189"

ImdbId = NewType("ImdbId", str)
ImdbPersonId = NewType("ImdbPersonId", str)
ExternalId = NewType("ExternalId", str)


def format_timestamp(text: str) -> str:
    """Return a moment of a row (`as_moment`) as RFC 3339 in UTC with `Z`: 2026-03-01T12:30:00.537Z."""
    return f"{text.replace(' ', 'T')}Z"


def parse_date(value: object) -> dt.date:
    """Return the day. Raises BadArgument for any format but YYYY-MM-DD, also for the others of ISO 8601."""
    if isinstance(value, str) and DATE.fullmatch(value):
        with suppress(ValueError):
            return dt.date.fromisoformat(value)
    raise BadArgument(f"{quoted(value)} is no day; one looks like 2008-01-20")


def parse_timestamp(value: object) -> dt.datetime:
    """Return the moment in UTC, without its zone as rows have it. Raises BadArgument for any format but RFC 3339's."""
    if isinstance(value, str) and TIMESTAMP.fullmatch(value):
        with suppress(ValueError, OverflowError):
            return dt.datetime.fromisoformat(value).astimezone(dt.UTC).replace(tzinfo=None)
    raise BadArgument(f"{quoted(value)} is no moment; one looks like 2026-03-01T12:30:00Z")


def parse_imdb_id(value: object) -> str:
    """Return the id. Raises BadArgument for any format but tt and seven to ten digits."""
    if not isinstance(value, str) or not IMDB_ID.fullmatch(value):
        raise BadArgument(f"{quoted(value)} is no IMDb id; one looks like tt0903747")
    return value


def parse_imdb_person_id(value: object) -> str:
    """Return the id. Raises BadArgument for any format but nm and seven to nine digits."""
    if not isinstance(value, str) or not IMDB_PERSON_ID.fullmatch(value):
        raise BadArgument(f"{quoted(value)} is no IMDb id of a person; one looks like nm0000138")
    return value


def parse_external_id(value: object) -> str:
    """Return the text. Raises BadArgument for other values; `lookup` judges each id, so that one spoils no other."""
    if not isinstance(value, str):
        raise BadArgument(f"{quoted(value)} is no text; external ids look like {EXTERNAL_IDS}")
    return value


def external_id_fault(text: str) -> str | None:
    """Return why a text is no external id, None for one in the format of IMDb, TMDB or TVDB."""
    numbered = NUMBERED_ID.fullmatch(text)
    if numbered and int(numbered[2]) > MAX_INTEGER:
        return f"the numbers of TMDB and TVDB end at {MAX_INTEGER}"
    is_imdb = IMDB_ID.fullmatch(text) or IMDB_PERSON_ID.fullmatch(text)
    return None if numbered or is_imdb else f"no external id; they look like {EXTERNAL_IDS}"


CONFIG = StrawberryConfig(
    scalar_map={
        dt.date: strawberry.scalar(
            name="Date",
            description="A calendar day, `full-date` of RFC 3339: `YYYY-MM-DD`.",
            specified_by_url=RFC_3339,
            # Rows hold days as text in this format.
            serialize=str,
            parse_value=parse_date,
        ),
        dt.datetime: strawberry.scalar(
            name="DateTime",
            description="A moment in UTC, `date-time` of RFC 3339 with `Z` and a fraction of at most six digits "
            "without trailing zeros: `2026-03-01T12:30:00.537Z`.",
            specified_by_url=RFC_3339,
            serialize=format_timestamp,
            parse_value=parse_timestamp,
        ),
        ImdbId: strawberry.scalar(
            name="ImdbId",
            description="IMDb's id of a title or an episode: `tt` and seven to ten digits.",
            serialize=str,
            parse_value=parse_imdb_id,
        ),
        ImdbPersonId: strawberry.scalar(
            name="ImdbPersonId",
            description="IMDb's id of a person: `nm` and seven to nine digits.",
            serialize=str,
            parse_value=parse_imdb_person_id,
        ),
        ExternalId: strawberry.scalar(
            name="ExternalId",
            description="An id of another catalogue: IMDb's `tt` and seven to ten digits (`tt0903747`) or `nm` and "
            "seven to nine (`nm0000138`), or TMDB's number from 1 to 2147483647 without leading zeros behind `movie:`, "
            "`show:` or `person:` (`movie:603`, `show:1396`, `person:31`), or TVDB's of a show (`tvdb:81189`). "
            "An argument takes any text.",
            serialize=str,
            parse_value=parse_external_id,
        ),
    }
)
