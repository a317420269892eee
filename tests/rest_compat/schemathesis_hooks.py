"""Rules beyond JSON Schema: a title ends in the year it starts, or later; changes are those of a few days."""

import datetime as dt
from contextlib import suppress

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Put the years of a body in order, and end a range of days that is right on the day it starts."""
    query = case.query
    if isinstance(query, dict) and "start_date" in query:
        with suppress(ValueError, TypeError):
            query["end_date"] = dt.date.fromisoformat(query["start_date"]).isoformat()
    body = case.body
    if isinstance(body, dict):
        years = [body.get("start_year", 1870), body.get("end_year")]
        if all(type(year) in (int, float) for year in years) and years[1] < years[0]:
            body["end_year"] = years[0]
