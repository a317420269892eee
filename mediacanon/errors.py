"""The exception tree: what can go wrong, in words for the client.

Each class carries the GraphQL error code (`extensions.code`) and the HTTP status it is answered with.
The default message of an exception is its class docstring.
"""

from typing import ClassVar


class MediaCanonError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "INTERNAL"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """What happened, in one sentence for the client."""
        return str(self)


class BadArgument(MediaCanonError):  # noqa: N818 - named after what the client did
    """An argument is wrong."""

    code = "BAD_USER_INPUT"
    http_status = 400


class NotFound(MediaCanonError):  # noqa: N818 - named after what the client sees
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


class Conflict(MediaCanonError):  # noqa: N818 - named after what the client sees
    """It is already there."""

    code = "CONFLICT"
    http_status = 409


class Forbidden(MediaCanonError):  # noqa: N818 - named after what the client sees
    """This is not allowed here."""

    code = "FORBIDDEN"
    http_status = 403


class Unauthorized(MediaCanonError):  # noqa: N818 - named after what the client is
    """Writing needs the token: Authorization: Bearer."""

    code = "UNAUTHENTICATED"
    http_status = 401


class UpstreamUnavailable(MediaCanonError):  # noqa: N818 - named after what the client sees
    """A service this one depends on does not answer."""

    code = "UPSTREAM_UNAVAILABLE"
    http_status = 503


class WrongSetting(MediaCanonError):  # noqa: N818 - named after what the operator did
    """A setting has a value that cannot be used."""


class DatabaseUnavailable(MediaCanonError):  # noqa: N818 - named after what the operator sees
    """The database cannot be reached."""

    code = "UPSTREAM_UNAVAILABLE"
    http_status = 503


class ImportRefused(MediaCanonError):  # noqa: N818 - named after what happened to the import
    """The import was stopped before anything changed."""
