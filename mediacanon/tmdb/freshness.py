"""How long what TMDB said of a title stays fresh: it depends on the title's stage of life."""

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
    """Return how long facts about a title stay fresh.

    A day while a show runs, before a release and for 90 days after it; a week for two years, and
    where no date is known; then a month. A finished show counts from its end, a year from its last
    day.
    """
    if title_type == "show" and end_year is None:
        return DAILY
    released = _last_day(end_year) or release_date or _last_day(start_year)
    if released is None:
        return WEEKLY
    age = today - released
    return DAILY if age <= NEW else WEEKLY if age <= RECENT else MONTHLY


def is_stale(asked_at: datetime | None, fresh: timedelta, now: datetime) -> bool:
    """Return whether facts asked for at `asked_at` (None: never) are older than `fresh`."""
    return asked_at is None or now - asked_at > fresh


def _last_day(year: int | None) -> date | None:
    return date(year, 12, 31) if year and date.min.year <= year <= date.max.year else None
