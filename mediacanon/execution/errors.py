"""Errors of a run: GraphQL's as exceptions, and as the client receives them."""

import logging
import re
from typing import Any

from graphql import (
    GraphQLError,
)

from mediacanon.database.pool import translate_error
from mediacanon.errors import MOST_QUOTED, BadArgument, MediaCanonError, beginning

log = logging.getLogger(__name__)

# graphql-core quotes a client's whole values. Its own words are shorter than this.
LONGEST_MESSAGE = 500
_LONG_LITERAL = re.compile(rf"""('[^']{{{MOST_QUOTED}}})[^']+(?=')|("[^"]{{{MOST_QUOTED}}})[^"]+(?=")""")


class TookTooLong(MediaCanonError):  # noqa: N818 - named after the client's view
    """The query took longer than 10 seconds and was stopped; ask for less at once."""

    code = "BAD_USER_INPUT"
    http_status = 503


def as_exception(error: GraphQLError) -> Exception:
    """Return an error as an exception: one of ours, a resolver's own, or BadArgument for a mistake of the client."""
    original = error.original_error
    if error.path is None or original is None or isinstance(original, GraphQLError):
        return original if isinstance(original, MediaCanonError) else BadArgument(_shortened(error.message))
    return translate_error(original) or original


def _shortened(message: str) -> str:
    """Return a message of graphql-core with the beginning of each long value in it."""
    if len(message) <= MOST_QUOTED:
        return message
    short = _LONG_LITERAL.sub(lambda match: f"{match[1] or match[2]}…", message)
    if len(short) <= LONGEST_MESSAGE:
        return short
    return f"{short[:MOST_QUOTED]}… {short[-MOST_QUOTED:]}"


def format_error(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return an error as JSON for the client; an unforeseen exception is logged and masked."""
    exception = as_exception(error)
    # A path holds the names that the client gave to fields.
    path = [beginning(each) if isinstance(each, str) else each for each in error.path or ()]
    formatted: dict[str, Any] = {"message": str(exception)}
    if isinstance(exception, MediaCanonError):
        extensions: dict[str, Any] = {"code": exception.code}
    else:
        log.error("request %s: %s at %s", request_id, _shortened(error.message), path, exc_info=exception)
        formatted["message"] = f"Something went wrong here; the log has it under request {request_id}."
        extensions = {"code": MediaCanonError.code, "requestId": request_id}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if path:
        formatted["path"] = path
    return {**formatted, "extensions": extensions}
