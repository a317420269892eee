"""Content negotiation: the quality values of Accept and Accept-Encoding (RFC 9110, section 12.4.2)."""

import re
from collections.abc import Mapping

from mediacanon.http.memo import memoised

# Browsers send at most some 200 characters.
LONGEST_MEMOISED = 500
MOST_MEMOISED = 100

_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


@memoised(most=MOST_MEMOISED, longest=LONGEST_MEMOISED)
def quality_values(header: str) -> Mapping[str, float]:
    """Return the ranges of a header in lower case and in their order, each with its weight from 0 to 1.

    A weight that is malformed or absent counts as 1. A range named twice keeps its first weight.
    """
    ranges: dict[str, float] = {}
    for each in header.lower().split(","):
        name, _, parameters = each.partition(";")
        weights = [text for text in "".join(parameters.split()).split(";") if text.startswith("q=")]
        ranges.setdefault(name.strip(), _weight(weights[0]) if weights else 1.0)
    return ranges


def _weight(text: str) -> float:
    match = _WEIGHT.fullmatch(text)
    return float(match[1]) if match else 1.0
