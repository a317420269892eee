"""A rule beyond JSON Schema: a title ends in the year it starts, or later."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Put the years of a body in order."""
    body = case.body
    if isinstance(body, dict):
        years = [body.get("start_year", 1870), body.get("end_year")]
        if all(type(year) in (int, float) for year in years) and years[1] < years[0]:
            body["end_year"] = years[0]
