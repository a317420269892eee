"""What a server that is asked too often says of the next time: its Retry-After header."""

import email.utils
import time
from collections.abc import Mapping

LONGEST_RETRY_AFTER = 60.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a Retry-After header asks for, at most a minute; None: nothing usable.

    It holds seconds or a date, https://www.rfc-editor.org/rfc/rfc9110#field.retry-after.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value), LONGEST_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError):
        return None
    return min(max(moment - time.time(), 0.0), LONGEST_RETRY_AFTER)
