"""Retries: the Retry-After header of a server, and the pauses of a back-off."""

import email.utils
import time
from collections.abc import Iterator, Mapping

LONGEST_RETRY_AFTER = 60.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in a Retry-After header, at most a minute; None if it is absent or malformed.

    The header holds seconds or a date, https://www.rfc-editor.org/rfc/rfc9110#field.retry-after.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value), LONGEST_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError):
        return None
    return min(max(moment - time.time(), 0.0), LONGEST_RETRY_AFTER)


def backoff(first: float, longest: float) -> Iterator[float]:
    """Yield the pauses between attempts in seconds: `first`, then twice the pause before, at most `longest`."""
    pause = first
    while True:
        yield pause
        pause = min(2 * pause, longest)
