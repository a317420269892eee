"""Errors of TMDB: its codes and messages, and the tests of parameters that lead to them."""

import datetime as dt
import re
from contextlib import suppress

from mediacanon.errors import BadArgument, NotFound, WrongMethod
from mediacanon.rest_compat.dialect import JsonSchema
from mediacanon.rest_compat.endpoint import Check, Texts

MOST_PAGES, MOST_APPENDED, MOST_DAYS = 500, 20, 14
APPENDS, QUERY, START, END = "append_to_response", "query", "start_date", "end_date"
NOTHING = "The resource you requested could not be found."
NO_PAGE = "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer."
TOO_MANY = "Too many append to response objects: The maximum number of remote calls is 20."
NO_QUERY = "Invalid parameters: Your request parameters are incorrect."
NO_DAY = "Invalid date: Format needs to be YYYY-MM-DD."
TOO_LONG = "Invalid date range: Should be a range no longer than 14 days."
NO_METHOD = "This request method is not supported for this resource."
# https://developer.themoviedb.org/docs/errors
_BY_MESSAGE = {NOTHING: 34, NO_PAGE: 22, TOO_MANY: 27, NO_QUERY: 5, NO_DAY: 23, TOO_LONG: 20, NO_METHOD: 42}
_BY_STATUS = {400: 18, 429: 25, 503: 9}
_FAULT = 11
MESSAGES = {NotFound: NOTHING, WrongMethod: NO_METHOD}
_WHOLE = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Unprocessable(BadArgument):
    """A parameter is missing or wrong."""

    http_status = 422


def error(status: int, message: str) -> dict[str, object]:
    """Return the body of an error."""
    code = _BY_MESSAGE.get(message) or _BY_STATUS.get(status, _FAULT)
    return {"success": False, "status_code": code, "status_message": message}


def first(texts: Texts, name: str) -> str:
    """Return the first text of a parameter, empty for none."""
    return next(iter(texts.get(name, ())), "")


def day(text: str) -> dt.date | None:
    """Return the day in a text, None for a text that is none."""
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return dt.date.fromisoformat(text)
    return None


def page_of(texts: Texts) -> int:
    """Return the number of the page, 0 for a text that is none."""
    text = first(texts, "page") or "1"
    return int(text) if _WHOLE.fullmatch(text) else 0


def _appends_too_many(texts: Texts) -> bool:
    return sum(len(text.split(",")) for text in texts.get(APPENDS, ())) > MOST_APPENDED


def _has_no_day(texts: Texts) -> bool:
    dates = [first(texts, name) for name in texts if name in (START, END) or "_date." in name]
    return any(text and not day(text) for text in dates)


def _is_too_long(texts: Texts) -> bool:
    start, end = day(first(texts, START)), day(first(texts, END))
    last = end or dt.datetime.now(dt.UTC).date()
    return start is not None and not 0 <= (last - start).days <= MOST_DAYS


HAS_PAGE = Check(lambda texts: not 1 <= page_of(texts) <= MOST_PAGES, NO_PAGE)
HAS_QUERY = Check(lambda texts: not first(texts, QUERY), NO_QUERY, Unprocessable)
HAS_DAYS = Check(_has_no_day, NO_DAY)
HAS_RANGE = Check(_is_too_long, TOO_LONG, Unprocessable)
APPENDS_FEW = Check(_appends_too_many, TOO_MANY)
DAY_SCHEMA: JsonSchema = {"type": "string", "pattern": "^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))?$"}
# An empty parameter is one that is not there.
PAGE_SCHEMA: JsonSchema = {"type": ["integer", "string"], "minimum": 1, "maximum": MOST_PAGES, "maxLength": 0}
