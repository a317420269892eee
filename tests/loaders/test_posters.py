"""The rule for titles without a poster: when lists that state no filter leave them out."""

import pytest

from mediacanon.database.counts import Counts
from mediacanon.loaders.posters import PosterRule

# Numbers of titles: known with a poster, known without, others with a poster, others without.
NONE, EMPTY = (0, 1000, 0, 9000), (0, 0, 0, 0)
ONE, UNKNOWN_ONE, FEW, ENOUGH = (1, 999, 0, 9000), (0, 1000, 1, 9000), (9, 991, 500, 0), (10, 990, 0, 9000)
NONE_KNOWN = (0, 0, 1, 9000)


@pytest.mark.parametrize(
    ("posterless", "numbers", "without_key", "with_key"),
    [
        *(("auto", numbers, False, False) for numbers in (NONE, EMPTY)),
        *(("auto", numbers, False, True) for numbers in (ONE, UNKNOWN_ONE, FEW)),
        *(("auto", numbers, True, True) for numbers in (ENOUGH, NONE_KNOWN)),
        *(("show", numbers, False, False) for numbers in (NONE, FEW, ENOUGH)),
        *(("hide", numbers, True, True) for numbers in (NONE, FEW, ENOUGH)),
    ],
)
def test_titles_without_a_poster_are_left_out_once_there_are_enough_posters(
    posterless: str, numbers: tuple[int, ...], without_key: bool, with_key: bool
):
    """One poster suffices with a key, one in a hundred known titles without; the operator's choice takes precedence."""
    groups = ((True, True), (False, True), (True, False), (False, False))
    counts = Counts({group: number for group, number in zip(groups, numbers, strict=True) if number}, None)
    assert PosterRule(posterless).wants_poster(counts) == without_key
    assert PosterRule(posterless, has_key=True).wants_poster(counts) == with_key
