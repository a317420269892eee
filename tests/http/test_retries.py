"""Retry-After: whatever a server puts there."""

import time
from email.utils import formatdate

from mediacanon.http.retries import LONGEST_RETRY_AFTER, retry_after


def test_retry_after_is_read_as_seconds_or_date_and_capped():
    """Both forms of the header, an hour cut to a minute, nonsense and the past to nothing."""
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "3600"}) == LONGEST_RETRY_AFTER
    assert retry_after({"retry-after": formatdate(time.time() + 3600)}) == LONGEST_RETRY_AFTER
    assert retry_after({"retry-after": formatdate(time.time() - 3600)}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({"retry-after": "-5"}) is None
    assert retry_after({}) is None
