"""The contract as a dialect."""

from pathlib import Path

from mediacanon.errors import NotFound
from mediacanon.rest_compat.anywatch.endpoints import ENDPOINTS
from mediacanon.rest_compat.anywatch.rules import OPTIONAL_LISTS, REFUSALS, RULES, example_names, snake_case
from mediacanon.rest_compat.dialect import App, Dialect, Null

ANYWATCH = Dialect(
    title="REST API",
    prefix="/api",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="Movies, shows, seasons and episodes. Fields without a value are absent.",
    introduction=(
        "JSON over HTTP. A field without a value is absent. Dates are `YYYY-MM-DD`, times are in UTC.",
        'An error is `{"error": "…"}` with its status.',
    ),
    apps=(App("anywatch", ("Paste the address as that of the metadata server.",), "/"),),
    key=snake_case,
    null=Null.OMIT,
    always_optional=OPTIONAL_LISTS,
    error=lambda _, message: {"error": message},
    messages={NotFound: "Not found"},
    refusals=REFUSALS,
    rules=RULES,
    lists_adult=True,
    examples=example_names,
)
