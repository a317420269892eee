"""Freshness of TMDB's facts about a title: it depends on the title's stage of life."""

from datetime import date, datetime, timedelta

NEW = timedelta(days=90)
RECENT = timedelta(days=730)
DAILY, WEEKLY, MONTHLY = timedelta(days=1), timedelta(days=7), timedelta(days=30)


def fresh_for(
    *,
    title_type: str,
    release_date: date | None,
    start_year: int | None,
    end_year: int | None,
    today: date,
) -> timedelta:
    """Return the time for which facts about a title stay fresh.

    A day while a show runs, before a release and for 90 days after it; a week for two years, and for a title without
    a date; then a month. A finished show counts from its end. A year counts as its last day.
    """
    if title_type == "show" and end_year is None:
        return DAILY
    released = _last_day(end_year) or release_date or _last_day(start_year)
    if released is None:
        return WEEKLY
    age = today - released
    return DAILY if age <= NEW else WEEKLY if age <= RECENT else MONTHLY


def is_stale(fetched_at: datetime | None, fresh: timedelta, now: datetime) -> bool:
    """Return whether facts fetched at `fetched_at` (None: never) are older than `fresh`."""
    return fetched_at is None or now - fetched_at > fresh


def _last_day(year: int | None) -> date | None:
    return date(year, 12, 31) if year and date.min.year <= year <= date.max.year else None
