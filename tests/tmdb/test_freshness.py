"""Freshness of facts at each stage of a title's life."""

from datetime import date, datetime, timedelta

import pytest

from mediacanon.tmdb.freshness import DAILY, MONTHLY, WEEKLY, fresh_for, is_stale

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("title_type", "release_date", "start_year", "end_year", "fresh"),
    [
        ("show", date(1989, 12, 17), 1989, None, DAILY),
        ("show", None, None, None, DAILY),
        ("show", date(2008, 1, 20), 2008, 2013, MONTHLY),
        ("show", date(2008, 1, 20), 2008, 2026, DAILY),
        ("show", date(2008, 1, 20), 2008, 2025, WEEKLY),
        ("movie", TODAY + timedelta(days=200), 2027, None, DAILY),
        ("movie", TODAY, 2026, None, DAILY),
        ("movie", TODAY - timedelta(days=90), 2026, None, DAILY),
        ("movie", TODAY - timedelta(days=91), 2026, None, WEEKLY),
        ("movie", TODAY - timedelta(days=730), 2024, None, WEEKLY),
        ("movie", TODAY - timedelta(days=731), 2024, None, MONTHLY),
        ("movie", None, 2026, None, DAILY),
        ("movie", None, 2025, None, WEEKLY),
        ("movie", None, 1895, None, MONTHLY),
        ("movie", None, 0, None, WEEKLY),
        ("movie", None, 99999, None, WEEKLY),
        ("movie", None, None, None, WEEKLY),
    ],
)
def test_facts_stay_fresh_by_stage_of_life(title_type, release_date, start_year, end_year, fresh):
    """Running and new: a day; two years: a week; older: a month."""
    assert fresh == fresh_for(
        title_type=title_type,
        release_date=release_date,
        start_year=start_year,
        end_year=end_year,
        today=TODAY,
    )


def test_facts_are_stale_after_their_time():
    """Facts never fetched are stale; facts of exactly the allowed age are not."""
    now = datetime(2026, 11, 23, 12)  # noqa: DTZ001 - the database's times have no zone
    assert is_stale(None, DAILY, now)
    assert not is_stale(now - DAILY, DAILY, now)
    assert is_stale(now - DAILY - timedelta(seconds=1), DAILY, now)
