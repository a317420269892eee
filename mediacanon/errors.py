"""The exception tree: every failure with its message for the client.

Each class carries its GraphQL error code (`extensions.code`) and its HTTP status. The default message of an exception
is its class docstring.
"""

from typing import ClassVar

# Characters of a client's text that a message repeats.
MOST_QUOTED = 100


def beginning(text: str) -> str:
    """Return a client's text for a message or the log, cut where it is long."""
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"


def quoted(value: object) -> str:
    """Return a client's value in quotes for a message, cut where it is long."""
    return beginning(repr(value if not isinstance(value, str) else value[: MOST_QUOTED + 1]))


class MediaCanonError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "INTERNAL"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The failure, in one sentence for the client."""
        return str(self)


class BadArgument(MediaCanonError):  # noqa: N818 - named after the client's mistake
    """An argument is invalid."""

    code = "BAD_USER_INPUT"
    http_status = 400


class NotFound(MediaCanonError):  # noqa: N818 - named as the HTTP status
    """Not found."""

    code = "NOT_FOUND"
    http_status = 404


class WrongMethod(BadArgument):
    """This method is not allowed here."""

    http_status = 405


class NotAcceptable(BadArgument):
    """No media type of this resource is acceptable to the client."""

    http_status = 406


class TooLarge(BadArgument):
    """The request body is too large."""

    http_status = 413


class WrongMediaType(BadArgument):
    """Send application/json."""

    http_status = 415


class Conflict(MediaCanonError):  # noqa: N818 - named as the HTTP status
    """An entry with this key already exists."""

    code = "CONFLICT"
    http_status = 409


class Forbidden(MediaCanonError):  # noqa: N818 - named as the HTTP status
    """This is not allowed here."""

    code = "FORBIDDEN"
    http_status = 403


class Unauthorized(MediaCanonError):  # noqa: N818 - named as the HTTP status
    """Writing needs the token: Authorization: Bearer."""

    code = "UNAUTHENTICATED"
    http_status = 401


class UpstreamUnavailable(MediaCanonError):  # noqa: N818 - named after the state of the service
    """A service that this server depends on is not responding."""

    code = "UPSTREAM_UNAVAILABLE"
    http_status = 503


class WrongSetting(MediaCanonError):  # noqa: N818 - named after the operator's mistake
    """A setting has an unusable value."""


class DatabaseUnavailable(MediaCanonError):  # noqa: N818 - named after the state of the database
    """The database cannot be reached."""

    code = "UPSTREAM_UNAVAILABLE"
    http_status = 503


class ImportRefused(MediaCanonError):  # noqa: N818 - named after the import's outcome
    """The import was stopped before it changed anything."""
