"""Retry-After and back-off."""

import time
from email.utils import formatdate
from itertools import islice

import pytest

from mediacanon.http.retries import LONGEST_RETRY_AFTER, backoff, retry_after


def test_retry_after_is_read_as_seconds_or_date_and_capped():
    """An hour is cut to a minute; a past date is 0; anything else is None."""
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "3600"}) == LONGEST_RETRY_AFTER
    assert retry_after({"retry-after": formatdate(time.time() + 3600)}) == LONGEST_RETRY_AFTER
    assert retry_after({"retry-after": formatdate(time.time() - 3600)}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({"retry-after": "-5"}) is None
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("first", "longest", "pauses"),
    [(1, 10, [1, 2, 4, 8, 10, 10]), (0.5, 4, [0.5, 1, 2, 4, 4, 4]), (5, 5, [5, 5, 5, 5, 5, 5])],
)
def test_a_backoff_doubles_up_to_its_longest_pause(first: float, longest: float, pauses: list[float]):
    """It never ends: the caller decides how often to retry."""
    assert list(islice(backoff(first, longest), 6)) == pauses
